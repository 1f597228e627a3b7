//! When it is told that a secret or certificate lapses: 30, 14, 7 and 1 days before, each once.

use chrono::{DateTime, TimeDelta, Utc};

/// Days before the end, the farthest first.
pub const THRESHOLDS: [i32; 4] = [30, 14, 7, 1];

/// What is to be told now, after `told` was told last: the nearest threshold that was reached. Those further away are
/// not told any more, and what has lapsed is told as its last day.
pub fn due(expires_at: DateTime<Utc>, told: Option<i32>, now: DateTime<Utc>) -> Option<i32> {
    let reached = THRESHOLDS.into_iter().filter(|days| is_within(expires_at, *days, now)).min();
    reached.filter(|days| told.is_none_or(|told| *days < told))
}

/// Whether it lapses within so many days; 0: whether it has lapsed.
pub fn is_within(expires_at: DateTime<Utc>, days: i32, now: DateTime<Utc>) -> bool {
    expires_at - now <= TimeDelta::days(i64::from(days))
}

/// Days that are left, one that has begun among them; 0 or less: it has lapsed.
pub fn days_left(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    const DAY: i64 = 24 * 3_600_000;
    -(now - expires_at).num_milliseconds().div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn in_hours(hours: i64) -> DateTime<Utc> {
        now() + TimeDelta::hours(hours)
    }

    #[test]
    fn each_threshold_is_told_once_when_it_is_reached() {
        let table = [
            // Hours left, what was told before, what is told now.
            (30 * 24 + 1, None, None),
            (30 * 24, None, Some(30)),
            (30 * 24 - 1, None, Some(30)),
            (30 * 24 - 1, Some(30), None),
            (14 * 24 + 1, Some(30), None),
            (14 * 24, Some(30), Some(14)),
            (8 * 24, Some(14), None),
            (7 * 24, Some(14), Some(7)),
            (25, Some(7), None),
            (24, Some(7), Some(1)),
            (1, Some(1), None),
            (0, Some(1), None),
            (-1000, Some(1), None),
        ];
        for (hours, told, expected) in table {
            assert_eq!(due(in_hours(hours), told, now()), expected, "{hours} hours left, told {told:?}");
        }
    }

    #[test]
    fn of_several_that_went_by_unheard_only_the_nearest_is_told() {
        let table =
            [(10 * 24, None, 14), (5 * 24, None, 7), (5 * 24, Some(30), 7), (2, None, 1), (2, Some(30), 1)];
        for (hours, told, expected) in table {
            assert_eq!(
                due(in_hours(hours), told, now()),
                Some(expected),
                "{hours} hours left, told {told:?}"
            );
        }
    }

    #[test]
    fn what_has_lapsed_unheard_is_told_once() {
        for hours in [0, -1, -100_000] {
            assert_eq!(due(in_hours(hours), None, now()), Some(1), "{hours}");
            assert_eq!(due(in_hours(hours), Some(7), now()), Some(1), "{hours}");
            assert_eq!(due(in_hours(hours), Some(1), now()), None, "{hours}");
        }
    }

    #[test]
    fn a_clock_that_goes_back_tells_nothing_again() {
        assert_eq!(due(in_hours(20 * 24), Some(7), now()), None);
        assert_eq!(due(in_hours(50 * 24), Some(7), now()), None);
    }

    #[test]
    fn a_day_that_has_begun_counts() {
        let table = [(30 * 24, 30), (30 * 24 - 1, 30), (25, 2), (24, 1), (1, 1), (0, 0), (-1, 0), (-25, -1)];
        for (hours, days) in table {
            assert_eq!(days_left(in_hours(hours), now()), days, "{hours} hours");
        }
        assert_eq!(days_left(now() + TimeDelta::milliseconds(1), now()), 1);
    }
}
