//! Wakes the worker of this process, so that 'now' means now. A wake-up that is lost costs one poll interval.

use std::sync::Arc;

use tokio::sync::Notify;

/// Rung by whoever makes work, awaited by the worker. Clones share one bell.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// There is work. Rung twice before the worker looks, it looks once.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits until there is work; at once, if it was rung since the last time.
    pub async fn rung(&self) {
        self.0.notified().await;
    }
}
