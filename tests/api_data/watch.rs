//! A job says how it hears of new mail, and what Graph sends to `/hooks/graph` is answered in time and believed only if it
//! proves itself.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use mailroom::db;
use mailroom::db::subscription::{Due, Made, Versions};
use mailroom::domain::access::Scope;
use mailroom::domain::clock::Clock as _;
use mailroom::domain::fault::{Fault, FaultCode};
use mailroom::domain::id::JobId;
use mailroom::domain::job::Job;
use mailroom::service::watch::state_hash;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::house::{House, raw, text};
use crate::harness::database::{Fresh, on_both};

on_both!(
    a_job_says_how_it_hears_of_new_mail_and_why,
    how_jobs_hear_of_new_mail_costs_two_statements_for_all,
    who_may_not_read_jobs_is_not_told_how_they_watch,
    a_forged_notification_changes_nothing_and_is_answered_at_once,
    while_the_database_is_locked_graph_is_asked_to_send_it_again,
);

/// A mailbox of Exchange Online with a job that watches; the job's id as clients see it.
async fn watching(house: &House, name: &str) -> String {
    let input = json!({
        "title": name, "address": format!("{name}@company.example"),
        "provider": { "graph": { "user": format!("{name}@company.example") } },
        "newCredential": { "name": name, "config": { "entraClientSecret": {
            "tenantId": "company.example", "clientId": "8a5c0000-1111-4222-8333-000000000002", "clientSecret": "x" } } },
        "job": { "name": name, "watch": true },
    });
    let query = "mutation($input: CreateMailboxInput!) { createMailbox(input: $input) {
        mailbox { jobs { id } } userErrors { message path } } }";
    let data = house.data(query, json!({ "input": input })).await;
    text(&data["createMailbox"]["mailbox"]["jobs"][0]["id"])
}

async fn status(house: &House, job: &str) -> Value {
    let query = "query($id: ID!) { job(id: $id) { watchStatus {
        means summary pollSeconds expiresAt lastNotifiedAt error { code message hint } nextAttemptAt } } }";
    house.data(query, json!({ "id": job })).await["job"]["watchStatus"].clone()
}

async fn saved(house: &House, job: &str) -> Job {
    db::job::get(house.services.db.read(), raw::<JobId>(job)).await.unwrap().unwrap()
}

/// Takes the job's subscription up, as the worker does.
async fn claimed(house: &House, job: &str) -> Due {
    let job = saved(house, job).await;
    let due = Due {
        job_id: job.id,
        mailbox_id: job.mailbox_id,
        versions: Versions { job: job.version, mailbox: 1 },
        is_wanted: true,
        provider_id: None,
        is_outdated: false,
        attempts: 0,
    };
    assert!(db::subscription::claim(house.services.db.write(), &due, house.clock.now()).await.unwrap());
    due
}

async fn subscribed(house: &House, due: &Due) {
    let made = Made {
        provider_id: "sub-1".to_owned(),
        state_hash: Some(state_hash("proof")),
        expires_at: house.clock.now() + TimeDelta::hours(70),
        renew_at: house.clock.now() + TimeDelta::hours(35),
        now: house.clock.now(),
    };
    db::subscription::made(house.services.db.write(), due, &made).await.unwrap();
}

async fn a_job_says_how_it_hears_of_new_mail_and_why(fresh: Fresh) {
    let house = House::open(fresh);
    let job = watching(&house, "help").await;
    let polls = status(&house, &job).await;
    assert_eq!((&polls["means"], &polls["pollSeconds"]), (&json!("POLLING"), &json!(15)));
    assert!(text(&polls["summary"]).contains("is being made"), "{polls}");

    let due = claimed(&house, &job).await;
    let now = house.clock.now();
    let fault = Fault {
        code: FaultCode::Unreachable,
        message: "Graph could not reach us.".to_owned(),
        hint: Some("Check public.url.".to_owned()),
        retryable: true,
        provider_code: Some("ValidationError".to_owned()),
        request_id: None,
        occurred_at: now,
    };
    let again = now + TimeDelta::seconds(90);
    db::subscription::failed(house.services.db.write(), &due, Some(&fault), again).await.unwrap();
    let refused = status(&house, &job).await;
    assert_eq!(refused["means"], "POLLING");
    assert!(text(&refused["summary"]).contains("refused the last time"), "{refused}");
    let error =
        json!({ "code": "UNREACHABLE", "message": "Graph could not reach us.", "hint": "Check public.url." });
    assert_eq!(refused["error"], error);
    assert!(refused["nextAttemptAt"].is_string() && refused["expiresAt"].is_null());

    subscribed(&house, &due).await;
    db::job::note(&house.services.db, &[due.job_id], now).await.unwrap();
    let told = status(&house, &job).await;
    assert_eq!((&told["means"], &told["pollSeconds"]), (&json!("NOTIFICATIONS"), &Value::Null));
    assert!(told["expiresAt"].is_string() && told["lastNotifiedAt"].is_string(), "{told}");
    assert!(told["error"].is_null() && told["nextAttemptAt"].is_null(), "{told}");
    house.clock.advance(TimeDelta::hours(71));
    assert_eq!(status(&house, &job).await["means"], "POLLING", "it lapsed");

    let query = "mutation($input: UpdateJobInput!) { updateJob(input: $input) { job { watchStatus { means } }
        userErrors { message } } }";
    for off in [json!({ "id": job, "enabled": false }), json!({ "id": job, "enabled": true, "watch": false })]
    {
        let data = house.data(query, json!({ "input": off })).await;
        assert_eq!(data["updateJob"], json!({ "job": { "watchStatus": null }, "userErrors": [] }), "{off}");
    }
}

async fn how_jobs_hear_of_new_mail_costs_two_statements_for_all(fresh: Fresh) {
    let house = House::open(fresh);
    for name in ["one", "two", "three"] {
        let job = watching(&house, name).await;
        claimed(&house, &job).await;
    }
    let query =
        "query($first: Int!) { jobs(first: $first) { nodes { watchStatus { means summary expiresAt } } } }";
    let few = house.cost(query, json!({ "first": 1 })).await;
    let many = house.cost(query, json!({ "first": 3 })).await;
    // jobs, mailboxes, subscriptions
    assert_eq!((few, many), (3, 3));
}

async fn who_may_not_read_jobs_is_not_told_how_they_watch(fresh: Fresh) {
    let house = House::open(fresh);
    let job = watching(&house, "help").await;
    let query = "query($id: ID!) { job(id: $id) { watchStatus { means } } }";
    let told = house.ask_as(&[Scope::JobsRun], query, json!({ "id": job })).await;
    assert_eq!(told["data"]["job"]["watchStatus"]["means"], "POLLING", "{told}");
    let refused = house.ask_as(&[Scope::MailRead], query, json!({ "id": job })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
}

/// The status of the answer, and how long it took.
async fn sent(house: &House, body: impl Into<Body>) -> (StatusCode, Duration) {
    let begun = Instant::now();
    let request = Request::post("/hooks/graph").header("content-type", "application/json");
    let response = house.router().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    (response.status(), begun.elapsed())
}

fn item(id: &str, client_state: &str) -> Value {
    json!({ "subscriptionId": id, "clientState": client_state, "changeType": "created",
            "resource": "Users/x/Messages/y", "resourceData": { "id": "y" } })
}

async fn a_forged_notification_changes_nothing_and_is_answered_at_once(fresh: Fresh) {
    let house = House::open(fresh);
    let job = watching(&house, "help").await;
    let due = claimed(&house, &job).await;
    subscribed(&house, &due).await;
    let before = saved(&house, &job).await;
    let list = |items: Vec<Value>| json!({ "value": items }).to_string();
    let lifecycle =
        json!({ "subscriptionId": "sub-1", "clientState": "", "lifecycleEvent": "subscriptionRemoved" });
    let deep = |depth: usize| format!("{{\"value\":[{}{}]}}", "[".repeat(depth), "]".repeat(depth));
    for (what, body, status) in [
        ("a wrong secret", list(vec![item("sub-1", "guess")]), StatusCode::ACCEPTED),
        ("no secret", list(vec![json!({ "subscriptionId": "sub-1" })]), StatusCode::ACCEPTED),
        ("an end without a secret", list(vec![lifecycle]), StatusCode::ACCEPTED),
        ("an unknown id", list(vec![item("sub-2", "proof")]), StatusCode::ACCEPTED),
        ("no items", list(vec![json!({}), json!(7), json!(null), json!("x")]), StatusCode::ACCEPTED),
        ("ten thousand", list(vec![json!({ "subscriptionId": "sub-1" }); 10_000]), StatusCode::ACCEPTED),
        ("different ones", list((0..900).map(|n| item(&n.to_string(), "x")).collect()), StatusCode::ACCEPTED),
        ("an abyss", deep(100_000), StatusCode::ACCEPTED),
        ("garbage", "{\"value\":".to_owned(), StatusCode::BAD_REQUEST),
        ("no text", "\u{0}\u{1}".to_owned(), StatusCode::BAD_REQUEST),
        ("ten megabytes", "x".repeat(10 * 1024 * 1024), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let (answered, took) = sent(&house, body).await;
        assert_eq!(answered, status, "{what}");
        assert!(took < Duration::from_secs(2), "{what} took {took:?}");
    }
    // Without a length, too: the body is cut off where the limit is.
    let chunks = futures::stream::iter((0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 100_000])));
    assert_eq!(sent(&house, Body::from_stream(chunks)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(saved(&house, &job).await, before);
    let now = house.clock.now();
    let due = db::subscription::due(
        house.services.db.read(),
        mailroom::domain::mailbox::ProviderKind::Graph,
        now,
        9,
    );
    assert_eq!(due.await.unwrap(), [], "nothing is made anew");

    // What makes no sense does not stop what does.
    let mixed = list(vec![json!({ "subscriptionId": 7 }), item("sub-1", "guess"), item("sub-1", "proof")]);
    assert_eq!(sent(&house, mixed).await.0, StatusCode::ACCEPTED);
    assert_eq!(saved(&house, &job).await.noted_at, Some(now));
}

async fn while_the_database_is_locked_graph_is_asked_to_send_it_again(fresh: Fresh) {
    let house = House::open(fresh);
    let job = watching(&house, "help").await;
    let due = claimed(&house, &job).await;
    subscribed(&house, &due).await;
    let body = json!({ "value": [item("sub-1", "proof")] }).to_string();
    let lock = house.services.db.begin().await.unwrap();
    let sql = "UPDATE job SET version = version";
    lock.execute_raw(Statement::from_string(lock.get_database_backend(), sql)).await.unwrap();
    let all = (0..6).map(|_| sent(&house, body.clone()));
    for (status, took) in futures::future::join_all(all).await {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
    lock.rollback().await.unwrap();
    assert_eq!(sent(&house, body).await.0, StatusCode::ACCEPTED);
    assert_eq!(saved(&house, &job).await.noted_at, Some(house.clock.now()));
}
