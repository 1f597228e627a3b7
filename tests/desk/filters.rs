//! Every filter of the lists finds what it names and nothing else; the failed queue says what went wrong.

use chrono::TimeDelta;
use mailroom::db::read::{instance, message};
use mailroom::domain::filter::{InstanceFilter, MessageFilter};
use mailroom::domain::handling::DispositionState;
use mailroom::domain::id::{MailboxId, MappingId, RunId};
use mailroom::domain::mapping::{MessageField, UpdateAction};
use mailroom::domain::message::{MessageState, Stage};
use mailroom::domain::page::{Order, PageRequest};
use mailroom::domain::parsed::AutomaticKind;
use mailroom::service::Patch;
use mailroom::service::instance::{UpdateInstance, update};

use super::Desk;
use crate::harness::database::{Fresh, on_both};
use crate::pipeline::room::{rule, start};

on_both!(each_filter_of_messages, each_filter_of_instances, the_failed_queue);

/// Two plain mails, and `odd`, which differs in everything.
async fn three(desk: &mut Desk) {
    desk.deliver("one", "", "Text");
    desk.deliver("two", "In-Reply-To: <one@x>\n", "Text");
    desk.take_in().await;
    desk.remap(|mapping| {
        let mut required = rule("cc", MessageField::ReplyToAddress, UpdateAction::Replace);
        required.required = true;
        mapping.rules.push(required);
        mapping.loop_protection.auto_replies = mailroom::domain::mapping::AutomaticMailAction::Process;
    })
    .await;
    let raw = "Message-ID: <odd@x>\nFrom: Grace <grace@other.example>\nTo: help@company.example\n\
               Cc: Boss <boss@company.example>\nSubject: 100%_sure\nDate: Tue, 22 Sep 2026 10:00:00 +0000\n\
               Auto-Submitted: auto-replied\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
               --b\nContent-Type: text/plain\n\nText\n--b\nContent-Type: image/png\n\
               Content-Disposition: attachment; filename=\"a.png\"\n\nxx\n--b--\n";
    desk.room.fake.deliver("INBOX", start() + TimeDelta::minutes(30), raw);
    desk.take_in().await;
    assert_eq!(desk.message("odd").await.state, MessageState::Failed);
}

async fn each_filter_of_messages(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    three(&mut desk).await;
    let odd = desk.message("odd").await;
    let one = desk.message("one").await;
    let run = odd.run_id.unwrap();
    assert_ne!(odd.run_id, one.run_id);
    let all = MessageFilter::default;
    let some = |text: &str| Some(text.to_owned());
    let late = Some(start() + TimeDelta::minutes(30));
    let finding_odd = vec![
        MessageFilter { states: Some(vec![MessageState::Failed]), ..all() },
        MessageFilter { stages: Some(vec![Stage::Map]), ..all() },
        MessageFilter { disposition_states: Some(vec![DispositionState::None]), ..all() },
        MessageFilter { from: some("GRACE"), ..all() },
        MessageFilter { from: some("other.example"), ..all() },
        MessageFilter { to: some("help@"), ..all() },
        MessageFilter { to: some("boss"), ..all() },
        MessageFilter { subject: some("%_S"), ..all() },
        MessageFilter { source_id: some(&odd.source_id), ..all() },
        MessageFilter { internet_message_id: some("<odd@x>"), ..all() },
        MessageFilter { received_since: late, ..all() },
        MessageFilter { has_attachments: Some(true), ..all() },
        MessageFilter { linked: Some(false), ..all() },
        MessageFilter { run_id: Some(run), ..all() },
    ];
    for filter in finding_odd {
        assert_eq!(names(&desk, &filter).await, ["odd"], "{filter:?}");
    }
    let finding_all = vec![
        MessageFilter { mailbox_ids: Some(vec![desk.room.mailbox.id, MailboxId::new()]), ..all() },
        MessageFilter { unified: Some(false), ..all() },
        MessageFilter { mapping_ids: Some(vec![desk.room.treatment.mapping.id]), ..all() },
        MessageFilter { folder: some("INBOX"), ..all() },
        MessageFilter { received_since: Some(start()), ..all() },
    ];
    for filter in finding_all {
        assert_eq!(names(&desk, &filter).await, ["odd", "one", "two"], "{filter:?}");
    }
    let finding_others = vec![
        MessageFilter { states: Some(vec![MessageState::Processed, MessageState::Ignored]), ..all() },
        MessageFilter { disposition_states: Some(vec![DispositionState::Done]), ..all() },
        MessageFilter { received_before: late, ..all() },
        MessageFilter { has_attachments: Some(false), ..all() },
        MessageFilter { linked: Some(true), ..all() },
        MessageFilter { instance_id: one.instance_id, ..all() },
        MessageFilter { subject: some("case of"), from: some("ada"), linked: Some(true), ..all() },
    ];
    for filter in finding_others {
        assert_eq!(names(&desk, &filter).await, ["one", "two"], "{filter:?}");
    }
    let finding_nothing = vec![
        MessageFilter { mailbox_ids: Some(vec![MailboxId::new()]), ..all() },
        MessageFilter { unified: Some(true), ..all() },
        MessageFilter { mapping_ids: Some(vec![MappingId::new()]), ..all() },
        MessageFilter { stages: Some(vec![Stage::Fetch, Stage::Parse]), ..all() },
        MessageFilter { automatic: Some(vec![AutomaticKind::Bounce]), ..all() },
        MessageFilter { folder: some("inbox"), ..all() },
        MessageFilter { from: some("boss"), ..all() },
        MessageFilter { run_id: Some(RunId::new()), ..all() },
        MessageFilter { states: Some(vec![]), ..all() },
    ];
    for filter in finding_nothing {
        assert_eq!(names(&desk, &filter).await, Vec::<String>::new(), "{filter:?}");
    }
}

/// The local parts of the Message-IDs of those that match, sorted.
async fn names(desk: &Desk, filter: &MessageFilter) -> Vec<String> {
    let db = desk.room.db.read();
    let page = PageRequest { limit: 10, ..PageRequest::default() };
    let found = message::list(db, filter, Order::NewestFirst, &page).await.unwrap();
    assert_eq!(message::count(db, filter).await.unwrap(), found.items.len() as u64);
    let mut names: Vec<String> = found
        .items
        .iter()
        .map(|message| message.internet_message_id.as_deref().unwrap().split('@').next().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

async fn each_filter_of_instances(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("one", "", "Text");
    desk.deliver("two", "", "Text");
    desk.take_in().await;
    let input = UpdateInstance {
        id: desk.instance("INC-000002").await.id,
        open: Patch::Set(false),
        external_id: Patch::Set("SAP-7".to_owned()),
        attributes: Patch::Keep,
        expected_version: None,
    };
    update(&desk.cx, &desk.permit, input).await.unwrap();
    let all = InstanceFilter::default;
    let some = |text: &str| Some(text.to_owned());
    let mapping = desk.room.treatment.mapping.id;
    let both = ["INC-000001", "INC-000002"];
    for (filter, found) in [
        (all(), &both[..]),
        (InstanceFilter { process: some("incident"), ..all() }, &both[..]),
        (InstanceFilter { process: some("incidents"), ..all() }, &[]),
        (InstanceFilter { reference: some("inc-000002"), ..all() }, &both[1..]),
        (InstanceFilter { external_id: some("SAP-7"), ..all() }, &both[1..]),
        (InstanceFilter { external_id: some("sap-7"), ..all() }, &[]),
        (InstanceFilter { mapping_id: Some(mapping), ..all() }, &both[..]),
        (InstanceFilter { mapping_id: Some(MappingId::new()), ..all() }, &[]),
        (InstanceFilter { mailbox_ids: Some(vec![desk.room.mailbox.id]), ..all() }, &both[..]),
        (InstanceFilter { mailbox_ids: Some(vec![]), ..all() }, &[]),
        (InstanceFilter { open: Some(true), ..all() }, &both[..1]),
        (InstanceFilter { open: Some(false), ..all() }, &both[1..]),
        (InstanceFilter { open: Some(true), external_id: some("SAP-7"), ..all() }, &[]),
    ] {
        let db = desk.room.db.read();
        let page = PageRequest { limit: 10, ..PageRequest::default() };
        let page = instance::list(db, &filter, Order::OldestFirst, &page).await.unwrap();
        let references: Vec<&str> = page.items.iter().map(|it| it.reference.as_str()).collect();
        assert_eq!(references, found, "{filter:?}");
        assert_eq!(instance::count(db, &filter).await.unwrap(), found.len() as u64);
    }
}

async fn the_failed_queue(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    three(&mut desk).await;
    desk.deliver("big", "", &"x".repeat(150_000));
    desk.take_in().await;
    desk.again(&["odd"]).await;
    let queue =
        |stages| MessageFilter { states: Some(vec![MessageState::Failed]), stages, ..Default::default() };
    assert_eq!(names(&desk, &queue(None)).await, ["big", "odd"]);
    assert_eq!(names(&desk, &queue(Some(vec![Stage::Fetch]))).await, ["big"]);
    assert_eq!(names(&desk, &queue(Some(vec![Stage::Map]))).await, ["odd"]);
    let odd = desk.message("odd").await;
    assert_eq!(odd.failure.as_ref().map(|failure| failure.attempts), Some(2));
    let reason = "The required attribute 'cc' got no value: the message has nothing there.";
    assert_eq!(odd.reason.as_deref(), Some(reason));
    assert!(desk.message("big").await.reason.unwrap().contains("too big"));
}
