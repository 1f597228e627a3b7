//! What a message says about the instance it belongs to: references in its subject, and the ids of its thread.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use regex::Regex;

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
    /// All Message-IDs to look up: the referenced ones, then its own.
    pub fn thread_ids(&self) -> impl Iterator<Item = &str> {
        self.referenced_ids.iter().map(|thread| thread.id.as_str()).chain(self.own_id.as_deref())
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
