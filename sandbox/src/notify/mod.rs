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
use parcels::Parcel;

/// What happens within this time is told together.
const TOGETHER: Duration = Duration::from_millis(50);
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
        tokio::time::sleep(TOGETHER).await;
        tell(&state);
    }
}

/// Tells at once what happened so far, so that who subscribes after this hears only of what comes.
pub fn tell(state: &State) {
    for parcel in parcels::ready(state) {
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
