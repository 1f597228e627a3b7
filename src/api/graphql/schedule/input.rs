//! What is said of a schedule.

use async_graphql::{InputObject, OneofObject};
use chrono_tz::Tz;

use super::object::{IntervalUnit, WeekOfMonth, Weekday, WeekdayKind};
use crate::api::graphql::scalar::{Date, LocalTime};
use crate::api::graphql::user_error::UserError;
use crate::domain::schedule::{self, Day};

/// When a job runs by itself.
#[derive(InputObject)]
pub struct ScheduleInput {
    /// IANA name.
    #[graphql(default = "UTC")]
    pub time_zone: String,
    /// The days.
    pub on: RecurrenceInput,
    /// The times of each day.
    pub at: DailyFrequencyInput,
    /// No day before it; `every` counts from here. Today, if `every` is more than 1 and none is given.
    pub starts_on: Option<Date>,
    /// No day after it.
    pub ends_on: Option<Date>,
}

/// Recurring days.
#[derive(OneofObject)]
pub enum RecurrenceInput {
    /// Every so many days.
    Daily(DailyInput),
    /// On days of the week, every so many weeks.
    Weekly(WeeklyInput),
    /// On a day of the month, every so many months.
    Monthly(MonthlyInput),
    /// On a day of a month, every so many years.
    Yearly(YearlyInput),
}

/// Every so many days.
#[derive(InputObject)]
pub struct DailyInput {
    /// From 1 to 1000.
    #[graphql(default = 1)]
    pub every: i32,
}

/// On days of the week.
#[derive(InputObject)]
pub struct WeeklyInput {
    /// Every so many weeks, which begin on Mondays: 1 to 1000.
    #[graphql(default = 1)]
    pub every: i32,
    /// The days.
    pub on: Vec<Weekday>,
}

/// Either `day` (1-31; -1 is the last), or `weekday` with `week`.
#[derive(InputObject)]
pub struct MonthlyInput {
    /// Every so many months: 1 to 1000.
    #[graphql(default = 1)]
    pub every: i32,
    /// The day of the month, from 1 to 31; -1 is the last. Months without it are left out.
    pub day: Option<i32>,
    /// Which one within the month.
    pub week: Option<WeekOfMonth>,
    /// Of which kind of day.
    pub weekday: Option<WeekdayKind>,
}

/// Either `day` (1-31; -1 is the last), or `weekday` with `week`.
#[derive(InputObject)]
pub struct YearlyInput {
    /// Every so many years: 1 to 1000.
    #[graphql(default = 1)]
    pub every: i32,
    /// From 1 to 12.
    pub month: i32,
    /// The day of the month, from 1 to 31; -1 is the last. Years without it are left out.
    pub day: Option<i32>,
    /// Which one within the month.
    pub week: Option<WeekOfMonth>,
    /// Of which kind of day.
    pub weekday: Option<WeekdayKind>,
}

/// Times of a day.
#[derive(OneofObject)]
pub enum DailyFrequencyInput {
    /// One.
    Once(LocalTime),
    /// Steps.
    Every(IntervalInput),
}

/// From `from` on, inclusive of `until`; `until` before `from` goes over midnight; at least 10 seconds.
#[derive(InputObject)]
pub struct IntervalInput {
    /// So many units.
    pub every: i32,
    /// The unit.
    pub unit: IntervalUnit,
    /// The first.
    #[graphql(default_with = "LocalTime::MIDNIGHT")]
    pub from: LocalTime,
    /// None after it.
    #[graphql(default_with = "LocalTime::LAST")]
    pub until: LocalTime,
}

impl ScheduleInput {
    /// For the service, or what of the field `at` can't be read as a schedule. Numbers out of their range are 0, which the
    /// service refuses.
    pub fn resolve(self, at: &[&str]) -> Result<schedule::Schedule, Vec<UserError>> {
        let mut errors = Vec::new();
        let time_zone = self.time_zone.parse::<Tz>().unwrap_or_else(|_| {
            let message = "There is no such time zone: give an IANA name such as Europe/Paris.";
            errors.push(UserError::invalid(&["timeZone"], message));
            Tz::UTC
        });
        let on = self.on.resolve(&mut errors);
        let times = self.at.resolve();
        if !errors.is_empty() {
            return Err(errors.into_iter().map(|error| error.within(at)).collect());
        }
        let (starts_on, ends_on) = (self.starts_on.map(|date| date.0), self.ends_on.map(|date| date.0));
        Ok(schedule::Schedule { time_zone, on, at: times, starts_on, ends_on })
    }
}

impl RecurrenceInput {
    fn resolve(self, errors: &mut Vec<UserError>) -> schedule::Recurrence {
        use schedule::Recurrence as Domain;
        let times = |every| u16::try_from(every).unwrap_or(0);
        match self {
            Self::Daily(DailyInput { every }) => Domain::Daily { every: times(every) },
            Self::Weekly(WeeklyInput { every, on }) => {
                Domain::Weekly { every: times(every), on: on.into_iter().map(Into::into).collect() }
            }
            Self::Monthly(MonthlyInput { every, day, week, weekday }) => {
                Domain::Monthly { every: times(every), day: one("monthly", (day, week, weekday), errors) }
            }
            Self::Yearly(YearlyInput { every, month, day, week, weekday }) => Domain::Yearly {
                every: times(every),
                month: u8::try_from(month).unwrap_or(0),
                day: one("yearly", (day, week, weekday), errors),
            },
        }
    }
}

/// The day that is meant: by its number, or as which one of a kind.
fn one(
    field: &str,
    given: (Option<i32>, Option<WeekOfMonth>, Option<WeekdayKind>),
    errors: &mut Vec<UserError>,
) -> Day {
    match given {
        (Some(day), None, None) => Day::Number(i8::try_from(day).unwrap_or(0)),
        (None, Some(week), Some(weekday)) => Day::Of { week: week.into(), kind: weekday.into() },
        _ => {
            let message = "Give either `day`, or `week` with `weekday`.";
            errors.push(UserError::invalid(&["on", field], message));
            Day::Number(1)
        }
    }
}

impl DailyFrequencyInput {
    fn resolve(self) -> schedule::Frequency {
        match self {
            Self::Once(time) => schedule::Frequency::Once(time.0),
            Self::Every(interval) => schedule::Frequency::Every(schedule::Interval {
                every: u32::try_from(interval.every).unwrap_or(0),
                unit: interval.unit.into(),
                from: interval.from.0,
                until: interval.until.0,
            }),
        }
    }
}
