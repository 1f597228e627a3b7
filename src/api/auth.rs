//! Who is asking: the bearer token of a request (RFC 6750).

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Api;
use super::token::{self, LocalKey, Verified};
use crate::domain::clock::Clock;

/// Accepts tokens.
#[derive(Clone)]
pub struct Authenticator {
    key: LocalKey,
    clock: Arc<dyn Clock>,
}

/// A request without a good token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is none.
    #[error("A bearer token is required: send it as 'Authorization: Bearer <token>'.")]
    Missing,
    /// It is not one of ours, or was altered.
    #[error("The bearer token is not valid.")]
    Invalid,
    /// It has run out.
    #[error("The bearer token has expired: get a new one.")]
    Expired,
}

impl Authenticator {
    /// Accepts what the key signed.
    pub fn new(key: LocalKey, clock: Arc<dyn Clock>) -> Self {
        Self { key, clock }
    }

    /// The clock that tokens are judged by.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Judges the value of an Authorization header.
    pub fn authorization(&self, value: &str) -> Result<Verified, Refused> {
        let (scheme, token) = value.trim().split_once(' ').ok_or(Refused::Invalid)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Refused::Invalid);
        }
        self.key.verify(token.trim(), self.clock.now()).map_err(|error| match error {
            token::Error::Expired => Refused::Expired,
            token::Error::WeakKey(_) | token::Error::Invalid(_) | token::Error::NoSubject => Refused::Invalid,
        })
    }

    /// Judges the Authorization header of a request.
    pub fn headers(&self, headers: &HeaderMap) -> Result<Verified, Refused> {
        let value = headers.get(header::AUTHORIZATION).ok_or(Refused::Missing)?;
        self.authorization(value.to_str().map_err(|_| Refused::Invalid)?)
    }
}

impl<S> FromRequestParts<S> for Verified
where
    Api: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        Api::from_ref(state).auth.headers(&parts.headers)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let challenge = match self {
            Self::Missing => "Bearer realm=\"mailroom\"",
            Self::Invalid | Self::Expired => "Bearer realm=\"mailroom\", error=\"invalid_token\"",
        };
        let body = json!({
            "errors": [{ "message": self.to_string(), "extensions": { "code": "UNAUTHENTICATED" } }]
        });
        let mut response = (StatusCode::UNAUTHORIZED, Json(body)).into_response();
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        response
    }
}
