//! When jobs are to run: what is said of it, and what a change of a job does to its next run.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use mailroom::db;
use mailroom::domain::job::Job;
use mailroom::domain::schedule::{Frequency, Interval, IntervalUnit, Recurrence, Schedule};
use mailroom::service::job::{CreateJob, FirstJob, UpdateJob, create, update};
use mailroom::service::{Patch, mailbox};

use super::jobs::change;
use super::{Office, first_job, refusals};
use crate::harness::database::{Fresh, on_both};
use crate::harness::rows;
use crate::schedule::random::Source;

on_both!(
    a_job_of_which_nobody_says_when_runs_at_once_and_then_as_it_is_configured,
    a_job_with_a_schedule_runs_by_it_and_one_with_none_by_hand_only,
    a_change_of_something_else_leaves_a_given_schedule_alone,
    another_schedule_counts_from_now,
    a_job_that_is_switched_off_and_on_again_catches_nothing_up,
    what_can_be_no_schedule_is_refused_where_it_stands,
    trying_a_mailbox_at_once_leaves_alone_what_runs_by_hand_only,
    any_schedule_comes_back_from_the_database_as_it_was,
    jobs_from_before_there_were_schedules_go_on_every_five_minutes,
);

fn daily(hour: u32) -> Schedule {
    let at = Frequency::Once(NaiveTime::from_hms_opt(hour, 0, 0).unwrap());
    Schedule { at, time_zone: chrono_tz::Europe::Paris, ..Schedule::default() }
}

async fn made(office: &Office, name: &str, schedule: Patch<Schedule>, watch: bool) -> Job {
    let mailbox = office.mailbox(name).await;
    let job = FirstJob { name: Some(name.to_owned()), schedule, watch, ..first_job() };
    let job = create(&office.cx, &office.permit, CreateJob { mailbox_id: mailbox.id, job }).await.unwrap();
    assert_eq!(saved(office, &job).await, job);
    job
}

async fn saved(office: &Office, job: &Job) -> Job {
    db::job::get(office.cx.db.read(), job.id).await.unwrap().unwrap()
}

async fn changed(office: &Office, change: UpdateJob) -> Job {
    let job = update(&office.cx, &office.permit, change).await.unwrap();
    assert_eq!(saved(office, &job).await, job);
    job
}

fn at(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse().unwrap())
}

async fn a_job_of_which_nobody_says_when_runs_at_once_and_then_as_it_is_configured(fresh: Fresh) {
    let mut office = Office::open(fresh);
    office.cx.default_schedule = std::sync::Arc::new(Schedule::every_seconds(7));
    let job = made(&office, "desk", Patch::Keep, false).await;
    assert_eq!(job.schedule, Some(Schedule::every_seconds(7)));
    assert_eq!(job.next_run_at, Some(office.now()));
    assert_eq!(job.runs_summary(office.now()), "Every 7 seconds, every day, UTC.");
}

async fn a_job_with_a_schedule_runs_by_it_and_one_with_none_by_hand_only(fresh: Fresh) {
    let office = Office::open(fresh);
    assert_eq!(Some(office.now()), at("2026-09-21T14:13:20Z"));
    let given = made(&office, "given", Patch::Set(daily(8)), false).await;
    assert_eq!((given.schedule, given.next_run_at), (Some(daily(8)), at("2026-09-22T06:00:00Z")));
    let by_hand = made(&office, "by-hand", Patch::Clear, false).await;
    assert_eq!((&by_hand.schedule, by_hand.next_run_at), (&None, None));
    assert_eq!(by_hand.runs_summary(office.now()), "It has no schedule. It runs by hand only.");
    // What counts from a day counts from today, there.
    let every_third = Schedule { on: Recurrence::Daily { every: 3 }, ..daily(8) };
    let counted = made(&office, "counted", Patch::Set(every_third), false).await;
    assert_eq!(counted.schedule.unwrap().starts_on, NaiveDate::from_ymd_opt(2026, 9, 21));
    assert_eq!(counted.next_run_at, at("2026-09-24T06:00:00Z"));
}

async fn a_change_of_something_else_leaves_a_given_schedule_alone(fresh: Fresh) {
    let office = Office::open(fresh);
    let given = made(&office, "given", Patch::Set(daily(8)), false).await;
    let by_hand = made(&office, "by-hand", Patch::Clear, false).await;
    let by_default = made(&office, "default", Patch::Keep, false).await;
    let renamed = |job: &Job| UpdateJob { name: Patch::Set(format!("{} 2", job.name)), ..change(job.id) };
    assert_eq!(changed(&office, renamed(&given)).await.next_run_at, at("2026-09-22T06:00:00Z"));
    assert_eq!(changed(&office, renamed(&by_hand)).await.next_run_at, None);
    office.clock.advance(TimeDelta::seconds(1));
    assert_eq!(changed(&office, renamed(&by_default)).await.next_run_at, Some(office.now()));
    // What was missed stays due.
    office.clock.advance(TimeDelta::days(3));
    let folder = UpdateJob { folder: Patch::Set("Other".to_owned()), ..change(given.id) };
    assert_eq!(changed(&office, folder).await.next_run_at, at("2026-09-22T06:00:00Z"));
}

async fn another_schedule_counts_from_now(fresh: Fresh) {
    let office = Office::open(fresh);
    let job = made(&office, "desk", Patch::Set(daily(8)), false).await;
    office.clock.advance(TimeDelta::days(1));
    let to = |schedule| UpdateJob { schedule, ..change(job.id) };
    let noon = changed(&office, to(Patch::Set(daily(12)))).await;
    assert_eq!((noon.schedule, noon.next_run_at), (Some(daily(12)), at("2026-09-23T10:00:00Z")));
    let none = changed(&office, to(Patch::Clear)).await;
    assert_eq!((none.schedule, none.next_run_at), (None, None));
    let again = changed(&office, to(Patch::Set(daily(17)))).await;
    assert_eq!(again.next_run_at, at("2026-09-22T15:00:00Z"));
}

async fn a_job_that_is_switched_off_and_on_again_catches_nothing_up(fresh: Fresh) {
    let office = Office::open(fresh);
    let job = made(&office, "desk", Patch::Set(daily(8)), false).await;
    let switch = |on| UpdateJob { enabled: Patch::Set(on), ..change(job.id) };
    let off = changed(&office, switch(false)).await;
    assert_eq!((off.next_run_at, off.schedule.as_ref()), (None, Some(&daily(8))));
    assert_eq!(off.runs_summary(office.now()), "It is switched off: it runs by hand only.");
    office.clock.advance(TimeDelta::days(2));
    assert_eq!(changed(&office, switch(true)).await.next_run_at, at("2026-09-24T06:00:00Z"));
}

async fn what_can_be_no_schedule_is_refused_where_it_stands(fresh: Fresh) {
    let office = Office::open(fresh);
    let job = made(&office, "desk", Patch::Keep, false).await;
    let seconds = |every| {
        let all_day =
            Interval { every, unit: IntervalUnit::Seconds, from: NaiveTime::MIN, until: NaiveTime::MIN };
        Schedule { at: Frequency::Every(all_day), ..Schedule::default() }
    };
    let leap = mailroom::domain::schedule::Day::Number(31);
    let february = Schedule { on: Recurrence::Yearly { every: 1, month: 2, day: leap }, ..daily(8) };
    let over = Schedule { ends_on: NaiveDate::from_ymd_opt(2026, 9, 20), ..daily(8) };
    // Its last day is today, and its time is past.
    let just_over = Schedule { ends_on: NaiveDate::from_ymd_opt(2026, 9, 21), ..daily(8) };
    for (schedule, path, message) in [
        (seconds(9), "schedule.at.every.every", "at least 10 seconds"),
        (february, "schedule.on.yearly.day", "never run"),
        (over, "schedule.endsOn", "over already"),
        (just_over, "schedule.endsOn", "over already"),
    ] {
        let to = UpdateJob { schedule: Patch::Set(schedule.clone()), ..change(job.id) };
        let refused = update(&office.cx, &office.permit, to).await;
        let mailroom::service::Error::Refused(errors) = refused.unwrap_err() else { panic!("{path}") };
        assert!(errors[0].message.contains(message), "{errors:?}");
        assert_eq!(errors[0].path.join("."), path);
        let mut new = super::mailbox("other");
        new.credential_id = Some(office.credential(&uuid::Uuid::now_v7().to_string()).await.id);
        new.job = Some(FirstJob { schedule: Patch::Set(schedule), ..first_job() });
        let refused = mailbox::create(&office.cx, &office.permit, new).await;
        assert_eq!(refusals(refused), [format!("INVALID job.{path}")]);
    }
    assert_eq!(saved(&office, &job).await, job);
}

async fn trying_a_mailbox_at_once_leaves_alone_what_runs_by_hand_only(fresh: Fresh) {
    let office = Office::open(fresh);
    let by_hand = made(&office, "by-hand", Patch::Clear, false).await;
    let given = made(&office, "given", Patch::Set(daily(8)), false).await;
    for job in [&by_hand, &given] {
        mailbox::resume(&office.cx, &office.permit, job.mailbox_id).await.unwrap();
    }
    assert_eq!(saved(&office, &by_hand).await.next_run_at, None);
    assert_eq!(saved(&office, &given).await.next_run_at, Some(office.now()));
}

async fn any_schedule_comes_back_from_the_database_as_it_was(fresh: Fresh) {
    let office = Office::open(fresh);
    let mut job = made(&office, "desk", Patch::Keep, false).await;
    let mut source = Source::new(0x0dd_ba11);
    for _ in 0..300 {
        let (schedule, _) = source.case();
        let next = Job { schedule: Some(schedule), version: job.version + 1, ..job.clone() };
        db::job::update(office.cx.db.write(), &next, job.version).await.unwrap();
        job = saved(&office, &job).await;
        assert_eq!(job, next);
    }
}

async fn jobs_from_before_there_were_schedules_go_on_every_five_minutes(fresh: Fresh) {
    let office = Office::open(fresh);
    let job = made(&office, "desk", Patch::Set(daily(8)), false).await;
    let applied = db::migrate::status(&office.cx.db).await.unwrap().applied;
    let later = applied.iter().rev().take_while(|name| !name.ends_with("000019_credential_expiry")).count();
    assert!(later > 0, "{applied:?}");
    db::migrate::down(&office.cx.db, u32::try_from(later).unwrap()).await.unwrap();
    db::migrate::up(&office.cx.db).await.unwrap();
    assert_eq!(saved(&office, &job).await.schedule, Some(Schedule::default()));
    assert_eq!(rows::count(&office._fresh, "SELECT COUNT(*) FROM job WHERE schedule IS NULL").await, 0);
}
