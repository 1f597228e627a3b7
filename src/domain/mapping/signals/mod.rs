//! What a message says about the instance it belongs to: references, the ids of its thread, its conversation, its key;
//! and who says so.

mod read;

use chrono::{DateTime, Utc};

use super::CompiledMapping;
use super::found::{Key, Role};
pub use super::reference::ReferenceCandidate;
use crate::domain::id::MailboxId;
use crate::domain::parsed::{AutomaticKind, ParsedMessage};

pub(super) use read::{default_pattern, other_author, quoted, read};

/// The header that named another message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadHeader {
    /// RFC 5322 section 3.6.4, the direct parent.
    InReplyTo,
    /// RFC 5322 section 3.6.4, the parent and its own ancestors.
    References,
}

impl ThreadHeader {
    /// As written in a message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InReplyTo => "In-Reply-To",
            Self::References => "References",
        }
    }
}

/// Another message that this one names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadId {
    /// Without angle brackets.
    pub id: String,
    /// Where it stood.
    pub header: ThreadHeader,
    /// The reference whose valid token is in it: mailroom gave the id to a message of that instance.
    pub signed: Option<String>,
}

/// The conversation that a message is part of, within its mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The mailbox.
    pub mailbox_id: MailboxId,
    /// As the provider or Thread-Index names it.
    pub id: String,
    /// The message is no reply: the conversation starts with it.
    pub starts: bool,
}

impl Conversation {
    pub(super) fn key(&self) -> Key {
        Key::Conversation(self.mailbox_id, self.id.clone())
    }
}

/// What makes messages of several mailboxes the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SameMessage {
    /// Its Message-ID, as it is stored.
    pub internet_message_id: String,
    /// Of its content.
    pub fingerprint: [u8; 32],
}

/// Automatic mail that is counted by its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The mailbox that it came to.
    pub mailbox_id: MailboxId,
    /// Its author's address in lower case; empty where it has none.
    pub sender: String,
}

/// What to look up for a message, and what to store with it so that later messages find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signals {
    /// In the order in which they stand.
    pub references: Vec<ReferenceCandidate>,
    /// Its own Message-ID; None where it has none that tells messages apart.
    pub own_id: Option<String>,
    /// The nearest first: In-Reply-To, then References from last to first; its own id is not among them.
    pub referenced_ids: Vec<ThreadId>,
    /// The conversation that it is part of.
    pub conversation: Option<Conversation>,
    /// Its business key.
    pub key: Option<String>,
    /// What another mailbox's copy of it has too; None where the mapping does not ask.
    pub same: Option<SameMessage>,
    /// Which machine sent it: it never reopens what is closed.
    pub automatic: Option<AutomaticKind>,
    /// By whom it is counted; None where the mapping does not count, and of people's mail.
    pub counted: Option<Counted>,
    /// Who wrote it, in lower case: the author, and the original author where the forwarder is trusted. Read only
    /// where the mapping trusts nobody else.
    pub senders: Vec<String>,
    /// Who takes part in the instance's thread by it, in lower case; read as `senders` are.
    pub participants: Vec<String>,
    /// The original author, in lower case, where someone trusted forwarded it.
    pub original: Option<String>,
    /// The references whose valid token it carries.
    pub signed: Vec<String>,
    /// The mailbox that it came to.
    pub mailbox_id: Option<MailboxId>,
    /// When it arrived; `reopenWithinDays` counts from the closing to here.
    pub received_at: DateTime<Utc>,
}

impl Signals {
    /// Of a message that is not asked what it belongs to.
    pub(super) fn none(
        mapping: &CompiledMapping,
        message: &ParsedMessage,
        received_at: DateTime<Utc>,
    ) -> Self {
        Self {
            references: Vec::new(),
            own_id: None,
            referenced_ids: Vec::new(),
            conversation: None,
            key: None,
            same: None,
            automatic: message.automatic,
            counted: read::counted(mapping, message),
            senders: Vec::new(),
            participants: Vec::new(),
            original: None,
            signed: Vec::new(),
            mailbox_id: mapping.surroundings.mailbox_id,
            received_at,
        }
    }

    /// What the message looks up, and what finds its instance later.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.roles().map(|(key, _)| key)
    }

    /// Its keys, each with what it is to the message: the referenced ones, then its own.
    pub(super) fn roles(&self) -> impl Iterator<Item = (Key, Role)> {
        let thread = |id: &String| Key::Thread(id.clone());
        let referenced = self.referenced_ids.iter().map(move |named| (thread(&named.id), Role::Referenced));
        let own = self.own_id.iter().map(move |id| (thread(id), Role::Own));
        let conversation = self.conversation.iter().map(|conversation| {
            let role = if conversation.starts { Role::Own } else { Role::Referenced };
            (conversation.key(), role)
        });
        let business = self.key.iter().map(|key| (Key::Business(key.clone()), Role::Own));
        referenced.chain(own).chain(conversation).chain(business)
    }

    /// What later messages find its instance by, and who takes part in it beside those who are on the message.
    pub fn given(&self) -> impl Iterator<Item = (Key, Role)> {
        let original = self.original.iter().map(|who| (Key::Participant(who.clone()), Role::Own));
        self.roles().chain(original)
    }

    /// All references to look up.
    pub fn reference_texts(&self) -> impl Iterator<Item = &str> {
        let signed = self.referenced_ids.iter().filter_map(|thread| thread.signed.as_deref());
        self.references.iter().map(|candidate| candidate.reference.as_str()).chain(signed)
    }

    /// All externalIds to look up.
    pub fn external_ids(&self) -> impl Iterator<Item = &str> {
        let expected = self.references.iter().filter(|candidate| candidate.is_expected);
        expected.map(|candidate| candidate.text.as_str())
    }

    /// What it named, in a sentence, where nothing of it is known.
    pub(super) fn in_vain(&self) -> &'static str {
        let names_reference = self.references.iter().any(|candidate| candidate.is_expected);
        match (names_reference, self.referenced_ids.is_empty(), self.key.is_some()) {
            (false, true, false) => "It names no reference and no earlier message.",
            (true, true, false) => "Nothing is known under the reference that it names.",
            (false, false, false) => "None of the messages that it names is known.",
            (true, false, false) => "Neither the reference nor any of the messages that it names is known.",
            (_, _, true) => "No instance has its key, and nothing else that it names is known.",
        }
    }
}
