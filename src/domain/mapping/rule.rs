//! One attribute of an instance: its type, where its value comes from, and what an update does to it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::named::named_enum;

named_enum! {
    /// The type of an attribute.
    pub enum AttributeType {
        String = "STRING",
        Text = "TEXT",
        Integer = "INTEGER",
        Decimal = "DECIMAL",
        Boolean = "BOOLEAN",
        DateTime = "DATE_TIME",
        Json = "JSON",
    }
}
named_enum! {
    /// What a rule does when an instance is updated.
    pub enum UpdateAction { Keep = "KEEP", Replace = "REPLACE", Append = "APPEND" }
}
named_enum! {
    /// A part of the message, as it is.
    pub enum MessageField {
        Subject = "SUBJECT",
        FromAddress = "FROM_ADDRESS",
        FromName = "FROM_NAME",
        SenderAddress = "SENDER_ADDRESS",
        ReplyToAddress = "REPLY_TO_ADDRESS",
        To = "TO",
        Cc = "CC",
        BodyText = "BODY_TEXT",
        BodyHtml = "BODY_HTML",
        BodyNewText = "BODY_NEW_TEXT",
        ReceivedAt = "RECEIVED_AT",
        SentAt = "SENT_AT",
        Importance = "IMPORTANCE",
        InternetMessageId = "INTERNET_MESSAGE_ID",
        ConversationId = "CONVERSATION_ID",
        OriginalSender = "ORIGINAL_SENDER",
        OriginalRecipient = "ORIGINAL_RECIPIENT",
        AttachmentNames = "ATTACHMENT_NAMES",
        AttachmentCount = "ATTACHMENT_COUNT",
        Headers = "HEADERS",
        Size = "SIZE",
    }
}

/// Where an attribute's value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueSource {
    /// A part of the message.
    Field(MessageField),
    /// A CEL expression over `message`.
    Expression(String),
    /// A Jinja template over `message`.
    Template(String),
    /// The same for every message; never null.
    Constant(Value),
}

/// One attribute of the instance and where its value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeRule {
    /// Its name.
    pub attribute: String,
    /// Its type.
    pub r#type: AttributeType,
    /// Where the value comes from.
    pub source: ValueSource,
    /// A message that gives it no value fails.
    pub required: bool,
    /// Characters; longer values are cut, and the cut is noted.
    pub max_length: Option<i32>,
    /// Whether it applies when an instance is created.
    pub on_create: bool,
    /// What it does when an instance is updated.
    pub on_update: UpdateAction,
}
