//! Who gets which mailbox, and what a lost lease keeps from being written.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use mailroom::db::claim::{rank, take as take_those};
use mailroom::db::job::{Checked, set_quiet};
use mailroom::db::lease::{self, Lease};
use mailroom::db::{self, Database};
use mailroom::domain::clock::{Clock as _, SystemClock};
use mailroom::domain::id::MailboxId;
use mailroom::domain::run::RunTrigger;

use super::floor::{Made, furnish, furnish_with};
use crate::harness::database::{Fresh, on_both, on_postgres};
use crate::harness::rows;

const TTL: Duration = Duration::from_secs(30);

on_both!(
    places_go_to_credentials_in_turn,
    what_must_not_run_is_not_claimed_but_what_was_asked_for_is_first,
    a_lapsed_lease_is_claimed_under_another_fence,
    of_quiet_ends_those_without_their_lease_write_nothing,
    what_is_not_due_any_more_is_not_taken,
);

async fn take(db: &Database, owner: &str, limit: u64) -> Vec<Lease> {
    let now = SystemClock.now();
    let first = rank(db, now, limit).await.unwrap();
    take_those(db, owner, TTL, now, &first).await.unwrap()
}

fn ids(leases: &[Lease]) -> HashSet<MailboxId> {
    leases.iter().map(|lease| lease.mailbox_id).collect()
}

async fn places_go_to_credentials_in_turn(fresh: Fresh) {
    let db = &fresh.database;
    let made = furnish(db, 1, 40).await.concat();
    let few = furnish_with(db, "late", 3).await;
    let few: HashSet<MailboxId> = few.iter().map(|one| one.mailbox).collect();
    assert_eq!(ids(&take(db, "a", 8).await).intersection(&few).count(), 3, "the few are not behind the many");
    // The many have five places already: whoever comes with a credential that has fewer is first.
    let later = furnish_with(db, "latest", 2).await;
    let later: HashSet<MailboxId> = later.iter().map(|one| one.mailbox).collect();
    assert_eq!(ids(&take(db, "b", 2).await), later);
    assert_eq!(take(db, "c", 1000).await.len(), made.len() - 5);
    assert!(take(db, "d", 1000).await.is_empty());
}

async fn what_must_not_run_is_not_claimed_but_what_was_asked_for_is_first(fresh: Fresh) {
    let db = &fresh.database;
    let made = furnish(db, 1, 6).await.concat();
    let now = SystemClock.now();
    let later = now + chrono::TimeDelta::hours(1);
    let set = async |column: &str, value: &str, id: uuid::Uuid| {
        let table = if column == "enabled" || column == "next_run_at" { "job" } else { "mailbox" };
        let id = if db.has_one_writer() { format!("x'{}'", id.simple()) } else { format!("'{id}'") };
        rows::execute(&fresh, &format!("UPDATE {table} SET {column} = {value} WHERE id = {id}")).await;
    };
    set("paused", "TRUE", made[0].mailbox.0).await;
    set("enabled", "FALSE", made[1].job.0).await;
    set("next_run_at", "NULL", made[2].job.0).await;
    let mut health = db::mailbox::get(db.read(), made[3].mailbox).await.unwrap().unwrap().health;
    health.next_attempt_at = Some(later);
    db::mailbox::set_health(db.write(), made[3].mailbox, &health).await.unwrap();
    db::run::open(db.write(), made[4].job, made[4].mailbox, RunTrigger::Reprocess, now).await.unwrap();
    set("next_run_at", "NULL", made[4].job.0).await;
    assert_eq!(ids(&take(db, "a", 1).await), HashSet::from([made[5].mailbox]), "mapping again is last");
    db::run::open(db.write(), made[3].job, made[3].mailbox, RunTrigger::Manual, now).await.unwrap();
    assert_eq!(ids(&take(db, "b", 1).await), HashSet::from([made[3].mailbox]), "a person asked");
    assert_eq!(ids(&take(db, "c", 10).await), HashSet::from([made[4].mailbox]));
}

async fn a_lapsed_lease_is_claimed_under_another_fence(fresh: Fresh) {
    let db = &fresh.database;
    furnish(db, 1, 1).await;
    let first = take(db, "a", 1).await.remove(0);
    assert!(take(db, "b", 1).await.is_empty());
    rows::lapse_leases(&fresh).await;
    let second = take(db, "b", 1).await.remove(0);
    assert!(second.fence > first.fence);
    assert!(matches!(lease::check(db.write(), &first).await, Err(db::Error::LeaseLost)));
    let both = [(first.mailbox_id, first.fence)];
    assert!(lease::renew(db.write(), "a", &both, TTL).await.unwrap().0.is_empty());
    assert_eq!(lease::renew_waiting(db.write(), "a", both[0], TTL).await.unwrap(), None);
    assert_eq!(lease::of_owner(db.read(), "a").await.unwrap().len(), 0);
    let both = [(second.mailbox_id, second.fence)];
    assert_eq!(
        lease::renew(db.write(), "b", &both, TTL).await.unwrap().0,
        HashSet::from([second.mailbox_id])
    );
    assert_eq!(lease::of_owner(db.read(), "b").await.unwrap()[&second.mailbox_id], second.fence);
}

async fn of_quiet_ends_those_without_their_lease_write_nothing(fresh: Fresh) {
    let db = &fresh.database;
    let made = furnish(db, 1, 3).await.concat();
    let leases = take(db, "a", 3).await;
    let now = SystemClock.now();
    let next = now + chrono::TimeDelta::hours(1);
    let ends: Vec<Checked> = made
        .iter()
        .map(|one| Checked {
            lease: leases.iter().find(|lease| lease.mailbox_id == one.mailbox).unwrap().clone(),
            job_id: one.job,
            noted_at: None,
            checked_at: now,
            next_run_at: Some(next),
        })
        .collect();
    let (well, lost, told) = (made[0], made[1], made[2]);
    lease::revoke(db.write(), lost.mailbox).await.unwrap();
    db::job::note(db, &[told.job], now).await.unwrap();
    let freed = set_quiet(db, "a", &ends).await.unwrap();
    assert_eq!(freed, HashSet::from([well.mailbox, told.mailbox]));
    let job = async |one: Made| db::job::get(db.read(), one.job).await.unwrap().unwrap();
    assert!(job(well).await.last_checked_at.is_some());
    assert!(job(well).await.next_run_at.is_some_and(|at| at > now));
    assert_eq!(job(lost).await.last_checked_at, None);
    assert!(job(told).await.last_checked_at.is_some());
    assert!(job(told).await.next_run_at.is_some_and(|at| at <= now), "what was told meanwhile stays due");
    assert!(set_quiet(db, "a", &ends).await.unwrap().is_empty(), "given back is given back");
    let claimed = ids(&take(db, "b", 9).await);
    assert_eq!(claimed, HashSet::from([lost.mailbox, told.mailbox]));
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_claim_at_once_get_different_mailboxes_on_postgres() {
    let fresh = on_postgres().await;
    let made = furnish(&fresh.database, 4, 100).await.concat();
    let claimers = (0..4).map(|number| {
        let db = fresh.database.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            for _ in 0..100 {
                mine.extend(take(&db, &format!("w{number}"), 7).await);
            }
            mine
        })
    });
    let mut all = Vec::new();
    for claimer in claimers.collect::<Vec<_>>() {
        all.extend(claimer.await.unwrap());
    }
    assert_eq!(all.len(), made.len(), "each was claimed once");
    assert_eq!(ids(&all).len(), made.len());
}

/// What was ranked may be done by another before it is taken.
async fn what_is_not_due_any_more_is_not_taken(fresh: Fresh) {
    let db = &fresh.database;
    let made = furnish(db, 1, 2).await.concat();
    let now = SystemClock.now();
    let ranked = rank(db, now, 10).await.unwrap();
    assert_eq!(ranked, [made[0].mailbox, made[1].mailbox]);
    let job = db::job::get(db.read(), made[0].job).await.unwrap().unwrap();
    db::job::set_checked(db.write(), &job, Some(now), Some(now + chrono::TimeDelta::hours(1))).await.unwrap();
    let taken = take_those(db, "a", TTL, now, &ranked).await.unwrap();
    assert_eq!(ids(&taken), HashSet::from([made[1].mailbox]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_being_committed_costs_no_other_lease_on_postgres() {
    let fresh = on_postgres().await;
    let db = &fresh.database;
    furnish(db, 1, 2).await;
    let leases = take(db, "a", 2).await;
    let pairs: Vec<(MailboxId, i64)> = leases.iter().map(|lease| (lease.mailbox_id, lease.fence)).collect();
    let tx = db.begin().await.unwrap();
    lease::check(&tx, &leases[0]).await.unwrap();
    let renewed = tokio::time::timeout(Duration::from_secs(5), lease::renew(db.write(), "a", &pairs, TTL));
    let (renewed, _) = renewed.await.expect("it waits for no transaction").unwrap();
    assert_eq!(renewed, HashSet::from([leases[1].mailbox_id]));
    let began = Instant::now();
    let waiting = tokio::spawn({
        let (db, pair) = (db.clone(), pairs[0]);
        async move { lease::renew_waiting(db.write(), "a", pair, TTL).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    tx.commit().await.unwrap();
    let until = waiting.await.unwrap().unwrap().expect("it is still ours");
    assert!(until < began + TTL + Duration::from_millis(150), "it counts from when it was asked");
}
