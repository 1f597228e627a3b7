//! The message as expressions and templates see it: `message.subject`, `message.from.address`…
//!
//! Built once for a message, only if a rule needs it, and of the members that some rule names.

use std::collections::HashMap;
use std::sync::Arc;

use cel::Context;
use serde_json::{Map, Value, json};

use super::expression;
use super::field;
use super::rule::MessageField;
use super::values::Parsed;
use crate::domain::named::named_enum;
use crate::domain::parsed::{Address, Header, ParsedAttachment};

/// The most bytes of one text that an expression or a template sees.
pub(super) const MAX_TEXT: usize = 64 * 1024;
/// The most elements of one list that an expression or a template sees, or makes.
pub(super) const MAX_ITEMS: usize = 500;
/// The most bytes of one header's value.
const MAX_HEADER: usize = 8 * 1024;

named_enum! {
    /// What `message` holds; docs/mapping.md says what each is.
    pub(super) enum Member {
        Subject = "subject",
        From = "from",
        Sender = "sender",
        ReplyTo = "replyTo",
        To = "to",
        Cc = "cc",
        Text = "text",
        NewText = "newText",
        Html = "html",
        Snippet = "snippet",
        Headers = "headers",
        Attachments = "attachments",
        ReceivedAt = "receivedAt",
        SentAt = "sentAt",
        Importance = "importance",
        MessageId = "messageId",
        InReplyTo = "inReplyTo",
        References = "references",
        ConversationId = "conversationId",
        Automatic = "automatic",
        Forwarding = "forwarding",
        OriginalSender = "originalSender",
        OriginalRecipient = "originalRecipient",
        Oddity = "oddity",
        Size = "size",
    }
}

impl Member {
    /// # Errors
    /// There is no such member.
    pub(super) fn require(name: &str) -> Result<Self, String> {
        name.parse().map_err(|_| {
            let known: Vec<_> = Self::ALL.iter().map(|member| member.as_str()).collect();
            format!("A message has no '{name}'; it has {}.", known.join(", "))
        })
    }
}

/// Which members are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Members(u32);

impl Members {
    pub(super) fn add(&mut self, member: Member) {
        self.0 |= 1 << member as u32;
    }

    pub(super) fn add_all(&mut self) {
        Member::ALL.iter().for_each(|member| self.add(*member));
    }

    fn iter(self) -> impl Iterator<Item = Member> {
        Member::ALL.iter().copied().filter(move |member| self.0 & (1 << *member as u32) != 0)
    }
}

/// A message, shown to each of the two languages at most once.
pub(super) struct View<'a> {
    parsed: Parsed<'a>,
    cel: Option<Context<'static, 'static>>,
    jinja: Option<minijinja::Value>,
}

impl<'a> View<'a> {
    pub(super) fn new(parsed: Parsed<'a>) -> Self {
        Self { parsed, cel: None, jinja: None }
    }

    /// The context of expressions: the one variable `message`.
    pub(super) fn cel(&mut self, members: Members) -> &Context<'static, 'static> {
        let parsed = &self.parsed;
        self.cel.get_or_insert_with(|| {
            let shown: HashMap<String, cel::Value> = members
                .iter()
                .map(|member| (member.as_str().to_owned(), cel_member(member, parsed)))
                .collect();
            let mut context = expression::context();
            context.add_variable_from_value("message", shown);
            context
        })
    }

    /// The context of templates: the one variable `message`.
    pub(super) fn jinja(&mut self, members: Members) -> &minijinja::Value {
        let parsed = &self.parsed;
        self.jinja.get_or_insert_with(|| {
            let shown = members.iter().map(|member| (member.as_str(), jinja_value(shown(member, parsed))));
            let message = minijinja::Value::from_pairs(shown);
            minijinja::Value::from_pairs([("message", message)])
        })
    }
}

fn shown(member: Member, parsed: &Parsed<'_>) -> Value {
    let message = parsed.message;
    match member {
        Member::Subject => text(&message.subject),
        Member::From => address(message.from.as_ref()),
        Member::Sender => address(message.sender.as_ref().or(message.from.as_ref())),
        Member::ReplyTo => addresses(&message.reply_to),
        Member::To => addresses(&message.to),
        Member::Cc => addresses(&message.cc),
        Member::Text => text(&message.text),
        Member::NewText => text(&message.new_text),
        Member::Html => text(message.html.as_deref().unwrap_or_default()),
        Member::Snippet => text(&message.snippet),
        Member::Headers => headers(&message.headers),
        Member::Attachments => message.attachments.iter().take(MAX_ITEMS).map(attachment).collect(),
        Member::ReceivedAt => field::read(MessageField::ReceivedAt, parsed),
        Member::SentAt => field::read(MessageField::SentAt, parsed),
        Member::Importance => Value::from(message.importance.as_str()),
        Member::MessageId => text(message.internet_message_id.as_deref().unwrap_or_default()),
        Member::InReplyTo => texts(&message.in_reply_to),
        Member::References => texts(&message.references),
        Member::ConversationId => text(message.conversation_id.as_deref().unwrap_or_default()),
        Member::Automatic => message.automatic.map_or(Value::Null, |kind| Value::from(kind.as_str())),
        Member::Forwarding => Value::from(message.forwarding.kind.as_str()),
        Member::OriginalSender => address(message.original_sender()),
        Member::OriginalRecipient => address(message.original_recipient()),
        Member::Oddity => message.oddity.map_or(Value::Null, |oddity| Value::from(oddity.as_str())),
        Member::Size => Value::from(i64::try_from(message.size).unwrap_or(i64::MAX)),
    }
}

fn text(text: &str) -> Value {
    Value::from(cut(text, MAX_TEXT))
}

fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

fn texts(texts: &[String]) -> Value {
    texts.iter().take(MAX_ITEMS).map(|text| Value::from(cut(text, MAX_HEADER))).collect()
}

/// A missing address has empty texts, so that `message.from.address` never fails.
fn address(address: Option<&Address>) -> Value {
    let name = address.and_then(|address| address.name.as_deref()).unwrap_or_default();
    let address = address.map(|address| address.address.as_str()).unwrap_or_default();
    json!({ "name": cut(name, MAX_HEADER), "address": cut(address, MAX_HEADER) })
}

fn addresses(addresses: &[Address]) -> Value {
    addresses.iter().take(MAX_ITEMS).map(|one| address(Some(one))).collect()
}

fn headers(headers: &[Header]) -> Value {
    let mut members = Map::new();
    for header in headers.iter().take(MAX_ITEMS) {
        let name = header.name.to_ascii_lowercase();
        members.entry(name).or_insert_with(|| Value::from(cut(&header.value, MAX_HEADER)));
    }
    Value::Object(members)
}

fn attachment(attachment: &ParsedAttachment) -> Value {
    json!({
        "filename": cut(&attachment.filename, MAX_HEADER),
        "contentType": cut(&attachment.content_type, MAX_HEADER),
        "size": i64::try_from(attachment.size).unwrap_or(i64::MAX),
        "inline": attachment.inline,
    })
}

/// Times are timestamps in CEL, so that they can be compared and taken apart.
fn cel_member(member: Member, parsed: &Parsed<'_>) -> cel::Value {
    match member {
        Member::ReceivedAt => cel::Value::Timestamp(parsed.received_at.fixed_offset()),
        Member::SentAt => {
            parsed.message.sent_at.map_or(cel::Value::Null, |at| cel::Value::Timestamp(at.fixed_offset()))
        }
        member => cel_value(shown(member, parsed)),
    }
}

fn cel_value(value: Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(truth) => cel::Value::Bool(truth),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => cel::Value::Int(whole),
            None => cel::Value::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => cel::Value::String(Arc::new(text)),
        Value::Array(items) => cel::Value::List(Arc::new(items.into_iter().map(cel_value).collect())),
        Value::Object(members) => {
            let members: HashMap<String, cel::Value> =
                members.into_iter().map(|(name, value)| (name, cel_value(value))).collect();
            cel::Value::Map(members.into())
        }
    }
}

fn jinja_value(value: Value) -> minijinja::Value {
    match value {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(truth) => minijinja::Value::from(truth),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => minijinja::Value::from(whole),
            None => minijinja::Value::from(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => minijinja::Value::from(text),
        Value::Array(items) => minijinja::Value::from(items.into_iter().map(jinja_value).collect::<Vec<_>>()),
        Value::Object(members) => {
            minijinja::Value::from_pairs(members.into_iter().map(|(name, value)| (name, jinja_value(value))))
        }
    }
}
