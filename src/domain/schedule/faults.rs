//! What can't be a schedule.

use chrono::{NaiveDate, TimeDelta};

use super::{Day, Frequency, Recurrence, Schedule};

/// The shortest step.
const SHORTEST: TimeDelta = TimeDelta::seconds(10);
/// The most days, weeks, months or years from one to the next.
const LONGEST: u16 = 1_000;

/// Why it can't be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field, within the schedule.
    pub path: Vec<&'static str>,
    /// What is wrong, and what would be right.
    pub message: String,
}

fn fault(path: &[&'static str], message: &str) -> Fault {
    Fault { path: path.to_vec(), message: message.to_owned() }
}

impl Schedule {
    /// Everything that is wrong with it; nothing, if it can be one.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = self.on.faults();
        faults.extend(self.at.fault());
        if let (Some(first), Some(last)) = (self.starts_on, self.ends_on)
            && last < first
        {
            faults.push(fault(
                &["endsOn"],
                "It ends before it starts: give a day that is not before startsOn.",
            ));
        }
        if faults.is_empty() && self.days(self.starts_on.unwrap_or(NaiveDate::MIN), 1).is_empty() {
            let message = if self.ends_on.is_some() {
                "No day fits before it ends: it would never run. Give a later endsOn, or other days."
            } else {
                "There is no such day: it would never run."
            };
            let path = if self.ends_on.is_some() { "endsOn" } else { "on" };
            faults.push(fault(&[path], message));
        }
        faults
    }
}

impl Recurrence {
    const fn name(&self) -> &'static str {
        match self {
            Self::Daily { .. } => "daily",
            Self::Weekly { .. } => "weekly",
            Self::Monthly { .. } => "monthly",
            Self::Yearly { .. } => "yearly",
        }
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut add = |field, message: &str| faults.push(fault(&["on", self.name(), field], message));
        if self.every() == 0 || self.every() > LONGEST {
            add("every", &format!("Give a number from 1 to {LONGEST}."));
        }
        match self {
            Self::Daily { .. } => {}
            Self::Weekly { on, .. } if on.is_empty() => add("on", "Give at least one day of the week."),
            Self::Weekly { .. } => {}
            Self::Monthly { day, .. } => {
                if !day.is_one() {
                    add("day", "Give a day from 1 to 31, or -1 for the last.");
                }
            }
            Self::Yearly { month, day, .. } => {
                if !(1..=12).contains(month) {
                    add("month", "Give a month from 1 to 12.");
                }
                if !day.is_one() {
                    add("day", "Give a day from 1 to 31, or -1 for the last.");
                } else if let Day::Number(number) = day
                    && i64::from(*number) > longest(*month)
                {
                    let message = format!("That month has no day {number}: it would never run.");
                    add("day", &message);
                }
            }
        }
        faults
    }
}

impl Day {
    fn is_one(self) -> bool {
        match self {
            Self::Number(number) => number == -1 || (1..=31).contains(&number),
            Self::Of { .. } => true,
        }
    }
}

/// Days that a month has at most.
const fn longest(month: u8) -> i64 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Frequency {
    fn fault(&self) -> Option<Fault> {
        let Self::Every(interval) = self else { return None };
        let path = &["at", "every", "every"];
        if interval.step() < SHORTEST {
            return Some(fault(path, "A step takes at least 10 seconds."));
        }
        if interval.step() > TimeDelta::days(1) {
            return Some(fault(path, "A step takes at most a day: use `on` for days between."));
        }
        None
    }
}
