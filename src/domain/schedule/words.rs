//! The schedule as a sentence.

use chrono::{Month, NaiveTime, TimeDelta, Timelike as _};

use super::days::sorted;
use super::{
    Day, Frequency, Interval, IntervalUnit, Recurrence, Schedule, WeekOfMonth, Weekday, WeekdayKind,
};

impl Schedule {
    /// Such as `Every 5 minutes between 08:00 and 18:00, Monday to Friday, Europe/Paris`.
    pub fn summary(&self) -> String {
        let mut words = format!("{}, {}", self.at.words(), self.on.words());
        if let Some(first) = self.starts_on {
            words.push_str(&format!(", from {first}"));
        }
        if let Some(last) = self.ends_on {
            words.push_str(&format!(", until {last}"));
        }
        format!("{words}, {}", self.time_zone.name())
    }
}

impl Frequency {
    fn words(&self) -> String {
        match self {
            Self::Once(time) => format!("At {}", clock(*time)),
            Self::Every(interval) => interval.words(),
        }
    }
}

impl Interval {
    fn words(&self) -> String {
        let unit = match self.unit {
            IntervalUnit::Seconds => "second",
            IntervalUnit::Minutes => "minute",
            IntervalUnit::Hours => "hour",
        };
        let every = every(self.every, unit);
        let every = format!("E{}", every.strip_prefix('e').unwrap_or(&every));
        let is_all_day = self.from == NaiveTime::MIN && self.window() >= TimeDelta::minutes(24 * 60 - 1);
        if is_all_day {
            return every;
        }
        let next_day = if self.until < self.from { " of the next day" } else { "" };
        format!("{every} between {} and {}{next_day}", clock(self.from), clock(self.until))
    }
}

impl Recurrence {
    fn words(&self) -> String {
        let number = u32::from(self.every());
        match self {
            Self::Daily { .. } => every(number, "day"),
            Self::Weekly { on, .. } if number == 1 => weekdays(&sorted(on)),
            Self::Weekly { on, .. } => format!("{} of {}", weekdays(&sorted(on)), every(number, "week")),
            Self::Monthly { day, .. } => format!("on {} of {}", day.words(), every(number, "month")),
            Self::Yearly { month, day, .. } => {
                let month = Month::try_from(*month).map_or("that month", |month| month.name());
                format!("on {} of {month} of {}", day.words(), every(number, "year"))
            }
        }
    }
}

impl Day {
    fn words(self) -> String {
        match self {
            Self::Number(-1) => "the last day".to_owned(),
            Self::Number(number) => format!("day {number}"),
            Self::Of { week, kind } => {
                let week = match week {
                    WeekOfMonth::First => "first",
                    WeekOfMonth::Second => "second",
                    WeekOfMonth::Third => "third",
                    WeekOfMonth::Fourth => "fourth",
                    WeekOfMonth::Last => "last",
                };
                let kind = match kind {
                    WeekdayKind::Monday => "Monday",
                    WeekdayKind::Tuesday => "Tuesday",
                    WeekdayKind::Wednesday => "Wednesday",
                    WeekdayKind::Thursday => "Thursday",
                    WeekdayKind::Friday => "Friday",
                    WeekdayKind::Saturday => "Saturday",
                    WeekdayKind::Sunday => "Sunday",
                    WeekdayKind::Day => "day",
                    WeekdayKind::Weekday => "weekday",
                    WeekdayKind::WeekendDay => "day of a weekend",
                };
                format!("the {week} {kind}")
            }
        }
    }
}

fn every(number: u32, unit: &str) -> String {
    if number == 1 { format!("every {unit}") } else { format!("every {number} {unit}s") }
}

/// Three and more that follow each other are named by the first and the last.
fn weekdays(days: &[Weekday]) -> String {
    let name = |day: &Weekday| {
        let name = day.as_str();
        format!("{}{}", &name[..1], name[1..].to_lowercase())
    };
    let place = |day: &Weekday| Weekday::ALL.iter().position(|one| one == day).unwrap_or_default();
    match days {
        [] => "on no day".to_owned(),
        [first, .., last] if days.len() == 7 && first != last => "every day".to_owned(),
        [first, .., last] if days.len() > 2 && place(last) - place(first) + 1 == days.len() => {
            format!("{} to {}", name(first), name(last))
        }
        [only] => name(only),
        [others @ .., last] => {
            let others: Vec<String> = others.iter().map(name).collect();
            format!("{} and {}", others.join(", "), name(last))
        }
    }
}

fn clock(time: NaiveTime) -> String {
    time.format(if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" }).to_string()
}
