//! A tenant's Graph that fails for a while: nobody waits for it in vain, and all goes on when it answers again.

use std::time::{Duration, Instant};

use sandbox::faults::Rule;
use serde_json::{Value, json};

use crate::harness::database::{Fresh, on_both};
use crate::harness::office365::Office365;
use crate::harness::rows::count;
use crate::harness::service::Service;

on_both!(in_an_outage_few_ask_and_afterwards_all_mailboxes_go_on_by_themselves);

const ADDRESSES: [&str; 3] = ["support@contoso.example", "claims@contoso.example", "orders@contoso.example"];
const MESSAGES: i64 = 12;

fn mail(number: usize) -> Vec<u8> {
    format!(
        "Message-ID: <{number}@test.example>\r\nFrom: Ada <ada@test.example>\r\nSubject: Case {number}\r\n\r\nHello\r\n"
    )
    .into_bytes()
}

async fn until(what: &str, service: &Service, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn healths(service: &Service) -> Vec<Value> {
    let query = "{ mailboxes { nodes { health { state consecutiveFailures nextAttemptAt
        error { code message hint retryable } } } } }";
    let data = service.run(query, json!({})).await;
    data["mailboxes"]["nodes"].as_array().unwrap().iter().map(|one| one["health"].clone()).collect()
}

async fn in_an_outage_few_ask_and_afterwards_all_mailboxes_go_on_by_themselves(fresh: Fresh) {
    let office = Office365::judged(&ADDRESSES).await;
    let often = ("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "2");
    let service = office.service(&fresh.url, &[often]).await;
    let credential = office.credential(&service).await;
    for address in ADDRESSES {
        office.desk(&service, &credential, address, json!({ "folder": "INBOX", "since": null }), &[]).await;
    }
    until("all are well", &service, async || healths(&service).await.iter().all(|one| one["state"] == "OK"))
        .await;

    let down = Rule {
        name: Some("down".to_owned()),
        path: Some("/**".to_owned()),
        status: Some(503),
        ..Rule::default()
    };
    office.state().faults.add(down).unwrap();
    for number in 0..MESSAGES as usize {
        office.deliver(ADDRESSES[number % 3], "inbox", &mail(number), None);
    }
    let left_alone = |health: &Value| {
        health["error"]["message"].as_str().is_some_and(|message| message.contains("left alone"))
    };
    until("someone is told", &service, async || healths(&service).await.iter().any(left_alone)).await;
    let told = healths(&service).await.into_iter().find(left_alone).unwrap();
    assert_eq!((&told["state"], &told["error"]["code"]), (&json!("UNREACHABLE"), &json!("UNREACHABLE")));
    assert!(told["error"]["hint"].as_str().unwrap().contains("by itself"), "{told}");
    assert_eq!(told["error"]["retryable"], true);
    assert!(told["nextAttemptAt"].is_string());

    // What a person asks is tried, whatever is known of the outage.
    let mailbox = service.run("{ mailboxes { nodes { id } } }", json!({})).await;
    let before = office.asked().len();
    let query =
        "mutation($id: ID!) { testMailbox(input: { id: $id }) { test { ok steps { step error { message } } }
        userErrors { message } } }";
    let id = &mailbox["mailboxes"]["nodes"][0]["id"];
    until("a person's request goes through", &service, async || {
        service.run(query, json!({ "id": id })).await;
        office.asked().len() > before
    })
    .await;

    // Twenty seconds of it: three mailboxes that look every two seconds, three times each, would be ninety requests.
    office.state().log.clear();
    let begun = Instant::now();
    until("time goes by", &service, async || begun.elapsed() > Duration::from_secs(20)).await;
    let asked = office.asked();
    assert!(asked.len() <= 8, "{asked:#?}");
    let failures =
        healths(&service).await.iter().map(|one| one["consecutiveFailures"].as_i64().unwrap()).max();
    assert!(failures <= Some(8), "who is not let through has not failed: {failures:?}");

    assert!(office.state().faults.remove("down"));
    let messages = async || count(&fresh, "SELECT count(*) FROM message WHERE state = 'PROCESSED'").await;
    until("all are in", &service, async || messages().await == MESSAGES).await;
    until("all are well again", &service, async || {
        healths(&service).await.iter().all(|one| one["state"] == "OK" && one["error"].is_null())
    })
    .await;
    let pending = "SELECT count(*) FROM message WHERE disposition_state <> 'DONE'";
    until("all are marked", &service, async || count(&fresh, pending).await == 0).await;
    assert_eq!(count(&fresh, "SELECT count(*) FROM process_instance").await, MESSAGES);
    assert_eq!(count(&fresh, "SELECT count(*) FROM message_source").await, MESSAGES);
}
