//! Checks the rules of a mapping and compiles them.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::Walk;
use crate::domain::mapping::coerce::{coerce, without_nul};
use crate::domain::mapping::compiled::{CompiledRule, Source};
use crate::domain::mapping::expression::Expression;
use crate::domain::mapping::field;
use crate::domain::mapping::rule::{AttributeRule, AttributeType, MessageField, UpdateAction, ValueSource};

/// Instances have these by themselves.
const RESERVED: [&str; 12] = [
    "id",
    "reference",
    "state",
    "open",
    "externalId",
    "process",
    "mapping",
    "mailbox",
    "messages",
    "version",
    "createdAt",
    "updatedAt",
];
/// The most rules of a mapping.
const MAX_RULES: usize = 100;
/// The most characters of a STRING, and what it is cut to where the rule says nothing.
const MAX_STRING: usize = 1_000;
/// The most characters of a TEXT, and what it is cut to where the rule says nothing.
const MAX_TEXT: usize = 250_000;
/// The most bytes of a constant when written as JSON.
const MAX_CONSTANT: usize = 64 * 1024;

impl Walk {
    pub(super) fn rules(&mut self, rules: &[AttributeRule]) -> Vec<CompiledRule> {
        if rules.is_empty() {
            self.problems.required(&["rules"], "A mapping needs at least one rule.");
        } else if rules.len() > MAX_RULES {
            self.problems.invalid(&["rules"], format!("A mapping has at most {MAX_RULES} rules."));
            return Vec::new();
        }
        let mut seen = HashSet::new();
        let compiled = rules.iter().enumerate().filter_map(|(index, rule)| {
            let index = index.to_string();
            self.attribute(&index, &rule.attribute);
            if !seen.insert(rule.attribute.as_str()) {
                let message =
                    format!("Another rule gives '{}' already; an attribute has one rule.", rule.attribute);
                self.problems.invalid(&["rules", &index, "attribute"], message);
            }
            self.rule(&index, rule)
        });
        compiled.collect()
    }

    fn attribute(&mut self, index: &str, attribute: &str) {
        let path = ["rules", index, "attribute"];
        if attribute.is_empty() {
            self.problems.required(&path, "A rule needs the name of its attribute.");
        } else if !is_attribute(attribute) {
            self.problems.invalid(
                &path,
                "An attribute's name is a letter, then up to 62 letters, digits and underscores (A-Z, a-z, 0-9, _).",
            );
        } else if RESERVED.contains(&attribute) {
            let message = format!("Every instance has '{attribute}' by itself; choose another name.");
            self.problems.invalid(&path, message);
        }
    }

    fn rule(&mut self, index: &str, rule: &AttributeRule) -> Option<CompiledRule> {
        let is_text = matches!(rule.r#type, AttributeType::String | AttributeType::Text);
        if rule.on_update == UpdateAction::Append && !is_text {
            let message =
                format!("APPEND is for STRING and TEXT; a {} can be kept or replaced.", rule.r#type);
            self.problems.invalid(&["rules", index, "onUpdate"], message);
        }
        if !rule.on_create && rule.on_update == UpdateAction::Keep {
            let message = "The rule applies neither on create nor on update; leave it out.";
            self.problems.invalid(&["rules", index, "onCreate"], message);
        }
        let max_length = self.max_length(index, rule, is_text);
        let source = self.source(index, rule, max_length)?;
        Some(CompiledRule {
            attribute: Arc::from(rule.attribute.as_str()),
            r#type: rule.r#type,
            source,
            required: rule.required,
            max_length,
            on_create: rule.on_create,
            on_update: rule.on_update,
        })
    }

    fn max_length(&mut self, index: &str, rule: &AttributeRule, is_text: bool) -> usize {
        let most = if rule.r#type == AttributeType::String { MAX_STRING } else { MAX_TEXT };
        let Some(given) = rule.max_length else { return most };
        let path = ["rules", index, "maxLength"];
        if !is_text {
            let message = format!("Only STRING and TEXT have a length; a {} has none.", rule.r#type);
            self.problems.invalid(&path, message);
        }
        match usize::try_from(given) {
            Ok(length) if (1..=most).contains(&length) => length,
            _ => {
                self.problems.invalid(&path, format!("The length is from 1 to {most} characters."));
                most
            }
        }
    }

    fn source(&mut self, index: &str, rule: &AttributeRule, max_length: usize) -> Option<Source> {
        match &rule.source {
            ValueSource::Field(field) => self.field(index, *field, rule.r#type),
            ValueSource::Expression(source) => {
                let path = ["rules", index, "source", "expression"];
                if source.trim().is_empty() {
                    self.problems.required(&path, "The expression is empty.");
                    return None;
                }
                let compiled = Expression::compile(source, &mut self.cel_members);
                let expression = compiled.map_err(|message| self.problems.invalid(&path, message)).ok()?;
                if let Some(kind) = expression.kind().filter(|kind| !kind.may_become(rule.r#type)) {
                    let message =
                        format!("The expression gives {}, which is no {}.", kind.in_words(), rule.r#type);
                    self.problems.invalid(&path, message);
                }
                Some(Source::Expression(expression))
            }
            ValueSource::Template(source) => {
                let path = ["rules", index, "source", "template"];
                if source.trim().is_empty() {
                    self.problems.required(&path, "The template is empty.");
                    return None;
                }
                let added = self.templates.add(index, source, &mut self.jinja_members);
                added.map_err(|message| self.problems.invalid(&path, message)).ok()?;
                Some(Source::Template(index.to_owned()))
            }
            ValueSource::Constant(value) => self.constant(index, value, rule.r#type, max_length),
        }
    }

    fn field(&mut self, index: &str, field: MessageField, r#type: AttributeType) -> Option<Source> {
        let path = ["rules", index, "source", "field"];
        if !field::fits(field, r#type) {
            let message = format!("{field} is not always a {type}; use another type, or an expression.");
            self.problems.invalid(&path, message);
            return None;
        }
        Some(Source::Field(field))
    }

    fn constant(
        &mut self,
        index: &str,
        value: &Value,
        r#type: AttributeType,
        max_length: usize,
    ) -> Option<Source> {
        let path = ["rules", index, "source", "constant"];
        if value.is_null() {
            self.problems.required(&path, "A constant can't be null; leave the rule out instead.");
            return None;
        }
        if value.to_string().len() > MAX_CONSTANT {
            self.problems.invalid(&path, "The constant is longer than 64 KiB.");
            return None;
        }
        // A text stays a text: in JSON it is not read as JSON once more.
        if r#type == AttributeType::Json {
            return Some(Source::Constant(without_nul(value.clone())));
        }
        match coerce(value.clone(), r#type, max_length) {
            Ok(Some(shape)) if !shape.cut => Some(Source::Constant(shape.value)),
            Ok(Some(_)) => {
                self.problems.invalid(&path, format!("The constant is longer than {max_length} characters."));
                None
            }
            Ok(None) => {
                self.problems.required(&path, "The constant is empty; leave the rule out instead.");
                None
            }
            Err(reason) => {
                self.problems.invalid(&path, format!("The constant is not a {type}: {reason}."));
                None
            }
        }
    }
}

pub(in crate::domain::mapping) fn is_attribute(name: &str) -> bool {
    let rest = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    name.len() <= 63 && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(rest)
}
