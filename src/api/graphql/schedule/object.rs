//! A schedule, as clients see it.

use async_graphql::{Context, Enum, Object, SimpleObject};

use crate::api::graphql::scalar::{Date, DateTime, LocalTime};
use crate::api::graphql::{ContextExt, Error, Result};
use crate::domain::schedule::{self, Day, Frequency};

/// Instants that are told at once.
const MOST: i32 = 100;

/// When a job runs by itself.
pub struct Schedule(pub schedule::Schedule);

/// When a job runs by itself.
#[Object]
impl Schedule {
    /// IANA name.
    async fn time_zone(&self) -> &str {
        self.0.time_zone.name()
    }

    /// The days.
    async fn on(&self) -> Recurrence {
        Recurrence::from(&self.0.on)
    }

    /// The times of each day.
    async fn at(&self) -> DailyFrequency {
        DailyFrequency::from(&self.0.at)
    }

    /// No day before it; `every` counts from here.
    async fn starts_on(&self) -> Option<Date> {
        self.0.starts_on.map(Date)
    }

    /// No day after it.
    async fn ends_on(&self) -> Option<Date> {
        self.0.ends_on.map(Date)
    }

    /// The days, as an RFC 5545 RRULE; the times of day are in `at`.
    async fn rrule(&self) -> String {
        self.0.rrule()
    }

    /// In words, e.g. 'Every 5 minutes between 08:00 and 18:00, Monday to Friday, Europe/Paris'.
    async fn summary(&self) -> String {
        self.0.summary()
    }

    /// The next instants, from now on. Where clocks are put forward, a time that is left out is the next that there is;
    /// where they are put back, a time that comes twice is meant once, and steps of up to an hour go on.
    async fn next(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 5)] count: i32,
    ) -> Result<Vec<DateTime>> {
        if !(1..=MOST).contains(&count) {
            return Err(Error::InvalidArgument(format!(
                "`count` is {count}: give a number from 1 to {MOST}."
            )));
        }
        let now = ctx.services()?.clock.now();
        let count = usize::try_from(count).unwrap_or_default();
        Ok(self.0.coming(now, count).into_iter().map(DateTime).collect())
    }
}

/// Recurring days: exactly one is set, as it was given.
#[derive(SimpleObject, Default)]
pub struct Recurrence {
    /// Every so many days.
    daily: Option<DailyRecurrence>,
    /// On days of the week, every so many weeks.
    weekly: Option<WeeklyRecurrence>,
    /// On a day of the month, every so many months.
    monthly: Option<MonthlyRecurrence>,
    /// On a day of a month, every so many years.
    yearly: Option<YearlyRecurrence>,
}

/// Every so many days.
#[derive(SimpleObject)]
pub struct DailyRecurrence {
    /// How many.
    every: i32,
}

/// On days of the week.
#[derive(SimpleObject)]
pub struct WeeklyRecurrence {
    /// Every so many weeks, which begin on Mondays.
    every: i32,
    /// The days.
    on: Vec<Weekday>,
}

/// Either `day` is set, or `weekday` with `week`.
#[derive(SimpleObject)]
pub struct MonthlyRecurrence {
    /// Every so many months.
    every: i32,
    /// The day of the month; -1 is the last.
    day: Option<i32>,
    /// Which one within the month.
    week: Option<WeekOfMonth>,
    /// Of which kind of day.
    weekday: Option<WeekdayKind>,
}

/// Either `day` is set, or `weekday` with `week`.
#[derive(SimpleObject)]
pub struct YearlyRecurrence {
    /// Every so many years.
    every: i32,
    /// From 1 to 12.
    month: i32,
    /// The day of the month; -1 is the last.
    day: Option<i32>,
    /// Which one within the month.
    week: Option<WeekOfMonth>,
    /// Of which kind of day.
    weekday: Option<WeekdayKind>,
}

/// Exactly one is set, as it was given.
#[derive(SimpleObject, Default)]
pub struct DailyFrequency {
    /// One time.
    once: Option<LocalTime>,
    /// Steps.
    every: Option<Interval>,
}

/// From `from` on, inclusive of `until`; `until` before `from` goes over midnight; at least 10 seconds.
#[derive(SimpleObject)]
pub struct Interval {
    /// So many units.
    every: i32,
    /// The unit.
    unit: IntervalUnit,
    /// The first.
    from: LocalTime,
    /// None after it.
    until: LocalTime,
}

/// What steps are counted in.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "schedule::IntervalUnit")]
pub enum IntervalUnit {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
}

/// A day of the week.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "schedule::Weekday")]
pub enum Weekday {
    /// The first.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The seventh.
    Sunday,
}

/// A kind of day.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "schedule::WeekdayKind")]
pub enum WeekdayKind {
    /// That day of the week.
    Monday,
    /// That day of the week.
    Tuesday,
    /// That day of the week.
    Wednesday,
    /// That day of the week.
    Thursday,
    /// That day of the week.
    Friday,
    /// That day of the week.
    Saturday,
    /// That day of the week.
    Sunday,
    /// Any day.
    Day,
    /// From Monday to Friday.
    Weekday,
    /// Saturday or Sunday.
    WeekendDay,
}

/// Which of a kind within a month.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "schedule::WeekOfMonth")]
pub enum WeekOfMonth {
    /// The first.
    First,
    /// The second.
    Second,
    /// The third.
    Third,
    /// The fourth.
    Fourth,
    /// The last, whichever it is.
    Last,
}

impl From<&schedule::Recurrence> for Recurrence {
    fn from(recurrence: &schedule::Recurrence) -> Self {
        use schedule::Recurrence as Domain;
        let every = i32::from(recurrence.every());
        match recurrence {
            Domain::Daily { .. } => Self { daily: Some(DailyRecurrence { every }), ..Self::default() },
            Domain::Weekly { on, .. } => {
                let on = on.iter().map(|day| (*day).into()).collect();
                Self { weekly: Some(WeeklyRecurrence { every, on }), ..Self::default() }
            }
            Domain::Monthly { day, .. } => {
                let (day, week, weekday) = parts(*day);
                Self { monthly: Some(MonthlyRecurrence { every, day, week, weekday }), ..Self::default() }
            }
            Domain::Yearly { month, day, .. } => {
                let (day, week, weekday) = parts(*day);
                let month = i32::from(*month);
                Self {
                    yearly: Some(YearlyRecurrence { every, month, day, week, weekday }),
                    ..Self::default()
                }
            }
        }
    }
}

fn parts(day: Day) -> (Option<i32>, Option<WeekOfMonth>, Option<WeekdayKind>) {
    match day {
        Day::Number(number) => (Some(number.into()), None, None),
        Day::Of { week, kind } => (None, Some(week.into()), Some(kind.into())),
    }
}

impl From<&Frequency> for DailyFrequency {
    fn from(frequency: &Frequency) -> Self {
        match frequency {
            Frequency::Once(time) => Self { once: Some(LocalTime(*time)), every: None },
            Frequency::Every(interval) => {
                let every = Interval {
                    every: i32::try_from(interval.every).unwrap_or(i32::MAX),
                    unit: interval.unit.into(),
                    from: LocalTime(interval.from),
                    until: LocalTime(interval.until),
                };
                Self { once: None, every: Some(every) }
            }
        }
    }
}
