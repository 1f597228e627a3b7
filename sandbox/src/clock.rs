//! Time that can be moved: tokens, subscriptions and delta tokens grow old without waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// The sandbox's time: the machine's, and so much ahead. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// The time now, to the millisecond.
    #[expect(clippy::disallowed_methods, reason = "the one place where the sandbox asks the machine")]
    pub fn now(&self) -> DateTime<Utc> {
        let now = Utc::now() + TimeDelta::milliseconds(self.0.load(Ordering::Relaxed));
        DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
    }

    /// Moves it on; it never goes back.
    pub fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_milliseconds().max(0), Ordering::Relaxed);
    }

    /// How far it is ahead of the machine's.
    pub fn ahead(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::Clock;

    #[test]
    fn it_goes_on_and_never_back() {
        let clock = Clock::default();
        let before = clock.now();
        clock.clone().advance(TimeDelta::hours(2));
        clock.advance(TimeDelta::hours(-5));
        assert_eq!(clock.ahead(), TimeDelta::hours(2));
        assert!(clock.now() >= before + TimeDelta::hours(2));
    }
}
