//! Previews and simulations: the same code as the real run, storing nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use mailroom::db;
use mailroom::domain::access::{Caller, Scope};
use mailroom::domain::filter::MessageFilter;
use mailroom::domain::mapping::{
    AttributeRule, AttributeType, Correlation, Mapping, MessageField, NoMatchAction, UpdateAction,
    ValueSource,
};
use mailroom::domain::message::{Message, MessageState};
use mailroom::domain::page::{Order, PageRequest};
use mailroom::service::mapping::{
    CreateMapping, MappingChoice, Preview, PreviewMapping, SampleMessage, SimulateMapping, Simulation,
    preview, simulate,
};
use mailroom::service::{Error, Permit};

use crate::harness::database::{Fresh, on_both};
use crate::pipeline::room::{self, Room, start};

on_both!(
    a_preview_says_what_then_happens,
    a_preview_stores_nothing,
    a_stored_message_is_gone_through_as_if_it_came_now,
    a_simulation_of_the_same_mapping_differs_in_nothing,
    a_simulation_shows_what_a_draft_would_have_done_otherwise,
    what_can_not_be_tried_is_refused_with_its_path,
);

/// In the order in which they come: threads, a reference, a reply before its parent, one without what is required.
const MAILS: &[&str] = &[
    "Message-ID: <a@x>\nFrom: Ada <ada@one.example>\nSubject: Printer\n\nPriority: 2\nIt burns.",
    "Message-ID: <b@x>\nFrom: Bob <bob@two.example>\nSubject: Scanner\n\nPriority: 1\nIt hums.",
    "Message-ID: <c@x>\nIn-Reply-To: <a@x>\nFrom: Ada <ada@one.example>\nSubject: Re: Printer\n\nPriority: 3\nStill.",
    "Message-ID: <d@x>\nFrom: Eve <eve@x.example>\nSubject: about [INC-000002]\n\nPriority: 5\nMe too.",
    "Message-ID: <e@x>\nFrom: Eve <eve@x.example>\nSubject: none\n\nNothing said.",
    "Message-ID: <g@x>\nReferences: <f@x>\nFrom: Fay <fay@x.example>\nSubject: Re: Fax\n\nPriority: 4\nAnswer.",
    "Message-ID: <f@x>\nFrom: Fay <fay@x.example>\nSubject: Fax\n\nPriority: 4\nQuestion.",
    "Message-ID: < >\nFrom: Gus <gus@x.example>\nSubject: =?utf-8?q?caf=C3=A9?=\n\nPriority: 9\nHot.",
];

fn minute(minute: usize) -> DateTime<Utc> {
    start() + TimeDelta::minutes(i64::try_from(minute).unwrap())
}

fn mapping() -> Mapping {
    let priority = AttributeRule {
        attribute: "priority".to_owned(),
        r#type: AttributeType::Integer,
        source: ValueSource::Expression("field(message.text, 'Priority')".to_owned()),
        required: true,
        max_length: None,
        on_create: true,
        on_update: UpdateAction::Replace,
    };
    let mut mapping = room::mapping();
    mapping.rules.push(priority);
    mapping.rules.push(room::rule("from", MessageField::FromAddress, UpdateAction::Keep));
    mapping
}

fn draft(mapping: &Mapping) -> CreateMapping {
    CreateMapping {
        name: "Draft".to_owned(),
        process: mapping.process.clone(),
        reference_prefix: mapping.reference_prefix.clone(),
        rules: mapping.rules.clone(),
        correlation: Some(mapping.correlation.clone()),
        filters: mapping.filters.clone(),
        loop_protection: Some(mapping.loop_protection.clone()),
        forwarding: Some(mapping.forwarding.clone()),
        attachments: Some(mapping.attachments.clone()),
    }
}

async fn try_on(room: &Room, mapping: MappingChoice, message: SampleMessage) -> Result<Preview, Error> {
    let caller = caller();
    let permits = (Permit::of(&caller).unwrap(), Permit::of(&caller).unwrap());
    preview(&room.services(), &permits.0, &permits.1, PreviewMapping { mapping, message }).await
}

async fn run_through(room: &Room, mapping: CreateMapping, last: i32) -> Result<Simulation, Error> {
    let caller = caller();
    let permits = (Permit::of(&caller).unwrap(), Permit::of(&caller).unwrap());
    let input = SimulateMapping { mapping, mailbox_id: room.mailbox.id, last };
    simulate(&room.services(), &permits.0, &permits.1, input).await
}

fn caller() -> Caller {
    let scopes = vec![Scope::ConfigRead, Scope::MailRead];
    Caller { subject: "someone".to_owned(), name: None, scopes }
}

fn raw(mail: &str) -> SampleMessage {
    SampleMessage::Raw(STANDARD.encode(mail.replace('\n', "\r\n")))
}

async fn messages(room: &Room) -> Vec<Message> {
    let page = PageRequest { limit: 100, ..PageRequest::default() };
    let filter = MessageFilter::default();
    db::read::message::list(room.db.read(), &filter, Order::OldestFirst, &page).await.unwrap().items
}

/// All mails, taken in.
async fn full(fresh: Fresh) -> Room {
    let room = Room::make_with(fresh, mapping()).await;
    for (n, mail) in MAILS.iter().enumerate() {
        room.fake.deliver("INBOX", minute(n + 1), mail);
    }
    room.run().await.unwrap();
    room
}

async fn a_preview_says_what_then_happens(fresh: Fresh) {
    let room = Room::make_with(fresh, mapping()).await;
    let saved = room.treatment.mapping.id;
    let mut seen = Vec::new();
    for (n, mail) in MAILS.iter().enumerate() {
        let said = try_on(&room, MappingChoice::Saved(saved), raw(mail)).await.unwrap();
        room.fake.deliver("INBOX", minute(n + 1), mail);
        room.run().await.unwrap();
        let message = messages(&room).await.pop().unwrap();
        assert_eq!(
            (said.outcome, said.reason, &said.matched),
            (message.state, message.reason, &message.matched)
        );
        if let Some(id) = message.instance_id {
            let instance =
                db::read::instance::by_ids(room.db.read(), &[id]).await.unwrap().remove(&id).unwrap();
            assert_eq!(said.attributes, instance.attributes, "mail {n}");
            let updated = said.matched.as_ref().is_some_and(|matched| !matched.created);
            assert_eq!(said.instance.map(|instance| instance.id), updated.then_some(id));
        } else {
            let problems: Vec<_> = said.problems.iter().map(|problem| problem.path.join(".")).collect();
            assert_eq!(problems, ["mappingId.rules.2"], "mail {n}");
        }
        seen.push((said.outcome, said.matched.unwrap().created));
    }
    let processed = |created| (MessageState::Processed, created);
    let failed = (MessageState::Failed, false);
    let expected = [true, true, false, false].map(processed).into_iter().chain([failed]);
    assert_eq!(seen, expected.chain([true, false, true].map(processed)).collect::<Vec<_>>());
}

async fn a_preview_stores_nothing(fresh: Fresh) {
    let room = full(fresh).await;
    let everything = async || {
        let tables = ["message", "process_instance", "correlation_key", "event", "run", "intake", "mapping"];
        let mut counts = Vec::new();
        for table in tables {
            counts.push(room.count(table).await);
        }
        let numbers = room.column("SELECT CAST(last_number AS TEXT) FROM reference_prefix").await;
        let versions = room.column("SELECT CAST(SUM(version) AS TEXT) FROM process_instance").await;
        (counts, numbers, versions)
    };
    let before = everything().await;
    let new = "Message-ID: <new@x>\nIn-Reply-To: <a@x>\nSubject: More\n\nPriority: 7\nMore.";
    for choice in
        [MappingChoice::Saved(room.treatment.mapping.id), MappingChoice::Draft(Box::new(draft(&mapping())))]
    {
        let said = try_on(&room, choice, raw(new)).await.unwrap();
        assert_eq!(said.instance.unwrap().reference, "INC-000001");
        assert_eq!(said.attributes["priority"], 7);
    }
    run_through(&room, draft(&mapping()), 100).await.unwrap();
    assert_eq!(everything().await, before);
}

async fn a_stored_message_is_gone_through_as_if_it_came_now(fresh: Fresh) {
    let room = full(fresh).await;
    let stored = messages(&room).await;
    let saved = MappingChoice::Saved(room.treatment.mapping.id);
    let first = try_on(&room, saved.clone(), SampleMessage::Stored(stored[0].id)).await.unwrap();
    assert_eq!((first.matched.unwrap().created, first.instance), (true, None));
    assert_eq!(first.attributes["priority"], 2, "as it came, without what its reply changed");
    let reply = try_on(&room, saved, SampleMessage::Stored(stored[2].id)).await.unwrap();
    let matched = reply.matched.unwrap();
    assert_eq!((matched.created, matched.evidence.as_str()), (false, "In-Reply-To <a@x>"));
    assert_eq!(reply.instance.unwrap().reference, "INC-000001");
}

async fn a_simulation_of_the_same_mapping_differs_in_nothing(fresh: Fresh) {
    let room = full(fresh).await;
    let same = run_through(&room, draft(&mapping()), 100).await.unwrap();
    assert_eq!((same.created, same.updated, same.ignored, same.failed), (4, 3, 0, 1));
    assert!(same.differences.is_empty(), "{:#?}", same.differences);
    let latest = run_through(&room, draft(&mapping()), 2).await.unwrap();
    assert_eq!((latest.created, latest.updated, latest.failed), (1, 1, 0), "the reply to the fax is older");
    assert!(latest.differences.is_empty(), "{:#?}", latest.differences);
}

async fn a_simulation_shows_what_a_draft_would_have_done_otherwise(fresh: Fresh) {
    let room = full(fresh).await;
    let mut other = draft(&mapping());
    other.rules[2].required = false;
    let lenient = run_through(&room, other.clone(), 100).await.unwrap();
    assert_eq!((lenient.created, lenient.updated, lenient.failed), (5, 3, 0));
    let [only] = lenient.differences.as_slice() else { panic!("{:#?}", lenient.differences) };
    assert_eq!(only.message.subject, "none");
    assert_eq!((only.message.state, only.after), (MessageState::Failed, MessageState::Processed));
    let ignoring = Correlation { on_no_match: NoMatchAction::Ignore, ..Correlation::default() };
    other.correlation = Some(ignoring);
    let strict = run_through(&room, other, 100).await.unwrap();
    assert_eq!((strict.created, strict.updated, strict.ignored, strict.failed), (0, 0, 8, 0));
    assert_eq!(strict.differences.len(), 8);
    let reason = strict.differences[0].reason.as_deref().unwrap();
    assert_eq!(reason, "It belongs to no known instance, and the mapping ignores such mail.");
    let mut renamed = draft(&mapping());
    renamed.rules[0].source = ValueSource::Template("{{ message.subject | upper }}".to_owned());
    let changed = run_through(&room, renamed, 100).await.unwrap();
    assert!(changed.differences.len() >= 4 && changed.failed == 1, "{changed:#?}");
    assert_eq!(changed.differences[0].attributes["summary"], "PRINTER");
}

async fn what_can_not_be_tried_is_refused_with_its_path(fresh: Fresh) {
    let room = full(fresh).await;
    let paths = |error: Error| match error {
        Error::Refused(errors) => {
            errors.into_iter().map(|it| format!("{} {}", it.code.as_str(), it.path.join("."))).collect()
        }
        other => vec![other.to_string()],
    };
    let saved = MappingChoice::Saved(room.treatment.mapping.id);
    let error = try_on(&room, saved, SampleMessage::Raw("no base64!".to_owned())).await.unwrap_err();
    assert_eq!(paths(error), ["INVALID message.raw"]);
    let mut broken = draft(&mapping());
    broken.rules[2].source = ValueSource::Expression("nothing(".to_owned());
    let choice = MappingChoice::Draft(Box::new(broken.clone()));
    let error = try_on(&room, choice, raw(MAILS[0])).await.unwrap_err();
    assert_eq!(paths(error), ["INVALID mapping.rules.2.source.expression"]);
    assert_eq!(
        paths(run_through(&room, broken, 10).await.unwrap_err()),
        ["INVALID mapping.rules.2.source.expression"]
    );
    for last in [0, -1, 1001] {
        assert_eq!(paths(run_through(&room, draft(&mapping()), last).await.unwrap_err()), ["INVALID last"]);
    }
}
