//! The first crawl of a big folder, killed half-way: what it costs, and where it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::TimeDelta;
use sandbox::faults::Rule;
use sandbox::input::{self, Mail};
use serde_json::json;
use sqlx::SqlitePool;

use crate::cost::peak_megabytes;
use crate::harness::office365::Office365;
use crate::harness::service::Service;
use crate::intake::letter;

const ADDRESS: &str = "archive@contoso.example";
/// Messages of a page, as mailroom asks for them.
const PAGE: usize = 500;

/// A sentence: `messages` that are older than the job's `since`, and one that is not.
pub async fn run(messages: usize) -> String {
    let office = Office365::start(&[ADDRESS]).await;
    let long_ago = office.state().clock.now() - TimeDelta::days(400);
    for number in 0..messages {
        let received = Some(long_ago + TimeDelta::minutes(number as i64));
        let raw = Bytes::from(letter(ADDRESS, number));
        input::deliver(office.state(), ADDRESS, "inbox", Mail { raw, received, is_read: true }).unwrap();
    }
    office.deliver(ADDRESS, "inbox", &letter(ADDRESS, messages), None);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mailroom.db");
    let own = office.variables();
    let mut variables = vec![("MAILROOM_LOG__LEVEL", "warn")];
    variables.extend(own.iter().map(|(name, value)| (*name, value.as_str())));
    let mut service = Service::start_with(&format!("sqlite:{}", file.display()), &variables).await;
    let credential = office.credential(&service).await;
    let latency = Rule {
        name: Some("latency".to_owned()),
        path: Some("/users/**".to_owned()),
        delay_ms: Some(50),
        ..Rule::default()
    };
    office.state().faults.add(latency).unwrap();
    let pages = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&pages);
    office.state().log.show(move |line| {
        counter.fetch_add(u64::from(line.path.contains("/delta")), Ordering::Relaxed);
    });
    let since = office.state().clock.now() - TimeDelta::days(1);
    let began = Instant::now();
    office.desk(&service, &credential, ADDRESS, json!({ "folder": "INBOX", "since": since }), &[]).await;
    let pool = SqlitePool::connect(&format!("sqlite:{}?mode=ro", file.display())).await.unwrap();
    until(&pool, "SELECT count(*) FROM intake", messages as i64 / 2, &mut service).await;
    let before = peak_megabytes(service.pid());
    service.restart(&[]).await;
    until(&pool, "SELECT count(*) FROM intake", messages as i64 + 1, &mut service).await;
    let took = began.elapsed();
    until(&pool, "SELECT count(*) FROM message", 1, &mut service).await;
    let peak = before.max(peak_megabytes(service.pid()));
    service.stop();
    let ceiling = messages.div_ceil(PAGE) as f64 * 0.050;
    format!(
        "first crawl of {messages} messages before `since` at 50 ms, killed half-way: {:.1} s ({:.0} % of what its {} pages \
         take one after the other), {} pages asked for, peak RSS {peak:.0} MB; the one message since then is taken in",
        took.as_secs_f64(),
        ceiling / took.as_secs_f64() * 100.0,
        messages.div_ceil(PAGE),
        pages.load(Ordering::Relaxed),
    )
}

async fn until(pool: &SqlitePool, query: &'static str, least: i64, service: &mut Service) {
    let deadline = Instant::now() + Duration::from_secs(600);
    while sqlx::query_scalar::<_, i64>(query).fetch_one(pool).await.unwrap() < least {
        assert!(Instant::now() < deadline && service.ended().is_none(), "{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
