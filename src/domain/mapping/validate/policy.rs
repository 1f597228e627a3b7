//! Checks what a mapping says beside its rules: filters, loop protection, forwards, attachments.

use std::collections::HashSet;

use super::Walk;
use crate::domain::mapping::compiled::CompiledFilter;
use crate::domain::mapping::draft::Draft;
use crate::domain::mapping::expression::{Expression, Kind};
use crate::domain::mapping::policy::{AttachmentPolicy, FilterRule};

/// The most filters of a mapping.
const MAX_FILTERS: usize = 50;
/// The most characters of a filter's name.
const MAX_NAME: usize = 100;
/// The most automatic messages that can be allowed of one sender within ten minutes.
const MAX_PER_SENDER: i32 = 10_000;
/// The most trusted forwarders, and the most content types to leave out.
const MAX_ENTRIES: usize = 200;

impl Walk {
    pub(super) fn filters(&mut self, filters: &[FilterRule]) -> Vec<CompiledFilter> {
        if filters.len() > MAX_FILTERS {
            self.problems.invalid(&["filters"], format!("A mapping has at most {MAX_FILTERS} filters."));
            return Vec::new();
        }
        let mut seen = HashSet::new();
        let compiled = filters.iter().enumerate().filter_map(|(index, filter)| {
            let index = index.to_string();
            let path = ["filters", &index, "name"];
            if filter.name.is_empty() {
                let message = "A filter needs a name: the reason of what it ignores says it.";
                self.problems.required(&path, message);
            } else if filter.name.chars().count() > MAX_NAME || filter.name.chars().any(char::is_control) {
                let message = format!("A filter's name is one line of at most {MAX_NAME} characters.");
                self.problems.invalid(&path, message);
            }
            if !seen.insert(filter.name.as_str()) {
                self.problems.invalid(&path, format!("Another filter is named '{}' already.", filter.name));
            }
            self.filter(&index, filter)
        });
        compiled.collect()
    }

    fn filter(&mut self, index: &str, filter: &FilterRule) -> Option<CompiledFilter> {
        let path = ["filters", index, "when"];
        if filter.when.trim().is_empty() {
            self.problems.required(&path, "The expression is empty.");
            return None;
        }
        match Expression::compile(&filter.when, &mut self.cel_members) {
            Err(message) => self.problems.invalid(&path, message),
            Ok(when) => match when.kind() {
                None | Some(Kind::Bool) => return Some(CompiledFilter { name: filter.name.clone(), when }),
                Some(other) => {
                    let message =
                        format!("A filter says true or false; the expression gives {}.", other.in_words());
                    self.problems.invalid(&path, message);
                }
            },
        }
        None
    }

    pub(super) fn policies(&mut self, draft: &Draft) {
        if !(0..=MAX_PER_SENDER).contains(&draft.loop_protection.max_per_sender_per_10_min) {
            let path = ["loopProtection", "maxPerSenderPer10Min"];
            let message = format!("The number is from 0 to {MAX_PER_SENDER}; 0 is for any number.");
            self.problems.invalid(&path, message);
        }
        let path = ["forwarding", "trustedForwarders"];
        if draft.forwarding.trusted_forwarders.len() > MAX_ENTRIES {
            self.problems.invalid(&path, format!("There are at most {MAX_ENTRIES} trusted forwarders."));
        }
        for (index, forwarder) in draft.forwarding.trusted_forwarders.iter().enumerate() {
            if !is_address_or_domain(forwarder) {
                let path = ["forwarding", "trustedForwarders", &index.to_string()];
                let message =
                    "A trusted forwarder is an address or a domain, e.g. ann@example.com or example.com.";
                self.problems.invalid(&path, message);
            }
        }
        self.attachments(&draft.attachments);
    }

    fn attachments(&mut self, policy: &AttachmentPolicy) {
        if policy.ignore_inline_images_below < 0 {
            let path = ["attachments", "ignoreInlineImagesBelow"];
            self.problems.invalid(&path, "The bytes are 0 or more; 0 leaves out none.");
        }
        if policy.max_size.is_some_and(|size| size < 1) {
            let path = ["attachments", "maxSize"];
            self.problems.invalid(&path, "The bytes are 1 or more; null is for any size.");
        }
        let path = ["attachments", "ignoreTypes"];
        if policy.ignore_types.len() > MAX_ENTRIES {
            self.problems.invalid(&path, format!("There are at most {MAX_ENTRIES} content types."));
        }
        for (index, pattern) in policy.ignore_types.iter().enumerate() {
            if !is_type(pattern) {
                let path = ["attachments", "ignoreTypes", &index.to_string()];
                let message = "A content type is like text/calendar, or image/* for all of a kind.";
                self.problems.invalid(&path, message);
            }
        }
    }
}

fn is_address_or_domain(text: &str) -> bool {
    let text = text.strip_prefix('@').unwrap_or(text);
    let (local, domain) = text.rsplit_once('@').unwrap_or(("any", text));
    let clean = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | ',' | ';' | '@');
    let named = |part: &str| !part.is_empty() && part.chars().all(clean);
    named(local) && named(domain) && domain.contains('.') && !domain.contains('*') && text.len() <= 320
}

fn is_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    text.len() <= 200
        && text.split_once('/').is_some_and(|(kind, sub)| token(kind) && (sub == "*" || token(sub)))
}
