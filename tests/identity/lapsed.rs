//! A secret that lapses in the middle of a run, and how the mailbox comes back.

use std::time::Duration;

use chrono::TimeDelta;
use sandbox::faults::Rule;
use sandbox::sample;
use sandbox::world::{App, AppSecret};
use serde_json::{Value, json};

use super::eventually;
use super::kinds::{mail, taken_in};
use crate::harness::desk::{self, Desk};
use crate::harness::office365::Office365;
use crate::harness::service::Service;

const ADDRESS: &str = "support@contoso.example";
const FIRST: usize = 3;
const SECOND: usize = 40;

/// Gives the credential that secret; the refusals.
async fn update(service: &Service, credential: &str, secret: &str) -> Value {
    let app = json!({ "tenantId": sample::DOMAIN, "clientId": sample::CLIENT_ID, "clientSecret": secret });
    let input = json!({ "id": credential, "config": { "entraClientSecret": app } });
    let query = "mutation($input: UpdateCredentialInput!) { updateCredential(input: $input) {
        credential { version } userErrors { code path message provider { code providerCode hint requestId } } } }";
    let answer = service.ask(query, json!({ "input": input })).await.unwrap();
    answer["data"]["updateCredential"].clone()
}

async fn health(service: &Service, desk: &Desk) -> Value {
    let query = "query($id: ID!) { mailbox(id: $id) { health {
        state waitsForPerson nextAttemptAt error { code providerCode message hint requestId } } } }";
    service.run(query, json!({ "id": desk.mailbox })).await["mailbox"]["health"].clone()
}

fn with_app(office: &Office365, work: impl FnOnce(&mut App)) {
    let mut world = office.state().world_mut();
    work(world.tenants[0].apps.get_mut(&sample::CLIENT_ID).unwrap());
}

/// How often a token was asked for.
fn asked(office: &Office365) -> usize {
    let lines = office.state().log.last(100_000);
    lines.iter().filter(|line| line.path.ends_with("/oauth2/v2.0/token")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_lapses_while_a_job_runs_ends_the_run_with_entras_code_and_a_new_one_loses_nothing() {
    let office = Office365::judged(&[ADDRESS]).await;
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("mailroom.db").display());
    let found = office.variables();
    let more = [
        (found[0].0, found[0].1.as_str()),
        (found[1].0, found[1].1.as_str()),
        ("MAILROOM_WORKER__BATCH_MESSAGES", "4"),
        // It runs when it is told to.
        ("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "86400"),
    ];
    let mut service = Service::start_with(&database, &more).await;
    let credential = office.credential(&service).await;
    for number in 0..FIRST {
        office.deliver(ADDRESS, "inbox", &mail(number), None);
    }
    let job = json!({ "folder": "INBOX", "since": null });
    let desk = office.desk(&service, &credential, ADDRESS, job, &[]).await;
    eventually(async || taken_in(&service).await == FIRST as u64).await;

    // A wrong secret is refused, and the old one is in force: in a new process, which has no token yet.
    let refused = update(&service, &credential, "wr0ng-secret").await;
    let error = &refused["userErrors"][0];
    assert_eq!(error["code"], "PROVIDER", "{refused:#}");
    assert_eq!(error["path"], json!(["config", "entraClientSecret", "clientSecret"]));
    assert_eq!(error["provider"]["providerCode"], "AADSTS7000215");
    assert!(error["provider"]["requestId"].is_string());
    assert_eq!(refused["credential"], Value::Null);
    service.restart(&[]).await;
    office.deliver(ADDRESS, "inbox", &mail(FIRST), None);
    let ended = desk::run_job(&service, &desk.job, Duration::from_secs(60)).await;
    assert_eq!(ended["state"], "SUCCEEDED", "{ended:#}");
    assert_eq!(taken_in(&service).await, FIRST as u64 + 1);

    // In the middle of a run the secret lapses, and so do the tokens that were got with it.
    let slow = Rule {
        name: Some("slow".to_owned()),
        path: Some("**/$value".to_owned()),
        delay_ms: Some(250),
        ..Rule::default()
    };
    office.state().faults.add(slow).unwrap();
    for number in 0..SECOND {
        office.deliver(ADDRESS, "inbox", &mail(100 + number), None);
    }
    let query = "mutation($id: ID!) { runJob(id: $id) { run { id } userErrors { code message path } } }";
    let run = service.run(query, json!({ "id": desk.job })).await["runJob"]["run"]["id"].clone();
    eventually(async || taken_in(&service).await > FIRST as u64 + 4).await;
    let before = asked(&office);
    with_app(&office, |app| app.secrets.iter_mut().for_each(|secret| secret.expires -= TimeDelta::days(800)));
    office.state().clock.advance(TimeDelta::hours(2));
    let query = "query($id: ID!) { run(id: $id) { state error { code message hint providerCode requestId retryable } } }";
    let mut ended = Value::Null;
    eventually(async || {
        ended = service.run(query, json!({ "id": run })).await["run"].clone();
        ended["state"] != "RUNNING" && ended["state"] != "QUEUED"
    })
    .await;
    assert_eq!(ended["state"], "FAILED", "{ended:#}");
    let error = &ended["error"];
    assert_eq!(error["code"], "AUTHENTICATION", "{ended:#}");
    assert_eq!(error["providerCode"], "AADSTS7000222");
    assert_eq!(error["message"], "The client secret has expired.");
    assert!(error["hint"].as_str().unwrap().contains("Make a new secret"), "{ended:#}");
    assert!(error["requestId"].as_str().unwrap().starts_with("trace "), "{ended:#}");
    assert_eq!(error["retryable"], false);
    assert_eq!(asked(&office) - before, 1, "one renewal was tried, however many waited");
    let sick = health(&service, &desk).await;
    assert_eq!(sick["state"], "AUTHENTICATION_FAILED", "{sick:#}");
    assert_eq!(sick["error"]["providerCode"], "AADSTS7000222");
    assert!(sick["nextAttemptAt"].is_string(), "it is probed: {sick:#}");
    let some = taken_in(&service).await;
    assert!(some < (FIRST + 1 + SECOND) as u64, "it lapsed in the middle: {some}");

    // A new secret brings it back at once, with all that waited, and nothing twice.
    office.state().faults.clear();
    let expires = office.state().clock.now() + TimeDelta::days(90);
    let id = uuid::Uuid::from_u128(77);
    with_app(&office, |app| app.secrets.push(AppSecret { id, value: "n3w-secret".to_owned(), expires }));
    let done = update(&service, &credential, "n3w-secret").await;
    assert_eq!(done["userErrors"], json!([]), "{done:#}");
    let all = (FIRST + 1 + SECOND) as u64;
    let deadline = std::time::Instant::now() + Duration::from_secs(40);
    while taken_in(&service).await < all || health(&service, &desk).await["state"] != "OK" {
        let state =
            async || format!("{} of {all}, {:#}", taken_in(&service).await, health(&service, &desk).await);
        assert!(std::time::Instant::now() < deadline, "{}\n{}", state().await, service.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(taken_in(&service).await, all);
    let instances = service.run("{ processInstances { totalCount } }", json!({})).await;
    assert_eq!(instances["processInstances"]["totalCount"], all);
    assert_eq!(health(&service, &desk).await["error"], Value::Null);
    let is_read = || {
        let world = office.state().world();
        let mailbox = world.tenants[0].mailbox(ADDRESS).unwrap();
        mailbox.messages().filter(|message| message.is_read).count()
    };
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while is_read() as u64 != all {
        assert!(std::time::Instant::now() < deadline, "{} of {all} are read\n{}", is_read(), service.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for secret in [sample::SECRET, "wr0ng-secret", "n3w-secret"] {
        assert!(!service.log().contains(secret), "{}", service.log());
    }
}
