//! One token a scope, renewed before it lapses; one renewal in flight however many wait for it.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use secrecy::ExposeSecret as _;
use tokio_util::task::TaskTracker;

use super::{Bearer, Error};
use crate::domain::clock::Clock;

/// A token is renewed so long before its end, unless it lives shorter than twice that.
const EARLY: TimeDelta = TimeDelta::minutes(5);
/// A token is not given out so shortly before its end: it has a way to go.
const WAY: TimeDelta = TimeDelta::seconds(10);
/// A provider that refuses every token does not make us fetch one for each call.
const BETWEEN_FORCED: TimeDelta = TimeDelta::seconds(10);
/// After a failure the next attempt waits so long, unless the endpoint asks for longer.
const AFTER_FAILURE: TimeDelta = TimeDelta::seconds(5);

/// A fetch that is under way; all who wait share its end.
type Flight = Shared<BoxFuture<'static, Result<Bearer, Error>>>;

/// The token of one scope.
pub(super) struct Slot {
    state: Mutex<State>,
    /// All fetches of the process that are under way.
    flights: TaskTracker,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    flight: Option<Flight>,
    failed: Option<Failed>,
    forced_at: Option<DateTime<Utc>>,
}

/// The last attempt failed.
struct Failed {
    why: Error,
    since: DateTime<Utc>,
    /// No other is made before.
    until: DateTime<Utc>,
}

struct Held {
    bearer: Bearer,
    since: DateTime<Utc>,
    /// From then on it is renewed.
    due: DateTime<Utc>,
    /// Until then it is given out.
    last: DateTime<Utc>,
}

impl Held {
    /// A token that was fetched at `now`.
    fn new(bearer: Bearer, now: DateTime<Utc>) -> Self {
        let life = bearer.expires_at - now;
        let due = (now + life / 2).max(bearer.expires_at - EARLY);
        let last = bearer.expires_at - WAY.min(life / 10);
        Self { bearer, since: now, due, last }
    }

    /// Whether it is to be renewed. A clock that was set back says nothing of how long it is good: better a new one.
    fn is_due(&self, now: DateTime<Utc>) -> bool {
        now >= self.due || now < self.since
    }
}

impl Slot {
    pub(super) fn new(flights: &TaskTracker) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::default()), flights: flights.clone() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token, fetched by `fetch` where there is none. While one is still good, its renewal is waited for by nobody.
    pub(super) async fn bearer(
        self: &Arc<Self>,
        clock: &Arc<dyn Clock>,
        fetch: impl FnOnce() -> BoxFuture<'static, Result<Bearer, Error>>,
    ) -> Result<Bearer, Error> {
        let flight = {
            let mut state = self.state();
            let now = clock.now();
            let good = state.held.as_ref().filter(|held| now < held.last);
            let good = good.map(|held| (held.bearer.clone(), !held.is_due(now)));
            if let Some((bearer, true)) = good {
                return Ok(bearer);
            }
            let pause = state.failed.as_ref().filter(|failed| (failed.since..failed.until).contains(&now));
            match (good, pause.map(|failed| failed.why.clone()), state.flight.clone()) {
                (Some((bearer, _)), Some(_), _) | (Some((bearer, _)), _, Some(_)) => return Ok(bearer),
                (None, Some(error), _) => return Err(error),
                (None, None, Some(flight)) => flight,
                (good, None, None) => {
                    let flight = self.depart(Arc::clone(clock), fetch());
                    state.flight = Some(flight.clone());
                    match good {
                        Some((bearer, _)) => return Ok(bearer),
                        None => flight,
                    }
                }
            }
        };
        flight.await
    }

    /// Fetches in a task of its own: what was begun is ended and kept, even if nobody waits any more.
    fn depart(
        self: &Arc<Self>,
        clock: Arc<dyn Clock>,
        fetch: BoxFuture<'static, Result<Bearer, Error>>,
    ) -> Flight {
        let slot = Arc::clone(self);
        let task = self.flights.spawn(async move {
            // A library that panics ends this fetch, and not all that come after.
            let result = AssertUnwindSafe(fetch).catch_unwind().await.unwrap_or(Err(Error::BrokenOff));
            slot.arrive(clock.now(), &result);
            result
        });
        let ended = async move { task.await.unwrap_or(Err(Error::BrokenOff)) };
        ended.boxed().shared()
    }

    fn arrive(&self, now: DateTime<Utc>, result: &Result<Bearer, Error>) {
        let mut state = self.state();
        state.flight = None;
        match result {
            Ok(bearer) => {
                state.held = Some(Held::new(bearer.clone(), now));
                state.failed = None;
            }
            Err(error) => {
                let asked = error.retry_after().and_then(|after| TimeDelta::from_std(after).ok());
                let until = now + asked.unwrap_or(AFTER_FAILURE).max(AFTER_FAILURE);
                state.failed = Some(Failed { why: error.clone(), since: now, until });
            }
        }
    }

    /// The provider refused this token: the next call gets another one, but not again and again.
    pub(super) fn refused(&self, bearer: &Bearer, now: DateTime<Utc>) {
        let mut state = self.state();
        let is_held = state.held.as_ref().is_some_and(|held| held.bearer.is(bearer));
        let lately = state.forced_at.is_some_and(|at| (now - at).abs() < BETWEEN_FORCED);
        if is_held && !lately {
            state.held = None;
            state.forced_at = Some(now);
        }
    }
}

impl Bearer {
    fn is(&self, other: &Self) -> bool {
        self.token.expose_secret() == other.token.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::domain::clock::ManualClock;

    struct House {
        slot: Arc<Slot>,
        clock: Arc<ManualClock>,
        fetched: Arc<AtomicUsize>,
    }

    impl House {
        fn new() -> Self {
            let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
            Self {
                slot: Slot::new(&TaskTracker::new()),
                clock: Arc::new(ManualClock::new(start)),
                fetched: Arc::default(),
            }
        }

        /// Tokens named t1, t2, … that live for an hour; fails while `fails`.
        async fn ask(&self, fails: bool) -> Result<String, Error> {
            let clock: Arc<dyn Clock> = self.clock.clone();
            let (now, fetched) = (clock.now(), Arc::clone(&self.fetched));
            let fetch = move || {
                async move {
                    let number = fetched.fetch_add(1, Ordering::SeqCst) + 1;
                    if fails {
                        return Err(Error::Machine("no"));
                    }
                    let token = format!("t{number}").into();
                    Ok(Bearer { token, expires_at: now + TimeDelta::hours(1) })
                }
                .boxed()
            };
            let bearer = self.slot.bearer(&clock, fetch).await?;
            Ok(bearer.token.expose_secret().to_owned())
        }

        async fn landed(&self) {
            while self.slot.state().flight.is_some() {
                tokio::task::yield_now().await;
            }
        }

        fn held(&self) -> Bearer {
            self.slot.state().held.as_ref().map(|held| held.bearer.clone()).unwrap()
        }
    }

    #[tokio::test]
    async fn a_token_is_kept_until_five_minutes_before_its_end_and_renewed_in_the_background() {
        let house = House::new();
        assert_eq!(house.ask(false).await.unwrap(), "t1");
        house.clock.advance(TimeDelta::minutes(54));
        assert_eq!(house.ask(false).await.unwrap(), "t1");
        assert_eq!(house.fetched.load(Ordering::SeqCst), 1);
        house.clock.advance(TimeDelta::minutes(2));
        assert_eq!(house.ask(false).await.unwrap(), "t1");
        house.landed().await;
        assert_eq!(house.ask(false).await.unwrap(), "t2");
    }

    #[tokio::test]
    async fn a_token_that_is_still_good_is_given_out_while_its_renewal_fails() {
        let house = House::new();
        house.ask(false).await.unwrap();
        house.clock.advance(TimeDelta::minutes(56));
        assert_eq!(house.ask(true).await.unwrap(), "t1");
        house.landed().await;
        assert_eq!(house.ask(true).await.unwrap(), "t1");
        assert_eq!(house.fetched.load(Ordering::SeqCst), 2, "no second attempt so soon");
        house.clock.advance(TimeDelta::minutes(4));
        assert!(house.ask(true).await.is_err(), "it has lapsed");
    }

    #[tokio::test]
    async fn a_failure_is_the_answer_to_all_for_some_seconds() {
        let house = House::new();
        house.ask(true).await.unwrap_err();
        house.ask(false).await.unwrap_err();
        assert_eq!(house.fetched.load(Ordering::SeqCst), 1);
        house.clock.advance(TimeDelta::seconds(6));
        assert_eq!(house.ask(false).await.unwrap(), "t2");
    }

    #[tokio::test]
    async fn a_refused_token_is_renewed_once_in_some_seconds() {
        let house = House::new();
        house.ask(false).await.unwrap();
        let first = house.held();
        house.slot.refused(&first, house.clock.now());
        assert_eq!(house.ask(false).await.unwrap(), "t2");
        house.slot.refused(&first, house.clock.now());
        house.slot.refused(&house.held(), house.clock.now());
        assert_eq!(house.ask(false).await.unwrap(), "t2", "the second refusal came too soon");
        house.clock.advance(TimeDelta::seconds(11));
        house.slot.refused(&house.held(), house.clock.now());
        assert_eq!(house.ask(false).await.unwrap(), "t3");
    }

    #[tokio::test]
    async fn a_fetch_that_panics_is_a_failure_and_the_next_one_begins_anew() {
        let house = House::new();
        let clock: Arc<dyn Clock> = house.clock.clone();
        let panics = || async { panic!("a library did") }.boxed();
        let error = house.slot.bearer(&clock, panics).await.err().unwrap();
        assert!(matches!(error, Error::BrokenOff), "{error}");
        house.clock.advance(TimeDelta::seconds(6));
        assert_eq!(house.ask(false).await.unwrap(), "t1");
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_by_an_hour_holds_up_nothing() {
        let house = House::new();
        house.ask(true).await.unwrap_err();
        house.clock.advance(TimeDelta::hours(-1));
        assert_eq!(house.ask(false).await.unwrap(), "t2", "no pause is an hour long");
        house.slot.refused(&house.held(), house.clock.now());
        assert_eq!(house.ask(false).await.unwrap(), "t3");
        house.clock.advance(TimeDelta::hours(-1));
        house.slot.refused(&house.held(), house.clock.now());
        assert_eq!(house.ask(false).await.unwrap(), "t4", "the last forced one was long ago or never");
        house.clock.advance(TimeDelta::hours(-1));
        assert_eq!(house.ask(false).await.unwrap(), "t4");
        house.landed().await;
        assert_eq!(house.ask(false).await.unwrap(), "t5", "what it has left to live is not known any more");
    }

    #[test]
    fn a_short_lived_token_is_renewed_at_half_its_life() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let of = |minutes| {
            let bearer = Bearer { token: "x".into(), expires_at: now + TimeDelta::minutes(minutes) };
            (Held::new(bearer, now).due - now).num_minutes()
        };
        assert_eq!(of(4), 2);
        assert_eq!(of(10), 5);
        assert_eq!(of(90), 85);
    }
}
