//! Lifecycle events (learn.microsoft.com/graph/change-notifications-lifecycle-events).

use serde_json::json;
use uuid::Uuid;

use crate::graph::answer::time;
use crate::log::Seen;
use crate::state::State;

/// What a subscriber must act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// It must renew, or prove anew that it may.
    ReauthorizationRequired,
    /// There is no subscription any more.
    SubscriptionRemoved,
    /// Some notifications never came.
    Missed,
}

/// Tells an event of a subscription where its lifecycle events go; whether it was taken. One that is removed is gone
/// before it is told.
pub async fn lifecycle(state: &State, id: Uuid, event: Event) -> bool {
    let subscription = match event {
        Event::SubscriptionRemoved => state.world_quietly().subscriptions.remove(&id),
        _ => state.world().subscriptions.get(&id).cloned(),
    };
    let Some(subscription) = subscription else { return false };
    let Some(url) = &subscription.lifecycle_url else { return false };
    let body = json!({ "value": [{
        "subscriptionId": subscription.id,
        "subscriptionExpirationDateTime": time(subscription.expires),
        "tenantId": subscription.tenant,
        "clientState": subscription.client_state,
        "lifecycleEvent": event,
    }]});
    if let Some(watcher) = state.log.watcher() {
        watcher.see(Seen::Notification { url, body: &body });
    }
    state.courier.bring(url, &body, state.switches().notification_seconds).await
}
