//! The runner with many mailboxes and several workers, on both databases.

mod claims;
mod floor;
mod wakes;

use std::time::{Duration, Instant};

use floor::{Systems, another_job, furnish, until};
use mailroom::db;
use mailroom::domain::access::{Caller, Scope};
use mailroom::domain::clock::{Clock as _, SystemClock};
use mailroom::domain::run::{RunState, RunTrigger};
use mailroom::service::{self, Permit};
use mailroom::worker;

use crate::harness::database::{Fresh, on_both};
use crate::harness::rows;

const SOON: Duration = Duration::from_secs(30);

on_both!(
    every_due_job_is_looked_at_once_whoever_looks,
    servers_that_hang_delay_nobody,
    a_long_listing_lets_another_job_of_its_mailbox_go_first,
    a_pause_stops_what_is_under_way_within_a_second,
    a_run_is_cancelled_within_a_second,
    a_run_that_waits_for_its_server_is_cancelled_within_a_second,
    what_is_told_during_a_look_is_looked_at_right_after,
    a_lease_that_could_not_be_given_back_is_given_back_later,
);

async fn every_due_job_is_looked_at_once_whoever_looks(fresh: Fresh) {
    let db = &fresh.database;
    let systems = Systems::default();
    let made = furnish(db, 3, 60).await.concat();
    let count = if db.has_one_writer() { 1 } else { 3 };
    let workers: Vec<_> =
        (0..count).map(|number| worker::start(systems.parts(db, &format!("w{number}"), 8))).collect();
    until("all are looked at", SOON, async || systems.all_looks() >= made.len()).await;
    let checked = "SELECT COUNT(*) FROM job WHERE last_checked_at IS NOT NULL";
    until("all are written", SOON, async || rows::count(&fresh, checked).await == made.len() as i64).await;
    for worker in workers {
        assert!(worker.drain(Duration::from_secs(5)).await);
    }
    for one in &made {
        assert_eq!(systems.looks(one.mailbox, "INBOX"), 1);
    }
    assert_eq!(systems.by_worker().len(), count, "every worker has its share: {:?}", systems.by_worker());
    assert_eq!(
        rows::count(&fresh, "SELECT COUNT(*) FROM run").await,
        0,
        "a check that found nothing is no run"
    );
    assert_eq!(rows::count(&fresh, "SELECT COUNT(*) FROM event").await, 0);
    assert_eq!(rows::count(&fresh, "SELECT COUNT(*) FROM lease WHERE owner IS NOT NULL").await, 0);
}

async fn servers_that_hang_delay_nobody(fresh: Fresh) {
    let db = &fresh.database;
    let systems = Systems::default();
    let made = furnish(db, 1, 20).await.concat();
    // They are first in the queue, and more than there are places.
    let (hanging, well) = made.split_at(5);
    for one in hanging {
        systems.hang(one.mailbox);
    }
    let worker = worker::start(systems.parts(db, "w", 2));
    until("the others are looked at", SOON, async || systems.all_looks() == well.len()).await;
    assert!(systems.most_at_once() <= hanging.len() + 2, "{} at once", systems.most_at_once());
    let held = "SELECT COUNT(*) FROM lease WHERE owner IS NOT NULL";
    let waiting = hanging.len() as i64;
    until("who waits keeps the mailbox", SOON, async || rows::count(&fresh, held).await == waiting).await;
    worker.drain(Duration::from_millis(100)).await;
}

async fn a_long_listing_lets_another_job_of_its_mailbox_go_first(fresh: Fresh) {
    let db = &fresh.database;
    let systems = Systems::default();
    let made = furnish(db, 1, 1).await.concat()[0];
    let pages = 200;
    systems.is_long(made.mailbox, pages, Duration::from_millis(50));
    let worker = worker::start(systems.parts(db, "w", 2));
    until("it is listed", SOON, async || systems.looks(made.mailbox, "INBOX") > 3).await;
    another_job(db, made, "Other").await;
    until("the other job has its turn", SOON, async || systems.looks(made.mailbox, "Other") == 1).await;
    let so_far = systems.looks(made.mailbox, "INBOX");
    assert!(so_far < pages, "only after {so_far} pages");
    until("the listing goes on to its end", SOON, async || systems.looks(made.mailbox, "INBOX") >= pages)
        .await;
    let done = "SELECT COUNT(*) FROM job WHERE last_checked_at IS NOT NULL";
    until("both are done", SOON, async || rows::count(&fresh, done).await == 2).await;
    assert_eq!(systems.looks(made.mailbox, "INBOX"), pages, "it went on where it was");
    assert_eq!(systems.looks(made.mailbox, "Other"), 1);
    assert!(worker.drain(Duration::from_secs(5)).await);
}

async fn a_pause_stops_what_is_under_way_within_a_second(fresh: Fresh) {
    let db = &fresh.database;
    let systems = Systems::default();
    let made = furnish(db, 1, 1).await.concat()[0];
    systems.is_long(made.mailbox, 10_000, Duration::from_millis(20));
    let parts = systems.parts(db, "w", 2);
    // Another process: nothing but the rows is shared.
    let elsewhere = systems.parts(db, "api", 1).services;
    let worker = worker::start(parts);
    until("it is listed", SOON, async || systems.looks(made.mailbox, "INBOX") > 3).await;
    let caller = Caller { subject: "admin".to_owned(), name: None, scopes: vec![Scope::ConfigWrite] };
    let permit = Permit::of(&caller).unwrap();
    service::mailbox::pause(&elsewhere, &permit, made.mailbox).await.unwrap();
    let paused = Instant::now();
    let mut seen = (systems.looks(made.mailbox, "INBOX"), paused);
    until("nothing more is asked of the server", SOON, async || {
        let now = systems.looks(made.mailbox, "INBOX");
        if now != seen.0 {
            seen = (now, Instant::now());
        }
        seen.1.elapsed() > Duration::from_millis(300)
    })
    .await;
    let took = seen.1 - paused;
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    assert!(worker.drain(Duration::from_secs(5)).await);
}

async fn a_run_is_cancelled_within_a_second(fresh: Fresh) {
    let db = &fresh.database;
    let systems = Systems::default();
    let made = furnish(db, 1, 1).await.concat()[0];
    systems.is_long(made.mailbox, 10_000, Duration::from_millis(20));
    let now = SystemClock.now();
    let run = db::run::open(db.write(), made.job, made.mailbox, RunTrigger::Manual, now).await.unwrap();
    let worker = worker::start(systems.parts(db, "w", 2));
    let state = async || db::run::get(db.read(), run.id).await.unwrap().unwrap().state;
    until("it runs", SOON, async || systems.looks(made.mailbox, "INBOX") > 3).await;
    assert_eq!(state().await, RunState::Running);
    assert!(db::run::request_cancel(db.write(), run.id).await.unwrap());
    let asked = Instant::now();
    until("it is cancelled", SOON, async || state().await == RunState::Cancelled).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "it took {:?}", asked.elapsed());
    assert!(worker.drain(Duration::from_secs(5)).await);
}

async fn a_run_that_waits_for_its_server_is_cancelled_within_a_second(fresh: Fresh) {
    let db = &fresh.database;
    let systems = Systems::default();
    let made = furnish(db, 2, 1).await.concat();
    // One doesn't answer when it is logged in to, the other takes an hour to list.
    systems.hang(made[0].mailbox);
    systems.is_long(made[1].mailbox, 2, Duration::from_secs(3600));
    let now = SystemClock.now();
    let mut runs = Vec::new();
    for one in &made {
        runs.push(db::run::open(db.write(), one.job, one.mailbox, RunTrigger::Manual, now).await.unwrap());
    }
    let worker = worker::start(systems.parts(db, "w", 2));
    for (one, run) in made.into_iter().zip(runs) {
        let state = async || db::run::get(db.read(), run.id).await.unwrap().unwrap().state;
        until("it runs", SOON, async || state().await == RunState::Running).await;
        assert!(db::run::request_cancel(db.write(), run.id).await.unwrap());
        let asked = Instant::now();
        until("it is cancelled", SOON, async || state().await == RunState::Cancelled).await;
        assert!(asked.elapsed() < Duration::from_secs(1), "it took {:?}", asked.elapsed());
        let health = db::mailbox::get(db.read(), one.mailbox).await.unwrap().unwrap().health;
        assert_eq!(health.consecutive_failures, 0, "it is no failure of the mailbox");
    }
    assert!(worker.drain(Duration::from_secs(5)).await, "nor does the worker wait when it ends");
}

async fn what_is_told_during_a_look_is_looked_at_right_after(fresh: Fresh) {
    let db = &fresh.database;
    let systems = Systems::default();
    let made = furnish(db, 1, 1).await.concat()[0];
    systems.is_long(made.mailbox, 1, Duration::from_millis(500));
    let mut parts = systems.parts(db, "w", 2);
    parts.settings.poll = Duration::from_secs(3600);
    let wake = parts.services.wake.clone();
    let worker = worker::start(parts);
    until("it looks", SOON, async || systems.looks(made.mailbox, "INBOX") == 1).await;
    db::job::note(db, &[made.job], SystemClock.now()).await.unwrap();
    wake.ring();
    until("it looks again", Duration::from_secs(3), async || systems.looks(made.mailbox, "INBOX") == 2).await;
    assert!(worker.drain(Duration::from_secs(5)).await);
}

/// As after an outage of the database: the row says that this process has the mailbox, and nobody here works on it.
async fn a_lease_that_could_not_be_given_back_is_given_back_later(fresh: Fresh) {
    let db = &fresh.database;
    let systems = Systems::default();
    let made = furnish(db, 1, 2).await.concat();
    let (busy, forgotten) = (made[0], made[1]);
    systems.is_long(busy.mailbox, 10_000, Duration::from_millis(20));
    let worker = worker::start(systems.parts(db, "w", 2));
    until("both are looked at", SOON, async || systems.looks(forgotten.mailbox, "INBOX") == 1).await;
    let free = "SELECT COUNT(*) FROM lease WHERE owner IS NULL";
    until("one is given back", SOON, async || rows::count(&fresh, free).await == 1).await;
    rows::execute(
        &fresh,
        "UPDATE lease SET owner = (SELECT MAX(owner) FROM lease), expires_at = '2100-01-01T00:00:00.000+00:00' \
         WHERE owner IS NULL",
    )
    .await;
    db::job::note(db, &[forgotten.job], SystemClock.now()).await.unwrap();
    until("it is looked at again", SOON, async || systems.looks(forgotten.mailbox, "INBOX") == 2).await;
    worker.drain(Duration::from_secs(5)).await;
}
