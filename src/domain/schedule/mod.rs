//! When a job runs by itself: recurring days in a time zone, times or steps within them, a first and a last day.
//!
//! | file | holds |
//! |---|---|
//! | `days` | the days, by a recurrence rule (RFC 5545, section 3.3.10) |
//! | `times` | the times of a day as instants: where a clock is put forward or back, too |
//! | `coming` | which instants come next |
//! | `words` | the schedule as a sentence |
//! | `faults` | what can't be a schedule |

mod coming;
mod days;
mod faults;
mod times;
mod words;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::named::named_enum;
pub use faults::Fault;

/// When a job runs by itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Schedule {
    /// Where its days and times are meant.
    pub time_zone: Tz,
    /// Its days.
    pub on: Recurrence,
    /// Its times on each of them.
    pub at: Frequency,
    /// No day before it; `every` counts from here.
    pub starts_on: Option<NaiveDate>,
    /// No day after it.
    pub ends_on: Option<NaiveDate>,
}

impl Default for Schedule {
    /// Every five minutes, every day.
    fn default() -> Self {
        Self::every_seconds(300)
    }
}

impl Schedule {
    /// Every so many seconds, every day. Steps may be shorter here than what a person may ask for.
    pub fn every_seconds(seconds: u32) -> Self {
        let (every, unit) = match seconds.max(1) {
            seconds if seconds % 3600 == 0 => (seconds / 3600, IntervalUnit::Hours),
            seconds if seconds % 60 == 0 => (seconds / 60, IntervalUnit::Minutes),
            seconds => (seconds, IntervalUnit::Seconds),
        };
        let rest = if unit == IntervalUnit::Seconds { TimeDelta::seconds(1) } else { TimeDelta::minutes(1) };
        let all_day = Interval { every, unit, from: NaiveTime::MIN, until: NaiveTime::MIN - rest };
        Self {
            time_zone: Tz::UTC,
            on: Recurrence::Daily { every: 1 },
            at: Frequency::Every(all_day),
            starts_on: None,
            ends_on: None,
        }
    }
}

/// Recurring days.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recurrence {
    /// Every so many days.
    Daily { every: u16 },
    /// Every so many weeks, which begin on Mondays, on these days.
    Weekly { every: u16, on: Vec<Weekday> },
    /// Every so many months.
    Monthly { every: u16, day: Day },
    /// Every so many years, in that month from 1 to 12.
    Yearly { every: u16, month: u8, day: Day },
}

impl Recurrence {
    /// Every how many days, weeks, months or years.
    pub const fn every(&self) -> u16 {
        match self {
            Self::Daily { every }
            | Self::Weekly { every, .. }
            | Self::Monthly { every, .. }
            | Self::Yearly { every, .. } => *every,
        }
    }
}

/// A day of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    /// From 1 to 31; -1 is the last. A month without that day is left out.
    Number(i8),
    /// Such as the second Tuesday, or the last weekday.
    Of { week: WeekOfMonth, kind: WeekdayKind },
}

/// Times of a day.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    /// One.
    Once(NaiveTime),
    /// Steps.
    Every(Interval),
}

/// Steps from one time to another.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// So many units.
    pub every: u32,
    /// The unit.
    pub unit: IntervalUnit,
    /// The first.
    pub from: NaiveTime,
    /// None after it; one before `from` is of the next day.
    pub until: NaiveTime,
}

impl Interval {
    /// From one to the next.
    pub fn step(&self) -> TimeDelta {
        let seconds = match self.unit {
            IntervalUnit::Seconds => 1,
            IntervalUnit::Minutes => 60,
            IntervalUnit::Hours => 3600,
        };
        TimeDelta::seconds(i64::from(self.every).saturating_mul(seconds))
    }

    /// From the first to the end.
    pub fn window(&self) -> TimeDelta {
        let length = self.until - self.from;
        if length < TimeDelta::zero() { length + TimeDelta::days(1) } else { length }
    }
}

named_enum! {
    /// What steps are counted in.
    pub enum IntervalUnit { Seconds = "SECONDS", Minutes = "MINUTES", Hours = "HOURS" }
}

named_enum! {
    /// A day of the week.
    pub enum Weekday {
        Monday = "MONDAY", Tuesday = "TUESDAY", Wednesday = "WEDNESDAY", Thursday = "THURSDAY",
        Friday = "FRIDAY", Saturday = "SATURDAY", Sunday = "SUNDAY",
    }
}

named_enum! {
    /// A kind of day.
    pub enum WeekdayKind {
        Monday = "MONDAY", Tuesday = "TUESDAY", Wednesday = "WEDNESDAY", Thursday = "THURSDAY",
        Friday = "FRIDAY", Saturday = "SATURDAY", Sunday = "SUNDAY",
        /// Any.
        Day = "DAY",
        /// From Monday to Friday.
        Weekday = "WEEKDAY",
        /// Saturday or Sunday.
        WeekendDay = "WEEKEND_DAY",
    }
}

named_enum! {
    /// Which of a kind within a month.
    pub enum WeekOfMonth {
        First = "FIRST", Second = "SECOND", Third = "THIRD", Fourth = "FOURTH", Last = "LAST",
    }
}
