//! A message as JSON, as much of it as was asked for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{attachment, attachments, body, extended, shaped};
use crate::graph::answer::time;
use crate::graph::asked::Asked;
use crate::graph::odata::{Expand, Select, conversation_id, encoded};
use crate::mime::{self, Body};
use crate::world::{Content, FlagStatus, Mailbox, Meeting, Message, Origin, Person};

/// How a message is looked at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Which ids, and which kind of body.
    pub asked: &'a Asked,
    /// Which properties; None shows the usual ones.
    pub select: Option<&'a Select>,
    /// What besides.
    pub expand: Option<&'a Expand>,
    /// Without body, preview and attachments: the app has `Mail.ReadBasic` only.
    pub basic: bool,
    /// Whether a plain message says its type too, as in delta.
    pub typed: bool,
}

impl<'a> View<'a> {
    /// All that is usual.
    pub const fn of(asked: &'a Asked) -> Self {
        Self { asked, select: None, expand: None, basic: false, typed: false }
    }
}

/// What comes only where it is selected.
const RARE: [&str; 2] = ["internetMessageHeaders", "uniqueBody"];
/// What needs more than `Mail.ReadBasic`.
const FULL: [&str; 4] = ["body", "uniqueBody", "bodyPreview", "internetMessageHeaders"];

struct Shown<'v> {
    view: &'v View<'v>,
    map: Map<String, Value>,
}

impl Shown<'_> {
    fn wants(&self, name: &str) -> bool {
        let rare = || !RARE.contains(&name);
        self.view.select.map_or_else(rare, |select| select.has(name))
            && !(self.view.basic && FULL.contains(&name))
    }

    fn put(&mut self, name: &str, value: impl FnOnce() -> Value) {
        if self.wants(name) {
            self.map.insert(name.to_owned(), value());
        }
    }
}

/// As much of a message as is to be seen. Its bytes are read only for what lies in them.
pub fn message(mailbox: &Mailbox, message: &Message, view: &View<'_>) -> Map<String, Value> {
    let mut shown = Shown { view, map: Map::new() };
    let id = mailbox.id_of(message, view.asked.ids);
    shown.map.insert("@odata.etag".to_owned(), message.etag().into());
    if let Some(kind) = kind(message).or(view.typed.then_some("#microsoft.graph.message")) {
        shown.map.insert("@odata.type".to_owned(), kind.into());
    }
    shown.map.insert("id".to_owned(), id.as_str().into());
    item(&mut shown, mailbox, message, &id);
    people(&mut shown, message);
    content(&mut shown, message);
    if let Some(meeting) = message.envelope.meeting {
        calendar(&mut shown, meeting);
    }
    let Some(expand) = view.expand.filter(|_| !view.basic) else { return shown.map };
    if let Some(select) = &expand.attachments {
        let all = attachments(message);
        let all = all.iter().map(|part| attachment(&id, message, part, select.as_ref(), false));
        shown.map.insert("attachments".to_owned(), all.map(Value::Object).collect());
    }
    if !expand.extended.is_empty() {
        let values = extended::values(message, &expand.extended);
        shown.map.insert("singleValueExtendedProperties".to_owned(), values);
    }
    shown.map
}

fn item(shown: &mut Shown<'_>, mailbox: &Mailbox, message: &Message, id: &str) {
    let envelope = &message.envelope;
    shown.put("createdDateTime", || time(message.created).into());
    shown.put("lastModifiedDateTime", || time(message.modified).into());
    shown.put("changeKey", || message.change_key().into());
    shown.put("categories", || json!(message.categories));
    shown.put("receivedDateTime", || time(message.received).into());
    let sent = envelope.sent.or((message.origin == Origin::Draft).then_some(message.created));
    shown.put("sentDateTime", || sent.map(time).into());
    shown.put("hasAttachments", || envelope.has_attachments.into());
    shown.put("internetMessageId", || envelope.internet_message_id.as_deref().into());
    shown.put("subject", || envelope.subject.as_deref().into());
    shown.put("bodyPreview", || envelope.preview.as_str().into());
    shown.put("importance", || json!(envelope.importance));
    shown.put("parentFolderId", || mailbox.ids().folder(message.folder).into());
    shown.put("conversationId", || conversation_id(mailbox, message).into());
    shown.put("conversationIndex", || STANDARD.encode(&message.conversation_index).into());
    let receipt = (message.origin != Origin::Received).then_some(envelope.wants_delivery_receipt);
    shown.put("isDeliveryReceiptRequested", || receipt.into());
    shown.put("isReadReceiptRequested", || envelope.wants_read_receipt.into());
    shown.put("isRead", || message.is_read.into());
    shown.put("isDraft", || message.is_draft().into());
    shown.put("inferenceClassification", || if message.focused { "focused" } else { "other" }.into());
    shown.put("webLink", || {
        let id = encoded(id);
        format!("https://outlook.office365.com/owa/?ItemID={id}&exvsurl=1&viewmodel=ReadMessageItem").into()
    });
    shown.put("flag", || {
        let mut flag = message.flag.times.clone();
        let status = match message.flag.status {
            FlagStatus::NotFlagged => "notFlagged",
            FlagStatus::Complete => "complete",
            FlagStatus::Flagged => "flagged",
        };
        flag.insert("flagStatus".to_owned(), status.into());
        Value::Object(flag)
    });
}

fn people(shown: &mut Shown<'_>, message: &Message) {
    let envelope = &message.envelope;
    let one = |person: &Option<Person>| person.as_ref().map_or(Value::Null, recipient);
    let all = |people: &[Person]| people.iter().map(recipient).collect::<Value>();
    shown.put("sender", || one(if envelope.sender.is_some() { &envelope.sender } else { &envelope.from }));
    shown.put("from", || one(&envelope.from));
    shown.put("toRecipients", || all(&envelope.to));
    shown.put("ccRecipients", || all(&envelope.cc));
    // Who got a blind copy is known only of what the mailbox wrote.
    let bcc: &[Person] = if message.origin == Origin::Received { &[] } else { &envelope.bcc };
    shown.put("bccRecipients", || all(bcc));
    shown.put("replyTo", || all(&envelope.reply_to));
}

fn recipient(person: &Person) -> Value {
    json!({ "emailAddress": { "name": person.name, "address": person.address } })
}

fn content(shown: &mut Shown<'_>, message: &Message) {
    if shown.wants("body") || shown.wants("uniqueBody") {
        let body = shaped(body(message), shown.view.asked);
        shown.put("uniqueBody", || written(&super::body::unique(&body)));
        shown.put("body", || written(&body));
    }
    // Exchange has no such fields of what the mailbox wrote itself.
    if let (true, Origin::Received, Content::Mime(raw)) =
        (shown.view.select.is_some(), message.origin, &message.content)
    {
        shown.put("internetMessageHeaders", || {
            let fields = mime::headers(raw).into_iter();
            fields.map(|(name, value)| json!({ "name": name, "value": value })).collect()
        });
    }
}

fn written(body: &Body) -> Value {
    json!({ "contentType": if body.html { "html" } else { "text" }, "content": body.content })
}

/// The derived type of a calendar message.
fn kind(message: &Message) -> Option<&'static str> {
    Some(match message.envelope.meeting? {
        Meeting::Request => "#microsoft.graph.eventMessageRequest",
        Meeting::Cancelled => "#microsoft.graph.eventMessage",
        Meeting::Accepted | Meeting::Tentative | Meeting::Declined => "#microsoft.graph.eventMessageResponse",
    })
}

fn calendar(shown: &mut Shown<'_>, meeting: Meeting) {
    let (kind, response) = match meeting {
        Meeting::Request => ("meetingRequest", None),
        Meeting::Cancelled => ("meetingCancelled", None),
        Meeting::Accepted => ("meetingAccepted", Some("accepted")),
        Meeting::Tentative => ("meetingTenativelyAccepted", Some("tentativelyAccepted")),
        Meeting::Declined => ("meetingDeclined", Some("declined")),
    };
    shown.put("meetingMessageType", || kind.into());
    shown.put("isOutOfDate", || false.into());
    shown.put("isDelegated", || false.into());
    if meeting == Meeting::Request {
        shown.put("meetingRequestType", || "newMeetingRequest".into());
    }
    if let Some(response) = response {
        shown.put("responseType", || response.into());
    }
}
