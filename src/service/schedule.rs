//! Schedules, before anything runs by them.

use chrono::{DateTime, Utc};

use super::error::Problems;
use super::permit::RunRead;
use super::{Context, Error, Path, Permit, UserErrorCode};
use crate::domain::schedule::Schedule;

/// The schedule as it would be saved.
pub fn preview(cx: &Context, _permit: &Permit<RunRead>, schedule: Schedule) -> Result<Schedule, Error> {
    let mut problems = Problems::new();
    let schedule = checked(&mut problems, &Path::of("schedule"), schedule, cx.clock.now());
    problems.finish()?;
    Ok(schedule)
}

/// The schedule, with what it leaves open said. What counts from a day counts from today, unless another is given.
pub(super) fn checked(
    problems: &mut Problems,
    path: &Path,
    mut schedule: Schedule,
    now: DateTime<Utc>,
) -> Schedule {
    if schedule.on.every() > 1 && schedule.starts_on.is_none() {
        schedule.starts_on = Some(now.with_timezone(&schedule.time_zone).date_naive());
    }
    let faults = schedule.faults();
    if faults.is_empty() && schedule.next_after(now).is_none() {
        let message = "It is over already: it would never run. Give a later endsOn, or leave it out.";
        problems.add(UserErrorCode::Invalid, &path.field("endsOn"), message);
    }
    for fault in faults {
        let at = fault.path.iter().fold(path.clone(), |path, field| path.field(field));
        problems.add(UserErrorCode::Invalid, &at, fault.message);
    }
    schedule
}
