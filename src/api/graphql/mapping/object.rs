//! A mapping, as clients see it.

use async_graphql::{Context, ID, Object};

use super::MailboxOfMappingLoader;
use super::correlation::Correlation;
use super::policy::{AttachmentPolicy, FilterRule, ForwardingPolicy, LoopProtection};
use super::rule::AttributeRule;
use crate::api::graphql::mailbox::Mailbox;
use crate::api::graphql::scalar::DateTime;
use crate::api::graphql::{Result, loader, node};
use crate::domain::mapping;

/// How messages become instances of one business process.
pub struct Mapping(pub mapping::Mapping);

/// How messages become instances of one business process.
#[Object]
impl Mapping {
    /// Its globally unique, opaque id.
    pub async fn id(&self) -> ID {
        node::encode(self.0.id)
    }

    /// Unique among mappings.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Key of the process whose instances this mapping creates and updates, e.g. `incident`.
    async fn process(&self) -> &str {
        &self.0.process
    }

    /// Prefix of the references given to instances, e.g. INC gives INC-000042. A prefix belongs to one process;
    /// references are unique over the installation.
    async fn reference_prefix(&self) -> &str {
        &self.0.reference_prefix
    }

    /// The attributes of an instance, in order.
    async fn rules(&self) -> Vec<AttributeRule> {
        self.0.rules.iter().cloned().map(AttributeRule::from).collect()
    }

    /// How a message is matched to an instance that already exists.
    async fn correlation(&self) -> Correlation {
        self.0.correlation.clone().into()
    }

    /// Messages that are ignored before anything else is asked, in order.
    async fn filters(&self) -> Vec<FilterRule> {
        self.0.filters.iter().cloned().map(FilterRule::from).collect()
    }

    /// What mail that a machine sent may do.
    async fn loop_protection(&self) -> LoopProtection {
        self.0.loop_protection.clone().into()
    }

    /// Whose forwards are believed.
    async fn forwarding(&self) -> ForwardingPolicy {
        self.0.forwarding.clone().into()
    }

    /// Attachments that are left out of a message's list.
    async fn attachments(&self) -> AttachmentPolicy {
        self.0.attachments.clone().into()
    }

    /// The one mailbox that uses this mapping, if any.
    async fn mailbox(&self, ctx: &Context<'_>) -> Option<Result<Mailbox>> {
        let found = loader::load::<MailboxOfMappingLoader, _>(ctx, self.0.id).await;
        found.map(|found| found.map(Mailbox)).transpose()
    }

    /// Counts changes, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

impl From<mapping::Mapping> for Mapping {
    fn from(mapping: mapping::Mapping) -> Self {
        Self(mapping)
    }
}
