//! Every rule evaluated once for a message: typed, bounded values, and notes on what was cut or left out.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::coerce::{Shape, coerce};
use super::compiled::{CompiledMapping, CompiledRule, Source};
use super::draft::{Problem, ProblemCode};
use super::field;
use super::rule::UpdateAction;
use super::view::View;
use crate::domain::parsed::ParsedMessage;

/// What rules are evaluated over.
#[derive(Debug, Clone, Copy)]
pub struct Parsed<'a> {
    /// The message.
    pub message: &'a ParsedMessage,
    /// When the provider received it.
    pub received_at: DateTime<Utc>,
}

/// A message that can't be mapped: a required attribute has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MapFailure {
    /// The rule at fault: `["rules", "2"]`.
    pub path: Vec<String>,
    /// The attribute that has no value.
    pub attribute: String,
    /// What is missing, for a person; holds nothing of the message.
    pub message: String,
}

/// What the rules gave for one message. Rules without a value change nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    pub(super) entries: Vec<Entry>,
    /// What was cut or left out, in sentences; they hold nothing of the message.
    pub notes: Vec<String>,
}

/// What one rule gave.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) index: usize,
    pub(super) attribute: Arc<str>,
    pub(super) value: Result<Option<Value>, String>,
    pub(super) required: bool,
    pub(super) on_create: bool,
    pub(super) on_update: UpdateAction,
}

impl Entry {
    /// The value, if there is one; a required one that is missing is a failure.
    pub(super) fn require(&self) -> Result<Option<&Value>, MapFailure> {
        match &self.value {
            Ok(Some(value)) => Ok(Some(value)),
            _ if !self.required => Ok(None),
            Ok(None) => Err(self.failure("the message has nothing there")),
            Err(reason) => Err(self.failure(reason)),
        }
    }

    /// Where its rule stands in the mapping.
    fn path(&self) -> Vec<String> {
        vec!["rules".to_owned(), self.index.to_string()]
    }

    fn failure(&self, reason: &str) -> MapFailure {
        MapFailure {
            path: self.path(),
            attribute: self.attribute.to_string(),
            message: format!("The required attribute '{}' got no value: {reason}.", self.attribute),
        }
    }
}

impl Values {
    /// What the rules gave, by attribute.
    pub fn given(&self) -> Map<String, Value> {
        let given = self.entries.iter().filter_map(|entry| {
            let value = entry.value.as_ref().ok()?.as_ref()?;
            Some((entry.attribute.to_string(), value.clone()))
        });
        given.collect()
    }

    /// The rules that gave nothing because they failed on this message, or gave nothing where they must.
    pub fn problems(&self) -> Vec<Problem> {
        let failures = self.entries.iter().filter_map(|entry| match (entry.require(), &entry.value) {
            (Err(failure), _) => Some((failure.path, failure.message)),
            (Ok(_), Err(reason)) => {
                let message = format!("The attribute '{}' got no value: {reason}.", entry.attribute);
                Some((entry.path(), message))
            }
            (Ok(_), Ok(_)) => None,
        });
        failures.map(|(path, message)| Problem { path, code: ProblemCode::Invalid, message }).collect()
    }

    /// What a rule gave, by attribute.
    pub fn get(&self, attribute: &str) -> Option<&Value> {
        let entry = self.entries.iter().find(|entry| &*entry.attribute == attribute)?;
        entry.value.as_ref().ok()?.as_ref()
    }
}

impl CompiledMapping {
    /// Evaluates every rule once. What a rule can't give (an expression that fails on this message, a text that
    /// is no number) is left out with a note; whether that fails the message is known when the values are applied,
    /// because a rule may be required on create alone.
    pub fn values(&self, parsed: &Parsed<'_>) -> Values {
        self.values_in(parsed, &mut View::new(*parsed))
    }

    pub(super) fn values_in(&self, parsed: &Parsed<'_>, view: &mut View<'_>) -> Values {
        let mut notes = Vec::new();
        let entries = self
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| {
                let value = self.evaluate(rule, parsed, view, &mut notes);
                if let Err(reason) = &value {
                    notes.push(format!("The attribute '{}' got no value: {reason}.", rule.attribute));
                }
                Entry {
                    index,
                    attribute: Arc::clone(&rule.attribute),
                    value,
                    required: rule.required,
                    on_create: rule.on_create,
                    on_update: rule.on_update,
                }
            })
            .collect();
        Values { entries, notes }
    }

    fn evaluate(
        &self,
        rule: &CompiledRule,
        parsed: &Parsed<'_>,
        view: &mut View<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Option<Value>, String> {
        let given = match &rule.source {
            Source::Constant(value) => return Ok(Some(value.clone())),
            Source::Field(field) => field::read(*field, parsed),
            Source::Expression(expression) => expression.evaluate(view.cel(self.cel_members))?,
            Source::Template(name) => {
                Value::String(self.templates.render(name, view.jinja(self.jinja_members))?)
            }
        };
        let coerced = coerce(given, rule.r#type, rule.max_length)?;
        Ok(coerced.map(|Shape { value, cut }| {
            if cut {
                notes.push(format!(
                    "The attribute '{}' was cut to {} characters.",
                    rule.attribute, rule.max_length
                ));
            }
            value
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::mapping::fixture::{compiled, draft, message, noon, parsed, rule, value_of};
    use crate::domain::mapping::rule::{AttributeType, MessageField, ValueSource};
    use crate::domain::mapping::{apply, field as fields};
    use crate::domain::parsed::Address;

    fn every_field() -> Vec<crate::domain::mapping::AttributeRule> {
        let mut rules = Vec::new();
        for field in MessageField::ALL {
            for r#type in AttributeType::ALL.iter().filter(|it| fields::fits(*field, **it)) {
                rules.push(rule(&format!("a{}", rules.len()), *r#type, ValueSource::Field(*field)));
            }
        }
        let cel = "message.text + string(message.to.size()) + message.headers['x']";
        rules.push(rule("cel", AttributeType::Text, ValueSource::Expression(cel.to_owned())));
        let jinja = "{% for a in message.cc %}{{ a.name | upper }}{% endfor %}{{ message }}";
        rules.push(rule("jinja", AttributeType::Text, ValueSource::Template(jinja.to_owned())));
        rules
    }

    #[test]
    fn fields_are_read_as_they_are() {
        for (field, r#type, expected) in [
            (MessageField::Subject, AttributeType::String, json!("Printer on fire")),
            (MessageField::FromAddress, AttributeType::String, json!("ann@example.com")),
            (MessageField::FromName, AttributeType::String, json!("Ann")),
            (MessageField::SenderAddress, AttributeType::String, json!("ann@example.com")),
            (MessageField::To, AttributeType::String, json!("help@example.org, bob@example.com")),
            (MessageField::To, AttributeType::Json, json!(["help@example.org", "bob@example.com"])),
            (MessageField::BodyText, AttributeType::Text, json!("Priority: 2\nIt burns.\n")),
            (MessageField::BodyNewText, AttributeType::String, json!("It burns.")),
            (MessageField::ReceivedAt, AttributeType::DateTime, json!("2026-11-22T10:00:00Z")),
            (MessageField::Importance, AttributeType::String, json!("NORMAL")),
            (MessageField::InternetMessageId, AttributeType::String, json!("one@example.com")),
            (MessageField::AttachmentNames, AttributeType::Json, json!(["photo.jpg"])),
            (MessageField::AttachmentCount, AttributeType::Integer, json!(1)),
            (MessageField::Size, AttributeType::Decimal, json!("4321")),
            (
                MessageField::Headers,
                AttributeType::Json,
                json!({"x-site": "Lyon", "subject": "Printer on fire"}),
            ),
        ] {
            let (value, notes) = value_of(r#type, ValueSource::Field(field), &message());
            assert_eq!((value, notes), (Some(expected), vec![]), "{field}");
        }
    }

    #[test]
    fn what_a_message_does_not_have_is_no_value() {
        for field in
            [MessageField::Cc, MessageField::ReplyToAddress, MessageField::BodyHtml, MessageField::SentAt]
        {
            assert_eq!(
                value_of(AttributeType::String, ValueSource::Field(field), &message()),
                (None, vec![])
            );
        }
    }

    #[test]
    fn a_text_that_is_cut_is_noted_without_its_content() {
        let mut short = rule("title", AttributeType::String, ValueSource::Field(MessageField::Subject));
        short.max_length = Some(7);
        let values = compiled(&draft(vec![short])).values(&parsed(&message()));
        assert_eq!(values.get("title"), Some(&json!("Printer")));
        assert_eq!(values.notes, ["The attribute 'title' was cut to 7 characters."]);
    }

    #[test]
    fn a_value_of_another_type_is_left_out_with_a_note() {
        let given = ValueSource::Expression("message.subject".to_owned());
        let (value, notes) = value_of(AttributeType::Integer, given, &message());
        assert_eq!(value, None);
        assert_eq!(notes, ["The attribute 'it' got no value: it is not a whole number."]);
    }

    #[test]
    fn a_constant_is_the_same_for_every_message() {
        let given = |value| ValueSource::Constant(value);
        assert_eq!(value_of(AttributeType::Json, given(json!("{}")), &message()).0, Some(json!("{}")));
        assert_eq!(value_of(AttributeType::Decimal, given(json!(1.5)), &message()).0, Some(json!("1.5")));
    }

    #[test]
    fn a_message_without_anything_is_mapped() {
        let empty = ParsedMessage {
            internet_message_id: None,
            subject: String::new(),
            from: None,
            to: vec![],
            text: String::new(),
            new_text: String::new(),
            snippet: String::new(),
            headers: vec![],
            attachments: vec![],
            ..message()
        };
        let values = compiled(&draft(every_field())).values(&parsed(&empty));
        assert!(apply::create(&values).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_message_makes_it_panic(texts in prop::collection::vec("(.|\\x00|\\n){0,30}", 8), seconds in -9_000_000_000_000_i64..9_000_000_000_000) {
            let text = |n: usize| texts.get(n).cloned().unwrap_or_default();
            let address = Address { name: Some(text(0)), address: text(1) };
            let strange = ParsedMessage {
                subject: text(2), text: text(3), html: Some(text(4)), from: Some(address.clone()), cc: vec![address],
                internet_message_id: Some(text(5)), size: u64::MAX,
                headers: vec![crate::domain::parsed::Header { name: text(6), value: text(7) }],
                sent_at: DateTime::from_timestamp(seconds, 0), ..message()
            };
            let mapping = compiled(&draft(every_field()));
            let received_at = DateTime::from_timestamp(seconds, 0).unwrap_or_else(noon);
            let values = mapping.values(&Parsed { message: &strange, received_at });
            let made = apply::create(&values);
            prop_assert!(made.is_ok_and(|made| !Value::Object(made).to_string().contains("\\u0000")));
        }
    }
}
