//! Why mailboxes of a tenant can't be read, told apart, while the one beside them goes on.

use std::time::{Duration, Instant};

use sandbox::faults::Rule;
use serde_json::{Value, json};

use crate::harness::database::{Fresh, on_both};
use crate::harness::office365::Office365;
use crate::harness::rows::count;
use crate::harness::service::Service;

on_both!(each_refusal_is_a_state_of_its_own_and_delays_no_other_mailbox);

/// By the name of the mailbox: what it comes to.
const STATES: [(&str, &str); 4] =
    [("claims", "FORBIDDEN"), ("nobody", "NOT_FOUND"), ("orders", "THROTTLED"), ("support", "OK")];

async fn healths(service: &Service) -> Vec<(String, String, Value)> {
    let query =
        "{ mailboxes { nodes { id title health { state since consecutiveFailures waitsForPerson nextAttemptAt
        lastSuccessAt error { code message hint retryable providerCode } } } } }";
    let data = service.run(query, json!({})).await;
    let mut found: Vec<(String, String, Value)> = data["mailboxes"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let title = one["title"].as_str().unwrap().to_owned();
            (title, one["id"].as_str().unwrap().to_owned(), one["health"].clone())
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

async fn until(what: &str, service: &Service, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn each_refusal_is_a_state_of_its_own_and_delays_no_other_mailbox(fresh: Fresh) {
    let there = ["support@contoso.example", "claims@contoso.example", "orders@contoso.example"];
    let office = Office365::judged(&there).await;
    let rule = |name: &str| Rule {
        name: Some(name.to_owned()),
        path: Some("/users/**".to_owned()),
        mailbox: Some(format!("{name}@contoso.example")),
        ..Rule::default()
    };
    office.state().faults.add(Rule { deny: true, ..rule("claims") }).unwrap();
    let throttled = Rule { status: Some(429), retry_after: Some(300), ..rule("orders") };
    office.state().faults.add(throttled).unwrap();
    let often = ("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "2");
    let service = office.service(&fresh.url, &[often]).await;
    let credential = office.credential(&service).await;
    for (name, _) in STATES {
        let job = json!({ "folder": "INBOX", "since": null });
        office.desk(&service, &credential, &format!("{name}@contoso.example"), job, &[]).await;
    }
    let states = async || -> Vec<(String, String)> {
        let of = |(title, _, health): (String, String, Value)| {
            (title, health["state"].as_str().unwrap().to_owned())
        };
        healths(&service).await.into_iter().map(of).collect()
    };
    let expected: Vec<(String, String)> =
        STATES.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect();
    until("each has its state", &service, async || states().await == expected).await;
    let found = healths(&service).await;
    for (title, _, health) in &found {
        let (error, is_well) = (&health["error"], title == "support");
        assert_eq!(error.is_null(), is_well, "{title}: {health}");
        assert_eq!(health["lastSuccessAt"].is_string(), is_well, "{title}: {health}");
        if !is_well {
            assert_eq!(error["code"], health["state"], "{title}: {health}");
            assert!(error["hint"].as_str().is_some_and(|hint| hint.len() > 20), "{title}: {health}");
            assert!(health["nextAttemptAt"].is_string(), "{title}: it is tried again: {health}");
            assert_eq!(health["waitsForPerson"], false, "{title}: {health}");
        }
    }
    let failures = |title: &str| {
        let (_, _, health) = found.iter().find(|one| one.0 == title).unwrap();
        health["consecutiveFailures"].as_i64().unwrap()
    };
    assert_eq!((failures("orders"), failures("support")), (0, 0), "who is throttled has not failed");
    assert!(failures("claims") > 0 && failures("nobody") > 0);

    for number in 0..3 {
        let mail = format!("Message-ID: <{number}@test.example>\r\nSubject: Case\r\n\r\nHello\r\n");
        office.deliver("support@contoso.example", "inbox", mail.as_bytes(), None);
    }
    until("the one that is well goes on", &service, async || {
        count(&fresh, "SELECT count(*) FROM message").await == 3
    })
    .await;
    let changes = "SELECT count(*) FROM event WHERE type = 'MAILBOX_STATE_CHANGED'";
    assert_eq!(count(&fresh, changes).await, 4, "each change is told once");

    office.state().faults.clear();
    let query = "mutation($id: ID!) { resumeMailbox(id: $id) { mailbox { id } userErrors { message } } }";
    for (title, id, _) in healths(&service).await {
        if title == "claims" || title == "orders" {
            service.run(query, json!({ "id": id })).await;
        }
    }
    // Graph said for how long it is not to be asked: a person's wish does not change that.
    let afterwards = [("claims", "OK"), ("nobody", "NOT_FOUND"), ("orders", "THROTTLED"), ("support", "OK")];
    let afterwards: Vec<(String, String)> =
        afterwards.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect();
    until("who may be read again is read at once", &service, async || states().await == afterwards).await;
    assert_eq!(count(&fresh, changes).await, 5);
}
