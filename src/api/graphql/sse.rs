//! Server-sent events: graphql-sse's distinct connections mode, one operation a request.

use std::convert::Infallible;

use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;

use super::executor::Prepared;
use crate::api::Api;
use crate::api::token::Verified;

/// `next` for every answer, `complete` at the end. It ends when the token does.
pub fn respond(api: &Api, verified: Verified, prepared: Prepared, request_id: String) -> Response {
    let left = (verified.expires_at - api.auth.clock().now()).to_std().unwrap_or_default();
    let answers = api
        .graphql
        .stream(verified.caller, prepared, request_id)
        .map(|answer| Event::default().event("next").data(answer.json()))
        .take_until(tokio::time::sleep(left));
    let complete = futures::stream::once(async { Event::default().event("complete").data("") });
    let keep_alive = KeepAlive::new().interval(api.graphql.limits().keep_alive);
    let mut response =
        Sse::new(answers.chain(complete).map(Ok::<_, Infallible>)).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
