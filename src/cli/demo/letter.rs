//! A letter as RFC 5322 bytes: encoded words (RFC 2047), alternatives and attachments (RFC 2046).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

/// Who writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) address: &'static str,
}

/// What is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letter {
    pub(super) from: Person,
    pub(super) subject: &'static str,
    pub(super) text: &'static str,
    /// The same as HTML.
    pub(super) html: Option<&'static str>,
    pub(super) attachment: Option<Attachment>,
    /// Further header fields, each with its line end.
    pub(super) more: &'static str,
}

/// A file that comes with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attachment {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) content: &'static [u8],
}

/// What differs each time it is sent.
pub(super) struct Envelope {
    /// Its Message-ID, without angle brackets.
    pub(super) id: String,
    pub(super) date: DateTime<Utc>,
    /// The Message-IDs of the conversation so far, oldest first.
    pub(super) answers: Vec<String>,
}

impl Letter {
    /// The bytes, with CRLF.
    pub(super) fn raw(&self, envelope: &Envelope) -> Vec<u8> {
        let mut raw = String::new();
        let _ = write!(raw, "Return-Path: <{}>\r\n", self.from.address);
        let _ = write!(raw, "From: {} <{}>\r\n", phrase(self.from.name), self.from.address);
        let _ =
            write!(raw, "To: Support <support@mailroom.example>\r\nSubject: {}\r\n", encoded(self.subject));
        let _ = write!(raw, "Date: {}\r\nMessage-ID: <{}>\r\n", envelope.date.to_rfc2822(), envelope.id);
        if let Some(last) = envelope.answers.last() {
            let all: Vec<String> = envelope.answers.iter().map(|id| format!("<{id}>")).collect();
            let _ = write!(raw, "In-Reply-To: <{last}>\r\nReferences: {}\r\n", all.join("\r\n "));
        }
        raw.push_str(self.more);
        raw.push_str("MIME-Version: 1.0\r\n");
        let mut body = part("text/plain; charset=utf-8", "", self.text.replace('\n', "\r\n").as_bytes());
        if let Some(html) = self.html {
            body = multipart("alternative", &[body, part("text/html; charset=utf-8", "", html.as_bytes())]);
        }
        if let Some(file) = self.attachment {
            let place = format!("Content-Disposition: attachment; filename=\"{}\"\r\n", file.name);
            body = multipart("mixed", &[body, part(file.kind, &place, file.content)]);
        }
        raw.push_str(&body);
        raw.into_bytes()
    }
}

fn part(kind: &str, more: &str, content: &[u8]) -> String {
    let mut part = format!("Content-Type: {kind}\r\n{more}Content-Transfer-Encoding: base64\r\n\r\n");
    let encoded = STANDARD.encode(content);
    for line in encoded.as_bytes().chunks(76) {
        part.push_str(&String::from_utf8_lossy(line));
        part.push_str("\r\n");
    }
    part
}

fn multipart(kind: &str, parts: &[String]) -> String {
    // No part holds it: base64 has no underscore.
    let boundary = format!("_{kind}_");
    let mut whole = format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n");
    for part in parts {
        let _ = write!(whole, "--{boundary}\r\n{part}\r\n");
    }
    let _ = write!(whole, "--{boundary}--\r\n");
    whole
}

/// A display name (RFC 5322 section 3.2.5): quoted, if it has a comma.
fn phrase(name: &str) -> String {
    if name.contains(',') { format!("\"{name}\"") } else { encoded(name) }
}

/// Text as it may stand in a header: encoded words of at most 75 characters, if it is not ASCII.
fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for c in text.chars() {
        if let Some(word) = words.last_mut()
            && word.len() + c.len_utf8() <= 45
        {
            word.push(c);
            continue;
        }
        words.push(c.to_string());
    }
    let words: Vec<String> =
        words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect();
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::super::letters::CONVERSATIONS;
    use super::*;
    use crate::domain::clock::{Clock as _, SystemClock};

    #[test]
    fn every_letter_is_read_as_it_was_written() {
        for letter in CONVERSATIONS.iter().copied().flatten() {
            let envelope = Envelope {
                id: "b@x".into(),
                date: SystemClock.now(),
                answers: vec!["a@x".into(), "c@x".into()],
            };
            let raw = letter.raw(&envelope);
            let parsed = crate::mail::parse(&raw, &crate::mail::Limits::default()).unwrap();
            assert_eq!(parsed.subject, letter.subject);
            assert_eq!(parsed.from.as_ref().and_then(|from| from.name.as_deref()), Some(letter.from.name));
            assert_eq!(parsed.text.replace("\r\n", "\n").trim(), letter.text.trim());
            assert_eq!(parsed.attachments.len(), usize::from(letter.attachment.is_some()));
            assert!(raw.split(|byte| *byte == b'\n').all(|line| line.len() <= 200));
        }
    }
}
