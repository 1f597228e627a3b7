//! Attachments as JSON, and their ids.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{View, message};
use crate::graph::answer::time;
use crate::graph::asked::Asked;
use crate::graph::odata::Select;
use crate::mime::{self, Part, PartKind};
use crate::world::{Content, Mailbox, Message};

/// Those of a message, inline ones included.
pub fn attachments(message: &Message) -> Vec<Part> {
    match &message.content {
        Content::Mime(raw) => mime::parts(raw),
        Content::Draft(draft) => {
            let parts = draft.attachments.iter().map(|file| Part {
                number: file.number,
                name: Some(file.name.clone()),
                content_type: file.content_type.clone(),
                size: file.bytes.len(),
                inline: file.inline,
                content_id: file.content_id.clone(),
                kind: PartKind::File(file.bytes.clone()),
            });
            parts.collect()
        }
    }
}

const MARK: [u8; 5] = [0x12, 0x10, 0x00, 0x04, 0x11];

/// The id of an attachment: its message's, and more.
pub fn attachment_id(message_id: &str, number: u32) -> String {
    let own = [&MARK[..], &number.to_be_bytes()].concat();
    format!("{message_id}{}", URL_SAFE_NO_PAD.encode(own))
}

/// The number of the attachment that an id names; None where it is none.
pub fn attachment_number(id: &str) -> Option<u32> {
    let own = id.get(id.len().checked_sub(12)?..)?;
    let bytes = URL_SAFE_NO_PAD.decode(own).ok()?;
    let number = bytes.strip_prefix(&MARK)?;
    number.try_into().ok().map(u32::from_be_bytes)
}

/// As JSON, as much of it as is selected; `deep` shows the message within it.
pub fn attachment(
    message_id: &str,
    within: &Message,
    part: &Part,
    select: Option<&Select>,
    deep: bool,
) -> Map<String, Value> {
    let mut shown = Map::new();
    let kind = match part.kind {
        PartKind::File(_) => "#microsoft.graph.fileAttachment",
        PartKind::Message(_) => "#microsoft.graph.itemAttachment",
    };
    shown.insert("@odata.type".to_owned(), kind.into());
    shown.insert("id".to_owned(), attachment_id(message_id, part.number).into());
    let mut put = |name: &str, value: Value| {
        if select.is_none_or(|select| select.has(name)) {
            shown.insert(name.to_owned(), value);
        }
    };
    put("lastModifiedDateTime", time(within.modified).into());
    put("name", part.name.as_deref().into());
    put("contentType", part.content_type.as_str().into());
    put("size", part.size.into());
    put("isInline", part.inline.into());
    match &part.kind {
        PartKind::File(bytes) => {
            put("contentId", part.content_id.as_deref().into());
            put("contentLocation", Value::Null);
            if select.is_none_or(|select| select.has("contentBytes")) {
                let content = STANDARD.encode(bytes).into();
                shown.insert("@odata.mediaContentType".to_owned(), part.content_type.as_str().into());
                shown.insert("contentBytes".to_owned(), content);
            }
        }
        PartKind::Message(raw) if deep => {
            shown.insert("item".to_owned(), Value::Object(item(raw, within)));
        }
        PartKind::Message(_) => {}
    }
    shown
}

/// An attached message; it lies in no folder and has no id of its own.
fn item(raw: &bytes::Bytes, within: &Message) -> Map<String, Value> {
    let envelope = mime::envelope(raw);
    let received = mime::received(raw).unwrap_or(within.received);
    let inner = Message {
        envelope,
        received,
        content: Content::Mime(raw.clone()),
        categories: Vec::new(),
        flag: Default::default(),
        ..within.clone()
    };
    let asked = Asked::default();
    let nowhere = Mailbox::new(uuid::Uuid::nil(), "", "");
    let mut shown = message(&nowhere, &inner, &View { typed: true, ..View::of(&asked) });
    for name in
        ["@odata.etag", "parentFolderId", "webLink", "changeKey", "conversationId", "conversationIndex"]
    {
        shown.remove(name);
    }
    shown.insert("id".to_owned(), json!(""));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_gives_its_number_back() {
        assert_eq!(attachment_number(&attachment_id("AAMkAAAA", 7)), Some(7));
        for id in ["", "AAMk", "AAMkAAAAAAAAAAAA", "üüüüüüüüüüü"] {
            assert_eq!(attachment_number(id), None, "{id}");
        }
    }
}
