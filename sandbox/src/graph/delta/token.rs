//! What a link remembers, and how lost ones are refused.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::graph::answer::Problem;
use crate::graph::odata::Here;
use crate::switches::{GoneSays, Switches};

/// Opaque to clients.
pub fn write(token: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(token).unwrap_or_default())
}

/// None where it is none of ours.
pub fn read<T: DeserializeOwned>(token: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

/// Whether a token of that time is still good.
pub fn is_fresh(issued: i64, now: DateTime<Utc>, switches: &Switches) -> bool {
    let Some(issued) = DateTime::from_timestamp_millis(issued) else { return false };
    issued <= now && now - issued <= TimeDelta::try_seconds(switches.delta_seconds).unwrap_or(TimeDelta::MAX)
}

/// 410: the client is to begin anew, at the address where it began.
pub fn gone(here: &Here, says: GoneSays) -> Response {
    let location = here.link(&["$skiptoken"], &[("$deltatoken", "")]);
    let problem = |code| {
        let message = "The sync state generation is not found; resync is required.";
        Problem::new(StatusCode::GONE, code, message).with("Location", location.clone()).into_response()
    };
    match says {
        GoneSays::SyncStateNotFound => problem("syncStateNotFound"),
        GoneSays::ResyncRequired => problem("resyncRequired"),
        GoneSays::Nothing => (StatusCode::GONE, [(header::LOCATION, location)]).into_response(),
    }
}
