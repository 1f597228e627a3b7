//! Whether a tenant's Graph is asked at all. After failures in a row it is left alone for a while, and then tried by one
//! request: a thousand mailboxes need not each wait for an answer that does not come. Pure but for the clock.
//!
//! ```text
//! closed ──failures in a row──▶ open ──its time is over──▶ trying ──an answer──▶ closed
//!                                ▲                           │
//!                                └──────for longer───────────┘
//! ```

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row, of all mailboxes together, that open it.
const FAILURES: u32 = 5;
/// And a third of the mailboxes that were asked for within this time must be among those that failed: what befalls some
/// is their own trouble.
const RECENT: Duration = Duration::from_secs(600);
/// How long it stays open at first; doubled with every trial that fails.
const FIRST: Duration = Duration::from_secs(5);
/// And at most.
const LONGEST: Duration = Duration::from_secs(60);
/// Those who come while it is tried are told to wait for half of what they would wait if the trial failed, and this at least:
/// it may take a time limit until that is known, and a thousand mailboxes should not ask every other second.
const TRIAL: Duration = Duration::from_secs(2);

/// How a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// As usual.
    Usual,
    /// As the trial of that number.
    Trial(u64),
}

/// What a request told of the service, and not of its own object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// It answers, were it with a refusal.
    Answers,
    /// It does not, or only that it is unable.
    Fails,
    /// Nothing.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stand {
    #[default]
    Closed,
    Open {
        until: Instant,
        times: u32,
    },
    /// `until` is when it would have been tried by itself.
    Trying {
        number: u64,
        until: Instant,
        times: u32,
    },
}

/// What is known of one tenant's Graph.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    stand: Stand,
    /// In a row.
    failures: u32,
    /// Whose they were.
    failing: HashSet<String>,
    /// When each mailbox was last asked for.
    asked: HashMap<String, Instant>,
    trials: u64,
}

impl Circuit {
    /// How long to wait, where a request would not be let through now.
    pub(super) fn closed_for(&self, now: Instant, urgent: bool) -> Option<Duration> {
        match self.stand {
            Stand::Open { until, .. } if until > now && !urgent => Some(until - now),
            Stand::Trying { until, times, .. } => {
                let rest = until.saturating_duration_since(now);
                Some(TRIAL.max(pause(times, 0.0) / 2).max(rest))
            }
            Stand::Closed | Stand::Open { .. } => None,
        }
    }

    /// Lets a request for a mailbox go, or says how long to wait. `urgent`: a person waits for it, who is told how it is
    /// now, and not how it was: it may be the trial before its time.
    pub(super) fn admit(&mut self, now: Instant, mailbox: &str, urgent: bool) -> Result<Pass, Duration> {
        if let Some(wait) = self.closed_for(now, urgent) {
            return Err(wait);
        }
        match self.asked.get_mut(mailbox) {
            Some(at) => *at = now,
            None => {
                self.asked.insert(mailbox.to_owned(), now);
            }
        }
        let Stand::Open { until, times } = self.stand else { return Ok(Pass::Usual) };
        self.trials += 1;
        self.stand = Stand::Trying { number: self.trials, until, times };
        Ok(Pass::Trial(self.trials))
    }

    /// What came of a request. Some where it opens by that: for how long. `chance` from 0 to 1 spreads the processes.
    pub(super) fn told(
        &mut self,
        now: Instant,
        mailbox: &str,
        pass: Pass,
        word: Word,
        chance: f64,
    ) -> Option<Duration> {
        match (word, self.stand) {
            (Word::Answers, _) => {
                self.stand = Stand::Closed;
                self.failures = 0;
                self.failing.clear();
                None
            }
            (Word::Nothing, Stand::Trying { number, until, times }) if pass == Pass::Trial(number) => {
                self.stand = Stand::Open { until, times };
                None
            }
            (Word::Fails, Stand::Trying { number, until, times }) if pass == Pass::Trial(number) => {
                // One that came before its time changes nothing.
                let early = until > now;
                let pause = pause(times, chance);
                self.stand = if early {
                    Stand::Open { until, times }
                } else {
                    Stand::Open { until: now + pause, times: times.saturating_add(1) }
                };
                (!early).then_some(pause)
            }
            (Word::Fails, Stand::Closed) => {
                self.failures = self.failures.saturating_add(1);
                self.failing.insert(mailbox.to_owned());
                if self.failures < FAILURES || self.failing.len() < self.quorum(now) {
                    return None;
                }
                let pause = pause(0, chance);
                self.stand = Stand::Open { until: now + pause, times: 1 };
                Some(pause)
            }
            // What was sent before it opened.
            (Word::Fails | Word::Nothing, _) => None,
        }
    }

    /// Whether requests are not let through.
    pub(super) fn is_open(&self) -> bool {
        self.stand != Stand::Closed
    }

    /// How many mailboxes must have failed.
    fn quorum(&mut self, now: Instant) -> usize {
        self.asked.retain(|_, at| now.duration_since(*at) < RECENT);
        match self.asked.len() {
            0 | 1 => 1,
            several => several.div_ceil(3).max(2),
        }
    }
}

fn pause(times: u32, chance: f64) -> Duration {
    let grown = FIRST.saturating_mul(1 << times.min(8)).min(LONGEST);
    grown.mul_f64(1.0 + 0.25 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// So many requests of a mailbox that fail, one after the other; what the last one opened.
    fn failing(circuit: &mut Circuit, now: Instant, mailbox: &str, count: u32) -> Option<Duration> {
        let mut opened = None;
        for _ in 0..count {
            let pass = circuit.admit(now, mailbox, false).unwrap();
            opened = circuit.told(now, mailbox, pass, Word::Fails, 0.0);
        }
        opened
    }

    fn ask(circuit: &mut Circuit, now: Instant, mailbox: &str, word: Word) {
        let pass = circuit.admit(now, mailbox, false).unwrap();
        assert_eq!(circuit.told(now, mailbox, pass, word, 0.0), None);
    }

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_between_them_does_not() {
        let (mut circuit, now) = (Circuit::default(), Instant::now());
        assert_eq!(failing(&mut circuit, now, "a", 4), None);
        ask(&mut circuit, now, "a", Word::Answers);
        assert_eq!(failing(&mut circuit, now, "a", 4), None);
        ask(&mut circuit, now, "a", Word::Nothing);
        assert_eq!(failing(&mut circuit, now, "a", 1), Some(FIRST));
        assert_eq!(circuit.admit(now, "b", false), Err(FIRST));
        assert_eq!(circuit.admit(now + seconds(2), "a", false), Err(seconds(3)));
    }

    #[test]
    fn one_trial_at_a_time_and_an_answer_closes_it() {
        let (mut circuit, now) = (Circuit::default(), Instant::now());
        failing(&mut circuit, now, "a", 5).unwrap();
        let later = now + FIRST;
        let trial = circuit.admit(later, "a", false).unwrap();
        assert_eq!(trial, Pass::Trial(1));
        assert_eq!(circuit.admit(later, "b", false), Err(seconds(5)));
        assert_eq!(circuit.admit(later, "b", true), Err(seconds(5)), "not even a person's");
        assert_eq!(circuit.told(later, "a", trial, Word::Answers, 0.0), None);
        assert!(!circuit.is_open());
        assert_eq!(circuit.admit(later, "b", false), Ok(Pass::Usual));
    }

    #[test]
    fn with_every_trial_that_fails_it_stays_open_for_longer_up_to_a_minute() {
        let (mut circuit, mut now) = (Circuit::default(), Instant::now());
        let mut pause = failing(&mut circuit, now, "a", 5).unwrap();
        let mut pauses = vec![pause.as_secs()];
        for _ in 0..6 {
            now += pause;
            let trial = circuit.admit(now, "a", false).unwrap();
            pause = circuit.told(now, "a", trial, Word::Fails, 0.0).unwrap();
            pauses.push(pause.as_secs());
        }
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60, 60]);
        let trial = circuit.admit(now + pause, "a", false).unwrap();
        let spread = circuit.told(now + pause, "a", trial, Word::Fails, 1.0).unwrap();
        assert_eq!(spread, seconds(75));
    }

    #[test]
    fn what_was_sent_before_it_opened_does_not_prolong_it_and_closes_it_when_it_is_answered() {
        let (mut circuit, now) = (Circuit::default(), Instant::now());
        let (slow, slower) =
            (circuit.admit(now, "a", false).unwrap(), circuit.admit(now, "a", false).unwrap());
        failing(&mut circuit, now, "a", 5).unwrap();
        let later = now + seconds(4);
        assert_eq!(circuit.told(later, "a", slow, Word::Fails, 0.0), None);
        assert_eq!(circuit.admit(later, "a", false), Err(seconds(1)));
        let trial = circuit.admit(now + FIRST, "a", false).unwrap();
        assert_eq!(circuit.told(now + FIRST, "a", slow, Word::Fails, 0.0), None);
        assert!(circuit.admit(now + FIRST, "a", false).is_err(), "the trial is still under way");
        circuit.told(now + FIRST, "a", slower, Word::Answers, 0.0);
        assert_eq!(circuit.admit(now + FIRST, "a", false), Ok(Pass::Usual));
        assert_eq!(
            circuit.told(now + FIRST, "a", trial, Word::Fails, 0.0),
            None,
            "one failure opens nothing"
        );
    }

    #[test]
    fn a_trial_that_told_nothing_leaves_the_turn_to_the_next() {
        let (mut circuit, now) = (Circuit::default(), Instant::now());
        failing(&mut circuit, now, "a", 5).unwrap();
        let later = now + FIRST;
        let trial = circuit.admit(later, "a", false).unwrap();
        circuit.told(later, "a", trial, Word::Nothing, 0.0);
        assert_eq!(circuit.admit(later, "b", false), Ok(Pass::Trial(2)));
    }

    #[test]
    fn a_person_is_not_told_how_it_was_but_tries_it_and_prolongs_nothing() {
        let (mut circuit, now) = (Circuit::default(), Instant::now());
        failing(&mut circuit, now, "a", 5).unwrap();
        let soon = now + seconds(1);
        let trial = circuit.admit(soon, "b", true).unwrap();
        assert!(matches!(trial, Pass::Trial(_)));
        assert_eq!(circuit.told(soon, "b", trial, Word::Fails, 0.0), None);
        assert_eq!(circuit.admit(soon, "a", false), Err(seconds(4)), "as if nobody had tried");
        let trial = circuit.admit(soon, "b", true).unwrap();
        circuit.told(soon, "b", trial, Word::Answers, 0.0);
        assert_eq!(circuit.admit(soon, "a", false), Ok(Pass::Usual));
    }

    #[test]
    fn mailboxes_in_trouble_of_their_own_do_not_close_it_to_the_others() {
        let (mut circuit, now) = (Circuit::default(), Instant::now());
        for number in 0..12 {
            ask(&mut circuit, now, &format!("well-{number}"), Word::Answers);
        }
        assert_eq!(failing(&mut circuit, now, "ill-1", 50), None);
        assert_eq!(failing(&mut circuit, now, "ill-2", 50), None);
        assert!(!circuit.is_open());
        let opened = (0..12).position(|n| failing(&mut circuit, now, &format!("well-{n}"), 1).is_some());
        assert_eq!(opened, Some(2), "a third of fourteen");
    }

    #[test]
    fn of_two_mailboxes_one_alone_does_not_open_it_unless_the_other_has_long_been_silent() {
        let (mut circuit, now) = (Circuit::default(), Instant::now());
        ask(&mut circuit, now, "well", Word::Answers);
        assert_eq!(failing(&mut circuit, now, "ill", 20), None);
        assert!(failing(&mut circuit, now + RECENT, "ill", 1).is_some());
    }
}
