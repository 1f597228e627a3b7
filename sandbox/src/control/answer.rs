//! Refusals with what to do about them.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::faults::{Mistake, ScenarioError};
use crate::input::Undelivered;
use crate::snapshot;

/// A status, a code for programs, a sentence and a hint for people.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: &'static str,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), hint: "docs/sandbox.md shows each call" }
    }

    pub fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    /// 404 for a thing of that kind.
    pub fn unknown(what: &str, name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "notFound", format!("there is no {what} '{name}'"))
            .hint("GET /sandbox shows what there is")
    }

    /// 409 for a thing of that kind.
    pub fn taken(what: &str, name: &str) -> Self {
        Self::new(StatusCode::CONFLICT, "taken", format!("there is a {what} '{name}' already"))
    }

    /// 400.
    pub fn wrong(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "wrongInput", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({ "code": self.code, "message": self.message, "hint": self.hint });
        (self.status, axum::Json(json!({ "error": error }))).into_response()
    }
}

impl From<Undelivered> for Refusal {
    fn from(error: Undelivered) -> Self {
        let (status, code) = match &error {
            Undelivered::NoMailbox(_) => (StatusCode::NOT_FOUND, "notFound"),
            Undelivered::NoFolder(_) => (StatusCode::NOT_FOUND, "notFound"),
            Undelivered::Full => (StatusCode::INSUFFICIENT_STORAGE, "full"),
        };
        Self::new(status, code, error.to_string()).hint("GET /sandbox shows the mailboxes")
    }
}

impl From<Mistake> for Refusal {
    fn from(mistake: Mistake) -> Self {
        Self::wrong(mistake.to_string())
    }
}

impl From<ScenarioError> for Refusal {
    fn from(error: ScenarioError) -> Self {
        Self::wrong(error.to_string())
    }
}

impl From<snapshot::Error> for Refusal {
    fn from(error: snapshot::Error) -> Self {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Self::wrong(format!("{error}{cause}")).hint("the path is one of the machine that the sandbox runs on")
    }
}

/// A JSON body; what is wrong with it is said as everything here.
pub struct Given<T>(pub T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> FromRequest<S> for Given<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(given)) => Ok(Self(given)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Refusal::wrong("the body is not said to be JSON")
                    .hint("send Content-Type: application/json"))
            }
            Err(rejection) => Err(Refusal::wrong(rejection.body_text())),
        }
    }
}
