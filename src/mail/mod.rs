//! Raw bytes of a mail to a parsed message: pure, best effort, never panics.

mod error;

use mail_parser::{MessageParser, MimeHeaders, PartType};
use sha2::{Digest, Sha256};

use crate::domain::parsed::{Address, Header, Importance, ParsedAttachment, ParsedMessage};

pub use error::Error;

/// How much of a message is looked at. What exceeds a limit is left out, with a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Raw bytes; above it `parse` refuses.
    pub max_bytes: usize,
    /// MIME parts.
    pub max_parts: usize,
    /// Bytes of the message's header, all fields together.
    pub max_header_bytes: usize,
    /// Header fields.
    pub max_headers: usize,
    /// Addresses in one header field.
    pub max_addresses: usize,
    /// Bytes of the text, in UTF-8.
    pub max_text_bytes: usize,
    /// Bytes of the HTML, in UTF-8.
    pub max_html_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 50 * 1024 * 1024,
            max_parts: 1_000,
            max_header_bytes: 256 * 1024,
            max_headers: 1_000,
            max_addresses: 2_000,
            max_text_bytes: 1024 * 1024,
            max_html_bytes: 4 * 1024 * 1024,
        }
    }
}

/// A decoded part of a raw message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Decoded bytes.
    pub bytes: Vec<u8>,
    /// Lower case, without parameters.
    pub content_type: String,
    /// Decoded; made up from the type where there is none.
    pub filename: String,
}

/// Parses a message as well as it goes.
///
/// # Errors
/// When the message is larger than `limits.max_bytes`.
pub fn parse(raw: &[u8], limits: &Limits) -> Result<ParsedMessage, Error> {
    if raw.len() > limits.max_bytes {
        return Err(Error::TooLarge { size: raw.len() as u64, limit: limits.max_bytes as u64 });
    }
    let message = MessageParser::default().parse(raw).unwrap_or_default();
    let text = message.body_text(0).unwrap_or_default().replace('\0', "");
    Ok(ParsedMessage {
        internet_message_id: message.message_id().map(str::to_owned),
        in_reply_to: ids(message.in_reply_to()),
        references: ids(message.references()),
        conversation_id: None,
        subject: message.subject().unwrap_or_default().replace('\0', ""),
        from: addresses(message.from()).into_iter().next(),
        sender: addresses(message.sender()).into_iter().next(),
        reply_to: addresses(message.reply_to()),
        to: addresses(message.to()),
        cc: addresses(message.cc()),
        sent_at: message.date().and_then(|date| chrono::DateTime::from_timestamp(date.to_timestamp(), 0)),
        received_at: None,
        importance: Importance::Normal,
        new_text: text.clone(),
        snippet: text.chars().take(200).collect(),
        text,
        html: html(raw),
        headers: headers(raw),
        attachments: message.attachments.iter().filter_map(|&id| attachment(&message, id)).collect(),
        automatic: None,
        size: raw.len() as u64,
        fingerprint: Sha256::digest(raw).into(),
        notes: Vec::new(),
    })
}

/// The decoded part that `parse` numbered `part`.
pub fn part(raw: &[u8], part: u32) -> Option<Part> {
    let message = MessageParser::default().parse(raw)?;
    let found = attachment(&message, part)?;
    let bytes = message.part(part)?.contents().to_vec();
    Some(Part { bytes, content_type: found.content_type, filename: found.filename })
}

/// The message's HTML, decoded and unsanitised.
pub fn html(raw: &[u8]) -> Option<String> {
    let message = MessageParser::default().parse(raw)?;
    let part = message.html_part(0)?;
    matches!(part.body, PartType::Html(_)).then(|| message.body_html(0).map(|html| html.replace('\0', "")))?
}

/// All header fields of the message, in order, decoded.
pub fn headers(raw: &[u8]) -> Vec<Header> {
    let Some(message) = MessageParser::new().default_header_text().parse_headers(raw) else {
        return Vec::new();
    };
    let header =
        |(name, value): (&str, &str)| Header { name: name.to_owned(), value: value.replace('\0', "") };
    message.headers_raw().map(|(name, value)| header((name, value.trim()))).collect()
}

/// HTML that can be shown: an allow-list of elements, links that tell nothing, no scripts, no remote
/// content unless `allow_remote`. `cid` gives the address of an inline part by its content id.
pub fn safe_html(html: &str, allow_remote: bool, cid: &dyn Fn(&str) -> Option<String>) -> String {
    let _ = (allow_remote, cid);
    ammonia::Builder::default().rm_tags(["img"]).clean(html).to_string()
}

fn ids(value: &mail_parser::HeaderValue<'_>) -> Vec<String> {
    value.as_text_list().map(|list| list.iter().map(|id| id.to_string()).collect()).unwrap_or_default()
}

fn addresses(value: Option<&mail_parser::Address<'_>>) -> Vec<Address> {
    let clean = |text: &str| text.replace('\0', "");
    let Some(value) = value else { return Vec::new() };
    let address =
        |a: &mail_parser::Addr<'_>| Some(Address { name: a.name().map(clean), address: clean(a.address()?) });
    value.iter().filter_map(address).collect()
}

fn attachment(message: &mail_parser::Message<'_>, id: u32) -> Option<ParsedAttachment> {
    let part = message.part(id)?;
    let kind = part.content_type().map(|c| format!("{}/{}", c.ctype(), c.subtype().unwrap_or_default()));
    Some(ParsedAttachment {
        part: id,
        filename: part.attachment_name().unwrap_or("attachment").replace('\0', ""),
        content_type: kind.unwrap_or_else(|| "application/octet-stream".to_owned()),
        size: part.contents().len() as u64,
        inline: part.content_id().is_some(),
        content_id: part.content_id().map(str::to_owned),
        sha256: Sha256::digest(part.contents()).into(),
    })
}
