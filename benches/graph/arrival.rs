//! How soon a message that arrives is an event, when Graph tells of it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::office365::Office365;
use crate::harness::service::Service;
use crate::intake::letter;

const ADDRESS: &str = "support@contoso.example";

/// A sentence with the percentiles.
pub async fn run(messages: usize) -> String {
    let office = Office365::start(&[ADDRESS]).await;
    office.state().switch(|switches| switches.notification_delay_ms = 0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mailroom.db");
    let own = office.variables();
    let mut variables = vec![
        ("MAILROOM_LOG__LEVEL", "warn"),
        ("MAILROOM_WORKER__POLL_INTERVAL_SECONDS", "1"),
        ("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "600"),
    ];
    variables.extend(own.iter().map(|(name, value)| (*name, value.as_str())));
    let mut service = Service::start_with(&format!("sqlite:{}", file.display()), &variables).await;
    let credential = office.credential(&service).await;
    let job = json!({ "folder": "INBOX", "since": null, "watch": true });
    office.desk(&service, &credential, ADDRESS, job, &[]).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while office.state().world().subscriptions.is_empty() {
        assert!(Instant::now() < deadline, "no subscription:\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // What was noted when the subscription was made is looked at first.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}?mode=ro", file.display())).await.unwrap();
    let mut waited: Vec<f64> = Vec::with_capacity(messages);
    for number in 0..messages {
        let arrived = Instant::now();
        office.deliver(ADDRESS, "inbox", &letter(ADDRESS, number), None);
        // Until others can read it, as those who are told of it would.
        while events(&pool).await <= number as i64 {
            assert!(arrived.elapsed() < Duration::from_secs(30), "{number} is not there:\n{}", service.log());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        waited.push(arrived.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(60 + number as u64 * 7 % 60)).await;
    }
    waited.sort_by(f64::total_cmp);
    let at = |part: f64| waited[((waited.len() - 1) as f64 * part) as usize];
    service.stop();
    format!(
        "from arrival to the event, as others can read it, {messages} messages, told by notifications: p50 {:.1} ms, p99 {:.1} \
         ms, most {:.1} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    )
}

async fn events(pool: &sqlx::SqlitePool) -> i64 {
    let query = "SELECT count(*) FROM event WHERE type = 'MESSAGE_RECEIVED'";
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}
