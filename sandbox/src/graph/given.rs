//! What clients give: the message or folder that a path names, and bodies.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::answer::Problem;
use super::asked::Asked;
use super::caller::Caller;
use crate::mime;
use crate::state::State;
use crate::world::{FolderKey, Mailbox, Message, MessageKey, Named};

/// A path below a user: `/users/{u}/messages/{m}` or `/users/{u}/mailFolders/{f}/messages/{m}`.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct At {
    /// The user, by object id or principal name.
    pub u: String,
    /// The folder, by id or well-known name.
    #[serde(default)]
    pub f: Option<String>,
    /// The message's id.
    #[serde(default)]
    pub m: String,
    /// The attachment's id.
    #[serde(default)]
    pub a: String,
}

impl At {
    /// The message that it names in that mailbox.
    pub fn message<'m>(&self, mailbox: &'m Mailbox) -> Result<&'m Message, Problem> {
        let message = message(mailbox, &self.m)?;
        match &self.f {
            Some(name) if folder(mailbox, name)? != message.folder => Err(Problem::no_item()),
            _ => Ok(message),
        }
    }

    /// Its number.
    pub fn key(&self, mailbox: &Mailbox) -> Result<MessageKey, Problem> {
        self.message(mailbox).map(|message| message.key)
    }
}

/// Who called, how they want to be answered, and the path: what handlers of actions take.
#[derive(Debug)]
pub struct Called {
    /// Who.
    pub caller: Caller,
    /// How they want to be answered.
    pub asked: Asked,
    /// The sandbox.
    pub state: State,
    /// The path.
    pub at: At,
}

impl FromRequestParts<State> for Called {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Response> {
        let refused = |_| Problem::bad_request("The path is not understood.").into_response();
        let Path(at) = Path::from_request_parts(parts, state).await.map_err(refused)?;
        // The frame puts both there before any handler runs.
        let missing = || Problem::unauthenticated("InvalidAuthenticationToken", "Access token is empty.");
        let caller = parts.extensions.get::<Caller>().cloned().ok_or_else(|| missing().into_response())?;
        let asked = parts.extensions.get::<Asked>().cloned().unwrap_or_default();
        Ok(Self { caller, asked, state: state.clone(), at })
    }
}

/// The message of an id.
pub fn message<'m>(mailbox: &'m Mailbox, id: &str) -> Result<&'m Message, Problem> {
    let named = mailbox.ids().read(id).ok_or_else(Problem::malformed_id)?;
    mailbox.named(named).ok_or_else(Problem::no_item)
}

/// The folder of an id or a well-known name.
pub fn folder(mailbox: &Mailbox, name: &str) -> Result<FolderKey, Problem> {
    if let Some(folder) = mailbox.well_known(name) {
        return Ok(folder.key);
    }
    match mailbox.ids().read(name) {
        Some(Named::Folder(key)) => {
            mailbox.folder(key).map(|folder| folder.key).ok_or_else(Problem::no_folder)
        }
        Some(_) => Err(Problem::no_folder()),
        None => Err(Problem::malformed_id()),
    }
}

/// A JSON object; an empty body is an empty one.
pub fn object(body: &Bytes) -> Result<Map<String, Value>, Problem> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Problem::bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of \
             valid JSON format.",
        )),
    }
}

/// A parameter of an action: metadata writes it with a capital letter, everyone else without.
pub fn parameter<'o>(object: &'o Map<String, Value>, name: &str) -> Option<&'o Value> {
    object
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .filter(|v| !v.is_null())
}

/// A parameter that must be there and be a text.
pub fn text(object: &Map<String, Value>, name: &str) -> Result<String, Problem> {
    match parameter(object, name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(_) => Err(wrong_type(name, "Edm.String")),
        None => Err(missing(name)),
    }
}

/// 400: a parameter that must be there.
pub fn missing(name: &str) -> Problem {
    let message = format!("The required parameter '{name}' is missing or empty.");
    Problem::new(StatusCode::BAD_REQUEST, "ErrorInvalidParameter", message)
}

/// 400: a value of the wrong type.
pub fn wrong_type(name: &str, expected: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "UnableToDeserializePostBody",
        format!(
            "were unable to deserialize: the value of '{name}' is not of the expected type '{expected}'."
        ),
    )
}

/// 400: a property that the client may not set.
pub fn not_settable() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "ErrorInvalidPropertySet", "Set action is invalid for property.")
}

/// Whether a body is a message in MIME: `text/plain`, in base64.
pub fn is_mime(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/plain")
}

/// The message of a MIME body: base64, with line breaks or without.
pub fn mime(body: &Bytes) -> Result<Bytes, Problem> {
    use base64::Engine;
    let refused = || {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "ErrorMimeContentInvalidBase64String",
            "Invalid base64 string for MIME content.",
        )
    };
    let letters: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let raw = base64::engine::general_purpose::STANDARD.decode(letters).map_err(|_| refused())?;
    if mime::is_deeper(&raw, mime::DEEPEST) {
        let message = "The MIME content is not valid: messages are nested too deep.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "ErrorMimeContentInvalid", message));
    }
    if raw.is_empty() { Err(refused()) } else { Ok(Bytes::from(raw)) }
}

/// 412 where `If-Match` names another version.
pub fn unchanged(headers: &HeaderMap, message: &Message) -> Result<(), Problem> {
    let Some(wanted) = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()) else {
        return Ok(());
    };
    let plain = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    let current = plain(&message.etag());
    if wanted.trim() == "*" || wanted.split(',').any(|tag| plain(tag) == current) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "ErrorIrresolvableConflict",
        "The send or update operation could not be performed because the change key passed in the request does \
         not match the current change key for the item.",
    ))
}
