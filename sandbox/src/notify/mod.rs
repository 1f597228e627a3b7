//! Outgoing notifications: what happened, told to those who subscribed to it.
//!
//! | file | holds |
//! |---|---|
//! | `courier` | HTTP to the receiver: the handshake, and bringing a notification |
//! | `parcels` | what is told to whom |
//! | `lifecycle` | reauthorizationRequired, subscriptionRemoved, missed |

mod courier;
mod lifecycle;
mod parcels;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use courier::{Courier, Unproven};
pub use lifecycle::{Event, lifecycle};

use crate::log::Seen;
use crate::state::State;
use crate::world::World;
use parcels::{Item, Parcel};

/// How long is waited before each further try. Graph goes on for four hours.
const TRIES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// Tells whatever happens, for as long as it runs.
pub async fn run(state: State) {
    loop {
        state.changed().await;
        let together = Duration::from_millis(state.switches().notification_delay_ms);
        tokio::time::sleep(together).await;
        tell(&state);
    }
}

/// Tells what happened so far.
fn tell(state: &State) {
    let items = parcels::items(&mut state.world_quietly(), state.clock.now());
    send(state, items);
}

/// Changes the world so that who subscribes by it hears only of what comes: what happened before is told at once, to
/// those who had subscribed by then. Nothing can happen between the two.
pub fn from_now_on<T>(state: &State, change: impl FnOnce(&mut World) -> T) -> T {
    let (items, done) = {
        let mut world = state.world_mut();
        (parcels::items(&mut world, state.clock.now()), change(&mut world))
    };
    send(state, items);
    done
}

fn send(state: &State, items: Vec<Item>) {
    for parcel in parcels::packed(&state.faults, items) {
        tokio::spawn(bring(state.clone(), parcel));
    }
}

/// Brings it, again where it is not taken; who never takes it is told that they missed something.
async fn bring(state: State, parcel: Parcel) {
    tokio::time::sleep(parcel.late).await;
    for wait in TRIES.into_iter().map(Some).chain([None]) {
        if !state.world().subscriptions.contains_key(&parcel.subscription) {
            return;
        }
        let seconds = state.switches().notification_seconds;
        let body = parcel.body();
        if let Some(watcher) = state.log.watcher() {
            watcher.see(Seen::Notification { url: &parcel.url, body: &body });
        }
        if state.courier.bring(&parcel.url, &body, seconds).await {
            return;
        }
        match wait {
            Some(wait) => tokio::time::sleep(wait).await,
            None => break,
        }
    }
    lifecycle(&state, parcel.subscription, Event::Missed).await;
}
