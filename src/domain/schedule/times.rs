//! The times of one day as instants.
//!
//! Where clocks are put forward, a time that is left out is the next instant that there is. Where they are put back, a time
//! that comes twice is meant the first time; but steps that are no longer than what comes twice go on through it, as `cron`
//! does: else a job that runs every five minutes would rest for an hour.

use chrono::{DateTime, MappedLocalTime, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::{Frequency, Interval};

/// No clock is put back by more.
const BACK: TimeDelta = TimeDelta::hours(3);
/// No clock is put forward by more: islands crossed the date line.
const FORWARD: TimeDelta = TimeDelta::hours(25);

impl Frequency {
    /// The instants of that day that come after `after`, in order, at most so many.
    pub(super) fn instants(
        &self,
        zone: Tz,
        day: NaiveDate,
        after: DateTime<Utc>,
        most: usize,
    ) -> Vec<DateTime<Utc>> {
        match self {
            Self::Once(time) => {
                let first = first(zone, day.and_time(*time));
                first.into_iter().filter(|instant| *instant > after).take(most).collect()
            }
            Self::Every(interval) => interval.instants(zone, day, after, most),
        }
    }
}

impl Interval {
    fn instants(&self, zone: Tz, day: NaiveDate, after: DateTime<Utc>, most: usize) -> Vec<DateTime<Utc>> {
        let (step, begin) = (self.step(), day.and_time(self.from));
        if step <= TimeDelta::zero() {
            return Vec::new();
        }
        let last = self.window().num_seconds() / step.num_seconds();
        // Steps before this one are over, wherever clocks were put back.
        let behind = (after.with_timezone(&zone).naive_local() - begin - BACK).num_seconds();
        let mut number = (behind / step.num_seconds()).max(0);
        let mut found: Vec<DateTime<Utc>> = Vec::new();
        let mut again: Vec<DateTime<Utc>> = Vec::new();
        while number <= last && found.len() < most {
            let local = begin + step * i32::try_from(number).unwrap_or(i32::MAX);
            number += 1;
            let (first, second) = match zone.from_local_datetime(&local) {
                MappedLocalTime::Single(only) => (Some(only.to_utc()), None),
                MappedLocalTime::Ambiguous(first, second) if step <= second - first => {
                    (Some(first.to_utc()), Some(second.to_utc()))
                }
                MappedLocalTime::Ambiguous(first, _) => (Some(first.to_utc()), None),
                MappedLocalTime::None => (after_gap(zone, local), None),
            };
            if second.is_none() {
                found.append(&mut again);
            }
            let latest = found.last().copied().unwrap_or(after);
            found.extend(first.filter(|first| *first > latest));
            again.extend(second.filter(|second| *second > after));
        }
        found.append(&mut again);
        found.truncate(most);
        found
    }
}

/// The first instant at which clocks there show that time, or what comes next where they never do.
fn first(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(only) => Some(only.to_utc()),
        MappedLocalTime::Ambiguous(first, _) => Some(first.to_utc()),
        MappedLocalTime::None => after_gap(zone, local),
    }
}

/// The end of the gap that a time lies in, to the second.
fn after_gap(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    let exists = |seconds: i64| {
        let instant = zone.from_local_datetime(&(local + TimeDelta::seconds(seconds)));
        instant.earliest()
    };
    let (mut none, mut some) = (0, FORWARD.num_seconds());
    exists(some)?;
    while some - none > 1 {
        let middle = i64::midpoint(none, some);
        if exists(middle).is_some() { some = middle } else { none = middle }
    }
    exists(some).map(|instant| instant.to_utc())
}
