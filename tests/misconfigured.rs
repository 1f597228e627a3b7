//! A mailbox without a mapping runs nothing, and says why; given one, it runs at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::database::{Fresh, on_both};
use crate::harness::desk;
use crate::harness::dovecot::Dovecot;
use crate::harness::service::Service;

const USER: &str = "unmapped";

on_both!(a_mailbox_without_a_mapping_runs_nothing_and_says_why);

async fn until(service: &Service, mailbox: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let query =
        "query($id: ID!) { mailbox(id: $id) { health { state waitsForPerson error { message hint } } }
        messages { totalCount } }";
    let deadline = Instant::now() + Duration::from_secs(45);
    loop {
        let data = service.run(query, json!({ "id": mailbox })).await;
        if holds(&data) {
            return data;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}: {data:#}\n{}", service.log());
    }
}

async fn a_mailbox_without_a_mapping_runs_nothing_and_says_why(fresh: Fresh) {
    let dovecot = Dovecot::start();
    let often = [("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "10")];
    let service = Service::start_with(&fresh.url, &often).await;
    dovecot.deliver(USER, "INBOX", b"Message-ID: <1@test.example>\r\nSubject: Hello\r\n\r\nHello\r\n");
    let desk = desk::create(&service, dovecot.port, USER, json!({ "since": null })).await;
    until(&service, &desk.mailbox, "the first mail is in", |data| data["messages"]["totalCount"] == 1).await;
    set_mapping(&service, &desk.mailbox, Value::Null).await;
    dovecot.deliver(USER, "INBOX", b"Message-ID: <2@test.example>\r\nSubject: Again\r\n\r\nAgain\r\n");
    let is_told = |data: &Value| data["mailbox"]["health"]["state"] == "MISCONFIGURED";
    let data = until(&service, &desk.mailbox, "it says why", is_told).await;
    let health = &data["mailbox"]["health"];
    assert_eq!(health["waitsForPerson"], true);
    assert!(health["error"]["message"].as_str().unwrap().contains("no mapping"), "{health:#}");
    assert_eq!(data["messages"]["totalCount"], 1);
    let query = "mutation($id: ID!) { runJob(id: $id) { run { id } userErrors { code message } } }";
    let refused = service.ask(query, json!({ "id": desk.job })).await.unwrap();
    assert!(refused["data"]["runJob"]["userErrors"][0]["message"].as_str().unwrap().contains("mapping"));

    set_mapping(&service, &desk.mailbox, json!(desk.mapping)).await;
    until(&service, &desk.mailbox, "the second is in", |data| data["messages"]["totalCount"] == 2).await;
}

async fn set_mapping(service: &Service, mailbox: &str, mapping: Value) {
    let query = "mutation($input: UpdateMailboxInput!) { updateMailbox(input: $input) {
        mailbox { id } userErrors { code message path } } }";
    service.run(query, json!({ "input": { "id": mailbox, "mappingId": mapping } })).await;
}
