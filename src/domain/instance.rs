//! The business object that messages create and update.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::id::{InstanceId, MailboxId, MappingId, MessageId};

/// One instance of a business process.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessInstance {
    /// Its id.
    pub id: InstanceId,
    /// E.g. `INC-000042`; unique over the installation.
    pub reference: String,
    /// Key of its process.
    pub process: String,
    /// The mapping that made it.
    pub mapping_id: Option<MappingId>,
    /// The mailbox whose mail made it.
    pub mailbox_id: Option<MailboxId>,
    /// Whether it is open.
    pub open: bool,
    /// By name.
    pub attributes: Map<String, Value>,
    /// The owning system's id; unique within the process.
    pub external_id: Option<String>,
    /// Counts changes, for `expectedVersion`.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// An instance with what deciding about further messages needs to know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceState {
    /// The instance.
    pub instance: ProcessInstance,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// The message that changed it last.
    pub last_message_id: Option<MessageId>,
}

/// A reference: the prefix, a dash, and the number with at least six digits.
pub fn reference(prefix: &str, number: i64) -> String {
    format!("{prefix}-{number:06}")
}
