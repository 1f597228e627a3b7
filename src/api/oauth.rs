//! Where a person comes back to from signing in (RFC 6749, 4.1.2). Says only whether it worked; nothing of the request
//! is repeated.

use axum::extract::{Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::Api;
use crate::service::credential::{Unfinished, finish_sign_in};

/// Bytes of a state or a code.
const MAX_BYTES: usize = 8_192;

/// What the sign-in service sends along.
#[derive(Deserialize)]
pub struct Answer {
    state: Option<String>,
    code: Option<String>,
}

/// Redeems the code.
pub async fn callback(State(api): State<Api>, Query(answer): Query<Answer>) -> Response {
    let fits = |text: &String| text.len() <= MAX_BYTES;
    let state = answer.state.filter(fits).unwrap_or_default();
    let code = answer.code.filter(fits).map(Into::into);
    match finish_sign_in(api.graphql.services(), &state, code.as_ref()).await {
        Ok(()) => page(StatusCode::OK, "Signed in", "You can close this page."),
        Err(Unfinished::Stale) => page(
            StatusCode::BAD_REQUEST,
            "This sign-in is not valid any more",
            "It took too long, was used already, or the settings were changed in the meantime. Ask for a new link.",
        ),
        Err(Unfinished::Denied) => page(
            StatusCode::BAD_REQUEST,
            "Not signed in",
            "The sign-in was broken off. Open the link again to try once more.",
        ),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a sign-in could not be completed");
            let (status, hint) = match &error {
                Unfinished::Identity(error) => (StatusCode::BAD_GATEWAY, error.hint()),
                _ => (StatusCode::INTERNAL_SERVER_ERROR, "Try again later."),
            };
            page(status, "The sign-in could not be completed", hint)
        }
    }
}

fn page(status: StatusCode, title: &str, text: &str) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1><p>{text}</p></html>"
    );
    (status, HEADERS, Html(html)).into_response()
}
