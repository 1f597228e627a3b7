//! Turns that lie too far away, because the clock was set back since they were decided.
//!
//! A job's next run is never later than its schedule says from now on. That holds whatever was written when, so it is
//! looked at when the process starts, and when the clock goes back while it runs.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::Parts;
use crate::db;
use crate::domain::id::JobId;
use crate::pipeline::Tools;

/// How often the clock is looked at.
const INTERVAL: Duration = Duration::from_secs(5);
/// A clock that is corrected by less is no clock that was set back.
const CORRECTION: TimeDelta = TimeDelta::seconds(5);
/// What waited for its next attempt waits no longer than this once the clock went back: the longest back-off.
const PROBE: TimeDelta = TimeDelta::minutes(15);
/// Jobs that are looked at together.
const PAGE: u64 = 500;

/// Looks at the start, and whenever the clock went back.
pub(super) async fn run(parts: Parts, stop: CancellationToken) {
    let tools = &parts.tools;
    let mut course = Course::from(tools.clock.now());
    let mut is_back = true;
    loop {
        if is_back {
            match bring_forward(tools).await {
                Ok(0) => {}
                Ok(jobs) => {
                    tracing::warn!(jobs, "the clock was set back: next runs are brought forward");
                    parts.services.wake.ring();
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "next runs could not be held against the clock");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        is_back = course.went_back(tools.clock.now(), Instant::now());
        if is_back {
            let until = tools.clock.now() + PROBE;
            if let Err(error) = db::mailbox::wait_no_longer(tools.db.write(), until).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "next attempts could not be held against the clock");
            }
        }
    }
}

/// How the clock goes, beside one that can't be set.
struct Course {
    clock: DateTime<Utc>,
    steady: Instant,
}

impl Course {
    fn from(clock: DateTime<Utc>) -> Self {
        Self { clock, steady: Instant::now() }
    }

    /// Whether it was set back since the last look.
    fn went_back(&mut self, clock: DateTime<Utc>, steady: Instant) -> bool {
        let passed = TimeDelta::from_std(steady.duration_since(self.steady)).unwrap_or(TimeDelta::MAX);
        let is_back = clock - self.clock < passed - CORRECTION;
        *self = Self { clock, steady };
        is_back
    }
}

/// No job runs later than its schedule says from now on. Answers how many were to.
pub async fn bring_forward(tools: &Tools) -> Result<usize, db::Error> {
    let mut brought = 0;
    let mut last: Option<JobId> = None;
    loop {
        let now = tools.clock.now();
        let page = db::job::waiting(tools.db.read(), now, last, PAGE).await?;
        let Some(end) = page.last().map(|job| job.id) else { return Ok(brought) };
        last = Some(end);
        for job in page {
            let Some(next) = job.next_turn(now).filter(|next| job.next_run_at.is_some_and(|at| at > *next))
            else {
                continue;
            };
            db::job::run_by(tools.db.write(), job.id, next).await?;
            brought += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_is_noticed_and_one_that_is_corrected_or_set_forward_is_not() {
        let (clock, steady) = (DateTime::UNIX_EPOCH, Instant::now());
        let mut course = Course { clock, steady };
        let mut goes = |clock_seconds, steady_seconds| {
            let clock = clock + TimeDelta::seconds(clock_seconds);
            course.went_back(clock, steady + Duration::from_secs(steady_seconds))
        };
        assert!(!goes(5, 5));
        assert!(!goes(7, 10));
        assert!(!goes(3612, 15));
        assert!(goes(20, 20));
        assert!(!goes(25, 25));
    }
}
