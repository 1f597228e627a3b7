//! A mapping as people write them: five fields, an expression, a template.

use mailroom::domain::mapping::{
    AttachmentPolicy, AttributeRule, AttributeType, CompiledMapping, Correlation, Draft, ForwardingPolicy,
    LoopProtection, MessageField, UpdateAction, ValueSource,
};

/// Compiled.
pub fn compiled() -> CompiledMapping {
    let field = |name, r#type, field| rule(name, r#type, ValueSource::Field(field));
    let draft = Draft {
        name: "Incidents".to_owned(),
        process: "incident".to_owned(),
        reference_prefix: "INC".to_owned(),
        rules: vec![
            field("title", AttributeType::String, MessageField::Subject),
            field("reporter", AttributeType::String, MessageField::FromAddress),
            field("description", AttributeType::Text, MessageField::BodyNewText),
            field("reportedAt", AttributeType::DateTime, MessageField::ReceivedAt),
            field("files", AttributeType::Integer, MessageField::AttachmentCount),
            rule("isUrgent", AttributeType::Boolean, ValueSource::Expression(EXPRESSION.to_owned())),
            rule("note", AttributeType::Text, ValueSource::Template(TEMPLATE.to_owned())),
        ],
        correlation: Correlation::default(),
        filters: Vec::new(),
        loop_protection: LoopProtection::default(),
        forwarding: ForwardingPolicy::default(),
        attachments: AttachmentPolicy::default(),
    };
    CompiledMapping::from_draft(&draft).unwrap_or_else(|problems| panic!("it does not work: {problems:#?}"))
}

const EXPRESSION: &str = "message.importance == 'HIGH' || message.subject.contains('urgent')";
const TEMPLATE: &str = "{{ message.receivedAt }} {{ message.from.address }}\n{{ message.newText }}";

fn rule(attribute: &str, r#type: AttributeType, source: ValueSource) -> AttributeRule {
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
