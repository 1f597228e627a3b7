//! Checks how a mapping's messages find their instances.

use std::collections::HashSet;

use regex::Regex;

use super::Walk;
use crate::domain::mapping::correlation::{Correlation, CorrelationStrategy};
use crate::domain::mapping::expression::{Expression, Kind};
use crate::domain::mapping::function;
use crate::domain::mapping::signals::default_pattern;

/// The most characters of a reference pattern.
const MAX_PATTERN: usize = 500;

impl Walk {
    pub(super) fn correlation(&mut self, correlation: &Correlation, prefix: &str) -> Option<Regex> {
        let mut seen = HashSet::new();
        for (index, strategy) in correlation.strategies.iter().enumerate() {
            let path = ["correlation", "strategies", &index.to_string()];
            if !seen.insert(*strategy) {
                self.problems.invalid(&path, format!("{strategy} is there already; each is tried once."));
            }
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

    pub(super) fn key(&mut self, correlation: &Correlation) -> Option<Expression> {
        let path = ["correlation", "keyExpression"];
        let is_used = correlation.strategies.contains(&CorrelationStrategy::KeyExpression);
        let source = match correlation.key_expression.as_deref() {
            None if is_used => {
                let message = "KEY_EXPRESSION wants an expression that gives the key.";
                self.problems.required(&path, message);
                return None;
            }
            None => return None,
            Some(source) if source.trim().is_empty() => {
                self.problems.required(&path, "The expression is empty; null is for no key.");
                return None;
            }
            Some(source) => source,
        };
        match Expression::compile(source, &mut self.cel_members) {
            Err(message) => self.problems.invalid(&path, message),
            Ok(key) => match key.kind() {
                None | Some(Kind::Text | Kind::Number) => return Some(key),
                Some(other) => {
                    let message = format!("A key is a text; the expression gives {}.", other.in_words());
                    self.problems.invalid(&path, message);
                }
            },
        }
        None
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
