//! Jobs run when they should, by a real worker over a real Dovecot, under a clock that is moved by hand.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use mailroom::db;
use mailroom::domain::access::{Caller, Scope};
use mailroom::domain::clock::Clock;
use mailroom::domain::handling::OriginalFate;
use mailroom::domain::id::JobId;
use mailroom::domain::job::Job;
use mailroom::domain::mailbox::{MailboxMode, Security};
use mailroom::domain::schedule::{Frequency, Interval, IntervalUnit, Recurrence, Schedule, Weekday};
use mailroom::pipeline::{Backlog, Tools};
use mailroom::service::job::{
    CreateJob, DispositionInput, FirstJob, HandlingInput, UpdateJob, create, update,
};
use mailroom::service::mailbox::{CreateMailbox, ImapInput, ProviderInput};
use mailroom::service::permit::JobsRun;
use mailroom::service::{self, Patch, Permit};
use mailroom::worker::{self, Parts, Settings, Worker};
use tokio::sync::Semaphore;

use super::jobs::change;
use super::{Office, basic, first_job};
use crate::harness::database::{Fresh, on_both};
use crate::harness::dovecot::{PASSWORD, shared};
use crate::harness::rows;
use crate::pipeline::room::bounds;

on_both!(
    a_job_runs_within_its_window_and_rests_outside_of_it,
    what_was_missed_while_nobody_worked_is_caught_up_once,
    a_schedule_that_is_over_runs_no_more,
    a_job_without_a_schedule_runs_by_hand_only,
    a_clock_that_jumps_by_an_hour_neither_stops_a_job_nor_hurries_it,
    what_a_turn_leaves_for_later_is_seen_to_when_it_is_due_and_nothing_else,
);

/// An office with a mailbox at a Dovecot.
struct Room {
    office: Office,
    tools: Tools,
    user: String,
}

impl Room {
    async fn open(fresh: Fresh) -> Self {
        let office = Office::open(fresh);
        let tools = Tools {
            db: office.cx.db.clone(),
            blobs: office.cx.blobs.clone(),
            clock: Arc::<_>::clone(&office.clock) as Arc<dyn Clock>,
            hub: office.cx.runs.clone(),
            memory: Arc::new(Semaphore::new(1024)),
            backlog: Backlog::default(),
            bounds: Arc::new(bounds()),
            tombstones: Arc::new(office.cx.installation.tombstones()),
            worker: Arc::from("test"),
        };
        let user = format!("turns-{}", uuid::Uuid::now_v7().simple());
        Self { office, tools, user }
    }

    async fn job(&self, schedule: Patch<Schedule>) -> Job {
        self.job_that(schedule, None).await
    }

    async fn job_that(&self, schedule: Patch<Schedule>, handling: Option<HandlingInput>) -> Job {
        let cx = &self.office.cx;
        let config = basic(&self.user, Some(PASSWORD));
        let credential = service::credential::CreateCredential { name: self.user.clone(), config };
        let credential = service::credential::create(cx, &self.office.permit, credential).await.unwrap();
        let mapping = self.office.mapping("Incidents").await;
        let imap = ImapInput {
            host: "127.0.0.1".to_owned(),
            port: Some(i32::from(shared().port)),
            security: Security::None,
            login: None,
        };
        let mailbox = CreateMailbox {
            provider: ProviderInput::Imap(imap),
            credential_id: Some(credential.id),
            mapping_id: Some(mapping.id),
            mode: MailboxMode::Ingest,
            ..super::mailbox(&self.user)
        };
        let mailbox = service::mailbox::create(cx, &self.office.permit, mailbox).await.unwrap();
        let job = FirstJob {
            name: Some("desk".to_owned()),
            schedule,
            since: Patch::Clear,
            handling,
            ..first_job()
        };
        create(cx, &self.office.permit, CreateJob { mailbox_id: mailbox.id, job }).await.unwrap()
    }

    fn work(&self) -> Worker {
        worker::start(Parts {
            tools: self.tools.clone(),
            reaches: std::sync::Arc::new(self.office.cx.clone()),
            services: self.office.cx.clone(),
            settings: Settings {
                listeners: 0,
                concurrency: 2,
                lease: Duration::from_secs(60),
                poll: Duration::from_millis(20),
            },
        })
    }

    fn deliver(&self) {
        shared().deliver(&self.user, "INBOX", b"Subject: one\r\n\r\nText\r\n");
    }

    async fn saved(&self, id: JobId) -> Job {
        db::job::get(self.office.cx.db.read(), id).await.unwrap().unwrap()
    }

    /// Waits until the job has looked at this instant of the clock, and nothing is due any more.
    async fn looked(&self, id: JobId) -> Job {
        let now = self.office.now();
        let found = tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                let job = self.saved(id).await;
                let is_due = job.next_run_at.is_some_and(|next| next <= now);
                if job.last_checked_at == Some(now) && !is_due {
                    return job;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        match found.await {
            Ok(job) => job,
            Err(_) => panic!("at {now} it is {:?}", self.saved(id).await),
        }
    }

    async fn runs(&self) -> i64 {
        rows::count(&self.office._fresh, "SELECT COUNT(*) FROM run").await
    }

    fn set(&self, text: &str) {
        self.office.clock.advance(instant(text) - self.office.now());
        self.office.cx.wake.ring();
    }
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn at(text: &str) -> Option<DateTime<Utc>> {
    Some(instant(text))
}

fn time(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).unwrap()
}

/// On working days in Paris.
fn by_day() -> Schedule {
    let half_hours =
        Interval { every: 30, unit: IntervalUnit::Minutes, from: time(8, 0), until: time(18, 0) };
    Schedule {
        time_zone: chrono_tz::Europe::Paris,
        on: Recurrence::Weekly { every: 1, on: Weekday::ALL[..5].to_vec() },
        at: Frequency::Every(half_hours),
        ..Schedule::default()
    }
}

async fn a_job_runs_within_its_window_and_rests_outside_of_it(fresh: Fresh) {
    let room = Room::open(fresh).await;
    let job = room.job(Patch::Set(by_day())).await;
    assert_eq!(job.next_run_at, at("2026-09-21T14:30:00Z"));
    let worker = room.work();
    room.deliver();
    // A second before it is due, it rests: another job of the same worker shows that there was a look.
    room.set("2026-09-21T14:29:59Z");
    shared().deliver(&room.user, "Archive", b"Subject: two\r\n\r\nText\r\n");
    let witness = FirstJob { name: Some("witness".to_owned()), folder: "Archive".to_owned(), ..first_job() };
    let witness = CreateJob { mailbox_id: job.mailbox_id, job: witness };
    let witness = create(&room.office.cx, &room.office.permit, witness).await.unwrap();
    room.looked(witness.id).await;
    service::job::delete(&room.office.cx, &room.office.permit, witness.id).await.unwrap();
    assert_eq!(room.saved(job.id).await.last_checked_at, None);
    for (now, next) in [
        ("2026-09-21T14:30:00Z", "2026-09-21T15:00:00Z"),
        ("2026-09-21T15:00:07Z", "2026-09-21T15:30:00Z"),
        ("2026-09-21T16:00:00Z", "2026-09-22T06:00:00Z"),
        // Friday evening.
        ("2026-09-25T16:00:00Z", "2026-09-28T06:00:00Z"),
    ] {
        room.set(now);
        assert_eq!(room.looked(job.id).await.next_run_at, at(next), "{now}");
    }
    assert_eq!(room.runs().await, 1);
    // Switched off, it rests; switched on again, it goes on at its next turn.
    let switch = |on| UpdateJob { enabled: Patch::Set(on), ..change(job.id) };
    update(&room.office.cx, &room.office.permit, switch(false)).await.unwrap();
    room.set("2026-09-29T12:00:00Z");
    let on = update(&room.office.cx, &room.office.permit, switch(true)).await.unwrap();
    assert_eq!(on.next_run_at, at("2026-09-29T12:30:00Z"));
    assert_eq!(on.last_checked_at, at("2026-09-25T16:00:00Z"));
    assert!(worker.drain(Duration::from_secs(20)).await);
}

async fn what_was_missed_while_nobody_worked_is_caught_up_once(fresh: Fresh) {
    let room = Room::open(fresh).await;
    let job = room.job(Patch::Set(by_day())).await;
    room.set("2026-09-24T11:11:00Z");
    room.deliver();
    let worker = room.work();
    let caught_up = room.looked(job.id).await;
    assert_eq!(caught_up.next_run_at, at("2026-09-24T11:30:00Z"));
    assert_eq!(room.runs().await, 1);
    assert!(worker.drain(Duration::from_secs(20)).await);
}

async fn a_schedule_that_is_over_runs_no_more(fresh: Fresh) {
    let room = Room::open(fresh).await;
    let ends = Schedule { ends_on: NaiveDate::from_ymd_opt(2026, 9, 22), ..by_day() };
    let job = room.job(Patch::Set(ends)).await;
    let worker = room.work();
    room.set("2026-09-22T15:30:00Z");
    assert_eq!(room.looked(job.id).await.next_run_at, at("2026-09-22T16:00:00Z"));
    room.set("2026-09-22T16:00:00Z");
    let last = room.looked(job.id).await;
    assert_eq!(last.next_run_at, None);
    let words = last.runs_summary(room.office.now());
    assert!(words.starts_with("Its schedule is over: ") && words.ends_with("by hand only."), "{words}");
    assert!(worker.drain(Duration::from_secs(20)).await);
}

async fn a_job_without_a_schedule_runs_by_hand_only(fresh: Fresh) {
    let room = Room::open(fresh).await;
    let job = room.job(Patch::Clear).await;
    let worker = room.work();
    room.deliver();
    room.set("2026-09-30T00:00:00Z");
    let person = Caller { subject: "ada".to_owned(), name: None, scopes: vec![Scope::JobsRun] };
    let permit: Permit<JobsRun> = Permit::of(&person).unwrap();
    assert_eq!(room.saved(job.id).await.last_checked_at, None);
    service::run::start(&room.office.cx, &permit, job.id).await.unwrap();
    assert_eq!(room.looked(job.id).await.next_run_at, None);
    assert_eq!(room.runs().await, 1);
    assert!(worker.drain(Duration::from_secs(20)).await);
}

async fn a_clock_that_jumps_by_an_hour_neither_stops_a_job_nor_hurries_it(fresh: Fresh) {
    let room = Room::open(fresh).await;
    let job = room.job(Patch::Keep).await;
    let worker = room.work();
    let first = room.looked(job.id).await;
    assert_eq!(first.next_run_at, at("2026-09-21T14:15:00Z"));
    // An hour forwards: twelve turns are over, one is caught up.
    room.deliver();
    room.set("2026-09-21T15:13:20Z");
    assert_eq!(room.looked(job.id).await.next_run_at, at("2026-09-21T15:15:00Z"));
    assert_eq!(room.runs().await, 1);
    // And back: the next run would be an hour away.
    assert!(worker.drain(Duration::from_secs(20)).await);
    room.set("2026-09-21T14:13:21Z");
    assert_eq!(worker::bring_forward(&room.tools).await.unwrap(), 1);
    assert_eq!(room.saved(job.id).await.next_run_at, at("2026-09-21T14:15:00Z"));
    assert_eq!(worker::bring_forward(&room.tools).await.unwrap(), 0);
    // The worker does that by itself, while it runs.
    let worker = room.work();
    room.set("2026-09-21T16:00:00Z");
    assert_eq!(room.looked(job.id).await.next_run_at, at("2026-09-21T16:05:00Z"));
    room.set("2026-09-21T15:00:01Z");
    tokio::time::timeout(Duration::from_secs(60), async {
        while room.saved(job.id).await.next_run_at != at("2026-09-21T15:05:00Z") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    room.set("2026-09-21T15:05:00Z");
    assert_eq!(room.looked(job.id).await.next_run_at, at("2026-09-21T15:10:00Z"));
    assert!(worker.drain(Duration::from_secs(20)).await);
}

async fn what_a_turn_leaves_for_later_is_seen_to_when_it_is_due_and_nothing_else(fresh: Fresh) {
    let room = Room::open(fresh).await;
    let moved = DispositionInput {
        mark_read: true,
        original: OriginalFate::Move,
        folder: Some("Done".to_owned()),
        categories: Vec::new(),
    };
    let handling = HandlingInput { on_success: Some(moved), grace_hours: 2, ..HandlingInput::default() };
    let job = room.job_that(Patch::Clear, Some(handling)).await;
    let worker = room.work();
    room.deliver();
    let person = Caller { subject: "ada".to_owned(), name: None, scopes: vec![Scope::JobsRun] };
    service::run::start(&room.office.cx, &Permit::of(&person).unwrap(), job.id).await.unwrap();
    let looked = room.looked(job.id).await;
    assert_eq!(looked.next_run_at, at("2026-09-21T16:13:20Z"), "by hand only, but for what is left");
    // A change of its name leaves that alone.
    let renamed = UpdateJob { name: Patch::Set("other".to_owned()), ..change(job.id) };
    assert_eq!(
        update(&room.office.cx, &room.office.permit, renamed).await.unwrap().next_run_at,
        looked.next_run_at
    );
    room.deliver();
    room.set("2026-09-21T16:13:20Z");
    tokio::time::timeout(Duration::from_secs(60), async {
        while room.saved(job.id).await.next_run_at.is_some() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    let done = "SELECT COUNT(*) FROM message WHERE disposition_state = 'DONE' AND moved_to IS NOT NULL";
    assert_eq!(rows::count(&room.office._fresh, done).await, 1);
    assert_eq!(
        rows::count(&room.office._fresh, "SELECT COUNT(*) FROM message").await,
        1,
        "nothing new is taken in"
    );
    assert_eq!(room.saved(job.id).await.last_checked_at, looked.last_checked_at, "it did not look");
    assert_eq!(shared().person(&room.user).count("Done"), 1);
    assert!(worker.drain(Duration::from_secs(20)).await);
}
