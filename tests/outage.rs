//! The database goes away in the middle of a run, and returns.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::desk;
use crate::harness::dovecot::Dovecot;
use crate::harness::postgres::Server;
use crate::harness::service::Service;

const USER: &str = "outage";

fn mail(number: usize) -> Vec<u8> {
    format!(
        "Message-ID: <{number}@test.example>\r\nFrom: Ada <ada@test.example>\r\nSubject: Case {number}\r\n\r\n{}\r\n",
        "It goes on and on. ".repeat(200)
    )
    .into_bytes()
}

async fn total(service: &Service) -> Option<u64> {
    let answer = service.ask("{ messages { totalCount } }", json!({})).await.ok()?;
    answer["data"]["messages"]["totalCount"].as_u64()
}

async fn until(what: &str, service: &Service, mut holds: impl FnMut(Option<u64>) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !holds(total(service).await) {
        assert!(Instant::now() < deadline, "waited in vain: {what}\n{}", service.log());
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_and_returns_loses_and_doubles_nothing() {
    let server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let dovecot = Dovecot::start();
    let lease = [("MAILROOM_WORKER__LEASE_SECONDS", "10")];
    let service = Service::start_with(&server.database(), &lease).await;
    for number in 0..600 {
        dovecot.deliver(USER, "INBOX", &mail(number));
    }
    desk::create(&service, dovecot.port, USER, json!({ "since": null })).await;
    until("the first messages are in", &service, |total| total.is_some_and(|total| total > 0)).await;
    server.stop();
    until("the API says so", &service, |total| total.is_none()).await;
    for number in 600..700 {
        dovecot.deliver(USER, "INBOX", &mail(number));
    }
    server.resume();
    until("all are in", &service, |total| total == Some(700)).await;
    let query = "{ processInstances { totalCount } messages(filter: { states: [FAILED] }) { totalCount } }";
    let data = service.run(query, json!({})).await;
    assert_eq!(data["processInstances"]["totalCount"], 700);
    assert_eq!(data["messages"]["totalCount"], 0);
    let mut person = dovecot.person(USER);
    let deadline = Instant::now() + Duration::from_secs(60);
    while person.flags("INBOX").iter().any(|(_, flags)| !flags.iter().any(|flag| flag == "\\Seen")) {
        assert!(Instant::now() < deadline, "originals stay unread\n{}", service.log());
    }
}
