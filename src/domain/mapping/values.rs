//! Every rule evaluated once for a message: typed, bounded values, and notes on what was cut or left out.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::coerce::{Shape, coerce};
use super::compiled::{CompiledMapping, CompiledRule, Source};
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

    fn failure(&self, reason: &str) -> MapFailure {
        MapFailure {
            path: vec!["rules".to_owned(), self.index.to_string()],
            attribute: self.attribute.to_string(),
            message: format!("The required attribute '{}' got no value: {reason}.", self.attribute),
        }
    }
}

impl Values {
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
        let mut view = View::new(*parsed);
        let mut notes = Vec::new();
        let entries = self
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| {
                let value = self.evaluate(rule, parsed, &mut view, &mut notes);
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
