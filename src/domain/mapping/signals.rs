//! What a message says about the instance it belongs to: references, the ids of its thread, its conversation, its key;
//! and who says so.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::CompiledMapping;
use super::correlation::{CorrelationStrategy, SameMessagePolicy};
use super::found::{Key, Role};
pub use super::reference::ReferenceCandidate;
use super::reference::{self, Claim, Reader};
use crate::domain::id::MailboxId;
use crate::domain::parsed::{AutomaticKind, ParsedMessage};

/// How many thread ids of one message are looked up and stored.
const MAX_THREAD_IDS: usize = 50;
/// How many people of one message take part in the instance's thread by it.
const MAX_PARTICIPANTS: usize = 500;
/// Characters of an outside text quoted in evidence.
const MAX_QUOTED: usize = 200;
/// Characters of a Thread-Index that names a conversation and no reply in it: 22 bytes in base64.
const THREAD_INDEX_START: usize = 30;

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
            counted: counted(mapping, message),
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
    pub fn roles(&self) -> impl Iterator<Item = (Key, Role)> {
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

/// The pattern that finds references of a prefix: `INC-000042`, in any case, with or without leading zeros.
pub(super) fn default_pattern(prefix: &str) -> String {
    format!(r"(?i)\b({}-[0-9]{{1,18}})\b", regex::escape(prefix))
}

/// Reads the signals of a message; the key is evaluated apart.
pub(super) fn read(
    mapping: &CompiledMapping,
    message: &ParsedMessage,
    received_at: DateTime<Utc>,
    key: Option<String>,
) -> Signals {
    let own_id = message.internet_message_id.as_deref().and_then(usable);
    let guarded = mapping.correlation.trusted_senders_only;
    // Whose word does not count was taken out before.
    let original = message.forwarding.recipient.as_ref().map(|to| to.address.as_str());
    Signals {
        references: references(mapping, message, original),
        referenced_ids: referenced(mapping, message, own_id),
        own_id: own_id.map(str::to_owned),
        conversation: conversation(mapping, message),
        key,
        same: same(mapping, message),
        senders: if guarded { senders(message) } else { Vec::new() },
        participants: if guarded { participants(mapping, message) } else { Vec::new() },
        original: other_author(message),
        signed: if guarded { signed(mapping, message, original) } else { Vec::new() },
        ..Signals::none(mapping, message, received_at)
    }
}

fn references(
    mapping: &CompiledMapping,
    message: &ParsedMessage,
    original: Option<&str>,
) -> Vec<ReferenceCandidate> {
    let reader = mapping.reader();
    let places = mapping.correlation.strategies.iter().map(|strategy| match strategy {
        CorrelationStrategy::ReferenceInSubject => reader.in_subject(&message.subject),
        CorrelationStrategy::ReferenceInBody => reader.in_body(message),
        CorrelationStrategy::RecipientTag => reader.in_recipients(message, original),
        CorrelationStrategy::ThreadHeaders
        | CorrelationStrategy::Conversation
        | CorrelationStrategy::KeyExpression => Vec::new(),
    });
    places.flatten().collect()
}

/// An id that can tell messages apart: something is left of it without brackets and blanks.
fn usable(id: &str) -> Option<&str> {
    let id = id.trim_matches(|c: char| c.is_whitespace() || c.is_control() || c == '<' || c == '>');
    id.chars().any(char::is_alphanumeric).then_some(id)
}

fn referenced(mapping: &CompiledMapping, message: &ParsedMessage, own_id: Option<&str>) -> Vec<ThreadId> {
    let direct = message.in_reply_to.iter().map(|id| (id, ThreadHeader::InReplyTo));
    let ancestors = message.references.iter().rev().map(|id| (id, ThreadHeader::References));
    let mut seen = HashSet::new();
    direct
        .chain(ancestors)
        .filter_map(|(id, header)| Some((usable(id)?, header)))
        .filter(|(id, _)| Some(*id) != own_id && seen.insert(*id))
        .take(MAX_THREAD_IDS)
        .map(|(id, header)| {
            let signed = reference::claim_of_id(id).and_then(|claim| mapping.verified(claim));
            ThreadId { id: id.to_owned(), header, signed }
        })
        .collect()
}

fn conversation(mapping: &CompiledMapping, message: &ParsedMessage) -> Option<Conversation> {
    let mailbox_id = mapping.surroundings.mailbox_id?;
    let id = message.conversation_id.as_deref().and_then(usable)?.to_owned();
    let index = message.headers.iter().find(|header| header.name.eq_ignore_ascii_case("thread-index"));
    let answers =
        |index: &str| index.chars().filter(|c| !c.is_whitespace() && *c != '=').count() > THREAD_INDEX_START;
    let is_reply = !message.in_reply_to.is_empty()
        || !message.references.is_empty()
        || index.is_some_and(|header| answers(&header.value));
    Some(Conversation { mailbox_id, id, starts: !is_reply })
}

fn same(mapping: &CompiledMapping, message: &ParsedMessage) -> Option<SameMessage> {
    if mapping.correlation.same_message != SameMessagePolicy::JoinFirst {
        return None;
    }
    let internet_message_id = message.internet_message_id.clone()?;
    usable(&internet_message_id)?;
    Some(SameMessage { internet_message_id, fingerprint: message.fingerprint })
}

fn counted(mapping: &CompiledMapping, message: &ParsedMessage) -> Option<Counted> {
    message.automatic?;
    if mapping.loop_protection.max_per_sender_per_10_min == 0 {
        return None;
    }
    let sender = message.from.as_ref().map(|from| from.address.to_ascii_lowercase()).unwrap_or_default();
    Some(Counted { mailbox_id: mapping.surroundings.mailbox_id?, sender })
}

fn senders(message: &ParsedMessage) -> Vec<String> {
    let author = message.from.iter().chain(&message.forwarding.sender);
    author.map(|from| from.address.to_ascii_lowercase()).filter(|address| !address.is_empty()).collect()
}

/// The author that a forward names, in lower case, where it is another one than the message's own.
pub(super) fn other_author(message: &ParsedMessage) -> Option<String> {
    let original = message.forwarding.sender.as_ref()?.address.to_ascii_lowercase();
    let own = message.from.as_ref().map(|from| from.address.to_ascii_lowercase());
    (own.as_ref() != Some(&original)).then_some(original)
}

/// The mailbox's own addresses are left out: everyone who wrote to it knows them.
fn participants(mapping: &CompiledMapping, message: &ParsedMessage) -> Vec<String> {
    let people = message.to.iter().chain(&message.cc).map(|to| to.address.to_ascii_lowercase());
    senders(message)
        .into_iter()
        .chain(people)
        .filter(|address| !address.is_empty() && !mapping.surroundings.is_own(address))
        .take(MAX_PARTICIPANTS)
        .collect()
}

fn signed(mapping: &CompiledMapping, message: &ParsedMessage, original: Option<&str>) -> Vec<String> {
    if mapping.surroundings.installation.is_none() {
        return Vec::new();
    }
    let ids = message.in_reply_to.iter().chain(message.references.iter().rev()).take(MAX_THREAD_IDS);
    let in_ids = ids.filter_map(|id| reference::claim_of_id(usable(id)?));
    let claims = in_ids.chain(mapping.reader().claims(message, original));
    claims.filter_map(|claim| mapping.verified(claim)).collect()
}

impl CompiledMapping {
    fn reader(&self) -> Reader<'_> {
        Reader { pattern: &self.reference_pattern, prefix: &self.prefix }
    }

    /// The reference, if its token is this installation's.
    fn verified(&self, claim: Claim) -> Option<String> {
        let installation = self.surroundings.installation.as_deref()?;
        installation
            .reply_key
            .verify(&self.process, &claim.reference, &claim.token)
            .then_some(claim.reference)
    }
}

/// An outside text, bounded for a sentence.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted: String =
        text.chars().take(MAX_QUOTED).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MAX_QUOTED).is_some() {
        quoted.push('…');
    }
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::reference::MAX_REFERENCES;
    use super::*;
    use crate::domain::mapping::fixture::{compiled, message, noon, sound};
    use crate::domain::parsed::AutomaticKind;

    fn signals(message: &ParsedMessage) -> Signals {
        compiled(&sound()).signals(message, noon())
    }

    fn in_subject(subject: &str) -> Vec<(String, String)> {
        let message = ParsedMessage { subject: subject.to_owned(), ..message() };
        let found = signals(&message).references.into_iter().filter(|found| found.is_expected);
        found.map(|found| (found.text, found.reference)).collect()
    }

    fn pair(text: &str, reference: &str) -> (String, String) {
        (text.to_owned(), reference.to_owned())
    }

    fn ids(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn references_are_found_in_the_subject_and_written_as_they_are_given() {
        assert_eq!(in_subject("Re: [INC-000042] Printer"), [pair("INC-000042", "INC-000042")]);
        assert_eq!(
            in_subject("inc-42, INC-1234567"),
            [pair("inc-42", "INC-000042"), pair("INC-1234567", "INC-1234567")]
        );
        assert_eq!(in_subject("XINC-42 INC-42x INC42 INC-"), []);
        assert_eq!(in_subject("INC-7 INC-7"), [pair("INC-7", "INC-000007")]);
    }

    #[test]
    fn a_pattern_of_ones_own_may_capture_a_number_or_a_foreign_id() {
        let mut draft = sound();
        draft.correlation.reference_pattern = Some("#([A-Za-z0-9/]+)".to_owned());
        let message = ParsedMessage { subject: "Case #57 and #Ab/9".to_owned(), ..message() };
        let found = compiled(&draft).signals(&message, noon());
        assert_eq!(found.reference_texts().collect::<Vec<_>>(), ["INC-000057", "AB/9"]);
        assert_eq!(found.external_ids().collect::<Vec<_>>(), ["57", "Ab/9"]);
    }

    #[test]
    fn without_the_strategy_the_subject_is_not_read() {
        let mut draft = sound();
        draft.correlation.strategies.clear();
        let message = ParsedMessage { subject: "INC-1".to_owned(), ..message() };
        assert_eq!(compiled(&draft).signals(&message, noon()).references, []);
    }

    #[test]
    fn the_nearest_ids_of_the_thread_come_first_each_once() {
        let message = ParsedMessage {
            in_reply_to: ids(&["c@x", "<b@x>"]),
            references: ids(&["a@x", "b@x", "c@x", "one@example.com", " ", "<>"]),
            ..message()
        };
        let signals = signals(&message);
        let found: Vec<_> =
            signals.referenced_ids.iter().map(|thread| (thread.id.as_str(), thread.header)).collect();
        assert_eq!(
            found,
            [
                ("c@x", ThreadHeader::InReplyTo),
                ("b@x", ThreadHeader::InReplyTo),
                ("a@x", ThreadHeader::References)
            ]
        );
        let keys: Vec<_> =
            ["c@x", "b@x", "a@x", "one@example.com"].map(|id| Key::Thread(id.to_owned())).into();
        assert_eq!(signals.keys().collect::<Vec<_>>(), keys);
    }

    #[test]
    fn an_id_with_nothing_in_it_is_none() {
        for blank in ["", " ", "<>", "< \t>", "@", "\u{0}"] {
            let message = ParsedMessage { internet_message_id: Some(blank.to_owned()), ..message() };
            assert_eq!(signals(&message).own_id, None, "{blank:?}");
        }
    }

    #[test]
    fn a_thousand_ids_are_bounded_to_the_nearest() {
        let references = (0..1_000).map(|n| format!("{n}@x")).collect();
        let found = signals(&ParsedMessage { references, ..message() }).referenced_ids;
        assert_eq!(found.len(), MAX_THREAD_IDS);
        assert_eq!(found[0].id, "999@x");
    }

    #[test]
    fn automatic_mail_is_told() {
        let message = ParsedMessage { automatic: Some(AutomaticKind::AutoReply), ..message() };
        assert_eq!(signals(&message).automatic, Some(AutomaticKind::AutoReply));
    }

    proptest! {
        #[test]
        fn it_never_panics_and_stays_bounded(subject in "(INC-[0-9]{0,30}|.| ){0,40}", id in ".{0,20}", refs in prop::collection::vec(".{0,5}", 0..80)) {
            let message = ParsedMessage {
                subject, internet_message_id: Some(id), references: refs.clone(), in_reply_to: refs, ..message()
            };
            let signals = signals(&message);
            prop_assert!(signals.references.len() <= 2 * MAX_REFERENCES);
            prop_assert!(signals.referenced_ids.len() <= MAX_THREAD_IDS);
            prop_assert!(signals.keys().all(|key| key != Key::Thread(String::new())));
        }
    }
}
