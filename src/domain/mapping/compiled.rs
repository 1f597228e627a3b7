//! A mapping ready to be applied: programs, templates and patterns compiled once, shared by all workers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use regex::Regex;
use serde_json::Value;

use super::correlate::{self, Decision};
use super::correlation::Correlation;
use super::draft::{Draft, Problem};
use super::expression::Expression;
use super::found::Found;
use super::policy::{AttachmentPolicy, ForwardingPolicy, LoopProtection};
use super::rule::{AttributeType, MessageField, UpdateAction};
use super::signals::{self, Signals};
use super::surroundings::Surroundings;
use super::template::Templates;
use super::values::{Parsed, Values};
use super::view::{Members, View};
use super::{Mapping, validate};
use crate::domain::message::{Failed, Stage};
use crate::domain::parsed::ParsedMessage;

/// A mapping that was checked and compiled. Made once a version of the mapping; shared behind an `Arc`.
#[derive(Debug)]
pub struct CompiledMapping {
    pub(super) process: String,
    pub(super) prefix: String,
    pub(super) rules: Vec<CompiledRule>,
    pub(super) templates: Templates,
    /// What expressions look at.
    pub(super) cel_members: Members,
    /// What templates look at.
    pub(super) jinja_members: Members,
    pub(super) correlation: Correlation,
    pub(super) reference_pattern: Regex,
    /// Gives the business key.
    pub(super) key: Option<Expression>,
    pub(super) filters: Vec<CompiledFilter>,
    pub(super) loop_protection: LoopProtection,
    pub(super) forwarding: ForwardingPolicy,
    pub(super) attachments: AttachmentPolicy,
    pub(super) surroundings: Surroundings,
}

/// A filter without anything left to be checked.
#[derive(Debug)]
pub(super) struct CompiledFilter {
    pub(super) name: String,
    pub(super) when: Expression,
}

/// A rule without anything left to be checked.
#[derive(Debug)]
pub(super) struct CompiledRule {
    pub(super) attribute: Arc<str>,
    pub(super) r#type: AttributeType,
    pub(super) source: Source,
    pub(super) required: bool,
    /// Characters, of texts.
    pub(super) max_length: usize,
    pub(super) on_create: bool,
    pub(super) on_update: UpdateAction,
}

/// Where a value comes from.
#[derive(Debug)]
pub(super) enum Source {
    Field(MessageField),
    Expression(Expression),
    /// By its name among the mapping's templates.
    Template(String),
    /// Of the attribute's type already.
    Constant(Value),
}

/// What a mapping makes of a message by the message alone; which instance it belongs to is decided by the lookups.
#[derive(Debug, Clone, PartialEq)]
pub struct Treated {
    /// What the rules gave.
    pub values: Values,
    /// What it says about the instance it belongs to.
    pub signals: Signals,
    /// Why it is ignored whatever it belongs to, in a sentence; then no rule was evaluated.
    pub ignored: Option<String>,
}

impl CompiledMapping {
    /// Checks and compiles.
    ///
    /// # Errors
    /// Everything that keeps the mapping from working.
    pub fn new(mapping: &Mapping) -> Result<Self, Vec<Problem>> {
        Self::from_draft(&mapping.draft())
    }

    /// Checks and compiles what was not saved yet.
    ///
    /// # Errors
    /// Everything that keeps the mapping from working.
    pub fn from_draft(draft: &Draft) -> Result<Self, Vec<Problem>> {
        validate::compile(draft)
    }

    /// Applies it to the mail of a mailbox.
    #[must_use]
    pub fn within(self, surroundings: Surroundings) -> Self {
        Self { surroundings, ..self }
    }

    /// Key of the process whose instances it makes.
    pub fn process(&self) -> &str {
        &self.process
    }

    /// Prefix of the references it gives.
    pub fn reference_prefix(&self) -> &str {
        &self.prefix
    }

    /// Everything that the message alone tells.
    ///
    /// # Errors
    /// Only a fault of ours, or of a library: one message that meets it holds up no other.
    pub fn treat(&self, parsed: &Parsed<'_>) -> Result<Treated, Box<Failed>> {
        guarded(|| self.look_at(parsed, true))
    }

    /// The same of a message that a person takes on: whether the mapping would ignore it does not matter.
    ///
    /// # Errors
    /// As [`Self::treat`].
    pub fn treat_by_hand(&self, parsed: &Parsed<'_>) -> Result<Treated, Box<Failed>> {
        guarded(|| self.look_at(parsed, false))
    }

    fn look_at(&self, parsed: &Parsed<'_>, screens: bool) -> Treated {
        let received_at = parsed.received_at;
        let mut notes = Vec::new();
        let unclaimed = self.without_claims(parsed.message);
        if unclaimed.is_some() && signals::other_author(parsed.message).is_some() {
            notes.push(
                "The mapping does not trust who forwarded it: what the forward says of the original does not count."
                    .to_owned(),
            );
        }
        let message = unclaimed.as_ref().unwrap_or(parsed.message);
        let parsed = Parsed { message, received_at };
        let mut view = View::new(parsed);
        if let Some(reason) = screens.then(|| self.refusal(&parsed, &mut view, &mut notes)).flatten() {
            let values = Values { entries: Vec::new(), notes };
            return Treated {
                values,
                signals: Signals::none(self, message, received_at),
                ignored: Some(reason),
            };
        }
        let key = self.business_key(&mut view, &mut notes);
        let mut values = self.values_in(&parsed, &mut view);
        values.notes.splice(0..0, notes);
        Treated { values, signals: signals::read(self, message, received_at, key), ignored: None }
    }

    /// What the message says about the instance it belongs to, without its key: what to look up, and what to store
    /// with it.
    pub fn signals(&self, message: &ParsedMessage, received_at: DateTime<Utc>) -> Signals {
        signals::read(self, message, received_at, None)
    }

    /// Decides what becomes of a message, by what the lookups found.
    pub fn correlate(&self, signals: &Signals, found: &Found) -> Decision {
        correlate::correlate(&self.correlation, &self.process, signals, found)
    }
}

/// One message that meets a fault of ours, or of a library, holds up no other.
fn guarded(look: impl FnOnce() -> Treated) -> Result<Treated, Box<Failed>> {
    catch_unwind(AssertUnwindSafe(look)).map_err(|_| {
        let reason = "Mapping it met a fault of mailroom; its raw bytes are kept.".to_owned();
        Box::new(Failed { stage: Stage::Map, reason, fault: None })
    })
}
