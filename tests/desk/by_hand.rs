//! Messages linked by hand, instances made and changed by hand.

use mailroom::db;
use mailroom::domain::handling::DispositionState;
use mailroom::domain::id::{InstanceId, MappingId, MessageId};
use mailroom::domain::instance::{InstanceState, ProcessInstance};
use mailroom::domain::mapping::{
    AttributeType, Correlation, CorrelationStrategy, MessageField, NoMatchAction, UpdateAction, ValueSource,
};
use mailroom::domain::message::{MatchedBy, MessageState};
use mailroom::service::Patch;
use mailroom::service::instance::{CreateInstance, UpdateInstance, create, update};
use mailroom::service::message::link;
use serde_json::{Value, json};

use super::{Desk, refusals};
use crate::harness::database::{Fresh, on_both};
use crate::pipeline::room::rule;

on_both!(
    a_message_goes_where_a_person_puts_it_and_replies_follow,
    a_detached_message_belongs_nowhere_and_its_replies_make_an_instance,
    a_key_stays_while_another_message_of_the_instance_gives_it,
    a_failed_message_is_processed_once_it_is_attached,
    what_can_not_be_linked_is_refused_and_nothing_changed,
    an_instance_is_made_from_a_message_that_was_ignored,
    an_instance_is_made_of_what_a_person_gives,
    what_is_given_has_the_declared_types,
    an_external_id_is_taken_once_in_a_process,
    an_instance_is_closed_opened_and_patched,
    what_changes_nothing_is_no_new_version,
    an_old_version_is_refused,
);

async fn a_message_goes_where_a_person_puts_it_and_replies_follow(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.deliver("b", "", "Second");
    desk.deliver("c", "In-Reply-To: <a@x>\n", "Third");
    desk.take_in().await;
    assert_eq!(desk.belongs("c").await.as_deref(), Some("INC-000001"));
    let before = (desk.instance("INC-000001").await, desk.instance("INC-000002").await);
    let head = desk.head().await;
    let linked = desk.link("c", Some("INC-000002")).await.unwrap();
    assert_eq!(linked, desk.message("c").await, "it is answered as it is stored");
    let matched = linked.matched.unwrap();
    assert_eq!((matched.by, matched.created), (MatchedBy::ByHand, false));
    assert_eq!(matched.evidence, "ada attached it by hand");
    let updated = r#"PROCESS_INSTANCE_UPDATED ada ["messages"]"#;
    assert_eq!(desk.told(head).await, [updated, updated]);
    for (reference, before) in [("INC-000001", before.0), ("INC-000002", before.1)] {
        let after = desk.instance(reference).await;
        assert_eq!(after.version, before.version + 1);
        assert_eq!(after.attributes, before.attributes, "no rule is applied");
    }
    desk.deliver("d", "In-Reply-To: <c@x>\n", "Fourth");
    desk.take_in().await;
    assert_eq!(desk.belongs("d").await.as_deref(), Some("INC-000002"), "replies follow it");
    desk.deliver("e", "In-Reply-To: <a@x>\n", "Fifth");
    desk.take_in().await;
    assert_eq!(desk.belongs("e").await.as_deref(), Some("INC-000001"), "the others stay");
    let head = desk.head().await;
    desk.link("c", Some("INC-000002")).await.unwrap();
    assert_eq!(desk.told(head).await, Vec::<String>::new(), "it is there already");
}

async fn a_detached_message_belongs_nowhere_and_its_replies_make_an_instance(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.deliver("b", "In-Reply-To: <a@x>\n", "Second");
    desk.take_in().await;
    let head = desk.head().await;
    let detached = desk.link("b", None).await.unwrap();
    assert_eq!((detached.state, detached.instance_id), (MessageState::Ignored, None));
    assert_eq!(detached.reason.as_deref(), Some("ada detached it from INC-000001 by hand."));
    let told = desk.told(head).await;
    assert_eq!(told, [r#"PROCESS_INSTANCE_UPDATED ada ["messages"]"#, "MESSAGE_IGNORED ada"]);
    desk.deliver("c", "In-Reply-To: <b@x>\n", "Third");
    desk.take_in().await;
    assert_eq!(desk.belongs("c").await.as_deref(), Some("INC-000002"));
    // What a person decided stands when it is mapped again.
    let run = desk.again(&["b"]).await;
    assert_eq!((run.progress.found, run.progress.ignored), (1, 1));
    assert_eq!(desk.message("b").await, detached);
}

async fn a_key_stays_while_another_message_of_the_instance_gives_it(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    desk.remap(|mapping| {
        mapping.correlation.strategies = vec![CorrelationStrategy::KeyExpression];
        mapping.correlation.key_expression = Some("field(message.text, 'host')".to_owned());
    })
    .await;
    // The first two come in one batch, the others in one each.
    let conversation = "Thread-Index: Ac3NQbNGzC4nTfzPSeqpFWZ0ZWZQ7g==\n";
    desk.deliver("a", conversation, "host: one");
    desk.deliver("b", conversation, "host: one");
    desk.take_in().await;
    desk.deliver("c", conversation, "host: one");
    desk.take_in().await;
    assert_eq!(desk.room.count("process_instance").await, 1);
    desk.again(&["b", "a", "c"]).await;
    for (leaving, next) in [("a", "d"), ("c", "e"), ("b", "f"), ("e", "g")] {
        desk.link(leaving, None).await.unwrap();
        desk.deliver(next, "", "host: one");
        desk.take_in().await;
        assert_eq!(desk.belongs(next).await.as_deref(), Some("INC-000001"), "{leaving} left");
    }
    for leaving in ["g", "d", "f"] {
        desk.link(leaving, None).await.unwrap();
    }
    for keys in ["correlation_key", "shared_key"] {
        assert_eq!(desk.room.count(keys).await, 0, "{keys}");
    }
    desk.deliver("h", "", "host: one");
    desk.take_in().await;
    assert_eq!(desk.belongs("h").await.as_deref(), Some("INC-000002"), "nobody gives it any more");
}

async fn a_failed_message_is_processed_once_it_is_attached(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let missing = ValueSource::Field(MessageField::Cc);
    desk.remap(|mapping| {
        let mut required = rule("cc", MessageField::Cc, UpdateAction::Replace);
        required.source = missing;
        required.required = true;
        mapping.rules.push(required);
    })
    .await;
    desk.deliver("b", "", "Second");
    desk.take_in().await;
    let failed = desk.message("b").await;
    assert_eq!((failed.state, failed.disposition.state), (MessageState::Failed, DispositionState::None));
    let head = desk.head().await;
    let linked = desk.link("b", Some("INC-000001")).await.unwrap();
    assert_eq!((linked.state, linked.reason, linked.failure), (MessageState::Processed, None, None));
    assert_eq!(linked.disposition.state, DispositionState::Pending);
    let told = desk.told(head).await;
    assert_eq!(told, ["MESSAGE_RECEIVED ada", r#"PROCESS_INSTANCE_UPDATED ada ["messages"]"#]);
    assert_eq!(desk.room.fake.read("INBOX"), [true, false]);
    desk.take_in().await;
    assert_eq!(
        desk.room.fake.read("INBOX"),
        [true, true],
        "its original is handled as of one that succeeded"
    );
    assert_eq!(desk.message("b").await.disposition.state, DispositionState::Done);
}

async fn what_can_not_be_linked_is_refused_and_nothing_changed(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let id = desk.id("a").await;
    let before = desk.message("a").await;
    let unknown = link(&desk.cx, &desk.permit, id, Some(InstanceId::new())).await;
    assert_eq!(refusals(unknown), ["NOT_FOUND processInstanceId"]);
    let unknown = link(&desk.cx, &desk.permit, MessageId::new(), None).await;
    assert_eq!(refusals(unknown), ["NOT_FOUND messageId"]);
    let instance = ProcessInstance {
        id: InstanceId::new(),
        reference: "ORD-000001".to_owned(),
        process: "order".to_owned(),
        external_id: None,
        ..desk.instance("INC-000001").await
    };
    let other = instance.id;
    let state = InstanceState { instance, closed_at: None, last_message_id: None };
    db::instance::insert(desk.room.db.write(), &[state]).await.unwrap();
    let refused = link(&desk.cx, &desk.permit, id, Some(other)).await;
    assert_eq!(refusals(refused), ["INVALID processInstanceId"]);
    assert_eq!(desk.message("a").await, before);
}

fn from_message(mapping_id: MappingId, message_id: MessageId, attributes: Value) -> CreateInstance {
    CreateInstance {
        mapping_id,
        message_id: Some(message_id),
        attributes: Some(attributes),
        external_id: None,
    }
}

async fn an_instance_is_made_from_a_message_that_was_ignored(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    let ignoring = Correlation { on_no_match: NoMatchAction::Ignore, ..Correlation::default() };
    desk.remap(|mapping| mapping.correlation = ignoring).await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    assert_eq!(desk.message("a").await.state, MessageState::Ignored);
    let head = desk.head().await;
    let input = from_message(
        desk.room.treatment.mapping.id,
        desk.id("a").await,
        json!({ "summary": "By hand", "more": { "any": [1] } }),
    );
    let made = create(&desk.cx, &desk.permit, input).await.unwrap();
    assert_eq!(made, desk.instance("INC-000001").await, "it is answered as it is stored");
    assert_eq!(
        Value::Object(made.attributes),
        json!({ "summary": "By hand", "history": "First", "more": { "any": [1] } })
    );
    assert_eq!(made.mailbox_id, Some(desk.room.mailbox.id));
    let message = desk.message("a").await;
    assert_eq!((message.state, message.instance_id), (MessageState::Processed, Some(made.id)));
    let matched = message.matched.unwrap();
    assert_eq!((matched.by, matched.created), (MatchedBy::ByHand, true));
    assert_eq!(matched.evidence, "ada made it by hand");
    assert_eq!(desk.told(head).await, ["MESSAGE_RECEIVED ada", "PROCESS_INSTANCE_CREATED ada"]);
    desk.deliver("b", "In-Reply-To: <a@x>\n", "Second");
    desk.take_in().await;
    assert_eq!(desk.belongs("b").await.as_deref(), Some("INC-000001"));
    // Mapped again, what the person made of it stands.
    desk.again(&["a"]).await;
    assert_eq!(desk.attributes("INC-000001").await["summary"], "By hand");
    assert_eq!(desk.message("a").await.instance_id, Some(made.id));
    // Out of one instance into a new one.
    let again = from_message(desk.room.treatment.mapping.id, desk.id("b").await, json!({}));
    let split = create(&desk.cx, &desk.permit, again).await.unwrap();
    assert_eq!(
        (split.reference.as_str(), desk.belongs("b").await.as_deref()),
        ("INC-000002", Some("INC-000002"))
    );
}

async fn an_instance_is_made_of_what_a_person_gives(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    let input = CreateInstance {
        mapping_id: desk.room.treatment.mapping.id,
        message_id: None,
        attributes: None,
        external_id: Some(" SAP-7 ".to_owned()),
    };
    let made = create(&desk.cx, &desk.permit, input.clone()).await.unwrap();
    assert_eq!((made.reference.as_str(), made.external_id.as_deref()), ("INC-000001", Some("SAP-7")));
    assert_eq!(made.mailbox_id, Some(desk.room.mailbox.id), "the mailbox that the mapping treats");
    assert!(made.open && made.attributes.is_empty());
    assert_eq!(made, desk.instance("INC-000001").await);
    assert_eq!(desk.told(0).await, ["PROCESS_INSTANCE_CREATED ada"]);
    let unknown = CreateInstance { mapping_id: MappingId::new(), ..input.clone() };
    assert_eq!(refusals(create(&desk.cx, &desk.permit, unknown).await), ["NOT_FOUND mappingId"]);
    let unknown = CreateInstance { message_id: Some(MessageId::new()), ..input };
    assert_eq!(refusals(create(&desk.cx, &desk.permit, unknown).await), ["NOT_FOUND messageId"]);
    desk.deliver("a", "", "First");
    desk.take_in().await;
    assert_eq!(desk.belongs("a").await.as_deref(), Some("INC-000002"), "the counter is one");
}

async fn what_is_given_has_the_declared_types(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    desk.remap(|mapping| {
        let mut count = rule("count", MessageField::Size, UpdateAction::Keep);
        (count.r#type, count.max_length) = (AttributeType::Integer, None);
        mapping.rules.push(count);
    })
    .await;
    let input = |attributes: Value| CreateInstance {
        mapping_id: desk.room.treatment.mapping.id,
        message_id: None,
        attributes: Some(attributes),
        external_id: None,
    };
    let wrong = json!({ "count": "many", "summary": "x".repeat(501), "no name": 1, "free": "a\u{0}b" });
    let mut refused = refusals(create(&desk.cx, &desk.permit, input(wrong)).await);
    refused.sort();
    let expected = ["count", "free", "no name", "summary"].map(|name| format!("INVALID attributes.{name}"));
    assert_eq!(refused, expected);
    assert_eq!(refusals(create(&desk.cx, &desk.permit, input(json!([1]))).await), ["INVALID attributes"]);
    assert_eq!(desk.room.count("process_instance").await, 0);
    let made = create(&desk.cx, &desk.permit, input(json!({ "count": "7", "gone": null }))).await.unwrap();
    assert_eq!(Value::Object(made.attributes), json!({ "count": 7 }), "as the type says");
}

fn change(id: InstanceId) -> UpdateInstance {
    UpdateInstance {
        id,
        open: Patch::Keep,
        external_id: Patch::Keep,
        attributes: Patch::Keep,
        expected_version: None,
    }
}

async fn an_external_id_is_taken_once_in_a_process(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    let input = |external_id: Option<&str>| CreateInstance {
        mapping_id: desk.room.treatment.mapping.id,
        message_id: None,
        attributes: None,
        external_id: external_id.map(str::to_owned),
    };
    create(&desk.cx, &desk.permit, input(Some("7"))).await.unwrap();
    assert_eq!(refusals(create(&desk.cx, &desk.permit, input(Some("7"))).await), ["TAKEN externalId"]);
    let second = create(&desk.cx, &desk.permit, input(None)).await.unwrap();
    let taken = UpdateInstance { external_id: Patch::Set("7".to_owned()), ..change(second.id) };
    assert_eq!(refusals(update(&desk.cx, &desk.permit, taken).await), ["TAKEN externalId"]);
    let free = UpdateInstance { external_id: Patch::Set("8".to_owned()), ..change(second.id) };
    assert_eq!(update(&desk.cx, &desk.permit, free).await.unwrap().external_id.as_deref(), Some("8"));
    let none = UpdateInstance { external_id: Patch::Clear, ..change(second.id) };
    assert_eq!(update(&desk.cx, &desk.permit, none).await.unwrap().external_id, None);
    let empty = UpdateInstance { external_id: Patch::Set(" ".to_owned()), ..change(second.id) };
    assert_eq!(refusals(update(&desk.cx, &desk.permit, empty).await), ["REQUIRED externalId"]);
}

async fn an_instance_is_closed_opened_and_patched(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let id = desk.instance("INC-000001").await.id;
    let head = desk.head().await;
    let closing = UpdateInstance {
        open: Patch::Set(false),
        attributes: Patch::Set(json!({ "summary": null, "list": { "a": 1, "b": 2 } })),
        expected_version: Some(1),
        ..change(id)
    };
    let closed = update(&desk.cx, &desk.permit, closing).await.unwrap();
    assert_eq!((closed.open, closed.version), (false, 2));
    assert_eq!(
        Value::Object(closed.attributes.clone()),
        json!({ "history": "First", "list": { "a": 1, "b": 2 } })
    );
    assert_eq!(closed, desk.instance("INC-000001").await);
    assert_eq!(desk.room.count("process_instance WHERE closed_at IS NOT NULL").await, 1);
    let patch = UpdateInstance { attributes: Patch::Set(json!({ "list": { "b": null } })), ..change(id) };
    let patched = update(&desk.cx, &desk.permit, patch).await.unwrap();
    assert_eq!(Value::Object(patched.attributes), json!({ "history": "First", "list": { "a": 1 } }));
    let opening = UpdateInstance { open: Patch::Set(true), ..change(id) };
    assert!(update(&desk.cx, &desk.permit, opening).await.unwrap().open);
    assert_eq!(desk.room.count("process_instance WHERE closed_at IS NULL").await, 1);
    let told = desk.told(head).await;
    assert_eq!(
        told,
        [
            r#"PROCESS_INSTANCE_UPDATED ada ["list","summary","open"]"#,
            r#"PROCESS_INSTANCE_UPDATED ada ["list"]"#,
            r#"PROCESS_INSTANCE_UPDATED ada ["open"]"#,
        ]
    );
    let wrong = UpdateInstance { open: Patch::Clear, attributes: Patch::Clear, ..change(id) };
    assert_eq!(
        refusals(update(&desk.cx, &desk.permit, wrong).await),
        ["REQUIRED attributes", "REQUIRED open"]
    );
    let wrong = UpdateInstance { attributes: Patch::Set(json!({ "summary": {} })), ..change(id) };
    assert_eq!(refusals(update(&desk.cx, &desk.permit, wrong).await), ["INVALID attributes.summary"]);
    assert_eq!(refusals(update(&desk.cx, &desk.permit, change(InstanceId::new())).await), ["NOT_FOUND id"]);
}

async fn what_changes_nothing_is_no_new_version(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let before = desk.instance("INC-000001").await;
    let head = desk.head().await;
    let same = UpdateInstance {
        open: Patch::Set(true),
        external_id: Patch::Clear,
        attributes: Patch::Set(json!({ "summary": "Case of a", "absent": null })),
        ..change(before.id)
    };
    assert_eq!(update(&desk.cx, &desk.permit, same).await.unwrap(), before);
    assert_eq!(desk.instance("INC-000001").await, before);
    assert_eq!(desk.told(head).await, Vec::<String>::new());
}

async fn an_old_version_is_refused(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let id = desk.instance("INC-000001").await.id;
    let to = |text: &str| UpdateInstance {
        attributes: Patch::Set(json!({ "summary": text })),
        expected_version: Some(1),
        ..change(id)
    };
    update(&desk.cx, &desk.permit, to("mine")).await.unwrap();
    assert_eq!(refusals(update(&desk.cx, &desk.permit, to("theirs")).await), ["CONFLICT expectedVersion"]);
    assert_eq!(desk.attributes("INC-000001").await["summary"], "mine");
}
