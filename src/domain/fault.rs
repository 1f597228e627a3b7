//! What went wrong at a provider, said so that an administrator can act on it, and what follows from it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::named::named_enum;

named_enum! {
    /// What kind of refusal a provider gave.
    pub enum FaultCode {
        Authentication = "AUTHENTICATION",
        Forbidden = "FORBIDDEN",
        NotFound = "NOT_FOUND",
        Throttled = "THROTTLED",
        Unreachable = "UNREACHABLE",
        Tls = "TLS",
        Timeout = "TIMEOUT",
        Protocol = "PROTOCOL",
        Quota = "QUOTA",
        Retired = "RETIRED",
        InvalidMessage = "INVALID_MESSAGE",
        Internal = "INTERNAL",
    }
}

/// What a provider answered. Never holds a secret, a subject, an address or a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The kind of refusal.
    pub code: FaultCode,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether trying again later may help by itself.
    pub retryable: bool,
    /// The provider's own code, e.g. `[AUTHENTICATIONFAILED]`.
    pub provider_code: Option<String>,
    /// The provider's request id, for a support case.
    pub request_id: Option<String>,
    /// When it was answered.
    pub occurred_at: DateTime<Utc>,
}

/// What follows from an error (DESIGN section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Try again, not before the delay when one is given. A throttle is not a failure.
    Retry {
        /// The least time to wait, as the provider asked.
        after: Option<std::time::Duration>,
        /// Whether the provider only asked for patience.
        throttled: bool,
    },
    /// This one message fails, the others go on.
    Reject,
    /// Stop the smallest thing at fault until someone acts.
    Halt(Halted),
}

/// The smallest thing at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halted {
    /// The job: its folder is gone.
    Job,
    /// The mailbox: access denied, or it is gone.
    Mailbox,
    /// The credential: refused.
    Credential,
}
