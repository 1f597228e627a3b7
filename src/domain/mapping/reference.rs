//! References in texts and in addresses written to, and the signed tokens beside them.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::signals::quoted;
use crate::domain::instance::reference;
use crate::domain::message::MatchedBy;
use crate::domain::parsed::ParsedMessage;
use crate::domain::reply_token;

/// How many references of one place are looked up.
pub(super) const MAX_REFERENCES: usize = 10;
/// How much of a text is searched for references, in bytes.
const MAX_SEARCHED: usize = 64 * 1024;
/// How many addresses written to are looked at for tags.
const MAX_RECIPIENTS: usize = 100;
/// The most characters of a tag.
const MAX_TAG: usize = 100;
/// The headers beside To and Cc that say whom a message was delivered to.
const DELIVERY_HEADERS: [&str; 3] = ["delivered-to", "x-original-to", "x-envelope-to"];

/// The form of every installation's references: one that was given once matches, whatever the prefix is now.
static ANY_REFERENCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b([A-Z][A-Z0-9]{0,9}-[0-9]{1,18})\b").ok());
/// A reference and its token, as what mailroom sends has them in its text or subject.
static SIGNED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\[([A-Z][A-Z0-9]{0,9}-[0-9]{1,18}):([A-Z2-7]{16})\]").ok());

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
    /// The mapping's pattern found it; else it merely has the form of a reference, which may be of another prefix.
    pub is_expected: bool,
}

/// A reference with the token that stood beside it, not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) reference: String,
    pub(super) token: String,
}

/// How a mapping's references are read.
pub(super) struct Reader<'a> {
    /// Its pattern, of one group.
    pub(super) pattern: &'a Regex,
    /// Its prefix.
    pub(super) prefix: &'a str,
}

impl Reader<'_> {
    pub(super) fn in_subject(&self, subject: &str) -> Vec<ReferenceCandidate> {
        self.in_text(MatchedBy::ReferenceInSubject, subject, "in the subject")
    }

    /// What the author wrote comes first: what is quoted below may be another instance's.
    pub(super) fn in_body(&self, message: &ParsedMessage) -> Vec<ReferenceCandidate> {
        let mut found = self.in_text(MatchedBy::ReferenceInBody, bounded(&message.new_text), "in the text");
        if message.text != message.new_text {
            let quoted =
                self.in_text(MatchedBy::ReferenceInBody, bounded(&message.text), "in the quoted text");
            let new: Vec<_> = quoted
                .into_iter()
                .filter(|candidate| found.iter().all(|known| known.reference != candidate.reference))
                .collect();
            found.extend(new);
        }
        found
    }

    fn in_text(&self, by: MatchedBy, text: &str, place: &str) -> Vec<ReferenceCandidate> {
        let mut seen = HashSet::new();
        let mut capture = |pattern: &Regex, is_expected: bool| -> Vec<ReferenceCandidate> {
            pattern
                .captures_iter(text)
                .filter_map(|captures| captures.get(1))
                .map(|found| found.as_str().trim())
                .filter(|text| !text.is_empty() && seen.insert(*text))
                .take(MAX_REFERENCES)
                .map(|text| ReferenceCandidate {
                    by,
                    text: text.to_owned(),
                    reference: canonical(self.prefix, text),
                    evidence: format!("{} {place}", quoted(text)),
                    is_expected,
                })
                .collect()
        };
        let mut found = capture(self.pattern, true);
        found.extend(ANY_REFERENCE.as_ref().map(|any| capture(any, false)).unwrap_or_default());
        found
    }

    /// Tags of the addresses that the message was written or delivered to.
    pub(super) fn in_recipients(
        &self,
        message: &ParsedMessage,
        original: Option<&str>,
    ) -> Vec<ReferenceCandidate> {
        let mut seen = HashSet::new();
        recipients(message, original)
            .filter_map(tag)
            .filter(|(tag, _)| seen.insert(*tag))
            .take(MAX_REFERENCES)
            .filter_map(|(tag, _)| {
                let expected = self.pattern.captures(tag).and_then(|found| found.get(1));
                let any = || ANY_REFERENCE.as_ref()?.find(tag);
                // People tag their addresses with words and years: only what has a form is looked up.
                let text = expected.or_else(any)?.as_str();
                Some(ReferenceCandidate {
                    by: MatchedBy::RecipientTag,
                    text: text.to_owned(),
                    reference: canonical(self.prefix, text),
                    evidence: format!("{} in an address written to", quoted(text)),
                    is_expected: expected.is_some(),
                })
            })
            .collect()
    }

    /// Tokens in the subject, the text and the addresses written to.
    pub(super) fn claims(&self, message: &ParsedMessage, original: Option<&str>) -> Vec<Claim> {
        let texts = [message.subject.as_str(), bounded(&message.new_text), bounded(&message.text)];
        let in_texts = texts.into_iter().flat_map(|text| {
            SIGNED.iter().flat_map(move |signed| signed.captures_iter(text)).take(MAX_REFERENCES)
        });
        let in_texts = in_texts.filter_map(|found| Some((found.get(1)?.as_str(), found.get(2)?.as_str())));
        let in_tags = recipients(message, original)
            .filter_map(tag)
            .filter_map(|(tag, token)| Some((tag, token?)))
            .take(MAX_REFERENCES);
        in_texts
            .chain(in_tags)
            .map(|(text, token)| Claim { reference: canonical(self.prefix, text), token: token.to_owned() })
            .collect()
    }
}

/// What a Message-ID of mailroom's own form claims: `INC-000042.TOKEN.random@…`.
pub(super) fn claim_of_id(id: &str) -> Option<Claim> {
    let (local, _) = id.rsplit_once('@')?;
    let mut parts = local.splitn(3, '.');
    let (name, token, _) = (parts.next()?, parts.next()?, parts.next()?);
    let is_signed = reply_token::is_token(token) && ANY_REFERENCE.as_ref()?.is_match(name);
    is_signed.then(|| Claim { reference: canonical("", name), token: token.to_owned() })
}

fn recipients<'a>(message: &'a ParsedMessage, original: Option<&'a str>) -> impl Iterator<Item = &'a str> {
    let written = message.to.iter().chain(&message.cc).map(|to| to.address.as_str());
    let delivered = message
        .headers
        .iter()
        .filter(|header| DELIVERY_HEADERS.iter().any(|name| header.name.eq_ignore_ascii_case(name)))
        .map(|header| header.value.trim_matches(|c: char| c.is_whitespace() || c == '<' || c == '>'));
    written.chain(delivered).chain(original).take(MAX_RECIPIENTS)
}

/// What follows the first plus of the local part, and the token at its end, if there is one.
fn tag(address: &str) -> Option<(&str, Option<&str>)> {
    let (local, _) = address.rsplit_once('@')?;
    let (_, tag) = local.trim_matches('"').split_once('+')?;
    let (tag, token) = match tag.rsplit_once('.') {
        Some((tag, token)) if reply_token::is_token(token) => (tag, Some(token)),
        _ => (tag, None),
    };
    (!tag.is_empty() && tag.chars().count() <= MAX_TAG).then_some((tag, token))
}

fn bounded(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_SEARCHED)).unwrap_or(text)
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
