//! What is said of a mapping.

use async_graphql::{ID, InputObject, MaybeUndefined};

use super::correlation::CorrelationInput;
use super::policy::{AttachmentPolicyInput, FilterRuleInput, ForwardingPolicyInput, LoopProtectionInput};
use super::rule::AttributeRuleInput;
use crate::api::graphql::input::patch;
use crate::domain::id::MappingId;
use crate::domain::mapping::{AttributeRule, FilterRule};
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
    /// Messages that are ignored before anything else is asked, in order.
    pub filters: Option<Vec<FilterRuleInput>>,
    /// What mail that a machine sent may do.
    pub loop_protection: Option<LoopProtectionInput>,
    /// Whose forwards are believed.
    pub forwarding: Option<ForwardingPolicyInput>,
    /// Attachments that are left out of a message's list.
    pub attachments: Option<AttachmentPolicyInput>,
}

/// A change of a mapping: what is absent stays as it is; what is given is replaced as a whole.
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
    /// Messages that are ignored before anything else is asked, in order; null: none.
    pub filters: MaybeUndefined<Vec<FilterRuleInput>>,
    /// What mail that a machine sent may do; null: the default.
    pub loop_protection: MaybeUndefined<LoopProtectionInput>,
    /// Whose forwards are believed; null: the default.
    pub forwarding: MaybeUndefined<ForwardingPolicyInput>,
    /// Attachments that are left out of a message's list; null: none.
    pub attachments: MaybeUndefined<AttachmentPolicyInput>,
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
            filters: filters(input.filters.unwrap_or_default()),
            loop_protection: input.loop_protection.map(Into::into),
            forwarding: input.forwarding.map(Into::into),
            attachments: input.attachments.map(Into::into),
        }
    }
}

impl UpdateMappingInput {
    /// For the mapping that its id names.
    pub fn of(self, id: MappingId) -> UpdateMapping {
        let given: Patch<Vec<AttributeRuleInput>> = patch(self.rules);
        let ignored: Patch<Vec<FilterRuleInput>> = patch(self.filters);
        UpdateMapping {
            id,
            name: patch(self.name),
            process: patch(self.process),
            reference_prefix: patch(self.reference_prefix),
            rules: given.map(rules),
            correlation: patch(self.correlation),
            filters: ignored.map(filters),
            loop_protection: patch(self.loop_protection),
            forwarding: patch(self.forwarding),
            attachments: patch(self.attachments),
            expected_version: self.expected_version,
        }
    }
}

fn filters(given: Vec<FilterRuleInput>) -> Vec<FilterRule> {
    given.into_iter().map(FilterRule::from).collect()
}

fn rules(given: Vec<AttributeRuleInput>) -> Vec<AttributeRule> {
    given.into_iter().map(AttributeRule::from).collect()
}
