//! Random schedules, and instants that are often close to where clocks are changed.

use std::collections::HashMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use mailroom::domain::schedule::{
    Day, Frequency, Interval, IntervalUnit, Recurrence, Schedule, WeekOfMonth, Weekday, WeekdayKind,
};

/// Zones of every kind: whole hours, halves and quarters, summers of half an hour and of two, winters that are the
/// exception, months of fasting, an island that crossed the date line.
const ZONES: [Tz; 20] = [
    Tz::UTC,
    Tz::Europe__Paris,
    Tz::Europe__London,
    Tz::Europe__Dublin,
    Tz::Europe__Moscow,
    Tz::America__New_York,
    Tz::America__Los_Angeles,
    Tz::America__St_Johns,
    Tz::America__Havana,
    Tz::America__Santiago,
    Tz::America__Sao_Paulo,
    Tz::Africa__Casablanca,
    Tz::Asia__Kathmandu,
    Tz::Asia__Kolkata,
    Tz::Asia__Tokyo,
    Tz::Asia__Jerusalem,
    Tz::Australia__Sydney,
    Tz::Australia__Lord_Howe,
    Tz::Antarctica__Troll,
    Tz::Pacific__Apia,
];

/// Makes the same of the same seed.
pub struct Source {
    state: u64,
    changes: HashMap<Tz, Vec<DateTime<Utc>>>,
}

impl Source {
    pub fn new(seed: u64) -> Self {
        Self { state: seed, changes: HashMap::new() }
    }

    /// A schedule that may run, and an instant after which it is looked at.
    pub fn case(&mut self) -> (Schedule, DateTime<Utc>) {
        loop {
            let time_zone = ZONES[self.below(ZONES.len() as u64) as usize];
            let after = self.instant(time_zone);
            let today = after.with_timezone(&time_zone).date_naive();
            let starts_on = match self.below(4) {
                0 => None,
                1 => Some(today + Days::new(self.below(40))),
                _ => Some(today - Days::new(self.below(1500))),
            };
            let on = self.recurrence(starts_on.is_none());
            let ends_on = (self.below(5) == 0).then(|| today + Days::new(self.below(90)));
            let at = self.frequency();
            let schedule = Schedule { time_zone, on, at, starts_on, ends_on };
            if schedule.faults().is_empty() {
                return (schedule, after);
            }
        }
    }

    /// Some day between 2020 and 2030; every second one around a change of the clocks, if there are any.
    fn instant(&mut self, zone: Tz) -> DateTime<Utc> {
        let changes = self.changes.entry(zone).or_insert_with(|| changes(zone)).clone();
        if !changes.is_empty() && self.below(2) == 0 {
            let change = changes[self.below(changes.len() as u64) as usize];
            return change - TimeDelta::seconds(90_000) + TimeDelta::seconds(self.below(100_000) as i64);
        }
        start() + TimeDelta::seconds(self.below(10 * 365 * 86_400) as i64)
    }

    fn recurrence(&mut self, is_endless: bool) -> Recurrence {
        // Counted from long ago, every single day would be walked through by the judge.
        let every = if is_endless { 1 } else { [1, 1, 1, 2, 3, 5, 13][self.below(7) as usize] };
        match self.below(4) {
            0 => Recurrence::Daily { every },
            1 => {
                let on = Weekday::ALL.iter().copied().filter(|_| self.below(2) == 0).collect();
                Recurrence::Weekly { every, on }
            }
            2 => Recurrence::Monthly { every, day: self.day() },
            _ => {
                let month = 1 + self.below(12) as u8;
                Recurrence::Yearly { every: every.min(3), month, day: self.day() }
            }
        }
    }

    fn day(&mut self) -> Day {
        if self.below(2) == 0 {
            let number = [1, 2, 15, 28, 29, 30, 31, -1][self.below(8) as usize];
            return Day::Number(number);
        }
        let week = WeekOfMonth::ALL[self.below(WeekOfMonth::ALL.len() as u64) as usize];
        let kind = WeekdayKind::ALL[self.below(WeekdayKind::ALL.len() as u64) as usize];
        Day::Of { week, kind }
    }

    fn frequency(&mut self) -> Frequency {
        if self.below(3) == 0 {
            return Frequency::Once(self.time());
        }
        let (unit, every) = match self.below(3) {
            0 => (IntervalUnit::Seconds, 10 + self.below(5000) as u32),
            1 => (IntervalUnit::Minutes, 1 + self.below(200) as u32),
            _ => (IntervalUnit::Hours, 1 + self.below(12) as u32),
        };
        let (from, until) = if self.below(3) == 0 {
            (NaiveTime::MIN, NaiveTime::from_hms_opt(23, 59, 0).unwrap())
        } else {
            (self.time(), self.time())
        };
        Frequency::Every(Interval { every, unit, from, until })
    }

    /// Often between one and four, where clocks are changed.
    fn time(&mut self) -> NaiveTime {
        let hour = if self.below(2) == 0 { self.below(4) } else { self.below(24) } as u32;
        let minute = [0, 15, 30, 59][self.below(4) as usize];
        let second = if self.below(8) == 0 { 7 } else { 0 };
        NaiveTime::from_hms_opt(hour, minute, second).unwrap()
    }

    /// By xorshift.
    fn below(&mut self, most: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % most
    }
}

fn start() -> DateTime<Utc> {
    Utc.from_utc_datetime(&NaiveDate::from_ymd_opt(2020, 1, 1).unwrap().and_time(NaiveTime::MIN))
}

/// The instants between 2020 and 2030 at which clocks are changed, to the hour.
fn changes(zone: Tz) -> Vec<DateTime<Utc>> {
    let offset = |at: DateTime<Utc>| at.with_timezone(&zone).offset().fix();
    let hours = (0..10 * 365 * 24).map(|hour| start() + TimeDelta::hours(hour));
    hours.filter(|at| offset(*at) != offset(*at - TimeDelta::hours(1))).collect()
}
