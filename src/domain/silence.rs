//! Whether it is unusual that a mailbox has had no mail for so long.

use chrono::{DateTime, TimeDelta, Utc};

/// A silence is held against the same hours of so many weeks before.
pub const WEEKS: usize = 8;
/// Fewer of them tell no rhythm.
const LEAST_WEEKS: usize = 4;
/// More mail in these hours of a week says no more.
pub const ENOUGH: u32 = 20;
/// With so much mail in these hours on average, none comes by chance once in a thousand times (Poisson).
const USUAL: f64 = 7.0;
/// Shorter silences are nobody's business.
pub const LEAST: TimeDelta = TimeDelta::hours(1);

/// What is known of a mailbox that is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// Hours without mail that are unusual, as configured; None: its rhythm says; 0: never.
    pub expected_hours: Option<i32>,
    /// Since when: its last mail, or when it was made.
    pub since: DateTime<Utc>,
}

/// The hours of a silence `weeks` weeks before; of a silence that is longer than a week, its last week.
pub fn hours_before(
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    weeks: usize,
) -> (DateTime<Utc>, DateTime<Utc>) {
    let back = TimeDelta::weeks(i64::try_from(weeks).unwrap_or(0));
    (since.max(now - TimeDelta::weeks(1)) - back, now - back)
}

impl Silence {
    /// Whether it is to be told. `before`: how much mail came in the same hours of the weeks before, the last week first,
    /// only of weeks in which the mailbox was known; not asked for where hours are configured.
    pub fn is_unusual(&self, now: DateTime<Utc>, before: &[u32]) -> bool {
        let lasts = now - self.since;
        match self.expected_hours {
            Some(hours) => hours > 0 && lasts >= TimeDelta::hours(hours.into()),
            None => lasts >= LEAST && is_rhythm(before),
        }
    }
}

/// Mail came in each of these weeks, and so much that none by chance is out of the question. A night, a weekend or a
/// mailbox that gets little has weeks without.
fn is_rhythm(before: &[u32]) -> bool {
    let total: u32 = before.iter().map(|count| (*count).min(ENOUGH)).sum();
    let usual = before.iter().all(|count| *count > 0) && f64::from(total) >= USUAL * before.len() as f64;
    before.len() >= LEAST_WEEKS && usual
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
    }

    fn learned() -> Silence {
        Silence { expected_hours: None, since: at(0) }
    }

    #[test]
    fn configured_hours_are_held_to_and_none_means_never() {
        let of = |hours| Silence { expected_hours: Some(hours), since: at(0) };
        assert!(!of(24).is_unusual(at(23), &[]));
        assert!(of(24).is_unusual(at(24), &[]));
        assert!(!of(0).is_unusual(at(10_000), &[20; WEEKS]));
    }

    #[test]
    fn a_rhythm_takes_weeks_and_mail_in_each() {
        let silent = |before: &[u32]| learned().is_unusual(at(5), before);
        assert!(silent(&[9, 8, 7, 6]));
        assert!(!silent(&[9, 8, 7]), "too few weeks");
        assert!(!silent(&[90, 0, 80, 70, 90]), "a week without, such as a holiday");
        assert!(!silent(&[1, 2, 1, 3, 2, 1, 2, 1]), "little mail: none comes by chance");
        assert!(!silent(&[200, 1, 1, 1]), "one week's flood is no rhythm");
        assert!(!learned().is_unusual(at(0) + TimeDelta::minutes(59), &[20; WEEKS]));
    }

    #[test]
    fn hours_are_compared_with_the_same_hours_of_the_week() {
        let (from, to) = hours_before(at(0), at(5), 2);
        assert_eq!((from, to), (at(-336), at(-331)));
        let (from, to) = hours_before(at(0), at(400), 1);
        assert_eq!((from, to), (at(400 - 336), at(400 - 168)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Office hours in any time zone: 09:00 to 17:00 on five days, `rate` mails an hour. Nights and weekends raise nothing; a working
        /// day without mail does.
        #[test]
        fn nights_and_weekends_raise_nothing(rate in 4i64..20, zone in -11i64..12) {
            let monday = DateTime::UNIX_EPOCH + TimeDelta::days(4 + 7 * 2900) - TimeDelta::hours(zone);
            let mail_between = |from: DateTime<Utc>, to: DateTime<Utc>| {
                let mut count = 0;
                for day in -70i64..5 {
                    let start = monday + TimeDelta::days(day);
                    if day.rem_euclid(7) >= 5 { continue }
                    for number in 0..8 * rate {
                        let came = start + TimeDelta::hours(9) + TimeDelta::minutes(number * 60 / rate);
                        count += u32::from(came > from && came <= to);
                    }
                }
                count
            };
            let before = |since, now| -> Vec<u32> {
                (1..=WEEKS).map(|weeks| { let (from, to) = hours_before(since, now, weeks); mail_between(from, to) }).collect()
            };
            // The last mail came on Friday at 17:00.
            let friday = monday + TimeDelta::days(4) + TimeDelta::hours(17);
            let silence = Silence { expected_hours: None, since: friday };
            for hour in 1..=63 {
                let now = friday + TimeDelta::hours(hour);
                prop_assert!(!silence.is_unusual(now, &before(friday, now)), "{hour} hours after Friday's last");
            }
            let noon = friday + TimeDelta::hours(67);
            prop_assert!(silence.is_unusual(noon, &before(friday, noon)), "Monday noon");
        }
    }
}
