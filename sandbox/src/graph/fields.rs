//! The properties of a message that a client may give, read from JSON and put onto a message.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::answer::Problem;
use super::given::{not_settable, wrong_type};
use crate::world::{
    Content, Draft, DraftAttachment, Envelope, Flag, FlagStatus, Importance, Message, Person,
};

/// What was given; what was not is None.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// Read or not.
    pub is_read: Option<bool>,
    /// The whole list.
    pub categories: Option<Vec<String>>,
    /// The follow-up flag.
    pub flag: Option<Flag>,
    /// How important.
    pub importance: Option<Importance>,
    /// Focused, or other.
    pub focused: Option<bool>,
    /// What only a draft takes.
    pub content: ContentFields,
    /// Attachments; of new drafts only.
    pub attachments: Option<Vec<NewAttachment>>,
}

/// What only a draft takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentFields {
    /// Its subject, or none.
    pub subject: Option<Option<String>>,
    /// Whether it is HTML, and the text.
    pub body: Option<(bool, String)>,
    /// From; the mailbox itself where nothing is given.
    pub from: Option<Option<Person>>,
    /// To.
    pub to: Option<Vec<Person>>,
    /// Cc.
    pub cc: Option<Vec<Person>>,
    /// Bcc.
    pub bcc: Option<Vec<Person>>,
    /// Where answers go.
    pub reply_to: Option<Vec<Person>>,
    /// With angle brackets.
    pub internet_message_id: Option<String>,
    /// Fields beginning with x-.
    pub headers: Option<Vec<(String, String)>>,
    /// Whether a read receipt is asked for.
    pub wants_read_receipt: Option<bool>,
    /// Whether a delivery receipt is asked for.
    pub wants_delivery_receipt: Option<bool>,
}

/// An attachment as a client gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAttachment {
    /// Its name.
    pub name: String,
    /// As the client says.
    pub content_type: String,
    /// Decoded.
    pub bytes: Bytes,
    /// Whether the text shows it.
    pub inline: bool,
    /// By which the text shows it.
    pub content_id: Option<String>,
}

/// Graph sets these itself.
const ITS_OWN: [&str; 14] = [
    "id",
    "createdDateTime",
    "lastModifiedDateTime",
    "changeKey",
    "receivedDateTime",
    "sentDateTime",
    "hasAttachments",
    "bodyPreview",
    "parentFolderId",
    "conversationId",
    "conversationIndex",
    "isDraft",
    "webLink",
    "uniqueBody",
];

impl Fields {
    /// Reads a message as a client gives it.
    pub fn read(object: &Map<String, Value>) -> Result<Self, Problem> {
        let mut fields = Self::default();
        for (name, value) in object {
            fields.take(name, value)?;
        }
        Ok(fields)
    }

    fn take(&mut self, name: &str, value: &Value) -> Result<(), Problem> {
        let content = &mut self.content;
        match name {
            "isRead" => self.is_read = Some(boolean(name, value)?),
            "categories" => self.categories = Some(texts(name, value)?),
            "flag" => self.flag = Some(flag(value)?),
            "importance" => self.importance = Some(importance(value)?),
            "inferenceClassification" => self.focused = Some(focused(value)?),
            "subject" => content.subject = Some(optional(name, value)?),
            "body" => content.body = Some(body(value)?),
            "from" => content.from = Some(if value.is_null() { None } else { Some(person(name, value)?) }),
            "toRecipients" => content.to = Some(people(name, value)?),
            "ccRecipients" => content.cc = Some(people(name, value)?),
            "bccRecipients" => content.bcc = Some(people(name, value)?),
            "replyTo" => content.reply_to = Some(people(name, value)?),
            "internetMessageId" => content.internet_message_id = optional(name, value)?,
            "internetMessageHeaders" => content.headers = Some(headers(name, value)?),
            "isReadReceiptRequested" => content.wants_read_receipt = Some(boolean(name, value)?),
            "isDeliveryReceiptRequested" => content.wants_delivery_receipt = Some(boolean(name, value)?),
            "attachments" => self.attachments = Some(attachments(name, value)?),
            // The service takes it and sets its own; clients that answer for a mailbox give it.
            "sender" => {}
            "singleValueExtendedProperties" | "multiValueExtendedProperties" | "extensions" => {}
            _ if name.contains('@') => {}
            _ if ITS_OWN.contains(&name) => return Err(not_settable()),
            _ => {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "RequestBodyRead",
                    format!(
                        "The property '{name}' does not exist on type 'Microsoft.OutlookServices.Message'. Make sure \
                         to only use property names that are defined by the type."
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Puts onto a message what any message takes.
    pub fn mark(&self, message: &mut Message) {
        if let Some(is_read) = self.is_read {
            message.is_read = is_read;
        }
        if let Some(categories) = &self.categories {
            message.categories.clone_from(categories);
        }
        if let Some(flag) = &self.flag {
            message.flag = flag.clone();
        }
        if let Some(importance) = self.importance {
            message.envelope.importance = importance;
        }
        if let Some(focused) = self.focused {
            message.focused = focused;
        }
    }
}

impl ContentFields {
    /// Whether nothing of it was given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Puts it onto a draft.
    pub fn apply(self, envelope: &mut Envelope, draft: &mut Draft) {
        let set = |to: &mut Vec<Person>, given: Option<Vec<Person>>| {
            if let Some(given) = given {
                *to = given;
            }
        };
        set(&mut envelope.to, self.to);
        set(&mut envelope.cc, self.cc);
        set(&mut envelope.bcc, self.bcc);
        set(&mut envelope.reply_to, self.reply_to);
        if let Some(subject) = self.subject {
            envelope.subject = subject;
        }
        if let Some(from) = self.from {
            envelope.from = from;
        }
        if let Some(id) = self.internet_message_id {
            envelope.internet_message_id = Some(id);
        }
        if let Some((html, text)) = self.body {
            (draft.html, draft.body) = (html, text);
        }
        if let Some(headers) = self.headers {
            draft.headers = headers;
        }
        envelope.wants_read_receipt = self.wants_read_receipt.unwrap_or(envelope.wants_read_receipt);
        envelope.wants_delivery_receipt =
            self.wants_delivery_receipt.unwrap_or(envelope.wants_delivery_receipt);
    }
}

/// The draft that a message is; one that came as MIME is taken apart first. None where it is no draft.
pub fn editable(message: &mut Message) -> Option<(&mut Envelope, &mut Draft)> {
    if !message.is_draft() {
        return None;
    }
    if let Content::Mime(raw) = &message.content {
        message.content = Content::Draft(Box::new(taken_apart(raw)));
    }
    match &mut message.content {
        Content::Draft(draft) => Some((&mut message.envelope, draft)),
        Content::Mime(_) => None,
    }
}

fn taken_apart(raw: &[u8]) -> Draft {
    let body = crate::mime::body(raw);
    let is_own =
        |name: &str| name.len() > 2 && name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-"));
    let headers = crate::mime::headers(raw).into_iter().filter(|(name, _)| is_own(name)).collect();
    let attachments = crate::mime::parts(raw).into_iter().map(|part| {
        let (content_type, bytes) = match part.kind {
            crate::mime::PartKind::File(bytes) => (part.content_type, bytes),
            crate::mime::PartKind::Message(bytes) => ("message/rfc822".to_owned(), bytes),
        };
        DraftAttachment {
            number: part.number,
            name: part.name.unwrap_or_default(),
            content_type,
            bytes,
            inline: part.inline,
            content_id: part.content_id,
        }
    });
    Draft { html: body.html, body: body.content, headers, attachments: attachments.collect() }
}

/// Writes anew what is shown of a draft's text and attachments.
pub fn summarize(envelope: &mut Envelope, draft: &Draft) {
    envelope.preview = crate::mime::preview(&crate::mime::plain(draft.html, &draft.body));
    envelope.has_attachments = draft.attachments.iter().any(|attachment| !attachment.inline);
    envelope.has_parts = !draft.attachments.is_empty();
}

fn boolean(name: &str, value: &Value) -> Result<bool, Problem> {
    value.as_bool().ok_or_else(|| wrong_type(name, "Edm.Boolean"))
}

fn optional(name: &str, value: &Value) -> Result<Option<String>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(wrong_type(name, "Edm.String")),
    }
}

fn list<'v>(name: &str, value: &'v Value) -> Result<&'v [Value], Problem> {
    match value {
        Value::Array(values) => Ok(values),
        _ => Err(wrong_type(name, "Collection")),
    }
}

fn texts(name: &str, value: &Value) -> Result<Vec<String>, Problem> {
    let text =
        |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| wrong_type(name, "Edm.String"));
    list(name, value)?.iter().map(text).collect()
}

fn people(name: &str, value: &Value) -> Result<Vec<Person>, Problem> {
    list(name, value)?.iter().map(|value| person(name, value)).collect()
}

fn person(name: &str, value: &Value) -> Result<Person, Problem> {
    let refused = || wrong_type(name, "microsoft.graph.recipient");
    let address = value.as_object().ok_or_else(refused)?.get("emailAddress").ok_or_else(refused)?;
    let part = |key| match address.get(key) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(_) => Err(refused()),
    };
    let (shown, address) = (part("name")?, part("address")?);
    Ok(Person { name: if shown.is_empty() { address.clone() } else { shown }, address })
}

fn body(value: &Value) -> Result<(bool, String), Problem> {
    let refused = || wrong_type("body", "microsoft.graph.itemBody");
    let object = value.as_object().ok_or_else(refused)?;
    let html = match object.get("contentType") {
        None | Some(Value::Null) => false,
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("html") => true,
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("text") => false,
        Some(_) => return Err(wrong_type("contentType", "microsoft.graph.bodyType")),
    };
    Ok((html, optional("content", object.get("content").unwrap_or(&Value::Null))?.unwrap_or_default()))
}

fn importance(value: &Value) -> Result<Importance, Problem> {
    match value.as_str().map(str::to_ascii_lowercase).as_deref() {
        Some("low") => Ok(Importance::Low),
        Some("normal") => Ok(Importance::Normal),
        Some("high") => Ok(Importance::High),
        _ => Err(wrong_type("importance", "microsoft.graph.importance")),
    }
}

fn focused(value: &Value) -> Result<bool, Problem> {
    match value.as_str().map(str::to_ascii_lowercase).as_deref() {
        Some("focused") => Ok(true),
        Some("other") => Ok(false),
        _ => Err(wrong_type("inferenceClassification", "microsoft.graph.inferenceClassificationType")),
    }
}

fn flag(value: &Value) -> Result<Flag, Problem> {
    let refused = || wrong_type("flag", "microsoft.graph.followupFlag");
    let object = value.as_object().ok_or_else(refused)?;
    let mut flag = Flag::default();
    for (name, value) in object {
        match (name.as_str(), value) {
            ("flagStatus", Value::String(status)) => {
                flag.status = match status.to_ascii_lowercase().as_str() {
                    "notflagged" => FlagStatus::NotFlagged,
                    "complete" => FlagStatus::Complete,
                    "flagged" => FlagStatus::Flagged,
                    _ => return Err(refused()),
                };
            }
            ("startDateTime" | "dueDateTime" | "completedDateTime", Value::Object(time)) => {
                let has = |key| time.get(key).is_some_and(Value::is_string);
                if !has("dateTime") || !has("timeZone") {
                    return Err(wrong_type(name, "microsoft.graph.dateTimeTimeZone"));
                }
                flag.times.insert(name.clone(), value.clone());
            }
            (_, Value::Null) => {}
            (name, _) if name.contains('@') => {}
            _ => return Err(refused()),
        }
    }
    // Outlook refuses a due date without a start date.
    if flag.times.contains_key("dueDateTime") && !flag.times.contains_key("startDateTime") {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "ErrorRequiredPropertyMissing",
            "Required property is missing: startDateTime.",
        ));
    }
    Ok(flag)
}

fn headers(name: &str, value: &Value) -> Result<Vec<(String, String)>, Problem> {
    let refused =
        |message: String| Problem::new(StatusCode::BAD_REQUEST, "InvalidInternetMessageHeader", message);
    let values = list(name, value)?;
    if values.is_empty() {
        return Err(refused("The internet message headers collection must not be empty.".to_owned()));
    }
    if values.len() > 5 {
        return Err(refused(
            "Maximum number of headers in one message should be less than or equal to 5.".to_owned(),
        ));
    }
    let header = |value: &Value| {
        let part = |key| value.get(key).and_then(Value::as_str).ok_or_else(|| wrong_type(name, "Edm.String"));
        let (header, text) = (part("name")?, part("value")?);
        let is_own = header.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-"));
        let is_token = header.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        if !is_own || !is_token || text.contains(['\r', '\n']) {
            return Err(refused(format!(
                "The internet message header name '{header}' should start with 'x-' or 'X-'."
            )));
        }
        Ok((header.to_owned(), text.to_owned()))
    };
    values.iter().map(header).collect()
}

fn attachments(name: &str, value: &Value) -> Result<Vec<NewAttachment>, Problem> {
    let one = |value: &Value| match value.as_object() {
        Some(object) => attachment(object),
        None => Err(wrong_type(name, "microsoft.graph.attachment")),
    };
    list(name, value)?.iter().map(one).collect()
}

/// A fileAttachment.
pub fn attachment(object: &Map<String, Value>) -> Result<NewAttachment, Problem> {
    let kind = object.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    if !kind.trim_start_matches('#').eq_ignore_ascii_case("microsoft.graph.fileAttachment") {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "ErrorInvalidRequest",
            "An attachment is given with '@odata.type': '#microsoft.graph.fileAttachment'; the sandbox takes files \
             only.",
        ));
    }
    let text = |name: &str| optional(name, object.get(name).unwrap_or(&Value::Null));
    let name = text("name")?.filter(|name| !name.is_empty()).ok_or_else(|| {
        let message = "Required property is missing: name.";
        Problem::new(StatusCode::BAD_REQUEST, "ErrorRequiredPropertyMissing", message)
    })?;
    let bytes = text("contentBytes")?.unwrap_or_default();
    let bytes = STANDARD.decode(bytes.trim()).map_err(|_| wrong_type("contentBytes", "Edm.Binary"))?;
    Ok(NewAttachment {
        name,
        content_type: text("contentType")?.unwrap_or_else(|| "application/octet-stream".to_owned()),
        bytes: Bytes::from(bytes),
        inline: object.get("isInline").map_or(Ok(false), |value| boolean("isInline", value))?,
        content_id: text("contentId")?.filter(|id| !id.is_empty()),
    })
}

impl NewAttachment {
    /// Puts it into a draft; its number there.
    pub fn attach(self, draft: &mut Draft) -> u32 {
        let number =
            draft.attachments.iter().map(|attachment| attachment.number + 1).max().unwrap_or_default();
        draft.attachments.push(DraftAttachment {
            number,
            name: self.name,
            content_type: self.content_type,
            bytes: self.bytes,
            inline: self.inline,
            content_id: self.content_id,
        });
        number
    }
}
