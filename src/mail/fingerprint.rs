//! The content fingerprint: equal however a server rebuilt the MIME, different where the content is.
//!
//! Servers reorder headers, make new boundaries and transfer encodings, write dates and names anew, and make a
//! text part of the HTML. So instants, addresses and words are hashed, and the words are those of the HTML
//! where there is one.

use sha2::{Digest, Sha256};

use super::parts::{Node, Parts};
use super::{Limits, markup, transfer};
use crate::domain::parsed::{ParsedAttachment, ParsedMessage};

/// Attached messages within attached messages whose content is looked at; further in their bytes count.
const MAX_ATTACHED: u32 = 3;

/// A change of what is hashed is a change of this.
const KIND: &[u8] = b"mailroom content fingerprint 1";

/// Hashes what `message` says. `depth` counts attached messages around it.
pub(super) fn of(
    message: &ParsedMessage,
    date: Option<&str>,
    raw: &[u8],
    parts: &Parts,
    depth: u32,
) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(KIND);
    field(message.internet_message_id.as_deref().unwrap_or_default().as_bytes());
    match message.sent_at {
        Some(instant) => field(&instant.timestamp().to_be_bytes()),
        None => field(date.unwrap_or_default().as_bytes()),
    }
    field(message.from.as_ref().map(|from| from.address.to_lowercase()).unwrap_or_default().as_bytes());
    field(folded(&message.subject).as_bytes());
    match &message.html {
        Some(html) => field(markup::words(html).as_bytes()),
        None => field(folded(&message.text).as_bytes()),
    }
    let mut attached: Vec<[u8; 32]> = message
        .attachments
        .iter()
        .filter_map(|a| Some(attachment(a, parts.get(a.part)?, raw, depth)))
        .collect();
    attached.sort_unstable();
    attached.iter().for_each(|digest| field(digest));
    hash.finalize().into()
}

fn attachment(described: &ParsedAttachment, node: &Node, raw: &[u8], depth: u32) -> [u8; 32] {
    let body = raw.get(node.body.clone()).unwrap_or_default();
    match described.content_type.as_str() {
        "message/rfc822" | "message/global" if depth < MAX_ATTACHED => {
            let (bytes, _) = transfer::decode_up_to(node.encoding, body, usize::MAX);
            super::assemble(&bytes, &Limits::default(), depth + 1).fingerprint
        }
        // Line ends of texts change on the way, and blanks at their ends come and go.
        kind if kind.starts_with("text/") || kind.starts_with("message/") => {
            let mut hash = Sha256::new();
            let (mut begun, mut blank) = (false, false);
            transfer::decode(node.encoding, body, &mut |piece| {
                for run in piece.chunk_by(|a, b| a.is_ascii_whitespace() == b.is_ascii_whitespace()) {
                    if run.trim_ascii().is_empty() {
                        blank = begun;
                        continue;
                    }
                    if std::mem::take(&mut blank) {
                        hash.update(b" ");
                    }
                    begun = true;
                    hash.update(run);
                }
                true
            });
            hash.finalize().into()
        }
        _ => described.sha256,
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
