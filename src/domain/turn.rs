//! When a job runs next by itself, and the sentence that says so.

use chrono::{DateTime, TimeDelta, Utc};

use super::job::Job;

/// How often a job is looked at that watches and has no schedule: a lost notification must not lose mail.
pub const SAFETY_NET: TimeDelta = TimeDelta::hours(1);

impl Job {
    /// When it runs next by itself, after that instant; None: by hand only. Turns that were missed are no turns: the
    /// next comes after now, however many there were before.
    pub fn next_turn(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !self.enabled {
            return None;
        }
        let scheduled = self.schedule.as_ref().and_then(|schedule| schedule.next_after(after));
        scheduled.or_else(|| self.watch.then(|| after + SAFETY_NET))
    }

    /// Whether it is to run at its next run by its schedule, and not only to see to what an earlier turn left.
    pub fn is_its_turn(&self) -> bool {
        self.next_run_at.is_some_and(|at| self.next_turn(at - TimeDelta::microseconds(1)) == Some(at))
    }

    /// When it runs, e.g. 'Every 5 minutes, every day, UTC. New mail starts it at once, too.'
    pub fn runs_summary(&self, now: DateTime<Utc>) -> String {
        if !self.enabled {
            return "It is switched off: it runs by hand only.".to_owned();
        }
        let schedule = self.schedule.as_ref();
        let is_over = schedule.is_some_and(|schedule| schedule.next_after(now).is_none());
        let when = match schedule {
            Some(schedule) if is_over => format!("Its schedule is over: {}.", schedule.summary()),
            Some(schedule) => format!("{}.", schedule.summary()),
            None => "It has no schedule.".to_owned(),
        };
        let rest = match (self.watch, schedule.is_some() && !is_over) {
            (true, true) => "New mail starts it at once, too.",
            (true, false) => {
                "New mail starts it at once; should a notification be lost, it looks once an hour all the same."
            }
            (false, true) => return when,
            (false, false) => "It runs by hand only.",
        };
        format!("{when} {rest}")
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::domain::id::{JobId, MailboxId};
    use crate::domain::job::Selection;
    use crate::domain::schedule::Schedule;

    fn now() -> DateTime<Utc> {
        "2026-11-23T10:02:00Z".parse().unwrap()
    }

    fn job(schedule: Option<Schedule>, watch: bool) -> Job {
        Job {
            id: JobId::new(),
            name: "desk".to_owned(),
            mailbox_id: MailboxId::new(),
            folder: "INBOX".to_owned(),
            enabled: true,
            schedule,
            watch,
            selection: Selection::New,
            since: None,
            handling: None,
            max_messages_per_run: None,
            next_run_at: None,
            noted_at: None,
            last_checked_at: None,
            version: 1,
            created_at: now(),
            updated_at: now(),
        }
    }

    fn over() -> Schedule {
        Schedule { ends_on: NaiveDate::from_ymd_opt(2026, 11, 22), ..Schedule::default() }
    }

    #[test]
    fn a_job_runs_by_its_schedule_and_says_so() {
        let minutes = |minutes| Some(now() + TimeDelta::minutes(minutes));
        for (schedule, watch, next, words) in [
            (Some(Schedule::default()), false, minutes(3), "Every 5 minutes, every day, UTC."),
            (
                Some(Schedule::default()),
                true,
                minutes(3),
                "Every 5 minutes, every day, UTC. New mail starts it at once, too.",
            ),
            (None, false, None, "It has no schedule. It runs by hand only."),
            (
                None,
                true,
                minutes(60),
                "It has no schedule. New mail starts it at once; should a notification be lost, it looks once an hour all \
                 the same.",
            ),
            (
                Some(over()),
                false,
                None,
                "Its schedule is over: Every 5 minutes, every day, until 2026-11-22, UTC. It runs by hand only.",
            ),
            (
                Some(over()),
                true,
                minutes(60),
                "Its schedule is over: Every 5 minutes, every day, until 2026-11-22, UTC. New mail starts it at once; should \
                 a notification be lost, it looks once an hour all the same.",
            ),
        ] {
            let job = job(schedule, watch);
            assert_eq!(job.next_turn(now()), next, "{words}");
            assert_eq!(job.runs_summary(now()), words);
            let off = Job { enabled: false, ..job };
            assert_eq!(off.next_turn(now()), None);
            assert_eq!(off.runs_summary(now()), "It is switched off: it runs by hand only.");
        }
    }
}
