//! A message in few words, as the answer to a change.

use serde_json::{Value, json};

use super::answer::time;
use super::asked::Asked;
use crate::world::{Mailbox, Message, Person};

/// The JSON of a message.
pub fn message(mailbox: &Mailbox, message: &Message, asked: &Asked) -> Value {
    let envelope = &message.envelope;
    let person =
        |person: &Person| json!({ "emailAddress": { "name": person.name, "address": person.address } });
    let people = |people: &[Person]| people.iter().map(person).collect::<Vec<_>>();
    json!({
        "@odata.etag": message.etag(),
        "id": mailbox.id_of(message, asked.ids),
        "changeKey": message.change_key(),
        "parentFolderId": mailbox.ids().folder(message.folder),
        "conversationId": message.conversation.to_string(),
        "subject": envelope.subject,
        "from": envelope.from.as_ref().map(person),
        "toRecipients": people(&envelope.to),
        "ccRecipients": people(&envelope.cc),
        "bccRecipients": people(&envelope.bcc),
        "internetMessageId": envelope.internet_message_id,
        "importance": envelope.importance,
        "isRead": message.is_read,
        "isDraft": message.is_draft(),
        "categories": message.categories,
        "hasAttachments": envelope.has_attachments,
        "bodyPreview": envelope.preview,
        "flag": { "flagStatus": message.flag.status },
        "inferenceClassification": if message.focused { "focused" } else { "other" },
        "receivedDateTime": time(message.received),
        "lastModifiedDateTime": time(message.modified),
    })
}
