//! Which instants come next.

use chrono::{DateTime, TimeDelta, Utc};

use super::Schedule;

/// Days that are looked at together.
const DAYS: u16 = 32;

impl Schedule {
    /// The first instant after that one; None where none comes any more.
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.coming(after, 1).first().copied()
    }

    /// The next instants, in order.
    pub fn coming(&self, after: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
        let mut found: Vec<DateTime<Utc>> = Vec::new();
        // Yesterday's steps may reach into today.
        let today = after.with_timezone(&self.time_zone).date_naive();
        let Some(mut from) = today.checked_sub_signed(TimeDelta::days(2)) else { return found };
        while found.len() < count {
            let days = self.days(from, if count == 1 { 4 } else { DAYS });
            let Some(last) = days.last() else { break };
            from = *last + TimeDelta::days(1);
            for day in days {
                let left = count - found.len();
                // A day's first may be the instant at which the day before ended.
                let since = found.last().copied().unwrap_or(after);
                found.extend(self.at.instants(self.time_zone, day, since, left));
                if found.len() >= count {
                    break;
                }
            }
        }
        found
    }
}
