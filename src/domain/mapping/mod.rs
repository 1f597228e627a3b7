//! The rules that turn a message into a process instance, and the pure core that applies them.
//!
//! | file | holds |
//! |---|---|
//! | `rule` `correlation` `policy` | what a mapping says, as types |
//! | `draft` | a mapping before it is saved, and what is wrong with it |
//! | `validate` | every check that is made when a mapping is saved |
//! | `expression` `template` `function` | CEL and Jinja: what they may use, how they are bounded |
//! | `compiled` | a mapping ready to be applied; built once, shared by all workers |
//! | `view` | the message as expressions and templates see it |
//! | `field` `coerce` `values` | every rule evaluated once: typed, bounded values |
//! | `apply` | values -> the attributes of a new or of an existing instance |
//! | `surroundings` | the mailbox and the installation in which a mapping is applied |
//! | `screen` | what is ignored or left out before any instance is asked for |
//! | `signals` `reference` | what a message says about the instance it belongs to |
//! | `found` `hit` `correlate` | what the lookups found, each strategy's way to it, the decision with its evidence |
//! | `again` | a message mapped again: its own part of the attributes is replaced |
//! | `by_hand` | attributes that a person gives, held to the types that are declared |
//! | `weave` | what each message of a batch makes or changes |
//!
//! A message goes `signals` + `values` (before the transaction), then `found` -> `correlate` -> `apply` (in it).

mod again;
mod apply;
mod by_hand;
mod coerce;
mod compiled;
mod correlate;
#[cfg(test)]
mod correlate_tests;
mod correlation;
mod draft;
mod expression;
mod field;
#[cfg(test)]
mod fixture;
mod found;
mod function;
mod hit;
#[cfg(test)]
mod hostile_tests;
mod policy;
#[cfg(test)]
mod policy_tests;
mod reference;
mod rule;
mod screen;
mod signals;
#[cfg(test)]
mod strategy_tests;
mod surroundings;
mod template;
#[cfg(test)]
mod trust_tests;
mod validate;
mod values;
mod view;
mod weave;

use chrono::{DateTime, Utc};

use super::id::MappingId;

pub use again::{Part, Piece, again, pieces};
pub use apply::{Change, create, update};
pub use by_hand::{as_given, free};
pub use compiled::{CompiledMapping, Treated};
pub use correlate::{Decision, correlate};
pub use correlation::{
    ClosedMatchAction, Correlation, CorrelationStrategy, MatchAction, NoMatchAction, SameMessagePolicy,
};
pub use draft::{Draft, Problem, ProblemCode};
pub use found::{COUNTED_WITHIN, Copy, CorrelationKey, Found, InstanceFacts, Key, Role};
pub use policy::{AttachmentPolicy, AutomaticMailAction, FilterRule, ForwardingPolicy, LoopProtection};
pub use rule::{AttributeRule, AttributeType, MessageField, UpdateAction, ValueSource};
pub use signals::{Conversation, Counted, ReferenceCandidate, SameMessage, Signals, ThreadHeader, ThreadId};
pub use surroundings::Surroundings;
pub use validate::validate;
pub use values::{MapFailure, Parsed, Values};
pub use weave::{Effect, Known, Loom, Setting, Woven};

/// How messages become instances of one business process.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// Its id.
    pub id: MappingId,
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
    /// Counts changes, for `expectedVersion`.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}
