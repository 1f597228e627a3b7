//! Errors of an operation: each with a code, and nothing told that is not the caller's business.

use std::sync::Arc;

use async_graphql::{Enum, ErrorExtensionValues, PathSegment, ServerError};

use crate::service::permit::Forbidden;
use crate::{db, service};

/// `extensions.code` of everything in the response's `errors`; refusals that a caller can mend are `userErrors`.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// No token, or one that is not valid or has expired.
    Unauthenticated,
    /// The token's scopes do not allow it.
    Forbidden,
    /// What was asked for does not exist, or not for this caller.
    NotFound,
    /// The request itself is wrong: its syntax, a field, an argument, a variable.
    InvalidArgument,
    /// The cursor is not one that this list gave.
    InvalidCursor,
    /// The cursor is older than the log is kept, or from another epoch of it (a restore): `extensions.oldest` is
    /// the first cursor that still works.
    EventGap,
    /// The subscriber did not keep up; `extensions.cursor` is where to resume.
    SlowConsumer,
    /// The operation is deeper, wider or larger than the server allows.
    TooComplex,
    /// The operation took longer than the server allows.
    Timeout,
    /// Too many such requests: wait before the next.
    RateLimited,
    /// The server is at fault; `extensions.requestId` names the entry in its log.
    Internal,
}

impl ErrorCode {
    /// Its name in GraphQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::InvalidCursor => "INVALID_CURSOR",
            Self::EventGap => "EVENT_GAP",
            Self::SlowConsumer => "SLOW_CONSUMER",
            Self::TooComplex => "TOO_COMPLEX",
            Self::Timeout => "TIMEOUT",
            Self::RateLimited => "RATE_LIMITED",
            Self::Internal => "INTERNAL",
        }
    }
}

/// Why a field could not be answered. Resolvers return nothing else: any other error is told as INTERNAL.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The token's scopes do not allow it; the sentence names the scope that would.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing for this caller.
    #[error("{0}")]
    NotFound(String),
    /// An argument is wrong; the sentence says what would be right.
    #[error("{0}")]
    InvalidArgument(String),
    /// The cursor is not one that this list gave.
    #[error(
        "The cursor is not one that this list gave: pass back what `pageInfo` or an edge holds, unchanged."
    )]
    InvalidCursor,
    /// The cursor points to where the log no longer is.
    #[error("The log does not reach back to this cursor.")]
    EventGap {
        /// The first cursor that still works.
        oldest: String,
    },
    /// The subscriber did not keep up.
    #[error("The subscriber did not keep up.")]
    SlowConsumer {
        /// Where to resume.
        cursor: String,
    },
    /// Too deep, too wide or too large.
    #[error("{0}")]
    TooComplex(String),
    /// It took too long.
    #[error("The operation took longer than the server allows.")]
    Timeout,
    /// Too many such requests.
    #[error("Too many such requests: wait before the next.")]
    RateLimited,
    /// Our fault. The cause is logged, never told.
    #[error("internal error")]
    Internal(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// What resolvers return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Our fault.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(cause.into()))
    }

    /// The code that clients see.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::InvalidArgument(_) => ErrorCode::InvalidArgument,
            Self::InvalidCursor => ErrorCode::InvalidCursor,
            Self::EventGap { .. } => ErrorCode::EventGap,
            Self::SlowConsumer { .. } => ErrorCode::SlowConsumer,
            Self::TooComplex(_) => ErrorCode::TooComplex,
            Self::Timeout => ErrorCode::Timeout,
            Self::RateLimited => ErrorCode::RateLimited,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }
}

impl From<Forbidden> for Error {
    fn from(refused: Forbidden) -> Self {
        Self::Forbidden(refused.to_string())
    }
}

impl From<service::Error> for Error {
    fn from(error: service::Error) -> Self {
        match error {
            service::Error::Forbidden(refused) => refused.into(),
            service::Error::NotFound => Self::NotFound("There is no such thing.".to_owned()),
            service::Error::Refused(mut refusals) => match refusals.pop() {
                Some(refusal) => Self::InvalidArgument(refusal.message),
                None => Self::internal("a refusal without a reason"),
            },
            other => Self::internal(other),
        }
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        Self::internal(error)
    }
}

impl From<Error> for ServerError {
    fn from(error: Error) -> Self {
        let mut server = ServerError::new(error.to_string(), None);
        server.source = Some(Arc::new(error));
        server
    }
}

/// Sentences of the library about the document or an argument are told, up to this many characters.
const TOLD_CHARS: usize = 300;
const INTERNAL_TEXT: &str =
    "Something went wrong on the server. The log has the reason under the request id.";

/// Gives every error its code, and takes out what is not told.
pub fn told(errors: Vec<ServerError>, request_id: &str) -> Vec<ServerError> {
    errors.into_iter().map(|error| told_one(error, request_id)).collect()
}

fn told_one(mut error: ServerError, request_id: &str) -> ServerError {
    let ours = error.source::<Error>().cloned();
    let mut extensions = ErrorExtensionValues::default();
    let code = match &ours {
        Some(ours) => ours.code(),
        // The library's own errors have no source: a document or an argument that is wrong.
        None if error.source.is_none() => library_code(&error.message),
        None => ErrorCode::Internal,
    };
    match &ours {
        Some(Error::EventGap { oldest }) => extensions.set("oldest", oldest.as_str()),
        Some(Error::SlowConsumer { cursor }) => extensions.set("cursor", cursor.as_str()),
        _ => {}
    }
    if code == ErrorCode::Internal {
        let cause: &dyn std::fmt::Display = match &ours {
            Some(Error::Internal(cause)) => &Chain(cause.as_ref()),
            _ => &error.message,
        };
        tracing::error!(request_id, path = %dotted(&error.path), error = %cause, "a field failed");
        error.message = INTERNAL_TEXT.to_owned();
        extensions.set("requestId", request_id);
    } else if ours.is_none() {
        error.message = without_query(&error.message);
    }
    extensions.set("code", code.as_str());
    error.extensions = Some(extensions);
    error.source = None;
    error
}

/// An error and what caused it, on one line.
struct Chain<'a>(&'a (dyn std::error::Error + Send + Sync));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

fn library_code(message: &str) -> ErrorCode {
    match message {
        "Query is too complex." | "Query is nested too deep." => ErrorCode::TooComplex,
        other if other.starts_with("The recursion depth of the query") => ErrorCode::TooComplex,
        _ => ErrorCode::InvalidArgument,
    }
}

/// A syntax error comes with the line it stands in; only its last line says what was expected.
fn without_query(message: &str) -> String {
    let sentence = match message.lines().rfind(|line| line.trim_start().starts_with("= ")) {
        Some(line) => format!("Syntax error: {}", line.trim_start().trim_start_matches("= ")),
        None => message.lines().next().unwrap_or_default().to_owned(),
    };
    if sentence.chars().count() > TOLD_CHARS {
        sentence.chars().take(TOLD_CHARS).chain(std::iter::once('…')).collect()
    } else {
        sentence
    }
}

fn dotted(path: &[PathSegment]) -> String {
    path.iter()
        .map(|segment| match segment {
            PathSegment::Field(name) => name.clone(),
            PathSegment::Index(index) => index.to_string(),
        })
        .collect::<Vec<_>>()
        .join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(error: &ServerError) -> String {
        error.extensions.as_ref().and_then(|e| e.get("code")).unwrap().to_string()
    }

    #[test]
    fn an_error_of_another_layer_is_not_told() {
        let mut error = ServerError::new("connection to db7.internal refused", None);
        error.source = Some(Arc::new(std::io::Error::other("connection to db7.internal refused")));
        let told = told(vec![error], "r1").remove(0);
        assert_eq!(told.message, INTERNAL_TEXT);
        assert_eq!(code(&told), "\"INTERNAL\"");
    }

    #[test]
    fn a_syntax_error_does_not_echo_the_document() {
        let parse = async_graphql::parser::parse_query("{ secretWord ").unwrap_err();
        let told = told(vec![parse.into()], "r1").remove(0);
        assert!(!told.message.contains("secretWord"), "{}", told.message);
        assert!(told.message.starts_with("Syntax error: expected"), "{}", told.message);
        assert_eq!(code(&told), "\"INVALID_ARGUMENT\"");
    }

    #[test]
    fn our_own_sentence_is_told_with_its_code() {
        let told = told(vec![Error::Forbidden("Needs config:read.".into()).into()], "r1").remove(0);
        assert_eq!(told.message, "Needs config:read.");
        assert_eq!(code(&told), "\"FORBIDDEN\"");
    }
}
