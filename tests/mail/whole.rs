//! Everything that is made of a mail between its raw bytes and its transaction.

use chrono::DateTime;
use mailroom::domain::mapping::{
    AttachmentPolicy, AttributeRule, AttributeType, CompiledMapping, Correlation, CorrelationStrategy, Draft,
    FilterRule, ForwardingPolicy, LoopProtection, MessageField, Parsed, UpdateAction, ValueSource,
};
use mailroom::domain::parsed::ParsedMessage;
use mailroom::mail::{self, Limits};

/// A mapping that looks at every part of a message, in each of the ways that there are.
pub fn mapping() -> CompiledMapping {
    let fields = MessageField::ALL.iter().map(|field| ValueSource::Field(*field));
    let expressions = [
        "message.subject + message.text",
        "message.text.matches('(?i)invoice [0-9]+')",
        "size(message.headers) + size(message.attachments)",
        "after(message.text, 'Total:')",
        "extract(message.text, '([A-Z]{2,}-[0-9]+)')",
        "field(message.text, 'Name')",
    ];
    let templates =
        ["{{ message.subject | upper }}{% for a in message.attachments %}{{ a.filename }}{% endfor %}"];
    let sources = fields
        .chain(expressions.iter().map(|source| ValueSource::Expression((*source).to_owned())))
        .chain(templates.iter().map(|source| ValueSource::Template((*source).to_owned())));
    let rule = |(number, source)| AttributeRule {
        attribute: format!("a{number}"),
        r#type: AttributeType::Json,
        source,
        required: false,
        max_length: None,
        on_create: true,
        on_update: UpdateAction::Replace,
    };
    let correlation = Correlation {
        strategies: CorrelationStrategy::ALL.to_vec(),
        key_expression: Some("extract(message.subject, '([0-9]{4,})')".to_owned()),
        ..Correlation::default()
    };
    let filter = FilterRule {
        name: "never".to_owned(),
        when: "message.subject == 'x' && message.subject == 'y'".to_owned(),
    };
    compiled(&Draft {
        name: "Everything".to_owned(),
        process: "everything".to_owned(),
        reference_prefix: "INC".to_owned(),
        rules: sources.enumerate().map(rule).collect(),
        correlation,
        filters: vec![filter],
        loop_protection: LoopProtection::default(),
        forwarding: ForwardingPolicy::default(),
        attachments: AttachmentPolicy::default(),
    })
}

fn compiled(draft: &Draft) -> CompiledMapping {
    CompiledMapping::from_draft(draft).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// Takes a mail all the way, checking on it what holds of every mail.
pub fn all_the_way(raw: &[u8], mapping: &CompiledMapping) -> ParsedMessage {
    let message = mail::parse(raw, &Limits::default()).unwrap();
    for attachment in &message.attachments {
        let found = mail::part(raw, attachment.part).unwrap();
        assert_eq!(found.bytes.len() as u64, attachment.size);
        assert_eq!((&found.filename, &found.content_type), (&attachment.filename, &attachment.content_type));
    }
    assert_eq!(mail::html(raw), message.html);
    assert_eq!(mail::headers(raw), message.headers);
    if let Some(html) = &message.html {
        let without = mail::safe_html(html, false, &|id| Some(id.to_owned()));
        mail::safe_html(html, true, &|_| None);
        assert!(!without.contains('\0'));
    }
    let parsed = Parsed { message: &message, received_at: DateTime::UNIX_EPOCH };
    mapping.treat(&parsed).unwrap_or_else(|failed| panic!("mapping failed: {failed:?}"));
    message
}
