//! A process instance, as clients see it.

use async_graphql::{Context, ID, Object};

use crate::api::graphql::mailbox::{Mailbox, MailboxLoader};
use crate::api::graphql::mapping::{Mapping, MappingLoader};
use crate::api::graphql::message::{Message, Wanted, messages_of};
use crate::api::graphql::paging::{Connection, Order, PageArgs, repeats};
use crate::api::graphql::scalar::{DateTime, Json};
use crate::api::graphql::{ContextExt, Result, loader, node};
use crate::domain::instance;
use crate::service::permit::ConfigRead;

/// One instance of a business process, as made and kept up to date by incoming mail.
pub struct ProcessInstance(pub instance::ProcessInstance);

/// One instance of a business process, as made and kept up to date by incoming mail.
#[Object]
impl ProcessInstance {
    /// Its globally unique, opaque id.
    pub async fn id(&self) -> ID {
        node::encode(self.0.id)
    }

    /// E.g. INC-000042. Quoted in a subject, it brings a reply back here.
    async fn reference(&self) -> &str {
        &self.0.reference
    }

    /// Key of its process, e.g. incident.
    async fn process(&self) -> &str {
        &self.0.process
    }

    /// The mapping that made it; null once that was deleted, and without config:read.
    async fn mapping(&self, ctx: &Context<'_>) -> Option<Result<Box<Mapping>>> {
        ctx.permit::<ConfigRead>().ok()?;
        let found = loader::load::<MappingLoader, _>(ctx, self.0.mapping_id?).await;
        found.map(|found| found.map(|it| Box::new(Mapping(it)))).transpose()
    }

    /// The mailbox whose mail made it; null once that was deleted.
    async fn mailbox(&self, ctx: &Context<'_>) -> Option<Result<Box<Mailbox>>> {
        let found = loader::load::<MailboxLoader, _>(ctx, self.0.mailbox_id?).await;
        found.map(|found| found.map(|it| Box::new(Mailbox(it)))).transpose()
    }

    /// Whether it is open.
    async fn open(&self) -> bool {
        self.0.open
    }

    /// Its attributes by name, as the mapping's rules gave them.
    async fn attributes(&self) -> Json {
        Json(serde_json::Value::Object(self.0.attributes.clone()))
    }

    /// The id under which the owning system knows this instance; unique within the process.
    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    /// The messages that belong to it, by receipt.
    #[graphql(complexity = "repeats(first, last) * child_complexity")]
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By receipt.", default_with = "Order::OldestFirst")] order: Order,
        #[graphql(desc = "How many from the start, 1 to 100; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Message>> {
        let wanted = Wanted { filter: Default::default(), order: order.into() };
        let page = PageArgs::new(first, after, last, before);
        Box::pin(messages_of(ctx, "processInstance.messages", self.0.id, wanted, &page)).await
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
