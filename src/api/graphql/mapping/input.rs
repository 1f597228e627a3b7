//! What is said of a mapping.

use async_graphql::{ID, InputObject, MaybeUndefined};

use super::correlation::CorrelationInput;
use super::rule::AttributeRuleInput;
use crate::api::graphql::input::patch;
use crate::domain::id::MappingId;
use crate::domain::mapping::AttributeRule;
use crate::service::Patch;
use crate::service::mapping::{CreateMapping, UpdateMapping};

/// A new mapping.
#[derive(InputObject)]
pub struct CreateMappingInput {
    /// Unique among mappings.
    pub name: String,
    /// Key of the process whose instances it creates and updates, e.g. `incident`.
    pub process: String,
    /// Prefix of the references given to instances, e.g. INC gives INC-000042. A prefix belongs to one process.
    pub reference_prefix: String,
    /// The attributes of an instance, in order.
    pub rules: Vec<AttributeRuleInput>,
    /// How a message is matched to an instance that already exists.
    pub correlation: Option<CorrelationInput>,
}

/// A change of a mapping: what is absent stays as it is; rules and correlation are replaced as a whole.
#[derive(InputObject)]
pub struct UpdateMappingInput {
    /// The mapping's id.
    pub id: ID,
    /// Unique among mappings.
    pub name: MaybeUndefined<String>,
    /// Key of the process whose instances it creates and updates, e.g. `incident`.
    pub process: MaybeUndefined<String>,
    /// Prefix of the references given to instances, e.g. INC gives INC-000042. A prefix belongs to one process.
    pub reference_prefix: MaybeUndefined<String>,
    /// The attributes of an instance, in order.
    pub rules: MaybeUndefined<Vec<AttributeRuleInput>>,
    /// How a message is matched to an instance that already exists; null: the default.
    pub correlation: MaybeUndefined<CorrelationInput>,
    /// Refused with CONFLICT when it is not the current version.
    pub expected_version: Option<i32>,
}

impl From<CreateMappingInput> for CreateMapping {
    fn from(input: CreateMappingInput) -> Self {
        Self {
            name: input.name,
            process: input.process,
            reference_prefix: input.reference_prefix,
            rules: rules(input.rules),
            correlation: input.correlation.map(Into::into),
        }
    }
}

impl UpdateMappingInput {
    /// For the mapping that its id names.
    pub fn of(self, id: MappingId) -> UpdateMapping {
        let given: Patch<Vec<AttributeRuleInput>> = patch(self.rules);
        UpdateMapping {
            id,
            name: patch(self.name),
            process: patch(self.process),
            reference_prefix: patch(self.reference_prefix),
            rules: given.map(rules),
            correlation: patch(self.correlation),
            expected_version: self.expected_version,
        }
    }
}

fn rules(given: Vec<AttributeRuleInput>) -> Vec<AttributeRule> {
    given.into_iter().map(AttributeRule::from).collect()
}
