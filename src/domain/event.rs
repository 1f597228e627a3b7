//! Facts that were committed. Events carry ids, not content.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::health::MailboxState;
use super::id::{CredentialId, EventId, InstanceId, MailboxId, MessageId, RunId};

/// What happened. A new event is one variant here; the compiler finds the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Fact {
    /// A message was taken in and belongs to an instance.
    MessageReceived { message_id: MessageId, instance_id: Option<InstanceId> },
    /// A message was taken in and ignored.
    MessageIgnored { message_id: MessageId },
    /// A message was taken in and failed.
    MessageFailed { message_id: MessageId },
    /// An instance was made.
    ProcessInstanceCreated { message_id: Option<MessageId>, instance_id: InstanceId },
    /// An instance was changed.
    ProcessInstanceUpdated { message_id: Option<MessageId>, instance_id: InstanceId, changed: Vec<String> },
    /// A mailbox went from one state to another.
    MailboxStateChanged { was: MailboxState, now: MailboxState, fault: Option<Fault> },
    /// A mailbox has had no mail for unusually long.
    MailboxSilent { last_mail_at: Option<DateTime<Utc>> },
    /// A CHECK_ONLY mailbox has other unread mail than at the last check.
    MailboxUnread { folder: String, unread_count: i32 },
    /// The provider refused a disposition for good.
    DispositionFailed { message_id: MessageId, fault: Option<Fault> },
    /// A run ended.
    RunFinished { run_id: RunId },
    /// A secret or certificate lapses soon, or has lapsed.
    CredentialExpiring { credential_id: CredentialId, expires_at: DateTime<Utc> },
}

impl Fact {
    /// The name of its type, as in `EventType`.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::MessageReceived { .. } => "MESSAGE_RECEIVED",
            Self::MessageIgnored { .. } => "MESSAGE_IGNORED",
            Self::MessageFailed { .. } => "MESSAGE_FAILED",
            Self::ProcessInstanceCreated { .. } => "PROCESS_INSTANCE_CREATED",
            Self::ProcessInstanceUpdated { .. } => "PROCESS_INSTANCE_UPDATED",
            Self::MailboxStateChanged { .. } => "MAILBOX_STATE_CHANGED",
            Self::MailboxSilent { .. } => "MAILBOX_SILENT",
            Self::MailboxUnread { .. } => "MAILBOX_UNREAD",
            Self::DispositionFailed { .. } => "DISPOSITION_FAILED",
            Self::RunFinished { .. } => "RUN_FINISHED",
            Self::CredentialExpiring { .. } => "CREDENTIAL_EXPIRING",
        }
    }
}

impl Fact {
    /// The message and the instance of which something else may be found from now on.
    pub const fn makes_searchable(&self) -> (Option<MessageId>, Option<InstanceId>) {
        match self {
            Self::MessageReceived { message_id, .. }
            | Self::MessageIgnored { message_id }
            | Self::MessageFailed { message_id } => (Some(*message_id), None),
            Self::ProcessInstanceCreated { instance_id, .. } => (None, Some(*instance_id)),
            // The message may have been read again, and otherwise than before.
            Self::ProcessInstanceUpdated { message_id, instance_id, .. } => (*message_id, Some(*instance_id)),
            Self::MailboxStateChanged { .. }
            | Self::MailboxSilent { .. }
            | Self::MailboxUnread { .. }
            | Self::DispositionFailed { .. }
            | Self::RunFinished { .. }
            | Self::CredentialExpiring { .. } => (None, None),
        }
    }
}

/// A fact about to be committed.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Receivers know it by this id.
    pub id: EventId,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// The subject whose call caused it; None for mail.
    pub actor: Option<String>,
    /// The mailbox it is about.
    pub mailbox_id: Option<MailboxId>,
    /// What happened.
    pub fact: Fact,
}
