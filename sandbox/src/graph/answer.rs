//! How Graph answers: its error envelope, and the fields that every answer has.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::world::Refused;

/// A refusal: the status, the code, and the sentence that Exchange Online gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Such as `ErrorItemNotFound`.
    pub code: Cow<'static, str>,
    /// For people.
    pub message: String,
    /// Further fields of the answer, such as `Retry-After` and `WWW-Authenticate`.
    pub headers: Vec<(&'static str, String)>,
}

impl Problem {
    /// A refusal without further fields.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), headers: Vec::new() }
    }

    /// The same, with a field more.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// 400: the request is not understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// 400: a query option, or its value, is not one that Graph has.
    pub fn bad_query(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "RequestBroker--ParseUri", message)
    }

    /// 400: an id that is none, or that was not encoded in its path.
    pub fn malformed_id() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ErrorInvalidIdMalformed", "Id is malformed.")
    }

    /// 401, with the challenge.
    pub fn unauthenticated(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let message = message.into();
        let challenge = format!(
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
             error=\"invalid_token\", error_description=\"{}\"",
            message.replace(['"', '\r', '\n'], " ")
        );
        Self::new(StatusCode::UNAUTHORIZED, code, message).with("WWW-Authenticate", challenge)
    }

    /// 403: the app may not do this in this mailbox.
    pub fn access_denied() -> Self {
        let message = "Access is denied. Check credentials and try again.";
        Self::new(StatusCode::FORBIDDEN, "ErrorAccessDenied", message)
    }

    /// 404: a message.
    pub fn no_item() -> Self {
        let message = "The specified object was not found in the store., The process failed to get the correct properties.";
        Self::new(StatusCode::NOT_FOUND, "ErrorItemNotFound", message)
    }

    /// 404: a folder.
    pub fn no_folder() -> Self {
        let message = "The specified folder could not be found in the store.";
        Self::new(StatusCode::NOT_FOUND, "ErrorFolderNotFound", message)
    }

    /// 405: the path is there, but not with that method.
    pub fn unsupported() -> Self {
        let message = "The OData request is not supported.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "ErrorInvalidRequest", message)
    }

    /// The body of the answer, without the ids of the request.
    pub fn body(&self, request_id: Uuid, client_request_id: &str, now: DateTime<Utc>) -> serde_json::Value {
        json!({ "error": {
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": now.format("%Y-%m-%dT%H:%M:%S").to_string(),
                "request-id": request_id,
                "client-request-id": client_request_id,
            },
        }})
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoMessage => Self::no_item(),
            Refused::NoFolder => Self::no_folder(),
            Refused::NameTaken => Self::new(
                StatusCode::CONFLICT,
                "ErrorFolderExists",
                "A folder with the specified name already exists.",
            ),
            Refused::Distinguished => Self::new(
                StatusCode::BAD_REQUEST,
                "ErrorDeleteDistinguishedFolder",
                "Distinguished folders cannot be changed.",
            ),
        }
    }
}

impl IntoResponse for Problem {
    /// Without a body: the frame around all of Graph writes it, because it knows the request.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The fields that Graph gives with every answer.
pub fn stamp(headers: &mut HeaderMap, request_id: Uuid, client_request_id: &str) {
    let diagnostic = r#"{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"0","ScaleUnit":"000","RoleInstance":"SANDBOX00000000"}}"#;
    let fields = [
        ("request-id", request_id.to_string()),
        ("client-request-id", client_request_id.to_owned()),
        ("x-ms-ags-diagnostic", diagnostic.to_owned()),
    ];
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private"));
}

/// A time as Graph writes it: UTC, whole seconds.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
