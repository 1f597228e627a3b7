//! Which process listens to which folder: each folder one, whoever asks at the same time, and only while it is wanted.

use std::collections::HashSet;
use std::time::Duration;

use chrono::TimeDelta;
use mailroom::db::{self, listening};
use mailroom::domain::fault::{Fault, FaultCode};
use mailroom::domain::health::MailboxState;
use mailroom::domain::id::JobId;
use mailroom::domain::job::Job;
use mailroom::domain::watch::Ear;

use super::Office;
use crate::harness::database::{Fresh, on_both};

on_both!(
    of_two_that_claim_at_once_each_gets_what_the_other_has_not,
    what_a_living_process_has_nobody_else_gets_and_a_dead_ones_is_taken_over,
    only_healthy_mailboxes_are_claimed_and_what_changes_is_not_wanted_any_more,
    what_failed_is_claimed_when_it_is_due_or_changed,
);

const TTL: Duration = Duration::from_secs(60);

/// A job that watches a mailbox whose last run went well.
async fn watching(office: &Office, name: &str) -> Job {
    let made = office.mailbox(name).await;
    let job = office.job(&made, "INBOX").await;
    let write = office.cx.db.write();
    let mut health = made.health.clone();
    health.state = MailboxState::Ok;
    db::mailbox::set_health(write, made.id, &health).await.unwrap();
    let watching = Job { watch: true, version: job.version + 1, ..job.clone() };
    db::job::update(write, &watching, job.version).await.unwrap();
    watching
}

async fn claim(office: &Office, owner: &str) -> HashSet<JobId> {
    let claims = listening::claim(office.cx.db.write(), owner, office.now(), 100).await.unwrap();
    let ids: HashSet<JobId> = claims.iter().map(|claim| claim.job_id).collect();
    assert_eq!(ids.len(), claims.len());
    ids
}

async fn of_two_that_claim_at_once_each_gets_what_the_other_has_not(fresh: Fresh) {
    let office = Office::open(fresh);
    let mut jobs = HashSet::new();
    for number in 0..12 {
        jobs.insert(watching(&office, &format!("box{number}")).await.id);
    }
    for owner in ["one", "two"] {
        listening::begin(office.cx.db.write(), owner, TTL).await.unwrap();
    }
    let (one, two) = tokio::join!(claim(&office, "one"), claim(&office, "two"));
    assert!(one.is_disjoint(&two), "{one:?} {two:?}");
    assert_eq!(one.union(&two).copied().collect::<HashSet<_>>(), jobs);
    assert_eq!(listening::wanted(office.cx.db.read(), "one").await.unwrap(), one);
    assert_eq!(listening::wanted(office.cx.db.read(), "two").await.unwrap(), two);
}

async fn what_a_living_process_has_nobody_else_gets_and_a_dead_ones_is_taken_over(fresh: Fresh) {
    let office = Office::open(fresh);
    let job = watching(&office, "box").await;
    let (read, write) = (office.cx.db.read(), office.cx.db.write());
    for owner in ["one", "two"] {
        listening::begin(write, owner, TTL).await.unwrap();
    }
    assert_eq!(claim(&office, "one").await, [job.id].into());
    listening::heard(write, (job.id, "one"), Ear::Idle, office.now()).await.unwrap();
    assert!(listening::told(read, job.id, office.now()).await.unwrap());
    assert!(listening::renew(write, "one", TTL).await.unwrap());
    assert_eq!(claim(&office, "two").await, [].into());

    listening::end(write, "one").await.unwrap();
    assert!(!listening::renew(write, "one", TTL).await.unwrap(), "it does not come back under that name");
    assert!(!listening::told(read, job.id, office.now()).await.unwrap(), "nobody hears");
    assert_eq!(claim(&office, "two").await, [job.id].into());
    // What the dead one still says is of no effect.
    listening::heard(write, (job.id, "one"), Ear::Idle, office.now()).await.unwrap();
    assert!(!listening::told(read, job.id, office.now()).await.unwrap());
    listening::let_go(write, "one", &[job.id]).await.unwrap();
    assert_eq!(listening::wanted(read, "two").await.unwrap(), [job.id].into());
}

async fn only_healthy_mailboxes_are_claimed_and_what_changes_is_not_wanted_any_more(fresh: Fresh) {
    let office = Office::open(fresh);
    let job = watching(&office, "box").await;
    let (read, write) = (office.cx.db.read(), office.cx.db.write());
    listening::begin(write, "one", TTL).await.unwrap();
    let mailbox = db::mailbox::get(read, job.mailbox_id).await.unwrap().unwrap();
    let mut health = mailbox.health.clone();
    for state in [MailboxState::NeverRun, MailboxState::AuthenticationFailed, MailboxState::Unreachable] {
        health.state = state;
        db::mailbox::set_health(write, mailbox.id, &health).await.unwrap();
        assert_eq!(claim(&office, "one").await, [].into(), "{state}");
    }
    health.state = MailboxState::Ok;
    db::mailbox::set_health(write, mailbox.id, &health).await.unwrap();
    assert_eq!(claim(&office, "one").await, [job.id].into());
    health.state = MailboxState::Unreachable;
    db::mailbox::set_health(write, mailbox.id, &health).await.unwrap();
    assert_eq!(listening::wanted(read, "one").await.unwrap(), [job.id].into(), "what hears goes on");
    health.waits_for_person = true;
    db::mailbox::set_health(write, mailbox.id, &health).await.unwrap();
    assert_eq!(listening::wanted(read, "one").await.unwrap(), [].into());
    health.waits_for_person = false;
    db::mailbox::set_health(write, mailbox.id, &health).await.unwrap();
    let off = Job { enabled: false, version: job.version + 1, ..job.clone() };
    db::job::update(write, &off, job.version).await.unwrap();
    assert_eq!(listening::wanted(read, "one").await.unwrap(), [].into());
}

async fn what_failed_is_claimed_when_it_is_due_or_changed(fresh: Fresh) {
    let office = Office::open(fresh);
    let job = watching(&office, "box").await;
    let write = office.cx.db.write();
    listening::begin(write, "one", TTL).await.unwrap();
    let fault = Fault {
        code: FaultCode::Throttled,
        message: "too many".to_owned(),
        hint: None,
        retryable: true,
        provider_code: None,
        request_id: None,
        occurred_at: office.now(),
    };
    let fails = async || {
        let again = office.now() + TimeDelta::minutes(2);
        assert_eq!(claim(&office, "one").await, [job.id].into());
        listening::failed(write, (job.id, "one"), Some(&fault), 3, again).await.unwrap();
        assert_eq!(claim(&office, "one").await, [].into(), "not before it is due");
    };
    fails().await;
    let known = listening::of_jobs(office.cx.db.read(), &[job.id]).await.unwrap().remove(&job.id).unwrap();
    assert_eq!((known.ear, known.fault.map(|fault| fault.code)), (None, Some(FaultCode::Throttled)));
    office.clock.advance(TimeDelta::minutes(3));
    let again = listening::claim(write, "one", office.now(), 1).await.unwrap();
    assert_eq!((again[0].job_id, again[0].attempts), (job.id, 3), "failures are counted on");
    listening::let_go(write, "one", &[job.id]).await.unwrap();
    fails().await;
    let changed = Job { version: job.version + 1, ..job.clone() };
    db::job::update(write, &changed, job.version).await.unwrap();
    assert_eq!(claim(&office, "one").await, [job.id].into(), "at once");
}
