//! Due jobs whose mailboxes have nothing new: claimed, looked at, written, given back, on PostgreSQL.

use std::time::{Duration, Instant};

use mailroom::db::{self, Connection as _};
use mailroom::worker;

use crate::floor::{Systems, furnish, until};
use crate::harness::database::{Fresh, at};
use crate::harness::postgres::Server;
use crate::harness::rows;

const PATIENCE: Duration = Duration::from_secs(120);
/// Mailboxes that are worked on at the same time.
const PLACES: usize = 200;

/// So many mailboxes of ten credentials.
pub async fn run(mailboxes: usize) {
    let server = Server::start();
    let fresh = at(&server.database()).await;
    let db = &fresh.database;
    furnish(db, 10, mailboxes / 10).await;
    rows::execute(&fresh, "ANALYZE").await;
    let yardstick = bare_updates(&fresh, mailboxes).await;
    println!("\n| due jobs with nothing new, {mailboxes} mailboxes | took | jobs/s |");
    println!("|---|---:|---:|");
    println!(
        "| bare updates of as many rows, 200 in a transaction | {:.2} s | {:.0} |",
        yardstick,
        mailboxes as f64 / yardstick
    );
    let systems = Systems::default();
    let began = Instant::now();
    let worker = worker::start(systems.parts(db, "bench", PLACES));
    until("the first is looked at", PATIENCE, async || systems.all_looks() > 0).await;
    let first = began.elapsed();
    until("all are looked at", PATIENCE, async || systems.all_looks() >= mailboxes).await;
    let left = "SELECT COUNT(*) FROM job WHERE last_checked_at IS NULL";
    until("all are written", PATIENCE, async || rows::count(&fresh, left).await == 0).await;
    row("from the start of the worker", mailboxes, began.elapsed());
    assert_eq!(systems.all_looks(), mailboxes, "each once");
    let mut times = Vec::new();
    for round in 1..=3 {
        rows::execute(&fresh, "UPDATE job SET last_checked_at = NULL, next_run_at = clock_timestamp()").await;
        let began = Instant::now();
        until("all are looked at again", PATIENCE, async || systems.all_looks() >= mailboxes * (round + 1))
            .await;
        until("all are written again", PATIENCE, async || rows::count(&fresh, left).await == 0).await;
        times.push(began.elapsed());
    }
    times.sort();
    row("all due at once again, median of three", mailboxes, times[1]);
    println!("\nthe first look came {:.0} ms after the start", first.as_secs_f64() * 1000.0);
    let written =
        rows::count(&fresh, "SELECT (SELECT COUNT(*) FROM run) + (SELECT COUNT(*) FROM event)").await;
    println!("rows of runs and events: {written}");
    worker.drain(Duration::from_secs(5)).await;
}

fn row(name: &str, mailboxes: usize, took: Duration) {
    let seconds = took.as_secs_f64();
    println!("| {name} | {seconds:.2} s | {:.0} |", mailboxes as f64 / seconds);
}

/// What the server does at most: one row of `job` and one of `lease` each, many in a transaction. In seconds.
async fn bare_updates(fresh: &Fresh, mailboxes: usize) -> f64 {
    let db = &fresh.database;
    let ids: Vec<(uuid::Uuid, uuid::Uuid)> = rows::query(fresh, "SELECT id, mailbox_id FROM job")
        .await
        .iter()
        .map(|row| (row.try_get("", "id").unwrap(), row.try_get("", "mailbox_id").unwrap()))
        .collect();
    assert_eq!(ids.len(), mailboxes);
    let began = Instant::now();
    for some in ids.chunks(200) {
        let list = |ids: Vec<String>| ids.join(", ");
        let jobs = list(some.iter().map(|(job, _)| format!("'{job}'")).collect());
        let leases = list(some.iter().map(|(_, mailbox)| format!("'{mailbox}'")).collect());
        let tx: db::Transaction = db.begin().await.unwrap();
        for sql in [
            format!("UPDATE lease SET fence = fence + 1 WHERE mailbox_id IN ({leases})"),
            format!("UPDATE lease SET owner = NULL WHERE mailbox_id IN ({leases})"),
            format!("UPDATE job SET next_run_at = clock_timestamp() WHERE id IN ({jobs})"),
        ] {
            tx.execute_unprepared(&sql).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    began.elapsed().as_secs_f64()
}
