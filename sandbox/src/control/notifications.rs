//! Who is told what happens, lifecycle events on demand, and what left its tenant.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Refusal;
use crate::notify::{Event, lifecycle};
use crate::state::State;

/// The paths.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/subscriptions", get(list))
        .route("/subscriptions/{id}/{event}", post(tell))
        .route("/outgoing", get(outgoing).delete(forget))
}

async fn list(Shared(state): Shared<State>) -> Json<Value> {
    let world = state.world();
    let shown = world.subscriptions.values().map(|subscription| {
        json!({
            "id": subscription.id,
            "tenant": subscription.tenant,
            "app": subscription.app,
            "mailbox": subscription.mailbox,
            "resource": subscription.resource,
            "changeType": subscription.change_type(),
            "notificationUrl": subscription.url,
            "lifecycleNotificationUrl": subscription.lifecycle_url,
            "expires": subscription.expires,
        })
    });
    Json(shown.collect())
}

/// Whether the receiver took it.
async fn tell(
    Shared(state): Shared<State>,
    Path((id, event)): Path<(Uuid, String)>,
) -> Result<Json<Value>, Refusal> {
    let event: Event = serde_json::from_value(event.into()).map_err(|_| {
        Refusal::new(StatusCode::BAD_REQUEST, "noSuchEvent", "there is no such lifecycle event")
            .hint("one of reauthorizationRequired, subscriptionRemoved, missed")
    })?;
    if !state.world().subscriptions.contains_key(&id) {
        let refusal =
            Refusal::new(StatusCode::NOT_FOUND, "noSuchSubscription", "there is no such subscription");
        return Err(refusal.hint("GET /sandbox/subscriptions lists them"));
    }
    Ok(Json(json!({ "taken": lifecycle(&state, id, event).await })))
}

async fn outgoing(Shared(state): Shared<State>) -> Json<Value> {
    let world = state.world();
    let shown = world.outgoing.iter().map(|one| {
        json!({
            "tenant": one.tenant,
            "from": one.from,
            "to": one.to,
            "at": one.at,
            "mime": String::from_utf8_lossy(&one.raw),
        })
    });
    Json(shown.collect())
}

async fn forget(Shared(state): Shared<State>) -> StatusCode {
    state.world_mut().outgoing.clear();
    StatusCode::NO_CONTENT
}
