//! A mailbox with a mapping and jobs, set up as an administrator does: over the API.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::dovecot::PASSWORD;
use super::service::Service;

/// What was made; ids as the API gives them.
pub struct Desk {
    /// The mailbox.
    pub mailbox: String,
    /// Its mapping.
    pub mapping: String,
    /// Its first job's.
    pub job: String,
}

/// A mailbox on a plain IMAP server of this machine, with the mapping below and a first job:
/// `json!({ "folder": "INBOX", "since": null })`.
pub async fn create(service: &Service, imap_port: u16, user: &str, first_job: Value) -> Desk {
    create_with(service, imap_port, user, first_job, &[]).await
}

/// The same with more rules of the mapping.
pub async fn create_with(
    service: &Service,
    imap_port: u16,
    user: &str,
    first_job: Value,
    rules: &[Value],
) -> Desk {
    let mapping = create_mapping(service, user, rules).await;
    let input = json!({
        "title": user,
        "address": format!("{user}@mailroom.example"),
        "provider": { "imap": { "host": "127.0.0.1", "port": imap_port, "security": "NONE" } },
        "newCredential": {
            "name": user,
            "config": { "basic": { "username": user, "password": PASSWORD } },
        },
        "mappingId": mapping,
        "job": first_job,
    });
    create_mailbox(service, input, mapping).await
}

/// A mailbox of that mapping, as the API takes it, with its first job.
pub async fn create_mailbox(service: &Service, input: Value, mapping: String) -> Desk {
    let query = "mutation($input: CreateMailboxInput!) { createMailbox(input: $input) {
        mailbox { id jobs { id } } userErrors { code message path } } }";
    let data = service.run(query, json!({ "input": input })).await;
    let mailbox = &data["createMailbox"]["mailbox"];
    Desk { mailbox: id(&mailbox["id"]), mapping, job: id(&mailbox["jobs"][0]["id"]) }
}

/// Its id. Subject and sender on creation; each update appends its Message-ID to `updates`.
pub async fn create_mapping(service: &Service, name: &str, more: &[Value]) -> String {
    let prefix: String = name.chars().filter(char::is_ascii_alphabetic).take(6).collect();
    let mut rules = vec![
        json!({ "attribute": "title", "source": { "field": "SUBJECT" }, "maxLength": 200 }),
        json!({ "attribute": "sender", "source": { "field": "FROM_ADDRESS" } }),
        json!({ "attribute": "text", "type": "TEXT", "source": { "field": "BODY_TEXT" }, "maxLength": 2000 }),
        json!({ "attribute": "updates", "type": "TEXT", "source": { "field": "INTERNET_MESSAGE_ID" },
                "onCreate": false, "onUpdate": "APPEND" }),
    ];
    rules.extend_from_slice(more);
    let input = json!({
        "name": name,
        "process": format!("request-{name}"),
        "referencePrefix": prefix.to_uppercase(),
        "rules": rules,
        // Every mail is to have an effect, whoever sent it.
        "loopProtection": { "autoReplies": "PROCESS", "bounces": "PROCESS", "bulk": "PROCESS" },
        "forwarding": { "refuseTextOnly": false },
    });
    let query = "mutation($input: CreateMappingInput!) { createMapping(input: $input) {
        mapping { id } userErrors { code message path } } }";
    let data = service.run(query, json!({ "input": input })).await;
    id(&data["createMapping"]["mapping"]["id"])
}

/// Another job of the mailbox.
pub async fn create_job(service: &Service, desk: &Desk, name: &str, mut job: Value) -> String {
    job["name"] = json!(name);
    job["mailboxId"] = json!(desk.mailbox);
    let query = "mutation($input: CreateJobInput!) { createJob(input: $input) {
        job { id } userErrors { code message path } } }";
    let data = service.run(query, json!({ "input": job })).await;
    id(&data["createJob"]["job"]["id"])
}

/// Runs the job now and waits until the run ended; the run.
pub async fn run_job(service: &Service, job: &str, within: Duration) -> Value {
    let query = "mutation($id: ID!) { runJob(id: $id) { run { id } userErrors { code message path } } }";
    let data = service.run(query, json!({ "id": job })).await;
    let run = id(&data["runJob"]["run"]["id"]);
    let deadline = Instant::now() + within;
    loop {
        let query = "query($id: ID!) { run(id: $id) {
            state queuedAt startedAt finishedAt error { code message }
            progress { found processed ignored failed duplicates disposed bytes } } }";
        let data = service.run(query, json!({ "id": run })).await;
        if !matches!(data["run"]["state"].as_str(), Some("QUEUED" | "RUNNING")) {
            return data["run"].clone();
        }
        assert!(Instant::now() < deadline, "the run goes on and on: {data:#}\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn id(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
