//! The few MAPI properties that clients ask for by their ids.

use serde_json::{Value, json};

use crate::mime;
use crate::world::{Content, Message, Origin};

/// Of those ids, the ones that the message has: `String 0x007D` (its header), `Integer 0x0E08` (its size),
/// `String 0x1035` (its message id).
pub fn values(message: &Message, ids: &[String]) -> Value {
    let found = ids.iter().filter_map(|id| {
        let (kind, tag) = id.split_once(' ')?;
        let tag = u32::from_str_radix(tag.trim().to_ascii_lowercase().strip_prefix("0x")?, 16).ok()?;
        let value = value(message, tag)?;
        Some(json!({ "id": format!("{kind} 0x{tag:x}"), "value": value }))
    });
    found.collect()
}

fn value(message: &Message, tag: u32) -> Option<String> {
    match (tag, &message.content) {
        (0x7d, Content::Mime(raw)) if message.origin == Origin::Received => {
            let fields = mime::headers(raw).into_iter();
            Some(fields.map(|(name, value)| format!("{name}: {value}\r\n")).collect())
        }
        (0xe08, Content::Mime(raw)) => Some(raw.len().to_string()),
        (0xe08, Content::Draft(draft)) => {
            let files: usize = draft.attachments.iter().map(|file| file.bytes.len()).sum();
            Some((draft.body.len() + files).to_string())
        }
        (0x1035, _) => message.envelope.internet_message_id.clone(),
        _ => None,
    }
}
