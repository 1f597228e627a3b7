//! The days of a schedule, by the recurrence rule of RFC 5545 (section 3.3.10).

use chrono::{Datelike as _, NaiveDate, TimeDelta, TimeZone as _};
use rrule::{Frequency, NWeekday, RRule, RRuleSet, Tz, Unvalidated};

use super::{Day, Recurrence, Schedule, WeekOfMonth, Weekday, WeekdayKind};

/// A Monday: what `every` counts from where no first day is given.
const EPOCH: NaiveDate = match NaiveDate::from_ymd_opt(1970, 1, 5) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

impl Schedule {
    /// Its days as an RRULE.
    pub fn rrule(&self) -> String {
        let mut parts = Vec::new();
        let every = self.on.every();
        let (frequency, day) = match &self.on {
            Recurrence::Daily { .. } => ("DAILY", String::new()),
            Recurrence::Weekly { on, .. } => {
                let names: Vec<&str> = sorted(on).into_iter().map(short).collect();
                ("WEEKLY", format!("BYDAY={}", names.join(",")))
            }
            Recurrence::Monthly { day, .. } => ("MONTHLY", day.rule()),
            Recurrence::Yearly { month, day, .. } => ("YEARLY", format!("BYMONTH={month};{}", day.rule())),
        };
        parts.push(format!("FREQ={frequency}"));
        if every > 1 {
            parts.push(format!("INTERVAL={every}"));
        }
        if !day.is_empty() {
            parts.push(day);
        }
        if let Some(last) = self.ends_on {
            parts.push(format!("UNTIL={}", last.format("%Y%m%d")));
        }
        parts.join(";")
    }

    /// Its first days from `from` on, at most so many.
    pub(super) fn days(&self, from: NaiveDate, most: u16) -> Vec<NaiveDate> {
        let anchor = self.starts_on.unwrap_or(EPOCH);
        let from = from.max(anchor);
        let Some(set) = self.set(self.near(anchor, from)) else { return Vec::new() };
        let Some(after) = midnight(from) else { return Vec::new() };
        let set = set.after(after);
        let set = match self.ends_on.map(midnight) {
            Some(Some(last)) => set.before(last),
            Some(None) => return Vec::new(),
            None => set,
        };
        set.all(most).dates.into_iter().map(|date| date.date_naive()).collect()
    }

    /// The latest day from which `every` counts as it does from the first: rules are walked from their start.
    fn near(&self, anchor: NaiveDate, from: NaiveDate) -> NaiveDate {
        let days = (from - anchor).num_days();
        let period = match &self.on {
            Recurrence::Daily { every } => i64::from(*every),
            Recurrence::Weekly { every, .. } => 7 * i64::from(*every),
            Recurrence::Monthly { .. } | Recurrence::Yearly { .. } => return anchor,
        };
        anchor + TimeDelta::days(days / period.max(1) * period)
    }

    fn set(&self, start: NaiveDate) -> Option<RRuleSet> {
        let start = midnight(start)?;
        let rule = self.on.unvalidated().interval(self.on.every().max(1)).validate(start).ok()?;
        Some(RRuleSet::new(start).rrule(rule))
    }
}

impl Recurrence {
    fn unvalidated(&self) -> RRule<Unvalidated> {
        match self {
            Self::Daily { .. } => RRule::new(Frequency::Daily),
            Self::Weekly { on, .. } => {
                let days = sorted(on).into_iter().map(|day| NWeekday::Every(day.into())).collect();
                RRule::new(Frequency::Weekly).by_weekday(days)
            }
            Self::Monthly { day, .. } => day.of(RRule::new(Frequency::Monthly)),
            Self::Yearly { month, day, .. } => {
                let month = chrono::Month::try_from(*month).unwrap_or(chrono::Month::January);
                day.of(RRule::new(Frequency::Yearly).by_month(&[month]))
            }
        }
    }
}

impl Day {
    fn of(self, rule: RRule<Unvalidated>) -> RRule<Unvalidated> {
        match self {
            Self::Number(number) => rule.by_month_day(vec![number]),
            Self::Of { week, kind: WeekdayKind::Day } => rule.by_month_day(vec![week.number()]),
            Self::Of { week, kind } => {
                let days = kind.days().iter().map(|day| NWeekday::Every((*day).into())).collect();
                rule.by_weekday(days).by_set_pos(vec![week.number().into()])
            }
        }
    }

    fn rule(self) -> String {
        match self {
            Self::Number(number) => format!("BYMONTHDAY={number}"),
            Self::Of { week, kind: WeekdayKind::Day } => format!("BYMONTHDAY={}", week.number()),
            Self::Of { week, kind } => {
                let names: Vec<&str> = kind.days().iter().copied().map(short).collect();
                format!("BYDAY={};BYSETPOS={}", names.join(","), week.number())
            }
        }
    }
}

impl WeekOfMonth {
    const fn number(self) -> i8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::Third => 3,
            Self::Fourth => 4,
            Self::Last => -1,
        }
    }
}

impl WeekdayKind {
    /// The days of the week that are of the kind.
    const fn days(self) -> &'static [Weekday] {
        match self {
            Self::Monday => &[Weekday::Monday],
            Self::Tuesday => &[Weekday::Tuesday],
            Self::Wednesday => &[Weekday::Wednesday],
            Self::Thursday => &[Weekday::Thursday],
            Self::Friday => &[Weekday::Friday],
            Self::Saturday => &[Weekday::Saturday],
            Self::Sunday => &[Weekday::Sunday],
            Self::Day => Weekday::ALL,
            Self::Weekday => {
                &[Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday]
            }
            Self::WeekendDay => &[Weekday::Saturday, Weekday::Sunday],
        }
    }
}

impl From<Weekday> for chrono::Weekday {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}

/// In the order of the week, each once.
pub(super) fn sorted(days: &[Weekday]) -> Vec<Weekday> {
    Weekday::ALL.iter().copied().filter(|day| days.contains(day)).collect()
}

const fn short(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "MO",
        Weekday::Tuesday => "TU",
        Weekday::Wednesday => "WE",
        Weekday::Thursday => "TH",
        Weekday::Friday => "FR",
        Weekday::Saturday => "SA",
        Weekday::Sunday => "SU",
    }
}

/// Days are handled as midnights of UTC, which every day has.
fn midnight(day: NaiveDate) -> Option<chrono::DateTime<Tz>> {
    Tz::UTC.with_ymd_and_hms(day.year(), day.month(), day.day(), 0, 0, 0).single()
}
