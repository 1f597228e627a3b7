//! Office 365 from end to end: the service against the sandbox tenant, set up over the API as an administrator does.

mod crawl;
mod odd;
mod outage;
mod watch;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::desk;
use crate::harness::office::{Office, Tenant};
use crate::harness::service::Service;

const SECRET: &str = sandbox::sample::SECRET;

fn mail(number: usize) -> Vec<u8> {
    format!(
        "Message-ID: <{number}@test.example>\r\nFrom: Ada <ada@test.example>\r\nSubject: Case {number}\r\n\r\nHello\r\n"
    )
    .into_bytes()
}

/// A service that gets its tokens from the tenant.
async fn service(tenant: &Tenant) -> Service {
    let folder = tempfile::TempDir::new().unwrap();
    let database = format!("sqlite:{}", folder.keep().join("mailroom.db").display());
    let ca = tenant.ca.path().display().to_string();
    let more = [
        ("MAILROOM_ENTRA__AUTHORITY", tenant.https.as_str()),
        ("MAILROOM_NET__CA_FILE", &ca),
        ("MAILROOM_WORKER__POLL_INTERVAL_SECONDS", "1"),
    ];
    Service::start_with(&database, &more).await
}

async fn mailbox(service: &Service, office: &Office<'_>, handling: Value) -> Value {
    let mapping = desk::create_mapping(service, "office", &[]).await;
    let input = json!({
        "title": office.address,
        "address": office.address,
        "provider": { "graph": { "user": office.address, "endpoint": office.tenant.https } },
        "newCredential": { "name": office.address, "config": { "entraClientSecret": {
            "tenantId": sandbox::sample::DOMAIN,
            "clientId": sandbox::sample::CLIENT_ID.to_string(),
            "clientSecret": SECRET,
        } } },
        "mappingId": mapping,
        "job": { "folder": "inbox", "since": null, "handling": handling },
    });
    let query = "mutation($input: CreateMailboxInput!) { createMailbox(input: $input) {
        mailbox { id jobs { id } } userErrors { code message path } } }";
    service.run(query, json!({ "input": input })).await["createMailbox"]["mailbox"].clone()
}

async fn until(what: &str, service: &Service, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn instances(service: &Service) -> Value {
    service.run("{ processInstances { totalCount } }", json!({})).await["processInstances"]["totalCount"]
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_of_office_365_becomes_instances_and_the_originals_are_moved() {
    let tenant = Tenant::start(crate::harness::description::faults).await;
    let service = service(&tenant).await;
    let office = Office::new(&tenant, "support");
    for number in 0..25 {
        office.deliver("INBOX", &mail(number));
    }
    let done = json!({ "onSuccess": { "markRead": true, "original": "MOVE", "folder": "Done" } });
    mailbox(&service, &office, done).await;
    until("all are in", &service, async || instances(&service).await == 25).await;
    until("all are moved", &service, async || office.seen("Done").len() == 25).await;
    assert!(office.seen("Done").values().all(|read| *read));
    assert!(office.seen("INBOX").is_empty());

    office.deliver("INBOX", &mail(100));
    let run = "mutation($id: ID!) { runJob(id: $id) { userErrors { code message path } } }";
    let jobs = service.run("{ jobs { nodes { id } } }", json!({})).await;
    service.run(run, json!({ "id": jobs["jobs"]["nodes"][0]["id"] })).await;
    until("the new one is in", &service, async || instances(&service).await == 26).await;
    let failed = service.run("{ messages(filter: { states: [FAILED] }) { totalCount } }", json!({})).await;
    assert_eq!(failed["messages"]["totalCount"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn originals_are_deleted_and_purged_where_the_handling_says_so() {
    let tenant = Tenant::start(crate::harness::description::faults).await;
    let service = service(&tenant).await;
    let office = Office::new(&tenant, "orders");
    for number in 0..7 {
        office.deliver("INBOX", &mail(number));
    }
    let purge = json!({
        "onSuccess": { "markRead": true, "original": "DELETE" },
        "purgeAtEndOfRun": true,
    });
    mailbox(&service, &office, purge).await;
    until("all are in", &service, async || instances(&service).await == 7).await;
    let left = async || office.seen("INBOX").len() + office.seen("Deleted Items").len();
    until("all are gone", &service, async || left().await == 0).await;
}
