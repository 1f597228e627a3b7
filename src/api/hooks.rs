//! Where Microsoft Graph sends change notifications. Nothing is fetched here: the answer goes out as soon as the jobs are
//! noted as due, and in time whatever the database does.
//!
//! Source: Microsoft Graph documentation, "Receive change notifications through webhooks" and "lifecycle events".

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Api;
use crate::domain::watch::{Notification, Told};
use crate::service;

/// Bytes of a validation token.
const MAX_TOKEN: usize = 4_096;
/// Items of one request that are looked at.
const MAX_ITEMS: usize = 1_000;
/// An answer takes no longer. Graph wants one within three seconds, and keeps away from who is often late.
const PATIENCE: Duration = Duration::from_secs(2);
/// Requests that are noted at the same time: anyone may send them, and the database is for others too.
const AT_ONCE: usize = 4;

/// Whose turn it is to be noted.
#[derive(Clone)]
pub struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// What is asked when a subscription is made.
#[derive(Deserialize)]
pub struct Handshake {
    #[serde(rename = "validationToken")]
    validation_token: Option<String>,
}

/// Each item is read for itself: one that makes no sense must not stop the others.
#[derive(Deserialize)]
struct Delivery<'a> {
    #[serde(borrow)]
    value: Vec<&'a RawValue>,
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
pub async fn graph(
    State(api): State<Api>,
    Extension(turns): Extension<Turns>,
    handshake: Result<Query<Handshake>, QueryRejection>,
    body: Bytes,
) -> Response {
    let Ok(Query(Handshake { validation_token })) = handshake else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if let Some(token) = validation_token {
        return echo(token);
    }
    let Ok(delivery) = serde_json::from_slice::<Delivery<'_>>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let items: Vec<Notification> =
        delivery.value.iter().take(MAX_ITEMS).filter_map(|item| notification(item)).collect();
    let senseless = delivery.value.len() - items.len();
    let noted = timeout(PATIENCE, async {
        // Never closed.
        let _turn = turns.0.acquire().await;
        service::watch::note(api.graphql.services(), &items).await
    });
    match noted.await {
        Ok(Ok(noted)) => {
            metrics::counter!("mailroom_notifications_total").increment(delivery.value.len() as u64);
            let dropped = noted.dropped + senseless;
            if dropped > 0 {
                metrics::counter!("mailroom_notifications_dropped_total").increment(dropped as u64);
                if is_worth_a_line() {
                    tracing::warn!(dropped, "change notifications that prove nothing were dropped");
                }
            }
            StatusCode::ACCEPTED.into_response()
        }
        Ok(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a change notification was not noted");
            sent_again()
        }
        Err(_elapsed) => {
            tracing::warn!("a change notification was not noted in time: the database is slow");
            sent_again()
        }
    }
}

/// Graph sends it again, for up to four hours. If it does not, the job looks by itself.
fn sent_again() -> Response {
    metrics::counter!("mailroom_notifications_deferred_total").increment(1);
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

/// Once a minute: whoever sends them must not fill the log. The metric counts them all.
fn is_worth_a_line() -> bool {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let is_worth = last.is_none_or(|last| last.elapsed() >= Duration::from_secs(60));
    if is_worth {
        *last = Some(Instant::now());
    }
    is_worth
}

/// None of an item that makes no sense.
fn notification(item: &RawValue) -> Option<Notification> {
    serde_json::from_str::<Item>(item.get()).ok()?.notification()
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
