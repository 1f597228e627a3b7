//! What a message says about the instance it belongs to: references in its subject, and the ids of its thread.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use regex::Regex;

use super::found::{Key, Role};
use crate::domain::instance::reference;
use crate::domain::message::MatchedBy;
use crate::domain::parsed::ParsedMessage;

/// How many references of one subject are looked up.
const MAX_REFERENCES: usize = 10;
/// How many thread ids of one message are looked up and stored.
const MAX_THREAD_IDS: usize = 50;
/// Characters of an outside text quoted in evidence.
const MAX_QUOTED: usize = 200;

/// Something in the message that may be the reference of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceCandidate {
    /// The strategy that found it.
    pub by: MatchedBy,
    /// As captured; looked up as an externalId where no reference has it.
    pub text: String,
    /// As a reference is written (`inc-42` and `42` give `INC-000042`): looked up first.
    pub reference: String,
    /// Where it stood, in words.
    pub evidence: String,
}

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
    /// A machine sent it: it never reopens what is closed.
    pub automatic: bool,
    /// When it arrived; `reopenWithinDays` counts from the closing to here.
    pub received_at: DateTime<Utc>,
}

impl Signals {
    /// What the message looks up, and what finds its instance later.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.roles().map(|(key, _)| key)
    }

    /// Its keys, each with what it is to the message: the referenced ones, then its own.
    pub fn roles(&self) -> impl Iterator<Item = (Key, Role)> {
        let referenced = self.referenced_ids.iter().map(|thread| (thread.id.clone(), Role::Referenced));
        let own = self.own_id.iter().map(|id| (id.clone(), Role::Own));
        referenced.chain(own).map(|(id, role)| (Key::Thread(id), role))
    }

    /// All references to look up.
    pub fn reference_texts(&self) -> impl Iterator<Item = &str> {
        self.references.iter().map(|candidate| candidate.reference.as_str())
    }

    /// All externalIds to look up.
    pub fn external_ids(&self) -> impl Iterator<Item = &str> {
        self.references.iter().map(|candidate| candidate.text.as_str())
    }
}

/// The pattern that finds references of a prefix: `INC-000042`, in any case, with or without leading zeros.
pub(super) fn default_pattern(prefix: &str) -> String {
    format!(r"(?i)\b({}-[0-9]{{1,18}})\b", regex::escape(prefix))
}

/// Reads the signals of a message. `subject` is None where the mapping has no such strategy.
pub(super) fn read(
    message: &ParsedMessage,
    received_at: DateTime<Utc>,
    subject: Option<&Regex>,
    prefix: &str,
) -> Signals {
    let own_id = message.internet_message_id.as_deref().and_then(usable);
    Signals {
        references: subject.map(|pattern| references(pattern, prefix, &message.subject)).unwrap_or_default(),
        referenced_ids: referenced(message, own_id),
        own_id: own_id.map(str::to_owned),
        automatic: message.automatic.is_some(),
        received_at,
    }
}

/// An id that can tell messages apart: something is left of it without brackets and blanks.
fn usable(id: &str) -> Option<&str> {
    let id = id.trim_matches(|c: char| c.is_whitespace() || c.is_control() || c == '<' || c == '>');
    id.chars().any(char::is_alphanumeric).then_some(id)
}

fn referenced(message: &ParsedMessage, own_id: Option<&str>) -> Vec<ThreadId> {
    let direct = message.in_reply_to.iter().map(|id| (id, ThreadHeader::InReplyTo));
    let ancestors = message.references.iter().rev().map(|id| (id, ThreadHeader::References));
    let mut seen = HashSet::new();
    direct
        .chain(ancestors)
        .filter_map(|(id, header)| Some((usable(id)?, header)))
        .filter(|(id, _)| Some(*id) != own_id && seen.insert(*id))
        .take(MAX_THREAD_IDS)
        .map(|(id, header)| ThreadId { id: id.to_owned(), header })
        .collect()
}

fn references(pattern: &Regex, prefix: &str, subject: &str) -> Vec<ReferenceCandidate> {
    let mut seen = HashSet::new();
    pattern
        .captures_iter(subject)
        .filter_map(|captures| captures.get(1))
        .map(|found| found.as_str().trim())
        .filter(|text| !text.is_empty() && seen.insert(*text))
        .take(MAX_REFERENCES)
        .map(|text| ReferenceCandidate {
            by: MatchedBy::ReferenceInSubject,
            text: text.to_owned(),
            reference: canonical(prefix, text),
            evidence: format!("{} in the subject", quoted(text)),
        })
        .collect()
}

/// How the installation writes the reference: upper case, the number with at least six digits.
fn canonical(prefix: &str, text: &str) -> String {
    let (prefix, number) = text.rsplit_once('-').unwrap_or((prefix, text));
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    match number.parse::<i64>() {
        Ok(number) if digits => reference(&prefix.to_uppercase(), number),
        _ => text.to_uppercase(),
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

    use super::*;
    use crate::domain::mapping::fixture::{compiled, message, noon, sound};
    use crate::domain::parsed::AutomaticKind;

    fn signals(message: &ParsedMessage) -> Signals {
        compiled(&sound()).signals(message, noon())
    }

    fn in_subject(subject: &str) -> Vec<(String, String)> {
        let message = ParsedMessage { subject: subject.to_owned(), ..message() };
        signals(&message).references.into_iter().map(|found| (found.text, found.reference)).collect()
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
        assert!(signals(&message).automatic);
    }

    proptest! {
        #[test]
        fn it_never_panics_and_stays_bounded(subject in "(INC-[0-9]{0,30}|.| ){0,40}", id in ".{0,20}", refs in prop::collection::vec(".{0,5}", 0..80)) {
            let message = ParsedMessage {
                subject, internet_message_id: Some(id), references: refs.clone(), in_reply_to: refs, ..message()
            };
            let signals = signals(&message);
            prop_assert!(signals.references.len() <= MAX_REFERENCES);
            prop_assert!(signals.referenced_ids.len() <= MAX_THREAD_IDS);
            prop_assert!(signals.keys().all(|key| key != Key::Thread(String::new())));
        }
    }
}
