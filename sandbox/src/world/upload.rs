//! Upload sessions: a large attachment that comes in pieces.

use bytes::BytesMut;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::ids::MessageKey;

/// An attachment on its way.
#[derive(Debug, Clone)]
pub struct Upload {
    /// In which tenant.
    pub tenant: Uuid,
    /// Of which mailbox.
    pub mailbox: Uuid,
    /// To which draft.
    pub message: MessageKey,
    /// Its name.
    pub name: String,
    /// As the client says.
    pub content_type: String,
    /// Whether the text shows it.
    pub inline: bool,
    /// By which the text shows it.
    pub content_id: Option<String>,
    /// What it will weigh, in bytes.
    pub size: usize,
    /// What is there.
    pub received: BytesMut,
    /// From then on it is refused.
    pub expires: DateTime<Utc>,
    /// Where the message is for its client; the place of the attachment begins with it.
    pub place: String,
}
