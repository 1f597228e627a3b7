//! What may be asked of a mailbox at one time and in ten minutes, shared by all sessions of this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::pace::{Pace, pause};
use crate::provider::Access;

/// Of the four requests that Outlook takes at a time, those of who handles the mailbox.
pub(super) const HANDLERS: u32 = 3;
/// And of who only looks.
const LOOKERS: u32 = 1;
/// A mailbox that was not asked for so long is forgotten: its window is over.
const IDLE: Duration = Duration::from_secs(660);

/// The budgets of all mailboxes that this process reads. Clones share them.
#[derive(Clone, Default)]
pub struct Budgets(Arc<Mutex<HashMap<String, Arc<Budget>>>>);

impl std::fmt::Debug for Budgets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Budgets").finish_non_exhaustive()
    }
}

impl Budgets {
    /// The budget of a mailbox, by the provider's own identity of it.
    pub(super) fn of(&self, mailbox: &str) -> Arc<Budget> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(budget) = known.get(mailbox) {
            return Arc::clone(budget);
        }
        let now = Instant::now();
        known.retain(|_, budget| Arc::strong_count(budget) > 1 || !budget.is_idle(now));
        Arc::clone(known.entry(mailbox.to_owned()).or_default())
    }
}

/// The budget of one mailbox.
#[derive(Debug)]
pub(super) struct Budget {
    handlers: Arc<Semaphore>,
    lookers: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    used_at: Instant,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            handlers: Arc::new(Semaphore::new(HANDLERS as usize)),
            lookers: Arc::new(Semaphore::new(LOOKERS as usize)),
            state: Mutex::new(State { pace: Pace::default(), used_at: Instant::now() }),
        }
    }
}

/// Room for some requests, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Slots {
    _held: Option<OwnedSemaphorePermit>,
    /// When it was given.
    pub since: Instant,
}

impl Budget {
    /// Waits for room for so many requests; Err says how long it would take where that is more than the patience.
    pub(super) async fn enter(
        &self,
        access: Access,
        count: u32,
        patience: Duration,
    ) -> Result<Slots, Duration> {
        let (room, most) = match access {
            Access::Handle => (&self.handlers, HANDLERS),
            Access::Look => (&self.lookers, LOOKERS),
        };
        // Never closed.
        let held = Arc::clone(room).acquire_many_owned(count.min(most)).await.ok();
        let deadline = Instant::now() + patience;
        loop {
            let now = Instant::now();
            let admitted = {
                let mut state = self.state();
                state.used_at = now;
                state.pace.admit(now, count, access == Access::Look)
            };
            match admitted {
                Ok(()) => return Ok(Slots { _held: held, since: now }),
                Err(wait) if now + wait > deadline => return Err(wait),
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// A request was throttled.
    pub(super) fn throttled(&self, sent: Instant, after: Option<Duration>) {
        self.state().pace.throttled(Instant::now(), sent, after, chance());
    }

    /// A request was answered otherwise.
    pub(super) fn answered(&self, sent: Instant) {
        self.state().pace.answered(sent);
    }

    fn is_idle(&self, now: Instant) -> bool {
        now.duration_since(self.state().used_at) > IDLE
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait before asking again after so many failures that are no throttles.
pub(super) fn backoff(failures: u32, after: Option<Duration>) -> Duration {
    pause(failures, after, chance())
}

/// From 0 to 1.
pub(super) fn chance() -> f64 {
    // Without chance everyone waits the same time: no harm is done.
    f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn three_handle_and_one_looks_and_the_next_waits_until_a_slot_is_given_back() {
        let budgets = Budgets::default();
        let budget = budgets.of("a");
        let three = budget.enter(Access::Handle, 3, LONG).await.unwrap();
        let _look = budget.enter(Access::Look, 1, LONG).await.unwrap();
        let same = budgets.of("a");
        let mut fourth = Box::pin(same.enter(Access::Handle, 1, LONG));
        assert!(futures::poll!(&mut fourth).is_pending());
        drop(three);
        fourth.await.unwrap();
        budgets.of("b").enter(Access::Handle, 3, LONG).await.unwrap();
    }

    #[tokio::test]
    async fn a_pause_is_the_whole_mailboxs_and_said_at_once_where_it_is_longer_than_the_patience() {
        let budget = Budget::default();
        budget.throttled(Instant::now(), Some(Duration::from_secs(30)));
        for access in [Access::Handle, Access::Look] {
            let wait = budget.enter(access, 1, Duration::from_secs(5)).await.unwrap_err();
            assert!(wait >= Duration::from_secs(29), "{wait:?}");
        }
    }
}
