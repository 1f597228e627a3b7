//! What Graph shows of a raw message.

use std::ops::Deref;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use mail_parser::{
    Address, HeaderValue, Message as Parsed, MessageParser, MessagePart, MimeHeaders, PartType,
};

use crate::world::{Envelope, Importance, Meeting, Person};

/// Graph gives so many characters of the text.
const PREVIEW: usize = 255;

/// A text with its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Whether it is HTML.
    pub html: bool,
    /// Decoded.
    pub content: String,
}

/// A part that Graph shows as an attachment.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its place among the attachments.
    pub number: u32,
    /// Its file name, or the subject of an attached message.
    pub name: Option<String>,
    /// As the sender says.
    pub content_type: String,
    /// Its size as it is written in the message, in bytes.
    pub size: usize,
    /// Whether the text shows it.
    pub inline: bool,
    /// By which the text shows it, without angle brackets.
    pub content_id: Option<String>,
    /// What it is.
    pub kind: PartKind,
}

/// What an attachment is.
#[derive(Debug, Clone)]
pub enum PartKind {
    /// A file, decoded.
    File(Bytes),
    /// A message, as it was attached.
    Message(Bytes),
}

/// A message that was read. Messages within messages may lie so deep that to drop them one within the other would end
/// the stack: they are taken apart first.
pub(super) struct Read<'x>(Parsed<'x>);

impl<'x> Deref for Read<'x> {
    type Target = Parsed<'x>;

    fn deref(&self) -> &Parsed<'x> {
        &self.0
    }
}

impl Drop for Read<'_> {
    fn drop(&mut self) {
        let mut within = std::mem::take(&mut self.0.parts);
        while let Some(part) = within.pop() {
            if let PartType::Message(mut inner) = part.body {
                within.append(&mut inner.parts);
            }
        }
    }
}

pub(super) fn read(raw: &[u8]) -> Option<Read<'_>> {
    MessageParser::default().parse(raw).map(Read)
}

/// Whether messages lie within messages deeper than that. Exchange takes none that is nested without an end.
pub fn is_deeper(raw: &[u8], levels: usize) -> bool {
    let Some(message) = read(raw) else { return false };
    let mut within: Vec<(&Parsed<'_>, usize)> = vec![(&message, 0)];
    while let Some((message, depth)) = within.pop() {
        if depth > levels {
            return true;
        }
        let inner = message.parts.iter().filter_map(|part| match &part.body {
            PartType::Message(inner) => Some((inner, depth + 1)),
            _ => None,
        });
        within.extend(inner);
    }
    false
}

/// Reads what is shown of a message without its body. Nothing is refused: what can't be read is left out.
pub fn envelope(raw: &[u8]) -> Envelope {
    let Some(message) = read(raw) else { return Envelope::default() };
    let parts = shown(&message);
    let text = message.body_text(0).map(|text| text.into_owned()).unwrap_or_default();
    Envelope {
        subject: message.subject().map(str::to_owned),
        from: message.from().and_then(first),
        sender: message.sender().or(message.from()).and_then(first),
        to: people(message.to()),
        cc: people(message.cc()),
        bcc: people(message.bcc()),
        reply_to: people(message.reply_to()),
        internet_message_id: message.message_id().map(|id| format!("<{id}>")),
        in_reply_to: ids(message.in_reply_to()).pop(),
        references: ids(message.references()),
        sent: message.date().and_then(|date| DateTime::from_timestamp(date.to_timestamp(), 0)),
        preview: preview(&text),
        has_attachments: parts.iter().any(|part| !is_inline(part)),
        has_parts: !parts.is_empty(),
        importance: importance(&message),
        wants_read_receipt: message.header("Disposition-Notification-To").is_some(),
        wants_delivery_receipt: message.header("Return-Receipt-To").is_some(),
        meeting: message.parts.iter().find_map(meeting),
    }
}

/// The body that Exchange shows: the HTML where there is one, else the text.
pub fn body(raw: &[u8]) -> Body {
    let Some(message) = read(raw) else {
        return Body { html: false, content: String::from_utf8_lossy(raw).into_owned() };
    };
    let html = message.html_body.first().and_then(|at| message.part(*at)).filter(|part| part.is_text_html());
    match html.and_then(MessagePart::text_contents) {
        Some(html) => Body { html: true, content: html.to_owned() },
        None => {
            let text = message.body_text(0).map(|text| text.into_owned()).unwrap_or_default();
            Body { html: false, content: text }
        }
    }
}

/// The fields of its header, in order, decoded as far as Exchange does: unfolded.
pub fn headers(raw: &[u8]) -> Vec<(String, String)> {
    let Some(message) = MessageParser::default().parse_headers(raw) else { return Vec::new() };
    let unfolded = |value: &str| value.split_whitespace().collect::<Vec<_>>().join(" ");
    message.headers_raw().map(|(name, value)| (name.to_owned(), unfolded(value))).collect()
}

/// Its attachments, inline ones included.
pub fn parts(raw: &[u8]) -> Vec<Part> {
    let Some(message) = read(raw) else { return Vec::new() };
    let numbered = shown(&message).into_iter().zip(0..);
    let parts = numbered.map(|(part, number)| {
        let kind = match &part.body {
            PartType::Message(attached) => PartKind::Message(Bytes::copy_from_slice(attached.raw_message())),
            _ => PartKind::File(Bytes::copy_from_slice(part.contents())),
        };
        let subject = match &part.body {
            PartType::Message(attached) => attached.subject().map(str::to_owned),
            _ => None,
        };
        Part {
            number,
            name: part.attachment_name().map(str::to_owned).or(subject),
            content_type: content_type(part),
            size: part.raw_end_offset().saturating_sub(part.raw_body_offset()) as usize,
            inline: is_inline(part),
            content_id: part.content_id().map(str::to_owned),
            kind,
        }
    });
    parts.collect()
}

fn shown<'a>(message: &'a Parsed<'a>) -> Vec<&'a MessagePart<'a>> {
    message.attachments().collect()
}

fn is_inline(part: &MessagePart<'_>) -> bool {
    part.content_disposition().is_some_and(|kind| kind.is_inline()) && part.content_id().is_some()
}

fn content_type(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        Some(kind) => match kind.subtype() {
            Some(subtype) => format!("{}/{subtype}", kind.ctype()),
            None => kind.ctype().to_owned(),
        },
        None => "application/octet-stream".to_owned(),
    }
}

fn people(address: Option<&Address<'_>>) -> Vec<Person> {
    let Some(address) = address else { return Vec::new() };
    address.iter().map(person).collect()
}

fn first(address: &Address<'_>) -> Option<Person> {
    address.first().map(person)
}

fn person(addr: &mail_parser::Addr<'_>) -> Person {
    let address = addr.address().unwrap_or_default().to_owned();
    Person { name: addr.name().map_or_else(|| address.clone(), str::to_owned), address }
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    let ids = value.as_text_list().unwrap_or_default();
    ids.iter().map(|id| format!("<{id}>")).collect()
}

fn importance(message: &Parsed<'_>) -> Importance {
    let said = |name| message.header_raw(name).unwrap_or_default().trim().to_ascii_lowercase();
    match (said("Importance").as_str(), said("X-Priority").chars().next()) {
        ("high", _) | ("", Some('1' | '2')) => Importance::High,
        ("low", _) | ("", Some('4' | '5')) => Importance::Low,
        _ => Importance::Normal,
    }
}

/// By the method of its calendar part (RFC 5546), and of an answer by what it says.
fn meeting(part: &MessagePart<'_>) -> Option<Meeting> {
    let kind = part.content_type().filter(|kind| kind.subtype() == Some("calendar"))?;
    match kind.attribute("method")?.to_ascii_uppercase().as_str() {
        "REQUEST" => Some(Meeting::Request),
        "CANCEL" => Some(Meeting::Cancelled),
        "REPLY" => {
            let calendar = part.text_contents().unwrap_or_default().to_ascii_uppercase();
            Some(match () {
                () if calendar.contains("PARTSTAT=DECLINED") => Meeting::Declined,
                () if calendar.contains("PARTSTAT=TENTATIVE") => Meeting::Tentative,
                () => Meeting::Accepted,
            })
        }
        _ => None,
    }
}

/// A text without its HTML.
pub fn plain(html: bool, text: &str) -> String {
    if html { mail_parser::decoders::html::html_to_text(text) } else { text.to_owned() }
}

/// The beginning of a text, blanks folded.
pub fn preview(text: &str) -> String {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    folded.chars().take(PREVIEW).collect()
}

/// When a message was received, as the newest of its traces says.
pub fn received(raw: &[u8]) -> Option<DateTime<Utc>> {
    let message = MessageParser::default().parse_headers(raw)?;
    let date = message.received().and_then(|received| received.date()).or_else(|| message.date().copied())?;
    DateTime::from_timestamp(date.to_timestamp(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>\r\nTo: a@example.com, B <b@example.com>\r\n\
        Subject: Offer\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@example.com>\r\n\
        References: <a@x> <b@x>\r\nIn-Reply-To: <b@x>\r\nImportance: High\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hello  you</p>\r\n\
        --b\r\nContent-Type: application/pdf; name=offer.pdf\r\nContent-Disposition: attachment; filename=offer.pdf\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nAQID\r\n--b--\r\n";

    #[test]
    fn the_envelope_says_what_the_header_and_the_parts_say() {
        let read = envelope(MAIL.as_bytes());
        assert_eq!(read.subject.as_deref(), Some("Offer"));
        assert_eq!(read.from.as_ref().map(|from| from.name.as_str()), Some("Jörg"));
        assert_eq!(read.to[0], Person { name: "a@example.com".into(), address: "a@example.com".into() });
        assert_eq!(read.internet_message_id.as_deref(), Some("<1@example.com>"));
        assert_eq!(read.references, ["<a@x>", "<b@x>"]);
        assert_eq!(read.in_reply_to.as_deref(), Some("<b@x>"));
        assert_eq!(read.importance, Importance::High);
        assert_eq!(read.preview, "Hello you");
        assert!(read.has_attachments);
        assert_eq!(read.sent.map(|sent| sent.to_rfc3339()).as_deref(), Some("2026-11-20T09:00:00+00:00"));
    }

    #[test]
    fn body_headers_and_parts_are_read_when_asked_for() {
        assert_eq!(body(MAIL.as_bytes()), Body { html: true, content: "<p>Hello  you</p>".into() });
        assert_eq!(headers(MAIL.as_bytes())[2], ("Subject".to_owned(), "Offer".to_owned()));
        let parts = parts(MAIL.as_bytes());
        assert_eq!(parts.len(), 1);
        assert_eq!(
            (parts[0].name.as_deref(), parts[0].content_type.as_str()),
            (Some("offer.pdf"), "application/pdf")
        );
        assert!(matches!(&parts[0].kind, PartKind::File(bytes) if bytes[..] == [1, 2, 3]));
    }

    #[test]
    fn an_invitation_is_one() {
        let mail = "Subject: s\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n";
        assert_eq!(envelope(mail.as_bytes()).meeting, Some(Meeting::Request));
    }
}
