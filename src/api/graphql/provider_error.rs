//! What a provider answered, as clients see it.

use async_graphql::{Enum, SimpleObject};

use super::scalar::DateTime;
use crate::domain::fault::{Fault, FaultCode};

/// The kinds of refusal by a provider.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "FaultCode")]
pub enum ProviderErrorCode {
    /// The credential was refused.
    Authentication,
    /// The credential is good, but may not do this.
    Forbidden,
    /// The mailbox, folder or message is not there.
    NotFound,
    /// The provider asks for patience.
    Throttled,
    /// No connection: the name does not resolve, nothing listens, or the connection was cut.
    Unreachable,
    /// The connection could not be secured: certificate, host name, or TLS on a port without it and the reverse.
    Tls,
    /// The provider did not answer in time.
    Timeout,
    /// The provider answered what its protocol does not allow.
    Protocol,
    /// The mailbox is full, or a limit of the provider is reached.
    Quota,
    /// The provider no longer offers this way in.
    Retired,
    /// The provider refuses this one message.
    InvalidMessage,
    /// Something went wrong in mailroom, not at the provider.
    Internal,
}

/// What a provider answered, said so that an administrator can act on it.
#[derive(SimpleObject, Debug, Clone)]
pub struct ProviderError {
    /// The kind of refusal.
    pub code: ProviderErrorCode,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do about it, e.g. 'The client secret has lapsed: create a new one in Entra ID and update the
    /// credential.'
    pub hint: Option<String>,
    /// Whether trying again later may help by itself.
    pub retryable: bool,
    /// The provider's own code, e.g. AADSTS7000222, ErrorAccessDenied, [AUTHENTICATIONFAILED].
    pub provider_code: Option<String>,
    /// The provider's request id, for a support case.
    pub request_id: Option<String>,
    /// When it was answered.
    pub occurred_at: DateTime,
}

impl From<Fault> for ProviderError {
    fn from(fault: Fault) -> Self {
        Self {
            code: fault.code.into(),
            message: fault.message,
            hint: fault.hint,
            retryable: fault.retryable,
            provider_code: fault.provider_code,
            request_id: fault.request_id,
            occurred_at: fault.occurred_at.into(),
        }
    }
}
