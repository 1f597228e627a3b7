//! When jobs run: random schedules beside Python's dateutil, and the days on which clocks are changed.

pub mod random;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use chrono::{DateTime, Utc};
use mailroom::domain::schedule::{
    Day, Frequency, Interval, IntervalUnit, Recurrence, Schedule, WeekOfMonth, Weekday, WeekdayKind,
};
use serde_json::json;

use crate::harness::node::written;

const CASES: u64 = 12_000;
/// Instants of each.
const COUNT: usize = 5;

#[test]
fn dateutil_finds_the_same_instants_for_random_schedules_in_random_zones() {
    let mut source = random::Source::new(0x5eed_5c4e_d01e);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for number in 0..CASES {
        let (schedule, after) = source.case();
        assert_eq!(schedule.faults(), [], "{schedule:?}");
        let coming = schedule.coming(after, COUNT);
        assert_eq!(schedule.next_after(after), coming.first().copied(), "{number}");
        let instants: Vec<i64> = coming.iter().map(DateTime::timestamp).collect();
        let case = json!({
            "number": number,
            "schedule": schedule,
            "rrule": schedule.rrule(),
            "after": after.timestamp(),
            "count": COUNT,
            "coming": instants,
        });
        writeln!(file, "{case}").unwrap();
    }
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges/schedule_judge.py");
    let output = Command::new(python()).arg(program).arg(file.path()).output();
    let told = written(&output.expect("python3 is needed to run this test"));
    assert!(told.ends_with(&format!("{CASES} cases, 0 wrong\n")), "{told}");
}

/// The Python that has dateutil: the one in the PATH, or Debian's.
fn python() -> &'static str {
    let has = |python: &&str| {
        let asked = Command::new(python).args(["-c", "import dateutil"]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    let found = ["python3", "/usr/bin/python3"].into_iter().find(has);
    found.expect("python3 with dateutil (Debian: python3-dateutil) is needed to run this test")
}

fn paris(at: Frequency) -> Schedule {
    Schedule { time_zone: chrono_tz::Europe::Paris, at, ..Schedule::default() }
}

fn once(time: &str) -> Frequency {
    Frequency::Once(time.parse().unwrap())
}

fn steps(every: u32, unit: IntervalUnit, from: &str, until: &str) -> Frequency {
    Frequency::Every(Interval { every, unit, from: from.parse().unwrap(), until: until.parse().unwrap() })
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn coming(schedule: &Schedule, after: &str, count: usize) -> Vec<String> {
    let zone = schedule.time_zone;
    let coming = schedule.coming(instant(after), count);
    coming.iter().map(|one| one.with_timezone(&zone).format("%m-%d %H:%M:%S%:z").to_string()).collect()
}

#[test]
fn a_time_that_is_left_out_runs_at_the_next_that_there_is() {
    let daily = paris(once("02:30:00"));
    let found = coming(&daily, "2027-03-27T12:00:00Z", 2);
    assert_eq!(found, ["03-28 03:00:00+02:00", "03-29 02:30:00+02:00"]);
    let half_hourly = paris(steps(30, IntervalUnit::Minutes, "00:00:00", "23:59:00"));
    let found = coming(&half_hourly, "2027-03-28T00:29:00Z", 4);
    assert_eq!(
        found,
        ["03-28 01:30:00+01:00", "03-28 03:00:00+02:00", "03-28 03:30:00+02:00", "03-28 04:00:00+02:00"]
    );
}

#[test]
fn a_time_that_comes_twice_runs_once_and_short_steps_go_on() {
    let daily = paris(once("02:30:00"));
    let found = coming(&daily, "2026-10-24T12:00:00Z", 2);
    assert_eq!(found, ["10-25 02:30:00+02:00", "10-26 02:30:00+01:00"]);
    let half_hourly = paris(steps(30, IntervalUnit::Minutes, "00:00:00", "23:59:00"));
    let found = coming(&half_hourly, "2026-10-24T23:59:00Z", 6);
    let expected = [
        "10-25 02:00:00+02:00",
        "10-25 02:30:00+02:00",
        "10-25 02:00:00+01:00",
        "10-25 02:30:00+01:00",
        "10-25 03:00:00+01:00",
        "10-25 03:30:00+01:00",
    ];
    assert_eq!(found, expected);
    let every_two_hours = paris(steps(2, IntervalUnit::Hours, "00:00:00", "23:59:00"));
    let found = coming(&every_two_hours, "2026-10-24T22:30:00Z", 2);
    assert_eq!(found, ["10-25 02:00:00+02:00", "10-25 04:00:00+01:00"]);
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_on_which_it_opens() {
    let fridays = Schedule {
        on: Recurrence::Weekly { every: 1, on: vec![Weekday::Friday] },
        ..paris(steps(4, IntervalUnit::Hours, "22:00:00", "06:00:00"))
    };
    let found = coming(&fridays, "2026-11-20T00:00:00Z", 4);
    assert_eq!(
        found,
        ["11-20 22:00:00+01:00", "11-21 02:00:00+01:00", "11-21 06:00:00+01:00", "11-27 22:00:00+01:00"]
    );
    // Seen from within the window.
    assert_eq!(coming(&fridays, "2026-11-21T02:00:00Z", 1), ["11-21 06:00:00+01:00"]);
}

#[test]
fn schedules_are_said_in_words_and_as_a_rule() {
    let office = steps(5, IntervalUnit::Minutes, "08:00:00", "18:00:00");
    let weekdays =
        vec![Weekday::Friday, Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday];
    let tuesday = Day::Of { week: WeekOfMonth::Second, kind: WeekdayKind::Tuesday };
    let last = Day::Of { week: WeekOfMonth::Last, kind: WeekdayKind::Weekday };
    let nights = steps(1, IntervalUnit::Hours, "22:00:00", "06:00:00");
    let both = vec![Weekday::Sunday, Weekday::Monday, Weekday::Thursday];
    for (on, at, words, rule) in [
        (
            Recurrence::Weekly { every: 1, on: weekdays },
            office,
            "Every 5 minutes between 08:00 and 18:00, Monday to Friday, Europe/Paris",
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        ),
        (Recurrence::Daily { every: 1 }, once("08:00:00"), "At 08:00, every day, Europe/Paris", "FREQ=DAILY"),
        (
            Recurrence::Daily { every: 3 },
            Schedule::default().at,
            "Every 5 minutes, every 3 days, Europe/Paris",
            "FREQ=DAILY;INTERVAL=3",
        ),
        (
            Recurrence::Weekly { every: 2, on: both },
            nights,
            "Every hour between 22:00 and 06:00 of the next day, Monday, Thursday and Sunday of every 2 weeks, Europe/Paris",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH,SU",
        ),
        (
            Recurrence::Monthly { every: 1, day: tuesday },
            once("08:00:30"),
            "At 08:00:30, on the second Tuesday of every month, Europe/Paris",
            "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2",
        ),
        (
            Recurrence::Monthly { every: 3, day: Day::Number(-1) },
            once("08:00:00"),
            "At 08:00, on the last day of every 3 months, Europe/Paris",
            "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1",
        ),
        (
            Recurrence::Yearly { every: 1, month: 12, day: last },
            once("08:00:00"),
            "At 08:00, on the last weekday of December of every year, Europe/Paris",
            "FREQ=YEARLY;BYMONTH=12;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        ),
    ] {
        let schedule = Schedule { on, ..paris(at) };
        assert_eq!((schedule.summary().as_str(), schedule.rrule().as_str()), (words, rule));
    }
    assert_eq!(Schedule::default().summary(), "Every 5 minutes, every day, UTC");
}

#[test]
fn what_can_never_run_is_refused_with_its_place() {
    let day = |number| Day::Number(number);
    let date = |text: &str| Some(text.parse().unwrap());
    let with = |on: Recurrence| Schedule { on, ..Schedule::default() };
    for (schedule, path, message) in [
        (with(Recurrence::Yearly { every: 1, month: 2, day: day(31) }), "on.yearly.day", "has no day 31"),
        (with(Recurrence::Yearly { every: 1, month: 13, day: day(1) }), "on.yearly.month", "from 1 to 12"),
        (with(Recurrence::Monthly { every: 1, day: day(0) }), "on.monthly.day", "from 1 to 31"),
        (with(Recurrence::Monthly { every: 1, day: day(-2) }), "on.monthly.day", "-1 for the last"),
        (with(Recurrence::Weekly { every: 1, on: vec![] }), "on.weekly.on", "at least one"),
        (with(Recurrence::Daily { every: 0 }), "on.daily.every", "from 1 to 1000"),
        (
            Schedule { at: steps(9, IntervalUnit::Seconds, "00:00:00", "23:59:00"), ..Schedule::default() },
            "at.every.every",
            "at least 10 seconds",
        ),
        (
            Schedule { at: steps(25, IntervalUnit::Hours, "00:00:00", "23:59:00"), ..Schedule::default() },
            "at.every.every",
            "at most a day",
        ),
        (
            Schedule { starts_on: date("2026-05-02"), ends_on: date("2026-05-01"), ..Schedule::default() },
            "endsOn",
            "before it starts",
        ),
        (
            Schedule {
                starts_on: date("2026-05-02"),
                ends_on: date("2026-05-30"),
                ..with(Recurrence::Monthly { every: 1, day: day(31) })
            },
            "endsOn",
            "would never run",
        ),
        (
            // From a month with 30 days every twelve months: always one with 30 days.
            Schedule {
                starts_on: date("2026-04-01"),
                ..with(Recurrence::Monthly { every: 12, day: day(31) })
            },
            "on",
            "would never run",
        ),
    ] {
        let faults = schedule.faults();
        let found: Vec<String> = faults.iter().map(|fault| fault.path.join(".")).collect();
        assert_eq!(found, [path], "{schedule:?}");
        assert!(faults[0].message.contains(message), "{}", faults[0].message);
    }
    assert_eq!(with(Recurrence::Yearly { every: 1, month: 2, day: day(29) }).faults(), []);
}

#[test]
fn nothing_comes_after_the_last_day() {
    let ended = Schedule { ends_on: Some("2026-11-20".parse().unwrap()), ..paris(once("08:00:00")) };
    assert_eq!(coming(&ended, "2026-11-19T12:00:00Z", 5), ["11-20 08:00:00+01:00"]);
    assert_eq!(ended.next_after(instant("2026-11-20T07:00:00Z")), None);
    let later = Schedule { starts_on: Some("2027-01-01".parse().unwrap()), ..paris(once("08:00:00")) };
    assert_eq!(coming(&later, "2026-11-19T12:00:00Z", 1), ["01-01 08:00:00+01:00"]);
}
