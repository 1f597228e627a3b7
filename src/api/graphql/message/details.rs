//! What is said of a message in a few fields.

use async_graphql::SimpleObject;

use super::kinds::{DispositionState, MatchedBy, Stage};
use crate::api::graphql::provider_error::ProviderError;
use crate::api::graphql::scalar::DateTime;
use crate::domain::{handling, message, parsed};

/// A name and an address, as written.
#[derive(SimpleObject, Debug, Clone)]
pub struct EmailAddress {
    /// The display name, decoded.
    pub name: Option<String>,
    /// local@domain, or whatever stood there.
    pub address: String,
}

impl From<parsed::Address> for EmailAddress {
    fn from(address: parsed::Address) -> Self {
        Self { name: address.name, address: address.address }
    }
}

/// A header field, decoded.
#[derive(SimpleObject, Debug, Clone)]
pub struct Header {
    /// As written.
    pub name: String,
    /// Unfolded and decoded.
    pub value: String,
}

impl From<parsed::Header> for Header {
    fn from(header: parsed::Header) -> Self {
        Self { name: header.name, value: header.value }
    }
}

/// How a message was matched to its process instance.
#[derive(SimpleObject, Debug, Clone)]
pub struct Match {
    /// What did it.
    pub by: MatchedBy,
    /// The header, reference or key that did it.
    pub evidence: String,
    /// Whether the instance was made by this message.
    pub created: bool,
}

impl From<message::Match> for Match {
    fn from(matched: message::Match) -> Self {
        Self { by: matched.by.into(), evidence: matched.evidence, created: matched.created }
    }
}

/// Why a message failed.
#[derive(SimpleObject, Debug, Clone)]
pub struct MessageFailure {
    /// Where.
    pub stage: Stage,
    /// What the provider answered, where it was asked.
    pub error: Option<ProviderError>,
    /// Attempts so far.
    pub attempts: i32,
    /// When.
    pub occurred_at: DateTime,
}

impl From<message::MessageFailure> for MessageFailure {
    fn from(failure: message::MessageFailure) -> Self {
        Self {
            stage: failure.stage.into(),
            error: failure.fault.map(ProviderError::from),
            attempts: failure.attempts,
            occurred_at: failure.occurred_at.into(),
        }
    }
}

/// What happens to the original at the provider, and how far that has come.
#[derive(SimpleObject, Debug, Clone)]
pub struct DispositionStatus {
    /// How far it has come.
    pub state: DispositionState,
    /// Attempts so far.
    pub attempts: i32,
    /// With a grace period: when the original will be moved or deleted. After a refusal: when it is tried again.
    pub due_at: Option<DateTime>,
    /// When the provider confirmed it.
    pub done_at: Option<DateTime>,
    /// Why nothing was done, e.g. someone had moved or deleted the original.
    pub note: Option<String>,
    /// What the provider answered last.
    pub error: Option<ProviderError>,
}

impl From<handling::DispositionStatus> for DispositionStatus {
    fn from(status: handling::DispositionStatus) -> Self {
        Self {
            state: status.state.into(),
            attempts: status.attempts,
            due_at: status.due_at.map(DateTime),
            done_at: status.done_at.map(DateTime),
            note: status.note,
            error: status.fault.map(ProviderError::from),
        }
    }
}
