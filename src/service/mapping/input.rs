//! What is said of a mapping.

use crate::domain::id::MappingId;
use crate::domain::mapping::{AttributeRule, Correlation};
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
}

/// Input of `updateMapping`. Rules and correlation are replaced as a whole.
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
    /// Refused with CONFLICT when it is not the current version.
    pub expected_version: Option<i32>,
}
