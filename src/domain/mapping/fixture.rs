//! Messages, rules and drafts for the tests.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::rule::{AttributeRule, AttributeType, MessageField, UpdateAction, ValueSource};
use super::values::Parsed;
use super::{AttachmentPolicy, CompiledMapping, Correlation, Draft, ForwardingPolicy, LoopProtection};
use crate::domain::parsed::{Address, Forwarding, Header, Importance, ParsedAttachment, ParsedMessage};

/// 2026-11-22T10:00:00Z.
pub(super) fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_341_600, 0).unwrap_or_default()
}

/// A message with little in it.
pub(super) fn message() -> ParsedMessage {
    ParsedMessage {
        internet_message_id: Some("one@example.com".to_owned()),
        in_reply_to: Vec::new(),
        references: Vec::new(),
        conversation_id: None,
        subject: "Printer on fire".to_owned(),
        from: Some(address("Ann", "ann@example.com")),
        sender: None,
        reply_to: Vec::new(),
        to: vec![address("Help", "help@example.org"), address("Bob", "bob@example.com")],
        cc: Vec::new(),
        sent_at: None,
        received_at: None,
        importance: Importance::Normal,
        text: "Priority: 2\r\nIt burns.\n".to_owned(),
        new_text: "It burns.".to_owned(),
        html: None,
        snippet: "It burns.".to_owned(),
        headers: vec![
            header("X-Site", "Lyon"),
            header("x-site", "Paris"),
            header("Subject", "Printer on fire"),
        ],
        attachments: vec![ParsedAttachment {
            part: 2,
            filename: "photo.jpg".to_owned(),
            content_type: "image/jpeg".to_owned(),
            size: 1234,
            inline: false,
            content_id: None,
            sha256: [0; 32],
        }],
        automatic: None,
        automatic_because: None,
        forwarding: Forwarding::NONE,
        oddity: None,
        size: 4321,
        fingerprint: [0; 32],
        notes: Vec::new(),
    }
}

fn address(name: &str, address: &str) -> Address {
    Address { name: Some(name.to_owned()), address: address.to_owned() }
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

/// The message as it is evaluated.
pub(super) fn parsed(message: &ParsedMessage) -> Parsed<'_> {
    Parsed { message, received_at: noon() }
}

/// A rule that applies on create alone.
pub(super) fn rule(attribute: &str, r#type: AttributeType, source: ValueSource) -> AttributeRule {
    AttributeRule {
        attribute: attribute.to_owned(),
        r#type,
        source,
        required: false,
        max_length: None,
        on_create: true,
        on_update: UpdateAction::Keep,
    }
}

/// A draft of the given rules.
pub(super) fn draft(rules: Vec<AttributeRule>) -> Draft {
    Draft {
        name: "Incidents".to_owned(),
        process: "incident".to_owned(),
        reference_prefix: "INC".to_owned(),
        rules,
        correlation: Correlation::default(),
        filters: Vec::new(),
        loop_protection: LoopProtection::default(),
        forwarding: ForwardingPolicy::default(),
        attachments: AttachmentPolicy::default(),
    }
}

/// A draft that works.
pub(super) fn sound() -> Draft {
    draft(vec![rule("title", AttributeType::String, ValueSource::Field(MessageField::Subject))])
}

/// The draft, compiled.
pub(super) fn compiled(draft: &Draft) -> CompiledMapping {
    match CompiledMapping::from_draft(draft) {
        Ok(compiled) => compiled,
        Err(problems) => panic!("the draft does not work: {problems:#?}"),
    }
}

/// What one rule gives for a message; the notes with it.
pub(super) fn value_of(
    r#type: AttributeType,
    source: ValueSource,
    message: &ParsedMessage,
) -> (Option<Value>, Vec<String>) {
    let values = compiled(&draft(vec![rule("it", r#type, source)])).values(&parsed(message));
    (values.get("it").cloned(), values.notes)
}

/// What an expression gives as JSON.
pub(super) fn cel(source: &str) -> Option<Value> {
    value_of(AttributeType::Json, ValueSource::Expression(source.to_owned()), &message()).0
}

/// What a template gives as TEXT.
pub(super) fn jinja(source: &str) -> Option<Value> {
    value_of(AttributeType::Text, ValueSource::Template(source.to_owned()), &message()).0
}

/// The problem of a draft that has exactly one: its path joined with dots, its code, its message.
pub(super) fn problem(draft: &Draft) -> (String, String, String) {
    let problems = super::validate(draft);
    match problems.as_slice() {
        [only] => (only.path.join("."), only.code.to_string(), only.message.clone()),
        others => panic!("expected one problem, found {others:#?}"),
    }
}

/// The problem of a draft whose only rule has this source.
pub(super) fn source_problem(source: ValueSource) -> (String, String, String) {
    problem(&draft(vec![rule("it", AttributeType::Json, source)]))
}
