//! How soon a message that arrives is an event, when Graph tells of it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::Row as _;

use crate::harness::office365::Office365;
use crate::harness::service::Service;
use crate::intake::letter;

const ADDRESS: &str = "support@contoso.example";

/// A sentence with the percentiles.
pub async fn run(messages: usize) -> String {
    let office = Office365::start(&[ADDRESS]).await;
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
    let mut arrived: HashMap<String, DateTime<Utc>> = HashMap::new();
    for number in 0..messages {
        arrived.insert(format!("{number}.{ADDRESS}"), office.state().clock.now());
        office.deliver(ADDRESS, "inbox", &letter(ADDRESS, number), None);
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}?mode=ro", file.display())).await.unwrap();
    let query = "SELECT internet_message_id, ingested_at FROM message";
    let rows = loop {
        let rows = sqlx::query(query).fetch_all(&pool).await.unwrap();
        if rows.len() == messages {
            break rows;
        }
        assert!(Instant::now() < deadline + Duration::from_secs(120), "{} of {messages}", rows.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let mut waited: Vec<i64> = rows
        .iter()
        .map(|row| {
            let id: String = row.get(0);
            let stored: DateTime<Utc> = row.get(1);
            (stored - arrived[id.trim_matches(['<', '>'])]).num_milliseconds()
        })
        .collect();
    waited.sort_unstable();
    let at = |part: f64| waited[((waited.len() - 1) as f64 * part) as usize];
    service.stop();
    format!(
        "from arrival to the event as it is written, {messages} messages, told by notifications: p50 {} ms, p99 {} ms, most {} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    )
}
