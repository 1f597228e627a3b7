//! The rules that turn a message into a process instance, and the pure core that applies them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::id::MappingId;
use super::named::named_enum;

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
named_enum! {
    /// A way to find the instance that a message belongs to.
    pub enum CorrelationStrategy {
        ReferenceInSubject = "REFERENCE_IN_SUBJECT",
        ReferenceInBody = "REFERENCE_IN_BODY",
        ThreadHeaders = "THREAD_HEADERS",
        Conversation = "CONVERSATION",
        RecipientTag = "RECIPIENT_TAG",
        KeyExpression = "KEY_EXPRESSION",
    }
}
named_enum! {
    /// What is done when an instance matches.
    pub enum MatchAction { Update = "UPDATE", Create = "CREATE", Ignore = "IGNORE" }
}
named_enum! {
    /// What is done when the matched instance is closed.
    pub enum ClosedMatchAction { Reopen = "REOPEN", Update = "UPDATE", Create = "CREATE", Ignore = "IGNORE" }
}
named_enum! {
    /// What is done when nothing matches.
    pub enum NoMatchAction { Create = "CREATE", Ignore = "IGNORE" }
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

/// How a message is matched to an instance that already exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correlation {
    /// Tried in order; the first match wins.
    pub strategies: Vec<CorrelationStrategy>,
    /// With one capture group; None: the mapping's reference format.
    pub reference_pattern: Option<String>,
    /// CEL expression giving a business key.
    pub key_expression: Option<String>,
    /// When an open instance matches.
    pub on_match: MatchAction,
    /// When a closed instance matches.
    pub on_closed_match: ClosedMatchAction,
    /// REOPEN only within so many days of closing.
    pub reopen_within_days: Option<i32>,
    /// When nothing matches.
    pub on_no_match: NoMatchAction,
}

impl Default for Correlation {
    fn default() -> Self {
        Self {
            strategies: vec![CorrelationStrategy::ReferenceInSubject, CorrelationStrategy::ThreadHeaders],
            reference_pattern: None,
            key_expression: None,
            on_match: MatchAction::Update,
            on_closed_match: ClosedMatchAction::Reopen,
            reopen_within_days: None,
            on_no_match: NoMatchAction::Create,
        }
    }
}

/// How messages become instances of one business process.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// Its id.
    pub id: MappingId,
    /// Unique among mappings.
    pub name: String,
    /// Key of the process, e.g. `incident`.
    pub process: String,
    /// E.g. INC; belongs to one process.
    pub reference_prefix: String,
    /// In order.
    pub rules: Vec<AttributeRule>,
    /// How a message finds its instance.
    pub correlation: Correlation,
    /// Counts changes, for `expectedVersion`.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}
