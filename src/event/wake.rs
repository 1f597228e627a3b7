//! Wakes workers, so that 'now' means now. A wake-up that is lost costs one poll interval.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

/// Rung by whoever makes work, heard by the loops of this process, and passed on to the other processes where there are
/// any. Clones share one.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Rung>);

#[derive(Debug, Default)]
struct Rung {
    here: watch::Sender<()>,
    elsewhere: Notify,
}

/// Hears a wake-up. Each loop has its own.
#[derive(Debug)]
pub struct Ear(watch::Receiver<()>);

impl Wake {
    /// There is work: call it after the commit. Rung twice before a loop looks, it looks once.
    pub fn ring(&self) {
        self.ring_here();
        self.0.elsewhere.notify_one();
    }

    /// There is work, and the other processes know.
    pub fn ring_here(&self) {
        self.0.here.send_replace(());
    }

    /// Hears from now on.
    pub fn listen(&self) -> Ear {
        Ear(self.0.here.subscribe())
    }

    /// Waits until the other processes are to be told; for the one loop that does it.
    pub async fn to_be_passed_on(&self) {
        self.0.elsewhere.notified().await;
    }
}

impl Ear {
    /// Waits until there is work; at once, if it was rung since the last time.
    pub async fn rung(&mut self) {
        if self.0.changed().await.is_err() {
            // Nobody is left to ring.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_loop_hears_and_others_are_told_once() {
        let wake = Wake::default();
        let mut loops = [wake.listen(), wake.listen()];
        wake.ring();
        wake.ring();
        for ear in &mut loops {
            ear.rung().await;
            assert!(!ear.0.has_changed().unwrap(), "two rings before it looked are one");
        }
        wake.to_be_passed_on().await;
        wake.ring_here();
        let passed_on = tokio::time::timeout(std::time::Duration::from_millis(20), wake.to_be_passed_on());
        assert!(passed_on.await.is_err(), "what was heard from others is not told to them again");
    }
}
