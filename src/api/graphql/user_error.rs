//! Refusals that a caller can mend: a mutation's `userErrors`.

use async_graphql::{Enum, SimpleObject};

use super::error::{Error, Result};
use super::provider_error::ProviderError;
use crate::service;

/// The kinds of refusal that a caller can mend.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "service::UserErrorCode")]
pub enum UserErrorCode {
    /// It can't be empty.
    Required,
    /// It is not what it should be; the message says what would be right.
    Invalid,
    /// What the input names does not exist, or not for this caller.
    NotFound,
    /// The mapping is already bound to another mailbox, the address to another mailbox, the name to another
    /// resource…
    Taken,
    /// The resource is referenced by another one and cannot be deleted.
    InUse,
    /// `expectedVersion` is not the current version: someone else changed the resource.
    Conflict,
    /// The caller may not do this to this resource.
    Forbidden,
    /// The provider refused or could not be reached.
    Provider,
    /// Not in this version, or not with this provider.
    Unsupported,
}

/// Why a mutation did not do what was asked. Mutations report what the caller can mend here, and nothing was
/// changed when the list is not empty.
#[derive(SimpleObject, Debug, Clone)]
pub struct UserError {
    /// A sentence for people: what is wrong and what would be right.
    pub message: String,
    /// The kind of refusal.
    pub code: UserErrorCode,
    /// The input field at fault, from the mutation's input down, e.g. ["provider", "imap", "port"].
    pub path: Vec<String>,
    /// With PROVIDER: what the mail system answered.
    pub provider: Option<ProviderError>,
}

impl From<service::UserError> for UserError {
    fn from(error: service::UserError) -> Self {
        Self {
            message: error.message,
            code: error.code.into(),
            path: error.path,
            provider: error.fault.map(ProviderError::from),
        }
    }
}

/// What a mutation did, or the refusals for its `userErrors`. Whatever the caller can't mend stays an error.
pub fn outcome<T>(done: Result<T, service::Error>) -> Result<(Option<T>, Vec<UserError>)> {
    match done {
        Ok(value) => Ok((Some(value), Vec::new())),
        Err(service::Error::Refused(refusals)) => {
            Ok((None, refusals.into_iter().map(UserError::from).collect()))
        }
        Err(service::Error::NotFound) => Ok((None, vec![UserError::unknown_id()])),
        Err(other) => Err(Error::from(other)),
    }
}

impl UserError {
    /// The id names nothing that exists for this caller.
    pub fn unknown_id() -> Self {
        Self::unknown(&["id"])
    }

    /// The field at `path` is not what it should be; the message says what would be right.
    pub fn invalid(path: &[&str], message: &str) -> Self {
        Self {
            message: message.to_owned(),
            code: UserErrorCode::Invalid,
            path: path.iter().map(|&field| field.to_owned()).collect(),
            provider: None,
        }
    }

    /// The same, where the input is the field `at` of another one.
    pub fn within(mut self, at: &[&str]) -> Self {
        self.path.splice(0..0, at.iter().map(|&field| field.to_owned()));
        self
    }

    /// The id at `path` names nothing that exists for this caller.
    pub fn unknown(path: &[&str]) -> Self {
        Self {
            message: "There is nothing with this id.".to_owned(),
            code: UserErrorCode::NotFound,
            path: path.iter().map(|&field| field.to_owned()).collect(),
            provider: None,
        }
    }
}
