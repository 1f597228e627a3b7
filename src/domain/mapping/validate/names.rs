//! Checks a mapping's own names.

use super::Walk;
use crate::domain::mapping::draft::Draft;

/// The most characters of a name.
const MAX_NAME: usize = 200;

impl Walk {
    pub(super) fn names(&mut self, draft: &Draft) {
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
}

fn is_key(key: &str) -> bool {
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    key.len() <= 63 && key.starts_with(|c: char| c.is_ascii_lowercase()) && key.bytes().all(rest)
}

fn is_prefix(prefix: &str) -> bool {
    let rest = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    prefix.len() <= 10 && prefix.starts_with(|c: char| c.is_ascii_uppercase()) && prefix.bytes().all(rest)
}
