//! Raw bytes of a mail to a parsed message: pure, best effort, never panics.
//!
//! Where things are: `fields` finds the header and `headers` what it says (`ids`, `addresses`, `mailbox`,
//! `dates`, `importance`, `thread_index`; `words` and `params` decode what fields hold). `parts` finds the
//! MIME parts, `transfer` (with `base64`, `uuencode`, `appended`) and `charset` (with `shifted`, `utf7`)
//! decode them, `choice` tells text from attachments, `text` and `attachments` make them; `plain` makes text
//! of HTML, `added` finds what its author added. `oddity` (`pkcs7`), `automatic` (`report`, `absence`) and
//! `forwarding` (`envelope`, `inline`) tell what kind of mail it is, by its `signs` and its `subject`.
//! `markup` and `tidy` tame HTML before `html` sanitises it. `fingerprint` recognises a message again.

mod absence;
mod added;
mod addresses;
mod appended;
mod attachments;
mod automatic;
mod base64;
mod charset;
mod choice;
mod dates;
mod envelope;
mod error;
mod fields;
mod fingerprint;
mod forwarding;
mod headers;
mod html;
mod ids;
mod importance;
mod inline;
mod limits;
mod mailbox;
mod markup;
mod notes;
mod oddity;
mod params;
mod parts;
mod pkcs7;
mod plain;
mod report;
mod shifted;
mod signs;
mod subject;
mod text;
mod thread_index;
mod tidy;
mod transfer;
mod utf7;
mod uuencode;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};

use choice::Chosen;
use fields::Fields;
use notes::Notes;
use parts::Parts;
use signs::Signs;

use crate::domain::parsed::{Header, ParsedMessage};

pub use error::Error;
pub use html::safe_html;
pub use limits::Limits;

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

/// Parses a message as well as it goes; `ParsedMessage::notes` says what was repaired or left out.
///
/// # Errors
/// When the message is larger than `limits.max_bytes`, or meets a fault of ours.
pub fn parse(raw: &[u8], limits: &Limits) -> Result<ParsedMessage, Error> {
    if raw.len() > limits.max_bytes {
        return Err(Error::TooLarge { size: raw.len() as u64, limit: limits.max_bytes as u64 });
    }
    catch_unwind(AssertUnwindSafe(|| assemble(raw, limits, 0))).map_err(|_| Error::Fault)
}

/// The decoded part that `parse` numbered `part`; None where there is no such part.
pub fn part(raw: &[u8], part: u32) -> Option<Part> {
    let raw = fields::with_line_ends(raw);
    let limits = Limits { max_parts: (part as usize).saturating_add(1), ..Limits::default() };
    let parts = Parts::find(&raw, &Fields::read(&raw, 0, &limits), &limits, &mut Notes::default());
    let node = parts.get(part).filter(|node| !node.is_multipart())?;
    let (bytes, _) = transfer::decode_up_to(node.encoding, raw.get(node.body.clone())?, usize::MAX);
    let filename = attachments::filename(&raw, part, node);
    Some(Part { bytes: bytes.into_owned(), content_type: node.kind().to_owned(), filename })
}

/// The message's HTML, decoded and unsanitised: never shown, only given to `safe_html`.
pub fn html(raw: &[u8]) -> Option<String> {
    let raw = fields::with_line_ends(raw);
    let (limits, mut notes) = (Limits::default(), Notes::default());
    let parts = Parts::find(&raw, &Fields::read(&raw, 0, &limits), &limits, &mut notes);
    text::html(&raw, &parts, &Chosen::of(&parts), &limits, &mut notes)
}

/// All header fields of the message, in order, decoded.
pub fn headers(raw: &[u8]) -> Vec<Header> {
    let raw = fields::with_line_ends(raw);
    headers::list(&Fields::read(&raw, 0, &Limits::default()))
}

/// `depth` counts the messages that this one is attached to.
fn assemble(raw: &[u8], limits: &Limits, depth: u32) -> ParsedMessage {
    let mut notes = Notes::default();
    let size = raw.len() as u64;
    let raw = &*fields::with_line_ends(raw);
    let header = Fields::read(raw, 0, limits);
    let mut message = headers::message(&header, limits, &mut notes);
    let parts = Parts::find(raw, &header, limits, &mut notes);
    let chosen = Chosen::of(&parts);
    message.size = size;
    message.html = text::html(raw, &parts, &chosen, limits, &mut notes);
    let text = text::text(raw, &parts, &chosen, message.html.as_deref(), limits, &mut notes);
    let author = message.from.as_ref().and_then(|from| from.name.as_deref());
    message.new_text = added::added(&text.text, &text.marks, author);
    message.text = text.text;
    for &number in chosen.text.iter().chain(&chosen.html) {
        parts.get(number).into_iter().for_each(|part| part.note_flaws(number, &mut notes));
    }
    message.snippet = text::snippet(&message.text);
    let shown = message.html.as_deref().map(html::content_ids).unwrap_or_default();
    message.attachments = attachments::describe(raw, &parts, &chosen.attachments, &shown, &mut notes);
    message.fingerprint = fingerprint::of(&message, header.first("Date").as_deref(), raw, &parts, depth);
    if depth == 0 {
        classify(&mut message, raw, &parts, &mut notes);
    }
    message.notes = notes.into_vec();
    message
}

/// Each looks at what those before it found.
fn classify(message: &mut ParsedMessage, raw: &[u8], parts: &Parts, notes: &mut Notes) {
    message.oddity = oddity::of(message, raw, parts, notes);
    let headers = std::mem::take(&mut message.headers);
    let signs = Signs::of(&headers);
    (message.automatic, message.automatic_because) = automatic::of(message, &signs, parts).unzip();
    message.forwarding = forwarding::of(message, &signs, raw, parts);
    message.headers = headers;
}

#[cfg(test)]
mod tests;
