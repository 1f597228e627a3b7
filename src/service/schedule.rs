//! Schedules, before anything runs by them.

use super::error::Problems;
use super::permit::RunRead;
use super::{Context, Error, Path, Permit, UserErrorCode};
use crate::domain::schedule::Schedule;

/// The schedule as it would be saved.
pub fn preview(cx: &Context, _permit: &Permit<RunRead>, schedule: Schedule) -> Result<Schedule, Error> {
    let mut problems = Problems::new();
    let schedule = checked(&mut problems, &Path::of("schedule"), cx, schedule);
    problems.finish()?;
    Ok(schedule)
}

/// The schedule, with what it leaves open said. What counts from a day counts from today, unless another is given.
fn checked(problems: &mut Problems, path: &Path, cx: &Context, mut schedule: Schedule) -> Schedule {
    if schedule.on.every() > 1 && schedule.starts_on.is_none() {
        schedule.starts_on = Some(cx.clock.now().with_timezone(&schedule.time_zone).date_naive());
    }
    for fault in schedule.faults() {
        let at = fault.path.iter().fold(path.clone(), |path, field| path.field(field));
        problems.add(UserErrorCode::Invalid, &at, fault.message);
    }
    schedule
}
