//! What all parts of a running sandbox share.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::faults::Faults;
use crate::graph::throttle::Throttle;
use crate::log::RequestLog;
use crate::notify::Courier;
use crate::switches::Switches;
use crate::world::World;

/// Clones share everything.
#[derive(Debug, Clone, Default)]
pub struct State {
    world: Arc<RwLock<World>>,
    switches: Arc<RwLock<Switches>>,
    /// The sandbox's time.
    pub clock: Clock,
    /// What becomes of which calls.
    pub faults: Faults,
    /// The published limits.
    pub throttle: Throttle,
    /// What was asked of late.
    pub log: RequestLog,
    /// Who brings notifications.
    pub courier: Courier,
    changed: Arc<Notify>,
}

impl State {
    /// The world, to be looked at. Never hold it over an await.
    pub fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The world, to be changed. Never hold it over an await.
    pub fn world_mut(&self) -> RwLockWriteGuard<'_, World> {
        let world = self.world_quietly();
        // Who waits for it is let in when the lock is given back.
        self.changed.notify_one();
        world
    }

    /// The same, without telling those that wait for a change.
    pub(crate) fn world_quietly(&self) -> RwLockWriteGuard<'_, World> {
        self.world.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the world may have changed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The switches as they stand.
    pub fn switches(&self) -> Switches {
        self.switches.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the switches.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.switches.write().unwrap_or_else(PoisonError::into_inner));
    }
}
