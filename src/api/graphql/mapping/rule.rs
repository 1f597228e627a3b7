//! The rules of a mapping.

use async_graphql::{Enum, InputObject, OneofObject, SimpleObject};

use crate::api::graphql::scalar::Json;
use crate::domain::mapping;

/// The type of an attribute.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mapping::AttributeType")]
pub enum AttributeType {
    /// One line of text.
    String,
    /// Text of any number of lines.
    Text,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Decimal,
    /// True or false.
    Boolean,
    /// An instant.
    DateTime,
    /// Any JSON value.
    Json,
}

/// What a rule does when an instance is updated.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mapping::UpdateAction")]
pub enum UpdateAction {
    /// The attribute stays as it is.
    Keep,
    /// The new value takes the place of the old one.
    Replace,
    /// The new value is added to the old one.
    Append,
}

/// A part of the message, as it is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mapping::MessageField")]
pub enum MessageField {
    /// The subject, decoded.
    Subject,
    /// The address in From.
    FromAddress,
    /// The name in From.
    FromName,
    /// The address in Sender.
    SenderAddress,
    /// The address in Reply-To.
    ReplyToAddress,
    /// The addresses in To.
    To,
    /// The addresses in Cc.
    Cc,
    /// The decoded text; made from the HTML where the message has no text part.
    BodyText,
    /// The HTML, sanitised.
    BodyHtml,
    /// The text the author added, without quoted history or signature.
    BodyNewText,
    /// When the provider received it.
    ReceivedAt,
    /// The Date header.
    SentAt,
    /// How important the author thinks it.
    Importance,
    /// The Message-ID, without angle brackets.
    InternetMessageId,
    /// The conversation as the provider or Thread-Index names it.
    ConversationId,
    /// The author before any automatic forwarding (X-Forwarded-For, Resent-From, an attached original).
    OriginalSender,
    /// The address first written to, before any forwarding (X-Forwarded-To, Delivered-To, X-Original-To).
    OriginalRecipient,
    /// The file names of its attachments.
    AttachmentNames,
    /// How many attachments it has.
    AttachmentCount,
    /// All header fields, by name.
    Headers,
    /// Raw bytes.
    Size,
}

/// Where an attribute's value comes from: exactly one is set.
#[derive(SimpleObject, Default)]
pub struct ValueSource {
    /// A part of the message, as it is.
    pub field: Option<MessageField>,
    /// A CEL expression over `message`.
    pub expression: Option<String>,
    /// A Jinja template over `message`.
    pub template: Option<String>,
    /// The same for every message.
    pub constant: Option<Json>,
}

/// Where an attribute's value comes from: exactly one member.
#[derive(OneofObject)]
pub enum ValueSourceInput {
    /// A part of the message, as it is.
    Field(MessageField),
    /// A CEL expression over `message`, e.g. `message.from.address.split('@')[1]`. Beside CEL's own functions:
    /// `extract(text, regex, group)`, `before(text, marker)`, `after(text, marker)`, `field(text, name)`. Bounded
    /// in size and time.
    Expression(String),
    /// A Jinja template over `message`, with the same functions as filters.
    Template(String),
    /// The same for every message. Not null: leave the rule out instead.
    Constant(Json),
}

/// One attribute of the process instance and where its value comes from.
#[derive(SimpleObject)]
pub struct AttributeRule {
    /// The attribute's name.
    pub attribute: String,
    /// The attribute's type.
    pub r#type: AttributeType,
    /// Where the value comes from.
    pub source: ValueSource,
    /// Whether a message that gives it no value fails.
    pub required: bool,
    /// Longer values are cut here, at a character boundary, and the cut is noted on the message.
    pub max_length: Option<i32>,
    /// Whether the rule applies when an instance is created.
    pub on_create: bool,
    /// What the rule does when an instance is updated; KEEP: nothing.
    pub on_update: UpdateAction,
}

/// One attribute of the process instance and where its value shall come from.
#[derive(InputObject)]
pub struct AttributeRuleInput {
    /// The attribute's name.
    pub attribute: String,
    /// The attribute's type.
    #[graphql(default_with = "AttributeType::String")]
    pub r#type: AttributeType,
    /// Where the value comes from.
    pub source: ValueSourceInput,
    /// Whether a message that gives it no value fails.
    #[graphql(default = false)]
    pub required: bool,
    /// Longer values are cut here, at a character boundary, and the cut is noted on the message.
    pub max_length: Option<i32>,
    /// Whether the rule applies when an instance is created.
    #[graphql(default = true)]
    pub on_create: bool,
    /// What the rule does when an instance is updated; KEEP: nothing.
    #[graphql(default_with = "UpdateAction::Keep")]
    pub on_update: UpdateAction,
}

impl From<mapping::ValueSource> for ValueSource {
    fn from(source: mapping::ValueSource) -> Self {
        match source {
            mapping::ValueSource::Field(field) => Self { field: Some(field.into()), ..Self::default() },
            mapping::ValueSource::Expression(text) => Self { expression: Some(text), ..Self::default() },
            mapping::ValueSource::Template(text) => Self { template: Some(text), ..Self::default() },
            mapping::ValueSource::Constant(value) => Self { constant: Some(Json(value)), ..Self::default() },
        }
    }
}

impl From<ValueSourceInput> for mapping::ValueSource {
    fn from(source: ValueSourceInput) -> Self {
        match source {
            ValueSourceInput::Field(field) => Self::Field(field.into()),
            ValueSourceInput::Expression(text) => Self::Expression(text),
            ValueSourceInput::Template(text) => Self::Template(text),
            ValueSourceInput::Constant(value) => Self::Constant(value.0),
        }
    }
}

impl From<mapping::AttributeRule> for AttributeRule {
    fn from(rule: mapping::AttributeRule) -> Self {
        Self {
            attribute: rule.attribute,
            r#type: rule.r#type.into(),
            source: rule.source.into(),
            required: rule.required,
            max_length: rule.max_length,
            on_create: rule.on_create,
            on_update: rule.on_update.into(),
        }
    }
}

impl From<AttributeRuleInput> for mapping::AttributeRule {
    fn from(rule: AttributeRuleInput) -> Self {
        Self {
            attribute: rule.attribute,
            r#type: rule.r#type.into(),
            source: rule.source.into(),
            required: rule.required,
            max_length: rule.max_length,
            on_create: rule.on_create,
            on_update: rule.on_update.into(),
        }
    }
}
