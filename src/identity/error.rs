//! What a token endpoint refused, said so that a person can act.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::refusal::{Refusal, Remedy};
use crate::domain::credential::CredentialKind;
use crate::domain::fault::{Fault, FaultCode, Halted, Verdict};
use crate::net;

/// Why there is no token. Clones share their cause: everyone who waited for a token gets the same. Never holds a
/// secret, a token, or text of the server's.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// This kind has no tokens.
    #[error("credentials of kind {0} have no tokens")]
    Unsupported(CredentialKind),
    /// Its secret is missing.
    #[error("the credential has no {what}")]
    Incomplete {
        /// What is missing.
        what: &'static str,
        /// What to do about it.
        hint: &'static str,
    },
    /// Nobody has signed in.
    #[error("nobody has signed in with this credential yet")]
    NotSignedIn,
    /// The token endpoint was not reached.
    #[error("no token could be fetched: {0}")]
    Net(Arc<net::Error>),
    /// The token endpoint refused.
    #[error("{}", .0.sentence())]
    Refused(Box<Refusal>),
    /// The token endpoint answers with something else.
    #[error("what answers at the token endpoint is no token endpoint: status {status}, {what}")]
    Malformed {
        /// Of HTTP.
        status: u16,
        /// What is wrong with it.
        what: &'static str,
    },
    /// What the machine should give us is missing.
    #[error("{0}")]
    Machine(&'static str),
    /// The fetch ended in the middle: a panic, or the end of the process.
    #[error("the fetch of a token was broken off")]
    BrokenOff,
    /// The new refresh token could not be kept, or the old one not be read.
    #[error("the refresh token could not be read or kept")]
    Keeping(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// What follows from it (DESIGN section 5).
    pub fn verdict(&self) -> Verdict {
        let again = Verdict::Retry { after: None, throttled: false };
        match self {
            Self::Net(error) if is_policy(error) => Verdict::Halt(Halted::Credential),
            Self::Net(_) | Self::Malformed { .. } | Self::BrokenOff | Self::Keeping(_) => again,
            Self::Refused(refusal) => match refusal.remedy() {
                Remedy::Wait => Verdict::Retry { after: refusal.retry_after, throttled: false },
                Remedy::SlowDown => Verdict::Retry { after: refusal.retry_after, throttled: true },
                Remedy::Act => Verdict::Halt(Halted::Credential),
            },
            Self::Unsupported(_) | Self::Incomplete { .. } | Self::NotSignedIn | Self::Machine(_) => {
                Verdict::Halt(Halted::Credential)
            }
        }
    }

    /// Whether trying again soon may help by itself.
    pub fn is_transient(&self) -> bool {
        matches!(self.verdict(), Verdict::Retry { .. })
    }

    /// How long the endpoint asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    /// The kind of refusal.
    pub fn code(&self) -> FaultCode {
        match self {
            Self::Net(error) => error.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::Malformed { .. } => FaultCode::Protocol,
            Self::BrokenOff | Self::Keeping(_) => FaultCode::Internal,
            Self::Unsupported(_) | Self::Incomplete { .. } | Self::NotSignedIn | Self::Machine(_) => {
                FaultCode::Authentication
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unsupported(_) => "Give the mailbox a credential of a kind that its provider takes.",
            Self::Incomplete { hint, .. } => hint,
            Self::NotSignedIn => "Sign in with startSignIn, or give the credential a refresh token.",
            Self::Net(error) => net_hint(error),
            Self::Refused(refusal) => refusal.hint(),
            Self::Malformed { .. } => {
                "Check the address of the token endpoint (entra.authority, or the credential's token URL), and whether a proxy answers in its place."
            }
            Self::Machine(_) => {
                "Run mailroom where the platform gives it an identity, and check the pod's or machine's configuration."
            }
            Self::BrokenOff => "Look at the service's log; it is tried again by itself.",
            Self::Keeping(_) => "Look at the service's log and at the database; it is tried again by itself.",
        }
    }

    /// The endpoint's own code, such as `AADSTS7000222` or `invalid_grant`.
    pub fn provider_code(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => refusal.shown_code(),
            _ => None,
        }
    }

    /// What Microsoft's support asks for: trace id and correlation id.
    pub fn request_id(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => refusal.request_id(),
            _ => None,
        }
    }

    /// The same, as it is stored and shown.
    pub fn fault(&self, now: DateTime<Utc>) -> Fault {
        let text = self.to_string();
        let mut chars = text.chars();
        let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
        Fault {
            code: self.code(),
            message: format!("{first}{}.", chars.as_str().trim_end_matches('.')),
            hint: Some(self.hint().to_owned()),
            retryable: self.is_transient(),
            provider_code: self.provider_code(),
            request_id: self.request_id(),
            occurred_at: now,
        }
    }
}

impl From<net::Error> for Error {
    fn from(error: net::Error) -> Self {
        Self::Net(Arc::new(error))
    }
}

const fn is_policy(error: &net::Error) -> bool {
    matches!(error, net::Error::Refused { .. } | net::Error::NotAHost { .. })
}

fn net_hint(error: &net::Error) -> &'static str {
    match error {
        net::Error::Refused { .. } => {
            "If this is really where tokens come from (a managed identity asks 169.254.169.254), the operator can allow the address with net.allow."
        }
        net::Error::NotAHost { .. } => "Check the address of the token endpoint.",
        net::Error::Certificate { .. } | net::Error::Handshake { .. } | net::Error::NotTls { .. } => {
            "Check the address of the token endpoint. If a proxy or the sandbox answers there, put its authority's certificate into net.ca_file."
        }
        net::Error::NoAuthorities => "Install ca-certificates on this machine, or set net.ca_file.",
        _ => {
            "Check DNS, proxy (HTTPS_PROXY) and firewall of the machine that mailroom runs on: it must reach the token endpoint."
        }
    }
}
