//! A message as parsed from its raw bytes: what `mail` makes, what mappings and storage read.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::named::named_enum;

named_enum! {
    /// RFC 4021 Importance, X-Priority and kin.
    pub enum Importance { Low = "LOW", Normal = "NORMAL", High = "HIGH" }
}
named_enum! {
    /// Mail that a machine sent.
    pub enum AutomaticKind {
        AutoReply = "AUTO_REPLY",
        Bounce = "BOUNCE",
        Bulk = "BULK",
        MailingList = "MAILING_LIST",
        Loop = "LOOP",
    }
}

named_enum! {
    /// How a message was forwarded.
    pub enum ForwardingKind {
        None = "NONE",
        Headers = "HEADERS",
        Attached = "ATTACHED",
        Inline = "INLINE",
        TextOnly = "TEXT_ONLY",
    }
}
named_enum! {
    /// A message whose content is not, or not only, text that people read.
    pub enum Oddity {
        RetrievalStub = "RETRIEVAL_STUB",
        Winmail = "WINMAIL",
        Calendar = "CALENDAR",
        SmimeSigned = "SMIME_SIGNED",
        SmimeEncrypted = "SMIME_ENCRYPTED",
        PgpSigned = "PGP_SIGNED",
        PgpEncrypted = "PGP_ENCRYPTED",
        Empty = "EMPTY",
    }
}

/// A name and an address, as written; `address` has no angle brackets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The display name, decoded.
    pub name: Option<String>,
    /// `local@domain`, or whatever stood there.
    pub address: String,
}

/// A header field, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// As written.
    pub name: String,
    /// Unfolded and decoded.
    pub value: String,
}

/// How a message was forwarded and what the forwarding says of the original. Anyone can write these headers and
/// texts: whether they are believed is the mapping's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarding {
    /// How, if at all.
    pub kind: ForwardingKind,
    /// Who forwarded it: for HEADERS the mailbox or person named there, else the author of this message.
    pub by: Option<Address>,
    /// The author of the original, as claimed.
    pub sender: Option<Address>,
    /// Whom the original was written to, as claimed; of mail that was not forwarded, the oldest address of the
    /// envelope that a server noted (Delivered-To, X-Original-To).
    pub recipient: Option<Address>,
    /// Which header, part or line tells so, in words; None where nothing was forwarded.
    pub evidence: Option<String>,
}

impl Forwarding {
    /// Of a message that was not forwarded.
    pub const NONE: Self =
        Self { kind: ForwardingKind::None, by: None, sender: None, recipient: None, evidence: None };
}

/// A part that is not the message's own text. Its bytes stay in the raw message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedAttachment {
    /// Which part of the raw message, as `mail::part` finds it again.
    pub part: u32,
    /// Decoded; made up from the type where there is none.
    pub filename: String,
    /// Lower case, without parameters.
    pub content_type: String,
    /// Decoded bytes.
    pub size: u64,
    /// Shown within the text.
    pub inline: bool,
    /// Without angle brackets.
    pub content_id: Option<String>,
    /// Of the decoded bytes.
    pub sha256: [u8; 32],
}

/// A parsed message. No text in it holds U+0000.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedMessage {
    /// Without angle brackets; None where it is missing or blank.
    pub internet_message_id: Option<String>,
    /// In-Reply-To ids, without angle brackets, blank ones left out.
    pub in_reply_to: Vec<String>,
    /// References ids, oldest first, blank ones left out; the first and the last of very many.
    pub references: Vec<String>,
    /// The conversation as the provider or Thread-Index names it (hex of its first 22 bytes).
    pub conversation_id: Option<String>,
    /// Decoded, unfolded, bounded.
    pub subject: String,
    /// The first From address.
    pub from: Option<Address>,
    /// Sender.
    pub sender: Option<Address>,
    /// Reply-To.
    pub reply_to: Vec<Address>,
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
    /// The Date header.
    pub sent_at: Option<DateTime<Utc>>,
    /// From the topmost Received header.
    pub received_at: Option<DateTime<Utc>>,
    /// How important the author thinks it.
    pub importance: Importance,
    /// Decoded text; made from the HTML where there is no text part.
    pub text: String,
    /// The text the author added, without quoted history or signature.
    pub new_text: String,
    /// Decoded HTML, as it came: never shown, only sanitised.
    pub html: Option<String>,
    /// The first words of the text.
    pub snippet: String,
    /// All header fields of the message, in order.
    pub headers: Vec<Header>,
    /// Everything that is not the message's own text.
    pub attachments: Vec<ParsedAttachment>,
    /// Mail that a machine sent.
    pub automatic: Option<AutomaticKind>,
    /// Which header or part tells that a machine sent it, in words.
    pub automatic_because: Option<String>,
    /// How it was forwarded.
    pub forwarding: Forwarding,
    /// What is odd about its content; the first that applies, in the order of `Oddity`.
    pub oddity: Option<Oddity>,
    /// Raw bytes.
    pub size: u64,
    /// Content fingerprint (DESIGN section 5): an index, never a key.
    pub fingerprint: [u8; 32],
    /// Limits that were hit and repairs that were made, in sentences.
    pub notes: Vec<String>,
}

impl ParsedMessage {
    /// The author before any forwarding; of a message that was not forwarded, or does not say, its own.
    pub fn original_sender(&self) -> Option<&Address> {
        self.forwarding.sender.as_ref().or(self.from.as_ref())
    }

    /// Whom it was first written to, before any forwarding; where it does not say, the first of To.
    pub fn original_recipient(&self) -> Option<&Address> {
        self.forwarding.recipient.as_ref().or(self.to.first())
    }

    /// Why it was taken for what it is, and what was repaired or left out, in sentences.
    pub fn explanations(&self) -> impl Iterator<Item = String> {
        let automatic = self.automatic.zip(self.automatic_because.as_deref());
        let forwarding = self.forwarding.evidence.as_deref().map(|because| (self.forwarding.kind, because));
        let kinds = [
            automatic.map(|(kind, because)| format!("It is automatic mail ({kind}): {because}.")),
            forwarding.map(|(kind, because)| format!("It was forwarded ({kind}): {because}.")),
        ];
        kinds.into_iter().flatten().chain(self.notes.iter().cloned())
    }
}
