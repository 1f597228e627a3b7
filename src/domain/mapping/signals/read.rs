//! How the signals of a message are read.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::{Conversation, Counted, ReferenceCandidate, SameMessage, Signals, ThreadHeader, ThreadId};
use crate::domain::mapping::CompiledMapping;
use crate::domain::mapping::correlation::{CorrelationStrategy, SameMessagePolicy};
use crate::domain::mapping::reference::{self, Claim, Reader};
use crate::domain::parsed::ParsedMessage;

/// How many thread ids of one message are looked up and stored.
const MAX_THREAD_IDS: usize = 50;
/// How many people of one message take part in the instance's thread by it.
const MAX_PARTICIPANTS: usize = 500;
/// Characters of an outside text quoted in evidence.
const MAX_QUOTED: usize = 200;
/// Characters of a Thread-Index that names a conversation and no reply in it: 22 bytes in base64.
const THREAD_INDEX_START: usize = 30;

/// The pattern that finds references of a prefix: `INC-000042`, in any case, with or without leading zeros.
pub(in crate::domain::mapping) fn default_pattern(prefix: &str) -> String {
    format!(r"(?i)\b({}-[0-9]{{1,18}})\b", regex::escape(prefix))
}

/// Reads the signals of a message; the key is evaluated apart.
pub(in crate::domain::mapping) fn read(
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

pub(super) fn counted(mapping: &CompiledMapping, message: &ParsedMessage) -> Option<Counted> {
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
pub(in crate::domain::mapping) fn other_author(message: &ParsedMessage) -> Option<String> {
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
pub(in crate::domain::mapping) fn quoted(text: &str) -> String {
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

    use super::*;
    use crate::domain::mapping::fixture::{compiled, message, noon, sound};
    use crate::domain::mapping::found::Key;
    use crate::domain::mapping::reference::MAX_REFERENCES;
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
