//! How many requests a mailbox may still be asked with, and the pauses that the service wants; pure but for the clock.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Requests of an application to a mailbox in [`WINDOW`].
/// Source: Microsoft Graph documentation, "Microsoft Graph service-specific throttling limits", Outlook.
const MOST: u32 = 10_000;
/// Left to interactive calls.
const RESERVE: u32 = 50;
/// Ten minutes, and what the way of a request may differ from that of an earlier one.
const WINDOW: Duration = Duration::from_secs(601);
/// Requests so close together are remembered as one number.
const GRAIN: Duration = Duration::from_millis(100);
/// No pause is longer than this, whatever was answered.
const LONGEST: Duration = Duration::from_secs(300);

/// What was sent of late, and until when there is a pause.
#[derive(Debug, Default)]
pub(super) struct Pace {
    sent: VecDeque<(Instant, u32)>,
    total: u32,
    throttles: u32,
    quiet_until: Option<Instant>,
    throttled_at: Option<Instant>,
}

impl Pace {
    /// Lets so many requests go, or says how long to wait before asking again.
    pub(super) fn admit(&mut self, now: Instant, count: u32, interactive: bool) -> Result<(), Duration> {
        if let Some(until) = self.quiet_until {
            if until > now {
                return Err(until - now);
            }
            self.quiet_until = None;
        }
        while let Some(&(at, count)) = self.sent.front() {
            if now.duration_since(at) < WINDOW + GRAIN {
                break;
            }
            self.total = self.total.saturating_sub(count);
            self.sent.pop_front();
        }
        let most = if interactive { MOST } else { MOST - RESERVE };
        if self.total + count > most {
            let oldest = self.sent.front().map_or(now, |(at, _)| *at);
            return Err((oldest + WINDOW + GRAIN).saturating_duration_since(now).max(GRAIN));
        }
        self.total += count;
        match self.sent.back_mut() {
            Some((at, sent)) if now.duration_since(*at) < GRAIN => *sent += count,
            _ => self.sent.push_back((now, count)),
        }
        Ok(())
    }

    /// A request that was sent at `sent` was throttled. What was under way together is one throttle, not several.
    /// `chance` from 0 to 1 spreads those that wait for the same mailbox.
    pub(super) fn throttled(&mut self, now: Instant, sent: Instant, after: Option<Duration>, chance: f64) {
        if self.throttled_at.is_none_or(|at| sent >= at) {
            self.throttles = self.throttles.saturating_add(1);
            self.throttled_at = Some(now);
        }
        let pause = pause(self.throttles.saturating_sub(1), after, chance);
        let until = now + pause.min(LONGEST.max(after.unwrap_or_default()));
        self.quiet_until = Some(self.quiet_until.map_or(until, |known| known.max(until)));
    }

    /// A request that was sent at `sent` was answered otherwise: the next throttle is a first one again.
    pub(super) fn answered(&mut self, sent: Instant) {
        if self.throttled_at.is_none_or(|at| sent >= at) {
            self.throttles = 0;
        }
    }
}

/// How long to wait before the try after so many failures: as long as the service says, but never less than what grows
/// with each failure, for some answers say a second for ever.
pub(super) fn pause(failures: u32, after: Option<Duration>, chance: f64) -> Duration {
    let grown = Duration::from_secs(1 << failures.min(9)).min(LONGEST);
    let floor = if failures < 5 { grown.min(Duration::from_secs(60)) } else { grown };
    floor.max(after.unwrap_or_default()).mul_f64(1.0 + 0.25 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_requests_in_ten_minutes_and_then_as_the_first_ones_lapse() {
        let (mut pace, begin) = (Pace::default(), Instant::now());
        for second in 0..398 {
            let now = begin + Duration::from_secs(second);
            pace.admit(now, 25, false).unwrap();
        }
        let now = begin + Duration::from_secs(398);
        let wait = pace.admit(now, 3, false).unwrap_err();
        assert!((now + wait) >= begin + Duration::from_secs(600), "{wait:?}");
        assert!((now + wait) < begin + Duration::from_secs(603), "{wait:?}");
        pace.admit(now, 3, true).unwrap();
        pace.admit(now + wait, 3, false).unwrap();
    }

    #[test]
    fn twelve_thousand_requests_are_never_more_than_the_limit_in_any_ten_minutes() {
        let (mut pace, mut now) = (Pace::default(), Instant::now());
        let mut sent = Vec::new();
        while sent.len() < 12_000 {
            match pace.admit(now, 1, false) {
                Ok(()) => sent.push(now),
                Err(wait) => now += wait,
            }
            now += Duration::from_millis(20);
        }
        let window = Duration::from_secs(600);
        for (at, first) in sent.iter().enumerate().step_by(97) {
            let within = sent[at..].iter().take_while(|other| **other < *first + window).count();
            assert!(within <= 10_000, "{within}");
        }
        let took = (sent[11_999] - sent[0]).as_secs_f64();
        assert!(took < 655.0, "{took} s");
    }

    #[test]
    fn a_pause_is_for_everyone_and_grows_although_the_service_always_says_one_second() {
        let (mut pace, mut now) = (Pace::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..7 {
            pace.throttled(now, now, Some(Duration::from_secs(1)), 0.0);
            let wait = pace.admit(now, 1, true).unwrap_err();
            pauses.push(wait.as_secs());
            now += wait;
            pace.admit(now, 1, true).unwrap();
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64]);
        pace.answered(now);
        pace.throttled(now, now, Some(Duration::from_secs(3)), 1.0);
        assert_eq!(pace.admit(now, 1, false).unwrap_err(), Duration::from_millis(3750));
    }

    #[test]
    fn three_throttled_at_the_same_time_are_one_throttle() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let later = now + Duration::from_millis(20);
        for _ in 0..3 {
            pace.throttled(later, now, None, 0.0);
        }
        assert_eq!(pace.admit(later, 1, false).unwrap_err(), Duration::from_secs(1));
    }

    #[test]
    fn what_the_service_asks_for_is_the_least() {
        assert_eq!(pause(0, Some(Duration::from_secs(120)), 0.0), Duration::from_secs(120));
        assert_eq!(pause(0, None, 0.0), Duration::from_secs(1));
        assert_eq!(pause(30, None, 0.0), LONGEST);
        assert!(pause(2, None, 1.0) > pause(2, None, 0.0));
    }
}
