//! Messages mapped again: their own effect is replaced, nothing is done twice, what a person did stands.

use std::sync::Arc;

use mailroom::db;
use mailroom::domain::filter::MessageFilter;
use mailroom::domain::handling::DispositionState;
use mailroom::domain::id::{MailboxId, MessageId};
use mailroom::domain::mapping::{
    Correlation, Mapping, MessageField, NoMatchAction, UpdateAction, ValueSource,
};
use mailroom::domain::message::{Message, MessageState, Stage};
use mailroom::domain::page::{Order, PageRequest};
use mailroom::domain::run::Run;
use mailroom::domain::search::Query;
use mailroom::pipeline::Bounds;
use mailroom::service::instance::{UpdateInstance, update};
use mailroom::service::message::{Reprocess, reprocess};
use mailroom::service::{self, Patch};
use serde_json::{Value, json};

use super::{Desk, refusals};
use crate::harness::database::{Fresh, on_both};
use crate::pipeline::room::{rule, start};

on_both!(
    mapping_again_without_a_change_changes_nothing,
    an_instance_that_it_made_is_mapped_again,
    nothing_is_appended_twice_and_the_last_one_replaces,
    what_a_person_set_stays,
    a_failed_one_is_processed_after_the_mapping_was_mended,
    an_ignored_one_makes_an_instance_or_joins_one,
    what_the_mapping_ignores_by_now_leaves_its_instance,
    what_leaves_its_instance_leaves_the_keys_that_others_gave_too,
    who_takes_part_still_does,
    what_fails_when_mapped_again_keeps_its_instance,
    all_that_match_are_mapped_again_and_none_that_came_later,
    what_was_never_fetched_is_fetched_again,
    what_is_no_longer_there_stays_failed,
    a_stub_is_fetched_again_and_not_mapped,
    a_stub_that_can_not_be_fetched_again_stays_failed,
    what_a_search_finds_is_mapped_again,
    where_nothing_matches_nothing_is_begun,
    without_raw_bytes_it_is_refused_or_counted,
    an_order_added_meanwhile_is_done_too,
    a_cancelled_run_forgets_its_orders,
);

/// The title from the sender, not the subject; a status that is replaced.
fn mended(mapping: &mut Mapping) {
    mapping.rules[0] = rule("summary", MessageField::FromAddress, UpdateAction::Keep);
    mapping.rules.retain(|rule| rule.attribute != "status");
    mapping.rules.push(rule("status", MessageField::InternetMessageId, UpdateAction::Replace));
}

async fn thread(desk: &Desk) {
    desk.deliver("a", "", "First");
    desk.deliver("b", "In-Reply-To: <a@x>\n", "Second");
    desk.deliver("c", "In-Reply-To: <a@x>\n", "Third");
    desk.take_in().await;
}

async fn mapping_again_without_a_change_changes_nothing(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    thread(&desk).await;
    let before = desk.instance("INC-000001").await;
    let mut messages = Vec::new();
    for name in ["a", "b", "c"] {
        messages.push(desk.message(name).await);
    }
    let attachments = desk.room.column("SELECT CAST(COUNT(*) AS text) FROM message_address").await;
    let head = desk.head().await;
    let run = desk.again(&["c", "a", "b"]).await;
    assert_eq!((run.progress.found, run.progress.processed, run.progress.failed), (3, 3, 0));
    assert_eq!(run.progress.expected, Some(3));
    assert_eq!(desk.instance("INC-000001").await, before);
    for (name, before) in ["a", "b", "c"].into_iter().zip(messages) {
        assert_eq!(desk.message(name).await, before);
    }
    assert_eq!(desk.room.column("SELECT CAST(COUNT(*) AS text) FROM message_address").await, attachments);
    assert_eq!(desk.told(head).await, Vec::<String>::new());
    desk.deliver("d", "References: <b@x>\n", "Fourth");
    desk.take_in().await;
    assert_eq!(desk.belongs("d").await.as_deref(), Some("INC-000001"), "it is still found");
}

async fn an_instance_that_it_made_is_mapped_again(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    thread(&desk).await;
    desk.deliver("alone", "", "Alone");
    desk.take_in().await;
    desk.remap(mended).await;
    let head = desk.head().await;
    desk.again(&["a", "alone"]).await;
    let attributes = desk.attributes("INC-000001").await;
    let history = "First\n\nSecond\n\nThird";
    let expected = json!({ "summary": "ada@sender.example", "history": history, "status": "a@x" });
    assert_eq!(attributes, expected, "what replies appended stays");
    let expected = json!({ "summary": "ada@sender.example", "history": "Alone", "status": "alone@x" });
    assert_eq!(desk.attributes("INC-000002").await, expected);
    assert_eq!(desk.room.count("process_instance").await, 2);
    let told = desk.told(head).await;
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|told| told.starts_with("PROCESS_INSTANCE_UPDATED ada [\"s")), "{told:?}");
}

async fn nothing_is_appended_twice_and_the_last_one_replaces(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    desk.remap(|mapping| {
        mapping.rules.push(rule("status", MessageField::Subject, UpdateAction::Replace));
    })
    .await;
    thread(&desk).await;
    desk.remap(|mapping| {
        let upper = ValueSource::Expression("message.subject + '!'".to_owned());
        mapping.rules[2].source = upper;
        mapping.rules[1].source = ValueSource::Expression("message.text + '?'".to_owned());
    })
    .await;
    desk.again(&["b"]).await;
    let attributes = desk.attributes("INC-000001").await;
    assert_eq!(attributes["history"], "First\n\nSecond?\n\nThird", "its own piece, where it stood");
    assert_eq!(attributes["status"], "Case of c", "it is not the last one");
    for _ in 0..2 {
        desk.again(&["c", "b"]).await;
    }
    let attributes = desk.attributes("INC-000001").await;
    assert_eq!(attributes["history"], "First\n\nSecond?\n\nThird?");
    assert_eq!(attributes["status"], "Case of c!");
}

async fn what_a_person_set_stays(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let input = UpdateInstance {
        id: desk.instance("INC-000001").await.id,
        open: Patch::Set(false),
        external_id: Patch::Set("7".to_owned()),
        attributes: Patch::Set(json!({ "summary": "mine", "extra": 1 })),
        expected_version: None,
    };
    update(&desk.cx, &desk.permit, input).await.unwrap();
    desk.remap(mended).await;
    desk.again(&["a"]).await;
    let instance = desk.instance("INC-000001").await;
    let expected = json!({ "summary": "mine", "extra": 1, "history": "First", "status": "a@x" });
    assert_eq!(Value::Object(instance.attributes), expected);
    assert_eq!((instance.open, instance.external_id.as_deref()), (false, Some("7")));
}

/// A rule without a value where it must have one.
fn demanding(mapping: &mut Mapping) {
    let mut required = rule("cc", MessageField::Cc, UpdateAction::Replace);
    required.required = true;
    mapping.rules.push(required);
}

fn lenient(mapping: &mut Mapping) {
    mapping.rules.retain(|rule| rule.attribute != "cc");
}

async fn a_failed_one_is_processed_after_the_mapping_was_mended(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    desk.remap(demanding).await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let failure = desk.message("a").await.failure.unwrap();
    assert_eq!((failure.stage, failure.attempts), (Stage::Map, 1));
    for attempts in [2, 3] {
        let head = desk.head().await;
        let run = desk.again(&["a"]).await;
        assert_eq!((run.progress.found, run.progress.failed), (1, 1));
        let failure = desk.message("a").await.failure.unwrap();
        assert_eq!((failure.stage, failure.attempts), (Stage::Map, attempts));
        assert_eq!(desk.told(head).await, Vec::<String>::new(), "it failed before");
    }
    desk.remap(lenient).await;
    let head = desk.head().await;
    desk.again(&["a"]).await;
    let message = desk.message("a").await;
    assert_eq!((message.state, &message.reason, &message.failure), (MessageState::Processed, &None, &None));
    assert_eq!(desk.belongs("a").await.as_deref(), Some("INC-000001"));
    assert_eq!(desk.told(head).await, ["MESSAGE_RECEIVED ada", "PROCESS_INSTANCE_CREATED ada"]);
    assert_eq!(message.disposition.state, DispositionState::Pending, "from FAILED to another outcome");
    desk.take_in().await;
    assert_eq!(desk.room.fake.read("INBOX"), [true]);
    assert_eq!(desk.room.count("message").await, 1);
}

async fn an_ignored_one_makes_an_instance_or_joins_one(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    let ignoring = Correlation { on_no_match: NoMatchAction::Ignore, ..Correlation::default() };
    desk.remap(|mapping| mapping.correlation = ignoring).await;
    thread(&desk).await;
    assert_eq!(desk.room.count("message WHERE state = 'IGNORED'").await, 3);
    desk.remap(|mapping| mapping.correlation = Correlation::default()).await;
    let filter = MessageFilter { states: Some(vec![MessageState::Ignored]), ..Default::default() };
    let wanted = Reprocess::Filter(Box::new(filter));
    let accepted = reprocess(&desk.cx, &desk.permit, wanted).await.unwrap();
    assert_eq!((accepted.count, accepted.runs.len()), (3, 1));
    let run = desk.work().await;
    assert_eq!((run.id, run.progress.processed), (accepted.runs[0].id, 3));
    assert_eq!(desk.room.count("process_instance").await, 1);
    let history = "First\n\nSecond\n\nThird";
    assert_eq!(desk.attributes("INC-000001").await["history"], history, "in the order of their arrival");
    let message = desk.message("b").await;
    assert_eq!(message.disposition.state, DispositionState::None, "an ignored one was handled already");
}

async fn what_fails_when_mapped_again_keeps_its_instance(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    thread(&desk).await;
    desk.remap(demanding).await;
    desk.again(&["a"]).await;
    assert_eq!(desk.message("a").await.state, MessageState::Failed);
    assert_eq!(desk.belongs("a").await.as_deref(), Some("INC-000001"));
    desk.remap(lenient).await;
    desk.again(&["a"]).await;
    assert_eq!(desk.message("a").await.state, MessageState::Processed);
    assert_eq!(desk.room.count("process_instance").await, 1);
    assert_eq!(desk.attributes("INC-000001").await["history"], "First\n\nSecond\n\nThird");
}

async fn all_that_match_are_mapped_again_and_none_that_came_later(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    for n in 0..7 {
        desk.deliver(&format!("m{n}"), "", "Text");
    }
    desk.take_in().await;
    desk.remap(mended).await;
    let filter = MessageFilter { subject: Some("case OF m".to_owned()), ..Default::default() };
    let wanted = Reprocess::Filter(Box::new(filter));
    let accepted = reprocess(&desk.cx, &desk.permit, wanted).await.unwrap();
    assert_eq!(accepted.count, 7);
    desk.remap(|mapping| mapping.rules[0] = rule("summary", MessageField::Subject, UpdateAction::Keep)).await;
    desk.deliver("m7", "", "Text");
    desk.take_in().await;
    desk.remap(mended).await;
    let run = desk.work().await;
    assert_eq!((run.progress.expected, run.progress.found, run.progress.processed), (Some(7), 7, 7));
    assert_eq!(desk.attributes("INC-000007").await["summary"], "ada@sender.example");
    assert_eq!(desk.attributes("INC-000008").await["summary"], "Case of m7");
    let none = MessageFilter { mailbox_ids: Some(vec![]), ..Default::default() };
    let accepted = reprocess(&desk.cx, &desk.permit, Reprocess::Filter(Box::new(none))).await.unwrap();
    assert_eq!((accepted.count, accepted.runs.len()), (0, 0));
}

/// Bigger than is taken in.
async fn too_big(desk: &Desk) {
    desk.deliver("big", "", &"x".repeat(150_000));
    desk.take_in().await;
    let message = desk.message("big").await;
    let failure = message.failure.unwrap();
    assert_eq!((failure.stage, failure.attempts, message.has_raw), (Stage::Fetch, 1, false));
}

async fn what_was_never_fetched_is_fetched_again(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    too_big(&desk).await;
    let before = desk.message("big").await;
    let run = desk.again(&["big"]).await;
    assert_eq!((run.progress.found, run.progress.processed, run.progress.failed), (1, 0, 0));
    desk.take_in().await;
    assert_eq!(desk.message("big").await.failure.unwrap().attempts, 2, "still too big");
    let bounds = Bounds { max_bytes: 1_000_000, memory_kib: 1024, ..Bounds::clone(&desk.room.tools.bounds) };
    desk.room.tools.bounds = Arc::new(bounds);
    desk.again(&["big"]).await;
    let head = desk.head().await;
    desk.take_in().await;
    let message = desk.message("big").await;
    assert_eq!((message.id, message.state), (before.id, MessageState::Processed));
    assert!(message.has_raw && message.size > 150_000);
    assert_eq!(desk.told(head).await, ["MESSAGE_RECEIVED -", "PROCESS_INSTANCE_CREATED -"]);
    assert_eq!(desk.room.count("message").await, 1);
    assert_eq!(desk.room.fake.read("INBOX"), [true], "its original is handled");
    assert_eq!(desk.room.count("intake WHERE state = 'STORED'").await, 1);
    desk.take_in().await;
    assert_eq!(desk.room.count("process_instance").await, 1);
}

async fn what_is_no_longer_there_stays_failed(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    too_big(&desk).await;
    desk.room.fake.change("INBOX", |folder| folder.mail.clear());
    desk.again(&["big"]).await;
    desk.take_in().await;
    let message = desk.message("big").await;
    assert_eq!((message.state, message.failure.unwrap().attempts), (MessageState::Failed, 2));
    let reason = "It could not be fetched, and is no longer there to be fetched again.";
    assert_eq!(message.reason.as_deref(), Some(reason));
}

/// What Exchange gives in place of a message that it can't convert.
const STUB: &str = "From: Microsoft Exchange Server\nDate: Tue, 22 Sep 2026 10:00:00 +0000\n\
     Subject: Retrieval using the IMAP4 protocol failed for the following message: 7\n\n\
     The server couldn't retrieve the following message:\n\nSubject: \"Printer\"\n\n\
     The message hasn't been deleted. You might be able to view it using either Outlook or Outlook Web App.\n";

/// A message that was a stub at every attempt; its UID.
async fn only_a_stub(desk: &Desk) -> u32 {
    let uid = desk.room.fake.deliver("INBOX", start() + chrono::TimeDelta::minutes(1), STUB);
    for _ in 0..desk.room.tools.bounds.max_attempts {
        desk.take_in().await;
        desk.room.clock.advance(chrono::TimeDelta::hours(1));
    }
    let message = only_message(desk).await;
    assert_eq!((message.state, message.has_raw), (MessageState::Failed, true));
    uid
}

async fn only_message(desk: &Desk) -> Message {
    let page = PageRequest { limit: 2, ..PageRequest::default() };
    let db = desk.room.db.write();
    let found = db::read::message::list(db, &MessageFilter::default(), Order::OldestFirst, &page).await;
    let [message] = <[Message; 1]>::try_from(found.unwrap().items).unwrap();
    message
}

async fn again_by_id(desk: &Desk, id: MessageId) -> Run {
    let wanted = Reprocess::Ids(vec![id]);
    assert_eq!(reprocess(&desk.cx, &desk.permit, wanted).await.unwrap().count, 1);
    desk.work().await
}

async fn a_stub_is_fetched_again_and_not_mapped(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    let uid = only_a_stub(&desk).await;
    let before = only_message(&desk).await;
    let run = again_by_id(&desk, before.id).await;
    assert_eq!((run.progress.found, run.progress.processed, run.progress.failed), (1, 0, 0));
    for _ in 0..desk.room.tools.bounds.max_attempts {
        desk.take_in().await;
        desk.room.clock.advance(chrono::TimeDelta::hours(1));
    }
    let message = only_message(&desk).await;
    assert_eq!(
        (message.state, message.failure.unwrap().attempts),
        (MessageState::Failed, 6),
        "it is one still"
    );
    again_by_id(&desk, before.id).await;
    let whole = "Message-ID: <there@x>\r\nFrom: ada@sender.example\r\nSubject: Printer\r\n\r\nOn fire";
    desk.room.fake.mail("INBOX", uid, |mail| mail.raw = whole.into());
    desk.take_in().await;
    let message = desk.message("there").await;
    assert_eq!((message.id, message.state, message.oddity), (before.id, MessageState::Processed, None));
    assert_eq!((message.size, message.attachment_count), (whole.len() as i64, 0));
    let expected = json!({ "summary": "Printer", "history": "On fire" });
    assert_eq!(desk.attributes("INC-000001").await, expected);
    desk.again(&["there"]).await;
    assert_eq!(desk.attributes("INC-000001").await, expected, "the stub is nowhere");
    assert_eq!(desk.room.count("message").await, 1);
}

async fn a_stub_that_can_not_be_fetched_again_stays_failed(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    only_a_stub(&desk).await;
    desk.room.fake.renumber("INBOX");
    desk.take_in().await;
    let before = only_message(&desk).await;
    let run = again_by_id(&desk, before.id).await;
    assert_eq!((run.progress.found, run.progress.failed), (1, 1));
    let message = only_message(&desk).await;
    assert_eq!((message.state, message.failure.unwrap().attempts), (MessageState::Failed, 4));
    let reason = message.reason.unwrap();
    assert!(reason.contains("a stub in place of the message") && reason.contains("renumbered"), "{reason}");
    assert_eq!(desk.room.count("process_instance").await, 0, "nothing is made of the stub");
}

async fn what_a_search_finds_is_mapped_again(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    for n in 0..110 {
        desk.deliver(&format!("m{n}"), "", if n % 10 == 0 { "The scanner." } else { "The printers burn." });
    }
    desk.take_in().await;
    crate::search::catch_up(&desk.room.db).await;
    desk.remap(mended).await;
    let search = Some(Query::parse("printers").unwrap());
    let filter = MessageFilter { search, states: Some(vec![MessageState::Processed]), ..Default::default() };
    let deleted = desk.id("m1").await;
    let wanted = Reprocess::Filter(Box::new(filter));
    let accepted = reprocess(&desk.cx, &desk.permit, wanted).await.unwrap();
    assert_eq!((accepted.count, accepted.runs.len()), (99, 1));
    service::message::delete(&desk.cx, &desk.permit, &[deleted]).await.unwrap();
    let run = desk.work().await;
    assert_eq!((run.progress.expected, run.progress.found, run.progress.processed), (Some(99), 98, 98));
    let again = "process_instance WHERE CAST(attributes AS TEXT) LIKE '%ada@sender.example%'";
    assert_eq!(desk.room.count(again).await, 98);
    assert_eq!(desk.room.count("process_instance").await, 110);
}

async fn where_nothing_matches_nothing_is_begun(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    crate::search::catch_up(&desk.room.db).await;
    for filter in [
        MessageFilter { search: Some(Query::parse("scanner").unwrap()), ..Default::default() },
        MessageFilter { states: Some(vec![MessageState::Failed]), ..Default::default() },
        MessageFilter { mailbox_ids: Some(vec![MailboxId::new()]), ..Default::default() },
    ] {
        let accepted = reprocess(&desk.cx, &desk.permit, Reprocess::Filter(Box::new(filter))).await.unwrap();
        assert_eq!((accepted.count, accepted.runs.len()), (0, 0));
    }
    assert_eq!(desk.room.count("reprocess").await, 0);
    assert_eq!(desk.room.count("run WHERE \"trigger\" = 'REPROCESS'").await, 0);
}

async fn what_leaves_its_instance_leaves_the_keys_that_others_gave_too(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    thread(&desk).await;
    desk.deliver("sibling", "In-Reply-To: <unseen@x>\n", "Sibling");
    desk.deliver("other", "In-Reply-To: <unseen@x>\n", "Other");
    desk.take_in().await;
    assert_eq!(desk.belongs("other").await.as_deref(), Some("INC-000002"));
    desk.remap(|mapping| {
        let when = "message.subject == 'Case of sibling'".to_owned();
        mapping.filters.push(mailroom::domain::mapping::FilterRule { name: "no".to_owned(), when });
    })
    .await;
    desk.again(&["sibling"]).await;
    assert_eq!(desk.belongs("sibling").await, None);
    desk.deliver("later", "In-Reply-To: <unseen@x>\n", "Later");
    desk.take_in().await;
    assert_eq!(desk.belongs("later").await.as_deref(), Some("INC-000002"));
    desk.deliver("reply", "In-Reply-To: <sibling@x>\n", "Reply");
    desk.take_in().await;
    assert_eq!(desk.belongs("reply").await.as_deref(), Some("INC-000003"), "its own key left with it");
}

async fn who_takes_part_still_does(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    desk.remap(|mapping| mapping.correlation.trusted_senders_only = true).await;
    let forward = "Message-ID: <a@x>\nFrom: colleague@company.example\nTo: support@company.example\n\
         Subject: Help\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nFor you\n--b\nContent-Type: message/rfc822\n\n\
         From: Ada@Sender.example\nSubject: Help\n\nHelp!\n--b--\n";
    desk.room.fake.deliver("INBOX", start() + chrono::TimeDelta::minutes(1), forward);
    desk.take_in().await;
    desk.again(&["a"]).await;
    desk.deliver("b", "In-Reply-To: <a@x>\n", "From the one whose mail was forwarded");
    desk.take_in().await;
    assert_eq!(desk.belongs("b").await.as_deref(), Some("INC-000001"));
}

async fn without_raw_bytes_it_is_refused_or_counted(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let sql = ["DELETE FROM message_raw", "UPDATE message SET has_raw = false"];
    for sql in sql {
        use sea_orm::ConnectionTrait as _;
        desk.room.db.write().execute_unprepared(sql).await.unwrap();
    }
    let before = desk.message("a").await;
    let wanted = Reprocess::Ids(vec![before.id]);
    assert_eq!(refusals(reprocess(&desk.cx, &desk.permit, wanted).await), ["INVALID ids.0"]);
    let wanted = Reprocess::Filter(Box::default());
    assert_eq!(reprocess(&desk.cx, &desk.permit, wanted).await.unwrap().count, 1);
    let run = desk.work().await;
    assert_eq!((run.progress.found, run.progress.failed), (1, 1));
    assert_eq!(desk.message("a").await, before, "it stays as it is");
}

async fn an_order_added_meanwhile_is_done_too(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    thread(&desk).await;
    desk.remap(mended).await;
    let mut runs = Vec::new();
    for name in ["a", "b"] {
        let wanted = Reprocess::Ids(vec![desk.id(name).await]);
        runs.extend(reprocess(&desk.cx, &desk.permit, wanted).await.unwrap().runs);
    }
    assert_eq!(runs[0].id, runs[1].id, "the same run sees to both");
    assert_eq!((runs[0].progress.expected, runs[1].progress.expected), (Some(1), Some(2)));
    let run = desk.work().await;
    assert_eq!(run.progress.found, 2);
    assert_eq!(desk.room.count("reprocess").await, 0);
}

async fn a_cancelled_run_forgets_its_orders(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    thread(&desk).await;
    let wanted = Reprocess::Ids(vec![desk.id("a").await]);
    let run = reprocess(&desk.cx, &desk.permit, wanted.clone()).await.unwrap().runs.remove(0);
    let mut caller = super::ada();
    caller.scopes.push(mailroom::domain::access::Scope::JobsRun);
    let permit = mailroom::service::Permit::of(&caller).unwrap();
    mailroom::service::run::cancel(&desk.cx, &permit, run.id).await.unwrap();
    assert_eq!(desk.room.count("reprocess").await, 0);
    let next = reprocess(&desk.cx, &desk.permit, wanted).await.unwrap().runs.remove(0);
    assert_ne!(next.id, run.id);
    let db = desk.room.db.read();
    assert!(
        db::run::active(db, desk.room.job.id).await.unwrap().is_none(),
        "beside it the job takes in mail"
    );
}

async fn what_the_mapping_ignores_by_now_leaves_its_instance(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    thread(&desk).await;
    desk.remap(|mapping| {
        let when = "message.subject == 'Case of c'".to_owned();
        mapping.filters.push(mailroom::domain::mapping::FilterRule { name: "no c".to_owned(), when });
    })
    .await;
    let head = desk.head().await;
    let run = desk.again(&["a", "b", "c"]).await;
    assert_eq!((run.progress.processed, run.progress.ignored), (2, 1));
    let message = desk.message("c").await;
    assert_eq!((message.state, message.instance_id), (MessageState::Ignored, None));
    assert!(message.reason.unwrap().contains("no c"));
    let told = desk.told(head).await;
    assert_eq!(told, [r#"PROCESS_INSTANCE_UPDATED ada ["messages"]"#, "MESSAGE_IGNORED ada"]);
    assert_eq!(desk.attributes("INC-000001").await["history"], "First\n\nSecond\n\nThird");
    // A person takes it on nevertheless, and that stands.
    desk.link("c", Some("INC-000001")).await.unwrap();
    desk.again(&["c"]).await;
    assert_eq!(desk.belongs("c").await.as_deref(), Some("INC-000001"));
    desk.deliver("d", "In-Reply-To: <c@x>\n", "Fourth");
    desk.take_in().await;
    assert_eq!(desk.belongs("d").await.as_deref(), Some("INC-000001"), "it is still found");
}
