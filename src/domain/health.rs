//! How a mailbox fares.

use chrono::{DateTime, Utc};

use super::fault::{Fault, FaultCode};
use super::named::named_enum;

named_enum! {
    /// The state of a mailbox, from its last attempt.
    pub enum MailboxState {
        NeverRun = "NEVER_RUN",
        Ok = "OK",
        Throttled = "THROTTLED",
        Unreachable = "UNREACHABLE",
        AuthenticationFailed = "AUTHENTICATION_FAILED",
        Forbidden = "FORBIDDEN",
        NotFound = "NOT_FOUND",
        Retired = "RETIRED",
        Misconfigured = "MISCONFIGURED",
        Paused = "PAUSED",
    }
}

impl MailboxState {
    /// The state that a fault puts a mailbox into.
    pub const fn of(code: FaultCode) -> Self {
        match code {
            FaultCode::Authentication => Self::AuthenticationFailed,
            FaultCode::Forbidden => Self::Forbidden,
            FaultCode::NotFound => Self::NotFound,
            FaultCode::Throttled | FaultCode::Quota => Self::Throttled,
            FaultCode::Retired => Self::Retired,
            FaultCode::InvalidMessage => Self::Ok,
            FaultCode::Unreachable
            | FaultCode::Tls
            | FaultCode::Timeout
            | FaultCode::Protocol
            | FaultCode::Internal => Self::Unreachable,
        }
    }
}

/// How a mailbox fares, and what is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxHealth {
    /// The state now.
    pub state: MailboxState,
    /// Since when it is in that state.
    pub since: DateTime<Utc>,
    /// The last run or check that ended well.
    pub last_success_at: Option<DateTime<Utc>>,
    /// Failures since then; a throttle is none.
    pub consecutive_failures: i32,
    /// Nothing more happens by itself soon: someone must act.
    pub waits_for_person: bool,
    /// When it is tried again by itself.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The mail last seen to arrive.
    pub last_mail_at: Option<DateTime<Utc>>,
    /// What the provider answered.
    pub fault: Option<Fault>,
}

impl MailboxHealth {
    /// The health of a mailbox that was just made.
    pub const fn new(now: DateTime<Utc>) -> Self {
        Self {
            state: MailboxState::NeverRun,
            since: now,
            last_success_at: None,
            consecutive_failures: 0,
            waits_for_person: false,
            next_attempt_at: None,
            last_mail_at: None,
            fault: None,
        }
    }
}
