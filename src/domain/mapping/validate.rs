//! Every check that is made when a mapping is saved, in one walk that also compiles it.

use std::collections::HashSet;
use std::sync::Arc;

use regex::Regex;

use super::coerce::{coerce, without_nul};
use super::compiled::{CompiledMapping, CompiledRule, Source};
use super::correlation::{Correlation, CorrelationStrategy};
use super::draft::{Draft, Problem, ProblemCode, Problems};
use super::expression::Expression;
use super::field;
use super::function;
use super::rule::{AttributeRule, AttributeType, MessageField, UpdateAction, ValueSource};
use super::signals::default_pattern;
use super::template::Templates;
use super::view::Members;

/// The most rules of a mapping.
pub const MAX_RULES: usize = 100;
/// The most characters of a name.
const MAX_NAME: usize = 200;
/// The most characters of a STRING, and what it is cut to where the rule says nothing.
const MAX_STRING: usize = 1_000;
/// The most characters of a TEXT, and what it is cut to where the rule says nothing.
const MAX_TEXT: usize = 250_000;
/// The most bytes of a constant when written as JSON.
const MAX_CONSTANT: usize = 64 * 1024;
/// The most characters of a reference pattern.
const MAX_PATTERN: usize = 500;
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

/// Everything that keeps a mapping from working; empty when it may be saved.
pub fn validate(draft: &Draft) -> Vec<Problem> {
    compile(draft).err().unwrap_or_default()
}

/// Checks and compiles.
pub(super) fn compile(draft: &Draft) -> Result<CompiledMapping, Vec<Problem>> {
    let mut walk = Walk::new();
    walk.names(draft);
    let rules = walk.rules(&draft.rules);
    let reference_pattern = walk.correlation(&draft.correlation, &draft.reference_prefix);
    match reference_pattern {
        Some(reference_pattern) if walk.problems.is_empty() => Ok(CompiledMapping {
            process: draft.process.clone(),
            prefix: draft.reference_prefix.clone(),
            rules,
            templates: walk.templates,
            cel_members: walk.cel_members,
            jinja_members: walk.jinja_members,
            correlation: draft.correlation.clone(),
            reference_pattern,
        }),
        _ => Err(walk.problems.into_vec()),
    }
}

struct Walk {
    problems: Problems,
    templates: Templates,
    cel_members: Members,
    jinja_members: Members,
}

impl Walk {
    fn new() -> Self {
        Self {
            problems: Problems::default(),
            templates: Templates::new(),
            cel_members: Members::default(),
            jinja_members: Members::default(),
        }
    }

    fn names(&mut self, draft: &Draft) {
        let name = draft.name.trim();
        if name.is_empty() {
            self.problems.required(&["name"], "A mapping needs a name.");
        } else if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            self.problems.invalid(&["name"], format!("A name is one line of at most {MAX_NAME} characters."));
        }
        if draft.process.is_empty() {
            self.problems.required(&["process"], "A mapping needs the key of its process, e.g. incident.");
        } else if !is_key(&draft.process) {
            self.problems.invalid(
                &["process"],
                "A process key is a small letter, then up to 62 small letters, digits, dashes and underscores, e.g. incident.",
            );
        }
        if draft.reference_prefix.is_empty() {
            self.problems
                .required(&["referencePrefix"], "A mapping needs a prefix for its references, e.g. INC.");
        } else if !is_prefix(&draft.reference_prefix) {
            self.problems.invalid(
                &["referencePrefix"],
                "A prefix is a capital letter, then up to 9 capital letters and digits (A-Z, 0-9), e.g. INC.",
            );
        }
    }

    fn rules(&mut self, rules: &[AttributeRule]) -> Vec<CompiledRule> {
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
                compiled.map_err(|message| self.problems.invalid(&path, message)).ok().map(Source::Expression)
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
        if matches!(field, MessageField::OriginalSender | MessageField::OriginalRecipient) {
            self.problems.add(ProblemCode::Unsupported, &path, format!("{field} can't be read yet."));
            return None;
        }
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
        value: &serde_json::Value,
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

    fn correlation(&mut self, correlation: &Correlation, prefix: &str) -> Option<Regex> {
        let mut seen = HashSet::new();
        for (index, strategy) in correlation.strategies.iter().enumerate() {
            let path = ["correlation", "strategies", &index.to_string()];
            if !matches!(
                strategy,
                CorrelationStrategy::ReferenceInSubject | CorrelationStrategy::ThreadHeaders
            ) {
                let message = format!(
                    "{strategy} is not built yet; there are REFERENCE_IN_SUBJECT and THREAD_HEADERS."
                );
                self.problems.add(ProblemCode::Unsupported, &path, message);
            }
            if !seen.insert(*strategy) {
                self.problems.invalid(&path, format!("{strategy} is there already; each is tried once."));
            }
        }
        if correlation.key_expression.is_some() {
            let path = ["correlation", "keyExpression"];
            self.problems.add(ProblemCode::Unsupported, &path, "Keys are not built yet.");
        }
        if correlation.reopen_within_days.is_some_and(|days| !(0..=36_500).contains(&days)) {
            let path = ["correlation", "reopenWithinDays"];
            self.problems.invalid(&path, "The days are from 0 to 36500; null is for ever.");
        }
        match &correlation.reference_pattern {
            None => Regex::new(&default_pattern(prefix)).ok(),
            Some(source) => self.reference_pattern(source),
        }
    }

    fn reference_pattern(&mut self, source: &str) -> Option<Regex> {
        let path = ["correlation", "referencePattern"];
        if source.chars().count() > MAX_PATTERN {
            self.problems.invalid(&path, format!("The pattern is longer than {MAX_PATTERN} characters."));
            return None;
        }
        match function::pattern(source) {
            Err(reason) => self.problems.invalid(&path, format!("The pattern is not valid: {reason}.")),
            // The whole match counts as a group too.
            Ok(pattern) if pattern.captures_len() != 2 => {
                let message = "The pattern needs exactly one capture group, around the reference; write (?:…) for others.";
                self.problems.invalid(&path, message);
            }
            Ok(pattern) => return Some(pattern),
        }
        None
    }
}

fn is_key(key: &str) -> bool {
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    key.len() <= 63 && key.starts_with(|c: char| c.is_ascii_lowercase()) && key.bytes().all(rest)
}

fn is_prefix(prefix: &str) -> bool {
    let rest = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    prefix.len() <= 10 && prefix.starts_with(|c: char| c.is_ascii_uppercase()) && prefix.bytes().all(rest)
}

fn is_attribute(name: &str) -> bool {
    let rest = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    name.len() <= 63 && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(rest)
}
