//! How many mailboxes are worked on at the same time, and what becomes of one that waits for its server.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// A mailbox that has waited so long for its server lends its place.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// Places that are lent at most, for each that there is.
const LENT: usize = 4;

/// The places of a worker. Clones share them.
#[derive(Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    lent: Arc<Semaphore>,
    /// Rung when a place is free again.
    freed: Arc<Notify>,
    patience: Duration,
}

/// A place, until it is dropped.
pub(super) struct Place {
    places: Places,
    held: Option<OwnedSemaphorePermit>,
    /// It works on credit: when the server had answered, no place was free. It never waits for one, because it may hold
    /// memory that those in the places wait for.
    credit: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// So many, each lent after `patience`.
    pub(super) fn new(count: usize, patience: Duration) -> Self {
        let of = |count| Arc::new(Semaphore::new(count));
        Self { free: of(count), lent: of(count * LENT), freed: Arc::default(), patience }
    }

    /// How many are free.
    pub(super) fn free(&self) -> usize {
        self.free.available_permits()
    }

    /// Takes one; on credit, if the one that was free a moment ago has been taken back by whoever had lent it.
    pub(super) fn take(&self) -> Place {
        let of = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().ok();
        let held = of(&self.free);
        let credit = if held.is_none() { of(&self.lent) } else { None };
        Place { places: self.clone(), held, credit }
    }

    /// Waits until one was given back since the last time.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }
}

impl Place {
    /// Waits for a server: when it takes long, the place is lent; one that is free afterwards is taken.
    pub(super) async fn while_waiting<T>(&mut self, answer: impl Future<Output = T>) -> T {
        tokio::pin!(answer);
        if let Ok(answered) = tokio::time::timeout(self.places.patience, &mut answer).await {
            return answered;
        }
        if self.held.is_some() {
            let Ok(lent) = Arc::clone(&self.places.lent).try_acquire_owned() else { return answer.await };
            self.credit = Some(lent);
            self.held = None;
            self.places.freed.notify_one();
        }
        let answered = answer.await;
        if let Ok(held) = Arc::clone(&self.places.free).try_acquire_owned() {
            self.held = Some(held);
            self.credit = None;
        }
        answered
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.held = None;
        self.credit = None;
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_for_a_server_lends_the_place_and_takes_one_that_is_free() {
        for is_free in [true, false] {
            let places = Places::new(1, Duration::ZERO);
            let mut slow = places.take();
            let (answer, answered) = tokio::sync::oneshot::channel::<()>();
            let waiting = tokio::spawn(async move {
                slow.while_waiting(answered).await.unwrap();
                slow
            });
            places.freed().await;
            assert_eq!(places.free(), 1, "it is lent");
            let other = (!is_free).then(|| places.take());
            answer.send(()).unwrap();
            let slow = waiting.await.unwrap();
            assert_eq!((slow.held.is_some(), slow.credit.is_some()), (is_free, !is_free));
            drop((slow, other));
            assert_eq!((places.free(), places.lent.available_permits()), (1, LENT));
        }
    }

    #[tokio::test]
    async fn no_more_is_lent_than_the_bound() {
        let places = Places::new(1, Duration::ZERO);
        let mut waiting = Vec::new();
        for _ in 0..LENT {
            let mut place = places.take();
            waiting
                .push(tokio::spawn(async move { place.while_waiting(std::future::pending::<()>()).await }));
            places.freed().await;
        }
        let mut last = places.take();
        let wait = last.while_waiting(std::future::pending::<()>());
        assert!(tokio::time::timeout(Duration::from_millis(20), wait).await.is_err());
        assert_eq!(places.free(), 0);
        assert!(waiting.iter().all(|one| !one.is_finished()));
    }

    #[tokio::test]
    async fn a_quick_answer_lends_nothing() {
        let places = Places::new(1, Duration::from_secs(60));
        let mut place = places.take();
        place.while_waiting(std::future::ready(())).await;
        assert_eq!(places.free(), 0);
        drop(place);
        assert_eq!(places.free(), 1);
    }
}
