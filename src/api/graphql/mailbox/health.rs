//! How a mailbox fares.

use async_graphql::{Enum, SimpleObject};

use crate::api::graphql::provider_error::ProviderError;
use crate::api::graphql::scalar::DateTime;
use crate::domain::health;

/// The state of a mailbox, from its last attempt.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "health::MailboxState")]
pub enum MailboxState {
    /// Nothing was tried yet.
    NeverRun,
    /// The last attempt ended well.
    Ok,
    /// The provider asks for patience; it goes on by itself.
    Throttled,
    /// The provider can't be reached; it is tried again by itself.
    Unreachable,
    /// The credential was refused.
    AuthenticationFailed,
    /// The credential may not read this mailbox.
    Forbidden,
    /// The provider knows no such mailbox or folder.
    NotFound,
    /// The provider no longer offers this way in.
    Retired,
    /// Something is missing to run, e.g. a mapping.
    Misconfigured,
    /// Someone paused it.
    Paused,
}

/// How a mailbox fares, and what is to be done.
#[derive(SimpleObject)]
pub struct MailboxHealth {
    /// The state now.
    pub state: MailboxState,
    /// Since when it is in that state.
    pub since: DateTime,
    /// The last run or check that ended well.
    pub last_success_at: Option<DateTime>,
    /// Failures since then; a throttle is none.
    pub consecutive_failures: i32,
    /// Nothing more happens by itself soon: someone must act, then `resumeMailbox` or a changed configuration tries
    /// at once.
    pub waits_for_person: bool,
    /// When it is tried again by itself.
    pub next_attempt_at: Option<DateTime>,
    /// The mail last seen to arrive; MAILBOX_SILENT tells when that is unusually long ago.
    pub last_mail_at: Option<DateTime>,
    /// What the provider answered.
    pub error: Option<ProviderError>,
}

impl From<health::MailboxHealth> for MailboxHealth {
    fn from(health: health::MailboxHealth) -> Self {
        Self {
            state: health.state.into(),
            since: health.since.into(),
            last_success_at: health.last_success_at.map(DateTime),
            consecutive_failures: health.consecutive_failures,
            waits_for_person: health.waits_for_person,
            next_attempt_at: health.next_attempt_at.map(DateTime),
            last_mail_at: health.last_mail_at.map(DateTime),
            error: health.fault.map(ProviderError::from),
        }
    }
}
