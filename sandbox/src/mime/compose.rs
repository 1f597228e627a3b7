//! Writes a draft as a message: RFC 5322 with MIME (RFC 2045 to 2047, 2231, 2387).

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::world::{Draft, DraftAttachment, Envelope, Importance, Person};

/// Letters in a line of base64.
const LINE: usize = 76;
/// Bytes in an encoded word: it may have 75 letters with its frame.
const WORD: usize = 45;

/// The message as it goes out: without Bcc, and with the sandbox's time where the envelope has none.
pub fn compose(envelope: &Envelope, draft: &Draft, now: DateTime<Utc>) -> Bytes {
    let mut out = String::new();
    let date = envelope.sent.unwrap_or(now).format("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let one = |person: &Option<Person>| person.iter().cloned().collect::<Vec<_>>();
    people(&mut out, "From", &one(&envelope.from));
    if envelope.sender != envelope.from {
        people(&mut out, "Sender", &one(&envelope.sender));
    }
    people(&mut out, "Reply-To", &envelope.reply_to);
    people(&mut out, "To", &envelope.to);
    people(&mut out, "Cc", &envelope.cc);
    if let Some(subject) = &envelope.subject {
        field(&mut out, "Subject", &words(subject));
    }
    field(&mut out, "Date", &date);
    field(&mut out, "Message-ID", envelope.internet_message_id.as_deref().unwrap_or_default());
    field(&mut out, "In-Reply-To", envelope.in_reply_to.as_deref().unwrap_or_default());
    field(&mut out, "References", &envelope.references.join("\r\n "));
    match envelope.importance {
        Importance::High => field(&mut out, "Importance", "high"),
        Importance::Low => field(&mut out, "Importance", "low"),
        Importance::Normal => {}
    }
    if envelope.wants_read_receipt {
        people(&mut out, "Disposition-Notification-To", &one(&envelope.from));
    }
    if envelope.wants_delivery_receipt {
        people(&mut out, "Return-Receipt-To", &one(&envelope.from));
    }
    for (name, value) in &draft.headers {
        field(&mut out, name, &words(value));
    }
    field(&mut out, "MIME-Version", "1.0");
    let seed = envelope.internet_message_id.clone().unwrap_or(date);
    let mut out = out.into_bytes();
    out.extend(content(draft, Uuid::new_v5(&Uuid::NAMESPACE_OID, seed.as_bytes())));
    Bytes::from(out)
}

/// The same message with fields that a client left out, and without its Bcc; each field with its colon and line end.
pub fn completed(raw: &[u8], missing: &[(&str, String)]) -> Bytes {
    let mut out = Vec::with_capacity(raw.len() + 128);
    for (name, value) in missing {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    let (mut in_header, mut dropped) = (true, false);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if in_header {
            let folded = line.starts_with(b" ") || line.starts_with(b"\t");
            in_header = !line.trim_ascii_end().is_empty();
            dropped = if folded { dropped } else { line.to_ascii_lowercase().starts_with(b"bcc:") };
            if dropped && in_header {
                continue;
            }
        }
        out.extend_from_slice(line);
    }
    Bytes::from(out)
}

/// The fields that describe the body, the empty line, and the body.
fn content(draft: &Draft, id: Uuid) -> Vec<u8> {
    let (inline, files): (Vec<_>, Vec<_>) =
        draft.attachments.iter().partition(|file| file.inline && file.content_id.is_some() && draft.html);
    let mut body = if draft.html {
        let plain = super::plain(true, &draft.body);
        multipart("alternative", 0, id, vec![text("plain", &plain), text("html", &draft.body)])
    } else {
        text("plain", &draft.body)
    };
    if !inline.is_empty() {
        let parts = std::iter::once(body).chain(inline.into_iter().map(attached));
        body = multipart("related", 1, id, parts.collect());
    }
    if !files.is_empty() {
        let parts = std::iter::once(body).chain(files.into_iter().map(attached));
        body = multipart("mixed", 2, id, parts.collect());
    }
    body
}

fn multipart(kind: &str, depth: u8, id: Uuid, parts: Vec<Vec<u8>>) -> Vec<u8> {
    let boundary = format!("_{depth:03}_{}_", id.simple());
    let related = if kind == "related" { " type=\"multipart/alternative\";" } else { "" };
    let mut out =
        format!("Content-Type: multipart/{kind};{related}\r\n boundary=\"{boundary}\"\r\n\r\n").into_bytes();
    for part in parts {
        out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        out.extend(part);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}

fn text(kind: &str, text: &str) -> Vec<u8> {
    let mut out = format!(
        "Content-Type: text/{kind}; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    );
    quoted_printable(&mut out, text);
    out.into_bytes()
}

/// Text in quoted-printable (RFC 2045 section 6.7), line ends made CRLF.
fn quoted_printable(out: &mut String, text: &str) {
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut column = 0;
        for (at, byte) in line.bytes().enumerate() {
            let last = at + 1 == line.len();
            let plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || (matches!(byte, b' ' | b'\t') && !last);
            let width = if plain { 1 } else { 3 };
            // One column is kept for the `=` of a soft break.
            if column + width > LINE - 1 {
                out.push_str("=\r\n");
                column = 0;
            }
            if plain {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "={byte:02X}");
            }
            column += width;
        }
        out.push_str("\r\n");
    }
}

fn attached(file: &DraftAttachment) -> Vec<u8> {
    let kind = one_line(&file.content_type);
    let kind = if kind.split('/').count() == 2 { kind } else { "application/octet-stream".to_owned() };
    let disposition = if file.inline { "inline" } else { "attachment" };
    let name = parameter("filename", &file.name);
    let mut out = format!("Content-Type: {kind}\r\nContent-Disposition: {disposition};\r\n {name}\r\n");
    if let Some(id) = &file.content_id {
        let id = one_line(id);
        let _ = write!(out, "Content-ID: <{}>\r\n", id.trim_matches(['<', '>']));
    }
    // An attached message is never encoded (RFC 2046 section 5.2.1).
    if kind.eq_ignore_ascii_case("message/rfc822") {
        out.push_str("Content-Transfer-Encoding: 8bit\r\n\r\n");
        return [out.into_bytes(), file.bytes.to_vec()].concat();
    }
    out.push_str("Content-Transfer-Encoding: base64\r\n\r\n");
    let letters = STANDARD.encode(&file.bytes).into_bytes();
    let mut out = out.into_bytes();
    for line in letters.chunks(LINE) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// A parameter of a field; RFC 2231 where it is not ASCII.
fn parameter(name: &str, value: &str) -> String {
    if value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    }
    let mut out = format!("{name}*=utf-8''");
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'-' | b'_' => out.push(char::from(byte)),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn field(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = write!(out, "{name}: {value}\r\n");
    }
}

fn people(out: &mut String, name: &str, people: &[Person]) {
    let people: Vec<String> = people.iter().map(mailbox).collect();
    field(out, name, &people.join(",\r\n "));
}

fn mailbox(person: &Person) -> String {
    let address = one_line(&person.address);
    if person.name.is_empty() || person.name == person.address {
        return format!("<{address}>");
    }
    let plain = person.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -_'".contains(&byte));
    let name = match words(&person.name) {
        name if plain => name,
        name if name.starts_with("=?") => name,
        name => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
    };
    format!("{name} <{address}>")
}

/// A text of a field: as it is, or as encoded words (RFC 2047) folded one to a line.
fn words(text: &str) -> String {
    let text = one_line(text);
    // What is ASCII but long, or looks like an encoded word, is encoded too: it may not be folded elsewhere.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.len() <= 900 && !text.contains("=?") {
        return text;
    }
    let mut pieces: Vec<String> = Vec::new();
    for letter in text.chars() {
        match pieces.last_mut() {
            Some(piece) if piece.len() + letter.len_utf8() <= WORD => piece.push(letter),
            _ => pieces.push(letter.to_string()),
        }
    }
    let words = pieces.iter().map(|piece| format!("=?utf-8?B?{}?=", STANDARD.encode(piece)));
    words.collect::<Vec<_>>().join("\r\n ")
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], " ")
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders};

    use super::*;
    use crate::mime;

    fn person(name: &str, address: &str) -> Person {
        Person { name: name.to_owned(), address: address.to_owned() }
    }

    fn file(name: &str, kind: &str, bytes: &[u8], content_id: Option<&str>) -> DraftAttachment {
        DraftAttachment {
            number: 0,
            name: name.to_owned(),
            content_type: kind.to_owned(),
            bytes: Bytes::copy_from_slice(bytes),
            inline: content_id.is_some(),
            content_id: content_id.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_composed_is_read_as_it_was_meant() {
        let subject = "Angebot für Zoë: ".to_owned() + &"日本語".repeat(30);
        let envelope = Envelope {
            subject: Some(subject.clone()),
            from: Some(person("Jörg \"J\" Müller", "joerg@example.com")),
            to: vec![person("Last, First", "a@example.com"), person("b@example.com", "b@example.com")],
            bcc: vec![person("", "hidden@example.com")],
            internet_message_id: Some("<1@example.com>".to_owned()),
            in_reply_to: Some("<0@example.com>".to_owned()),
            references: vec!["<a@x>".to_owned(), "<0@example.com>".to_owned()],
            importance: Importance::High,
            ..Envelope::default()
        };
        let body = format!("<p>Größe = {} \r\n.\n trailing \n<img src=cid:logo></p>", "x".repeat(200));
        let attached = "Subject: inner\r\n\r\nüber\r\n";
        let draft = Draft {
            html: true,
            body,
            headers: vec![("X-Case".to_owned(), "42".to_owned())],
            attachments: vec![
                file("Größe \"1\".pdf", "application/pdf", &[0, 1, 255], None),
                file("logo.png", "image/png", &[7; 200], Some("logo")),
                file("mail.eml", "message/rfc822", attached.as_bytes(), None),
            ],
        };
        let raw = compose(&envelope, &draft, DateTime::UNIX_EPOCH);
        assert!(raw.split(|byte| *byte == b'\n').all(|line| line.len() < 1000));
        assert!(!String::from_utf8_lossy(&raw).contains("hidden"));
        let read = mime::envelope(&raw);
        assert_eq!((read.subject, &read.to, &read.from), (Some(subject), &envelope.to, &envelope.from));
        assert_eq!((read.references, read.in_reply_to), (envelope.references, envelope.in_reply_to));
        assert_eq!(read.importance, Importance::High);
        let shown = mime::body(&raw).content.replace("\r\n", "\n");
        assert_eq!(shown.trim_end(), draft.body.replace("\r\n", "\n"));
        let message = MessageParser::default().parse(&raw[..]).unwrap();
        assert_eq!(message.content_type().unwrap().subtype(), Some("mixed"));
        assert_eq!(message.header_raw("X-Case").map(str::trim), Some("42"));
        let names: Vec<_> = mime::parts(&raw).into_iter().filter_map(|part| part.name).collect();
        assert!(
            names.contains(&"Größe \"1\".pdf".to_owned()) && names.contains(&"mail.eml".to_owned()),
            "{names:?}"
        );
    }

    #[test]
    fn nothing_that_a_client_gives_can_add_a_field() {
        let evil = "x\r\nBcc: everyone@example.com";
        let envelope =
            Envelope { subject: Some(evil.to_owned()), to: vec![person(evil, evil)], ..Envelope::default() };
        let draft = Draft { attachments: vec![file(evil, evil, b"", Some(evil))], ..Draft::default() };
        let raw = compose(&envelope, &draft, DateTime::UNIX_EPOCH);
        assert!(!String::from_utf8_lossy(&raw).lines().any(|line| line.starts_with("Bcc")));
    }

    #[test]
    fn a_message_that_came_whole_loses_its_bcc_and_gains_what_it_lacks() {
        let raw = b"To: a@x\r\nBCC: b@x,\r\n c@x\r\nSubject: s\r\n\r\nBcc: stays\r\n";
        let out = completed(raw, &[("Date", "today".to_owned())]);
        assert_eq!(&out[..], b"Date: today\r\nTo: a@x\r\nSubject: s\r\n\r\nBcc: stays\r\n");
    }
}
