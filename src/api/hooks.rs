//! Where Microsoft Graph sends change notifications. Nothing is fetched here: the answer goes out as soon as the jobs are
//! noted as due.
//!
//! Source: Microsoft Graph documentation, "Receive change notifications through webhooks" and "lifecycle events".

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Api;
use crate::domain::watch::{Notification, Told};
use crate::service;

/// Bytes of a validation token.
const MAX_TOKEN: usize = 4_096;
/// Items of one request that are looked at.
const MAX_ITEMS: usize = 1_000;

/// What is asked when a subscription is made.
#[derive(Deserialize)]
pub struct Handshake {
    #[serde(rename = "validationToken")]
    validation_token: Option<String>,
}

#[derive(Deserialize)]
struct Delivery {
    value: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    subscription_id: String,
    #[serde(default)]
    client_state: Option<String>,
    #[serde(default)]
    lifecycle_event: Option<String>,
}

impl Item {
    /// None of an event that is not known: a new one must not stop the others.
    fn notification(self) -> Option<Notification> {
        let told = match self.lifecycle_event.as_deref() {
            None => Told::Changed,
            Some("missed") => Told::Missed,
            Some("reauthorizationRequired") => Told::Reauthorize,
            Some("subscriptionRemoved") => Told::Removed,
            Some(_) => return None,
        };
        let client_state = self.client_state.unwrap_or_default();
        Some(Notification { provider_id: self.subscription_id, client_state, told })
    }
}

/// Echoes the token of the handshake; else notes what is due, and says that it was taken whatever it was worth.
pub async fn graph(State(api): State<Api>, Query(handshake): Query<Handshake>, body: Bytes) -> Response {
    if let Some(token) = handshake.validation_token {
        return echo(token);
    }
    let Ok(delivery) = serde_json::from_slice::<Delivery>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let items: Vec<Notification> =
        delivery.value.into_iter().take(MAX_ITEMS).filter_map(Item::notification).collect();
    match service::watch::note(api.graphql.services(), &items).await {
        Ok(noted) => {
            metrics::counter!("mailroom_notifications_total").increment(items.len() as u64);
            if noted.dropped > 0 {
                metrics::counter!("mailroom_notifications_dropped_total").increment(noted.dropped as u64);
                tracing::warn!(
                    dropped = noted.dropped,
                    "change notifications that prove nothing were dropped"
                );
            }
            StatusCode::ACCEPTED.into_response()
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a change notification was not noted");
            // Graph sends it again.
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// As plain text that no browser takes for anything else.
fn echo(token: String) -> Response {
    if token.len() > MAX_TOKEN {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let fields: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    (fields, token).into_response()
}
