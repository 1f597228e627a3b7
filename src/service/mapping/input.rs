//! What is said of a mapping.

use crate::domain::id::MappingId;
use crate::domain::mapping::{
    AttachmentPolicy, AttributeRule, Correlation, FilterRule, ForwardingPolicy, LoopProtection,
};
use crate::service::Patch;

/// Input of `createMapping`.
#[derive(Debug, Clone)]
pub struct CreateMapping {
    /// Unique among mappings.
    pub name: String,
    /// Key of the process, e.g. `incident`.
    pub process: String,
    /// E.g. INC; belongs to one process.
    pub reference_prefix: String,
    /// In order.
    pub rules: Vec<AttributeRule>,
    /// How a message finds its instance; None: the default.
    pub correlation: Option<Correlation>,
    /// Messages that are ignored, in order.
    pub filters: Vec<FilterRule>,
    /// What mail that a machine sent may do; None: the default.
    pub loop_protection: Option<LoopProtection>,
    /// Whose forwards are believed; None: the default.
    pub forwarding: Option<ForwardingPolicy>,
    /// Attachments that are left out of a message's list; None: none.
    pub attachments: Option<AttachmentPolicy>,
}

/// Input of `updateMapping`. What is given is replaced as a whole.
#[derive(Debug, Clone)]
pub struct UpdateMapping {
    /// Which one.
    pub id: MappingId,
    /// See [`CreateMapping::name`].
    pub name: Patch<String>,
    /// See [`CreateMapping::process`].
    pub process: Patch<String>,
    /// See [`CreateMapping::reference_prefix`].
    pub reference_prefix: Patch<String>,
    /// See [`CreateMapping::rules`]; null empties them.
    pub rules: Patch<Vec<AttributeRule>>,
    /// See [`CreateMapping::correlation`]; null: the default.
    pub correlation: Patch<Correlation>,
    /// See [`CreateMapping::filters`]; null empties them.
    pub filters: Patch<Vec<FilterRule>>,
    /// See [`CreateMapping::loop_protection`]; null: the default.
    pub loop_protection: Patch<LoopProtection>,
    /// See [`CreateMapping::forwarding`]; null: the default.
    pub forwarding: Patch<ForwardingPolicy>,
    /// See [`CreateMapping::attachments`]; null: the default.
    pub attachments: Patch<AttachmentPolicy>,
    /// Refused with CONFLICT when it is not the current version.
    pub expected_version: Option<i32>,
}
