//! A mapping before it is saved, and what is wrong with it.

use super::Mapping;
use super::correlation::Correlation;
use super::policy::{AttachmentPolicy, FilterRule, ForwardingPolicy, LoopProtection};
use super::rule::AttributeRule;
use crate::domain::named::named_enum;

/// What a person says about a mapping: all of it but id, version and times.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Unique among mappings.
    pub name: String,
    /// Key of the process, e.g. `incident`.
    pub process: String,
    /// E.g. INC; belongs to one process.
    pub reference_prefix: String,
    /// In order.
    pub rules: Vec<AttributeRule>,
    /// How a message finds its instance.
    pub correlation: Correlation,
    /// Messages that are ignored, in order.
    pub filters: Vec<FilterRule>,
    /// What mail that a machine sent may do.
    pub loop_protection: LoopProtection,
    /// Whose forwards are believed.
    pub forwarding: ForwardingPolicy,
    /// Attachments that are left out of a message's list.
    pub attachments: AttachmentPolicy,
}

impl Mapping {
    /// What is said about it, without id, version and times.
    pub fn draft(&self) -> Draft {
        Draft {
            name: self.name.clone(),
            process: self.process.clone(),
            reference_prefix: self.reference_prefix.clone(),
            rules: self.rules.clone(),
            correlation: self.correlation.clone(),
            filters: self.filters.clone(),
            loop_protection: self.loop_protection.clone(),
            forwarding: self.forwarding.clone(),
            attachments: self.attachments.clone(),
        }
    }

    /// Everything that keeps it from working; empty when it may be saved.
    pub fn validate(&self) -> Vec<Problem> {
        super::validate(&self.draft())
    }
}

named_enum! {
    /// What kind of mistake it is, by the API's names.
    pub enum ProblemCode { Required = "REQUIRED", Invalid = "INVALID", Unsupported = "UNSUPPORTED" }
}

/// Why a mapping can't work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The input field at fault, from the mapping down: `["rules", "2", "source", "expression"]`.
    pub path: Vec<String>,
    /// The kind of mistake.
    pub code: ProblemCode,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Collects problems while a draft is walked.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, code: ProblemCode, path: &[&str], message: impl Into<String>) {
        self.0.push(Problem {
            path: path.iter().map(|p| (*p).to_owned()).collect(),
            code,
            message: message.into(),
        });
    }

    pub(super) fn invalid(&mut self, path: &[&str], message: impl Into<String>) {
        self.add(ProblemCode::Invalid, path, message);
    }

    pub(super) fn required(&mut self, path: &[&str], message: impl Into<String>) {
        self.add(ProblemCode::Required, path, message);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_vec(self) -> Vec<Problem> {
        self.0
    }
}
