//! The desk as a person has it: over HTTP, with the service's own worker and a real mail server.

use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::harness::database::{Fresh, on_both};
use crate::harness::desk::{self, Desk};
use crate::harness::dovecot::Dovecot;
use crate::harness::service::Service;

on_both!(
    the_failed_queue_is_mended_and_mapped_again,
    what_a_person_does_is_answered_as_it_is_stored,
    what_can_not_be_done_names_the_input_at_fault,
);

const USER: &str = "desk";

async fn start(fresh: &Fresh, rules: &[Value]) -> (Dovecot, Service, Desk) {
    let dovecot = Dovecot::start();
    dovecot.folder(USER, "INBOX");
    let variables =
        [("MAILROOM_WORKER__POLL_INTERVAL_SECONDS", "1"), ("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "1")];
    let service = Service::start_with(&fresh.url, &variables).await;
    let desk = desk::create_with(&service, dovecot.port, USER, json!({ "since": null }), rules).await;
    (dovecot, service, desk)
}

fn deliver(dovecot: &Dovecot, name: &str, more: &str) {
    let raw = format!(
        "From: Ann <ann@test.example>\r\nTo: desk@mailroom.example\r\nSubject: About {name}\r\n\
         Message-ID: <{name}@test.example>\r\nDate: Mon, 5 Jan 2026 08:00:00 +0000\r\n{more}\r\nText of {name}\r\n"
    );
    let order = ["one", "two", "three"].iter().position(|known| *known == name).unwrap() as u64;
    let arrived = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000 + order);
    dovecot.deliver_at(USER, "INBOX", raw.as_bytes(), arrived);
}

/// Waits until so many messages match.
async fn wait_for(service: &Service, filter: Value, count: usize) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let query = "query($filter: MessageFilter) { messages(filter: $filter, order: OLDEST_FIRST) { nodes {
            id subject state reason disposition { state } match { by evidence created }
            failure { stage attempts error { code } } processInstance { id reference } } } }";
        let data = service.run(query, json!({ "filter": filter })).await;
        let found = data["messages"]["nodes"].as_array().unwrap().clone();
        if found.len() == count {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {count}: {found:#?}\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn the_failed_queue_is_mended_and_mapped_again(fresh: Fresh) {
    let urgent = json!({ "attribute": "priority", "source": { "expression": "message.headers['x-priority']" },
        "required": true });
    let (dovecot, service, desk) = start(&fresh, &[urgent]).await;
    deliver(&dovecot, "one", "X-Priority: 1\r\n");
    deliver(&dovecot, "two", "");
    deliver(&dovecot, "three", "In-Reply-To: <two@test.example>\r\n");
    let queue = json!({ "states": ["FAILED"], "stages": ["MAP"] });
    let failed = wait_for(&service, queue.clone(), 2).await;
    assert_eq!(failed[0]["subject"], "About two");
    assert_eq!(failed[0]["failure"], json!({ "stage": "MAP", "attempts": 1, "error": null }));
    assert!(failed[0]["reason"].as_str().unwrap().contains("'priority'"));
    wait_for(&service, json!({ "dispositionStates": ["DONE"] }), 1).await;
    assert_eq!(seen(&dovecot), 1);

    let query =
        "query($id: ID!) { mapping(id: $id) { rules { attribute type required onCreate onUpdate maxLength
        source { field expression } } } }";
    let saved = service.run(query, json!({ "id": desk.mapping })).await;
    let rules: Vec<Value> = saved["mapping"]["rules"].as_array().unwrap().iter().map(as_input).collect();
    let query = "mutation($input: UpdateMappingInput!) { updateMapping(input: $input) {
        mapping { version } userErrors { code message path } } }";
    service.run(query, json!({ "input": { "id": desk.mapping, "rules": rules } })).await;

    let query = "mutation($input: ReprocessMessagesInput!) { reprocessMessages(input: $input) {
        accepted runs { id trigger job { id } progress { expected } } userErrors { code message path } } }";
    let done = service.run(query, json!({ "input": { "filter": queue } })).await;
    let done = &done["reprocessMessages"];
    assert_eq!(done["accepted"], 2);
    assert_eq!(done["runs"][0]["trigger"], "REPROCESS");
    assert_eq!(
        (&done["runs"][0]["job"]["id"], &done["runs"][0]["progress"]["expected"]),
        (&json!(desk.job), &json!(2))
    );
    let all = wait_for(&service, json!({ "states": ["PROCESSED"] }), 3).await;
    assert_eq!(all[1]["processInstance"], all[2]["processInstance"], "the reply joined");
    assert_ne!(all[0]["processInstance"], all[1]["processInstance"]);
    wait_for(&service, json!({ "dispositionStates": ["DONE"] }), 3).await;
    assert_eq!(seen(&dovecot), 3, "the originals of what failed are handled now");
    let ended = ended(&service, &done["runs"][0]["id"]).await;
    assert_eq!(ended["state"], "SUCCEEDED");
    assert_eq!(ended["progress"], json!({ "expected": 2, "found": 2, "processed": 2, "failed": 0 }));
}

/// The rule again, `required` no more.
fn as_input(rule: &Value) -> Value {
    let mut rule = rule.clone();
    rule["required"] = json!(false);
    let source = rule["source"].as_object().unwrap().clone();
    rule["source"] = Value::Object(source.into_iter().filter(|(_, value)| !value.is_null()).collect());
    rule
}

fn seen(dovecot: &Dovecot) -> usize {
    let flags = dovecot.person(USER).flags("INBOX");
    flags.iter().filter(|(_, flags)| flags.iter().any(|flag| flag == "\\Seen")).count()
}

async fn ended(service: &Service, run: &Value) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let query = "query($id: ID!) { run(id: $id) { state progress { expected found processed failed } } }";
        let data = service.run(query, json!({ "id": run })).await;
        if !matches!(data["run"]["state"].as_str(), Some("QUEUED" | "RUNNING")) {
            return data["run"].clone();
        }
        assert!(Instant::now() < deadline, "{data:#}\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn what_a_person_does_is_answered_as_it_is_stored(fresh: Fresh) {
    let (dovecot, service, desk) = start(&fresh, &[]).await;
    deliver(&dovecot, "one", "");
    deliver(&dovecot, "two", "");
    let all = wait_for(&service, json!({ "states": ["PROCESSED"] }), 2).await;

    let link = "mutation($message: ID!, $instance: ID) { linkMessage(messageId: $message, processInstanceId: $instance) {
        message { state reason match { by evidence created } processInstance { reference messages { nodes { subject } } } }
        userErrors { code message path } } }";
    let to = json!({ "message": all[1]["id"], "instance": all[0]["processInstance"]["id"] });
    let linked = service.run(link, to).await["linkMessage"]["message"].clone();
    let matched = json!({ "by": "BY_HAND", "evidence": "tests attached it by hand", "created": false });
    assert_eq!(linked["match"], matched);
    assert_eq!(linked["processInstance"]["messages"]["nodes"].as_array().unwrap().len(), 2);
    let nowhere = json!({ "message": all[1]["id"], "instance": null });
    let detached = service.run(link, nowhere).await["linkMessage"]["message"].clone();
    assert_eq!((&detached["state"], &detached["processInstance"]), (&json!("IGNORED"), &json!(null)));

    let create = "mutation($input: CreateProcessInstanceInput!) { createProcessInstance(input: $input) {
        processInstance { id reference attributes externalId version messages { nodes { id } } mailbox { id } }
        userErrors { code message path } } }";
    let input = json!({ "mappingId": desk.mapping, "messageId": all[1]["id"], "externalId": "SAP-7",
        "attributes": { "title": "By hand" } });
    let made =
        service.run(create, json!({ "input": input })).await["createProcessInstance"]["processInstance"]
            .clone();
    assert_eq!(made["messages"]["nodes"], json!([{ "id": all[1]["id"] }]));
    assert_eq!(made["attributes"]["title"], "By hand");
    assert_eq!(made["attributes"]["sender"], "ann@test.example");
    assert_eq!((&made["externalId"], &made["version"]), (&json!("SAP-7"), &json!(1)));
    assert_eq!(made["mailbox"]["id"], json!(desk.mailbox));

    let update = "mutation($input: UpdateProcessInstanceInput!) { updateProcessInstance(input: $input) {
        processInstance { open attributes version externalId } userErrors { code message path } } }";
    let input = json!({ "id": made["id"], "open": false, "attributes": { "title": null, "note": "x" },
        "expectedVersion": 1 });
    let changed = service.run(update, json!({ "input": input })).await;
    let changed = &changed["updateProcessInstance"]["processInstance"];
    assert_eq!((&changed["open"], &changed["version"]), (&json!(false), &json!(2)));
    assert_eq!(
        (&changed["attributes"]["title"], &changed["attributes"]["note"]),
        (&json!(null), &json!("x"))
    );

    let delete = "mutation($ids: [ID!]!) { deleteMessages(ids: $ids) { deletedIds userErrors { code message path } } }";
    let deleted = service.run(delete, json!({ "ids": [all[1]["id"]] })).await;
    assert_eq!(deleted["deleteMessages"]["deletedIds"], json!([all[1]["id"]]));
    let query = "query($id: ID!, $instance: ID) { message(id: $id) { id }
        processInstance(id: $instance) { reference messages { nodes { id } } } }";
    let left = service.run(query, json!({ "id": all[1]["id"], "instance": made["id"] })).await;
    assert_eq!((&left["message"], &left["processInstance"]["messages"]["nodes"]), (&json!(null), &json!([])));
}

async fn what_can_not_be_done_names_the_input_at_fault(fresh: Fresh) {
    let (dovecot, service, desk) = start(&fresh, &[]).await;
    deliver(&dovecot, "one", "");
    let message = wait_for(&service, json!({ "dispositionStates": ["DONE"] }), 1).await.remove(0);
    let id = &message["id"];
    for (call, path, code) in [
        (
            format!("linkMessage(messageId: {id}, processInstanceId: \"x\")"),
            json!(["processInstanceId"]),
            "NOT_FOUND",
        ),
        ("linkMessage(messageId: \"x\")".to_owned(), json!(["messageId"]), "NOT_FOUND"),
        (format!("deleteMessages(ids: [{id}, \"x\"])"), json!(["ids", "1"]), "NOT_FOUND"),
        (format!("reprocessMessages(input: {{ ids: [{id}, \"x\"] }})"), json!(["ids", "1"]), "NOT_FOUND"),
        (format!("cancelDispositions(messageIds: [{id}, \"x\"])"), json!(["messageIds", "1"]), "NOT_FOUND"),
        (format!("cancelDispositions(messageIds: [{id}])"), json!(["messageIds", "0"]), "INVALID"),
        ("retryDispositions(messageIds: [\"x\"])".to_owned(), json!(["messageIds", "0"]), "NOT_FOUND"),
        (format!("retryDispositions(messageIds: [{id}])"), json!(["messageIds", "0"]), "INVALID"),
        ("createProcessInstance(input: { mappingId: \"x\" })".to_owned(), json!(["mappingId"]), "NOT_FOUND"),
        (
            format!("createProcessInstance(input: {{ mappingId: \"{}\", attributes: [1] }})", desk.mapping),
            json!(["attributes"]),
            "INVALID",
        ),
        ("updateProcessInstance(input: { id: \"x\" })".to_owned(), json!(["id"]), "NOT_FOUND"),
        (
            format!(
                "updateProcessInstance(input: {{ id: {}, expectedVersion: 7 }})",
                message["processInstance"]["id"]
            ),
            json!(["expectedVersion"]),
            "CONFLICT",
        ),
    ] {
        let query = format!("mutation {{ it: {call} {{ userErrors {{ code message path }} }} }}");
        let answer = service.ask(&query, json!({})).await.unwrap();
        let errors = &answer["data"]["it"]["userErrors"];
        assert_eq!((&errors[0]["code"], &errors[0]["path"]), (&json!(code), &path), "{call}: {answer:#}");
        assert!(errors[0]["message"].as_str().unwrap().ends_with('.'));
    }
    assert_eq!(
        wait_for(&service, json!({ "states": ["PROCESSED"] }), 1).await,
        std::slice::from_ref(&message)
    );
    let token = service.token_for("reader", "mail:read,config:write,jobs:run");
    let client = reqwest::Client::new();
    for call in [
        format!("deleteMessages(ids: [{id}]) {{ deletedIds }}"),
        format!("cancelDispositions(messageIds: [{id}]) {{ messages {{ id }} }}"),
        format!("retryDispositions(messageIds: [{id}]) {{ messages {{ id }} }}"),
    ] {
        let body = json!({ "query": format!("mutation {{ {call} }}") });
        let answer =
            client.post(service.url("/graphql")).bearer_auth(&token).json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer:#}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("mail:handle"));
    }
}
