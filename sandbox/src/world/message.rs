//! A message in a mailbox: its bytes or its draft, and what is shown of it.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::ids::{FolderKey, MessageKey};

/// Someone with an address.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Person {
    /// The name beside the address; the address itself where there is none.
    pub name: String,
    /// As it was written.
    pub address: String,
}

/// What Graph shows of a message without reading its body.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Envelope {
    /// Decoded; None where the message has none.
    pub subject: Option<String>,
    /// Who wrote it.
    pub from: Option<Person>,
    /// Who sent it, if it was someone else.
    pub sender: Option<Person>,
    /// To.
    pub to: Vec<Person>,
    /// Cc.
    pub cc: Vec<Person>,
    /// Bcc: of drafts and of what the mailbox sent.
    pub bcc: Vec<Person>,
    /// Where answers go.
    pub reply_to: Vec<Person>,
    /// With angle brackets.
    pub internet_message_id: Option<String>,
    /// The message that it answers, with angle brackets.
    pub in_reply_to: Option<String>,
    /// The thread before it, oldest first, with angle brackets.
    pub references: Vec<String>,
    /// As its Date field says.
    pub sent: Option<DateTime<Utc>>,
    /// The first 255 characters of its text, blanks folded.
    pub preview: String,
    /// Whether it has an attachment that is not inline.
    pub has_attachments: bool,
    /// Whether it has any attachment.
    pub has_parts: bool,
    /// How important the sender says it is.
    pub importance: Importance,
    /// Whether a read receipt was asked for.
    pub wants_read_receipt: bool,
    /// Whether a delivery receipt was asked for.
    pub wants_delivery_receipt: bool,
    /// What kind of meeting message it is.
    pub meeting: Option<Meeting>,
}

/// Graph's `importance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Importance {
    /// It can wait.
    Low,
    /// Nothing was said.
    #[default]
    Normal,
    /// It is urgent.
    High,
}

/// Which of the derived types a calendar message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Meeting {
    /// `eventMessageRequest`, an invitation.
    Request,
    /// `eventMessage`: it is called off.
    Cancelled,
    /// `eventMessageResponse`: yes.
    Accepted,
    /// `eventMessageResponse`: perhaps. Graph spells the member `meetingTenativelyAccepted`.
    Tentative,
    /// `eventMessageResponse`: no.
    Declined,
}

/// Graph's `followupFlag`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Flag {
    /// How it stands.
    pub status: FlagStatus,
    /// When it is to be begun, is due, and was done; each as a client gave it.
    pub times: serde_json::Map<String, serde_json::Value>,
}

/// Graph's `followupFlagStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FlagStatus {
    /// No flag.
    #[default]
    NotFlagged,
    /// Done.
    Complete,
    /// To be done.
    Flagged,
}

/// Where a message is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// It arrived.
    Received,
    /// It is being written.
    Draft,
    /// The mailbox sent it.
    Sent,
}

/// What a message is made of.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// As it arrived, or as it was sent.
    Mime(#[serde(with = "super::saved::base64_bytes")] Bytes),
    /// As it is being written.
    Draft(Box<Draft>),
}

/// A message that is being written.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// Whether `body` is HTML.
    pub html: bool,
    /// Its text.
    pub body: String,
    /// Fields that the client gave, all beginning with x-.
    pub headers: Vec<(String, String)>,
    /// Its attachments.
    pub attachments: Vec<DraftAttachment>,
}

/// A file of a draft.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DraftAttachment {
    /// Its number within the draft; never used twice.
    pub number: u32,
    /// As the client named it.
    pub name: String,
    /// As the client says.
    pub content_type: String,
    /// Its bytes.
    #[serde(with = "super::saved::base64_bytes")]
    pub bytes: Bytes,
    /// Whether it is shown within the text.
    pub inline: bool,
    /// By which the text shows it.
    pub content_id: Option<String>,
}

/// One message.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its number.
    pub key: MessageKey,
    /// Where it is.
    pub folder: FolderKey,
    /// How often it moved.
    pub moves: u32,
    /// Grows with every change.
    pub version: u64,
    /// What is shown of it.
    pub envelope: Envelope,
    /// What it is made of.
    pub content: Content,
    /// Where it is from.
    pub origin: Origin,
    /// When it arrived, or was begun.
    pub received: DateTime<Utc>,
    /// When it came into this mailbox.
    pub created: DateTime<Utc>,
    /// When it last changed.
    pub modified: DateTime<Utc>,
    /// Whether someone read it.
    pub is_read: bool,
    /// Its follow-up flag.
    pub flag: Flag,
    /// Names of categories.
    pub categories: Vec<String>,
    /// Focused, or other.
    pub focused: bool,
    /// Its conversation within the mailbox.
    pub conversation: Uuid,
    /// 22 bytes, and 5 for each answer.
    pub conversation_index: Vec<u8>,
}

impl Message {
    /// Graph's `changeKey`: a new one with every change.
    pub fn change_key(&self) -> String {
        use base64::Engine;
        let bytes = [&self.key.0.to_be_bytes()[..], &self.version.to_be_bytes()].concat();
        format!("CQAAAB{}", base64::engine::general_purpose::STANDARD.encode(bytes))
    }

    /// Its `@odata.etag`.
    pub fn etag(&self) -> String {
        format!("W/\"{}\"", self.change_key())
    }

    /// Whether it is being written.
    pub fn is_draft(&self) -> bool {
        self.origin == Origin::Draft
    }
}
