//! A message as stored: its content never changes; its state, match and disposition may.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::handling::DispositionStatus;
use super::id::{AttachmentId, InstanceId, JobId, MailboxId, MappingId, MessageId, RunId};
use super::named::named_enum;
use super::parsed::{Address, AutomaticKind, ForwardingKind, Importance, Oddity};

named_enum! {
    /// What became of a message.
    pub enum MessageState { Processed = "PROCESSED", Ignored = "IGNORED", Failed = "FAILED" }
}
named_enum! {
    /// Where a message failed.
    pub enum Stage {
        Fetch = "FETCH",
        Parse = "PARSE",
        Correlate = "CORRELATE",
        Map = "MAP",
        Store = "STORE",
    }
}
named_enum! {
    /// What matched a message to its instance.
    pub enum MatchedBy {
        Nothing = "NOTHING",
        ReferenceInSubject = "REFERENCE_IN_SUBJECT",
        ReferenceInBody = "REFERENCE_IN_BODY",
        ThreadHeaders = "THREAD_HEADERS",
        Conversation = "CONVERSATION",
        RecipientTag = "RECIPIENT_TAG",
        KeyExpression = "KEY_EXPRESSION",
        SameMessage = "SAME_MESSAGE",
        ByHand = "BY_HAND",
    }
}
named_enum! {
    /// The part an address plays in a message.
    pub enum AddressRole {
        From = "FROM",
        Sender = "SENDER",
        ReplyTo = "REPLY_TO",
        To = "TO",
        Cc = "CC",
        OriginalSender = "ORIGINAL_SENDER",
        OriginalRecipient = "ORIGINAL_RECIPIENT",
    }
}

/// How a message was matched, with the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// What did it.
    pub by: MatchedBy,
    /// The header, reference or key that did it.
    pub evidence: String,
    /// Whether the instance was made by this message.
    pub created: bool,
}

/// Why a message can't be processed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// Where.
    pub stage: Stage,
    /// In a sentence.
    pub reason: String,
    /// What the provider answered.
    pub fault: Option<Fault>,
}

/// Why a message failed, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageFailure {
    /// Where.
    pub stage: Stage,
    /// What the provider answered, where it was asked.
    pub fault: Option<Fault>,
    /// Attempts so far.
    pub attempts: i32,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// A stored message, without its texts and parts: those are asked for by id.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The mailbox it came to.
    pub mailbox_id: MailboxId,
    /// The mapping that treated it.
    pub mapping_id: Option<MappingId>,
    /// The job that took it in.
    pub job_id: Option<JobId>,
    /// The run that took it in.
    pub run_id: Option<RunId>,
    /// The folder it was found in.
    pub folder: String,
    /// Its id at the provider, as last known.
    pub source_id: String,
    /// Without angle brackets.
    pub internet_message_id: Option<String>,
    /// The conversation as the provider names it.
    pub conversation_id: Option<String>,
    /// Decoded.
    pub subject: String,
    /// The first words of the text.
    pub snippet: String,
    /// The Date header.
    pub sent_at: Option<DateTime<Utc>>,
    /// When the provider received it.
    pub received_at: DateTime<Utc>,
    /// When it was stored.
    pub ingested_at: DateTime<Utc>,
    /// How important the author thinks it.
    pub importance: Importance,
    /// Mail that a machine sent.
    pub automatic: Option<AutomaticKind>,
    /// How it was forwarded.
    pub forwarding: ForwardingKind,
    /// What is odd about its content.
    pub oddity: Option<Oddity>,
    /// Raw bytes.
    pub size: i64,
    /// How many attachments it has.
    pub attachment_count: i32,
    /// Whether its raw bytes are kept.
    pub has_raw: bool,
    /// What became of it.
    pub state: MessageState,
    /// Why it was ignored or failed, in a sentence.
    pub reason: Option<String>,
    /// Where and how it failed.
    pub failure: Option<MessageFailure>,
    /// How it was matched.
    pub matched: Option<Match>,
    /// The instance it belongs to.
    pub instance_id: Option<InstanceId>,
    /// How far its disposition has come.
    pub disposition: DispositionStatus,
}

/// An address of a message, with its part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAddress {
    /// The message.
    pub message_id: MessageId,
    /// The part it plays.
    pub role: AddressRole,
    /// Name and address.
    pub address: Address,
}

/// A stored attachment; its bytes are a part of the raw message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// The message it came with.
    pub message_id: MessageId,
    /// Which part of the raw message, as `mail::part` finds it.
    pub part: u32,
    /// Decoded.
    pub filename: String,
    /// Lower case, without parameters.
    pub content_type: String,
    /// Decoded bytes.
    pub size: i64,
    /// Shown within the text.
    pub inline: bool,
    /// Without angle brackets.
    pub content_id: Option<String>,
    /// Of the decoded bytes.
    pub sha256: [u8; 32],
}
