//! A mailbox, as clients see it.

use async_graphql::{Context, ID, Object};

use super::folder::FolderAssignment;
use super::health::MailboxHealth;
use super::rights::{Grant, MailboxRight, of_caller};
use super::settings::{OutgoingSettings, ProviderSettings};
use super::{MailProvider, MailboxKind, MailboxMode};
use crate::api::graphql::credential::{Credential, CredentialLoader};
use crate::api::graphql::job::{Job, JobsOfMailboxLoader};
use crate::api::graphql::mapping::{Mapping, MappingLoader};
use crate::api::graphql::message::{Message, MessageFilter, Wanted, messages_of};
use crate::api::graphql::paging::{Connection, Order, PageArgs, repeats};
use crate::api::graphql::scalar::DateTime;
use crate::api::graphql::{ContextExt, Result, loader, node};
use crate::domain::access::Scope;
use crate::domain::mailbox;

/// The most jobs that a mailbox shows.
const MAX_JOBS: usize = 50;

/// A mail account that mailroom reads, and answers from. A mailbox has at most one mapping, and a mapping at most
/// one mailbox.
pub struct Mailbox(pub mailbox::Mailbox);

/// A mail account that mailroom reads, and answers from. A mailbox has at most one mapping, and a mapping at most
/// one mailbox.
#[Object]
impl Mailbox {
    /// Its globally unique, opaque id.
    pub async fn id(&self) -> ID {
        node::encode(self.0.id)
    }

    /// Unique among mailboxes.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The address replies are sent from.
    async fn address(&self) -> &str {
        &self.0.address
    }

    /// The display name replies are sent under.
    async fn display_name(&self) -> Option<&str> {
        self.0.display_name.as_deref()
    }

    /// Whose it is.
    async fn kind(&self) -> MailboxKind {
        self.0.kind.into()
    }

    /// PERSONAL: the subject (JWT `sub`) who holds the mailbox.
    async fn owner(&self) -> Option<&str> {
        self.0.owner.as_deref()
    }

    /// What is done with its mail.
    async fn mode(&self) -> MailboxMode {
        self.0.mode.into()
    }

    /// The kind of mail system it is in.
    async fn provider(&self) -> MailProvider {
        self.0.settings.kind().into()
    }

    /// Where it is; null without config:read, as `credential`, `outgoing` and `grants`.
    async fn settings(&self, ctx: &Context<'_>) -> Option<Result<ProviderSettings>> {
        self.told(ctx, || self.0.settings.clone().into())
    }

    /// How it is logged in to; null without config:read.
    async fn credential(&self, ctx: &Context<'_>) -> Option<Result<Box<Credential>>> {
        match self.told(ctx, || self.0.credential_id)? {
            Ok(id) => loader::load::<CredentialLoader, _>(ctx, id)
                .await
                .map(|found| found.map(|it| Box::new(Credential(it))))
                .transpose(),
            Err(error) => Some(Err(error)),
        }
    }

    /// How it sends; null without config:read.
    async fn outgoing(&self, ctx: &Context<'_>) -> Option<Result<OutgoingSettings>> {
        self.told(ctx, || OutgoingSettings::NONE)
    }

    /// Who may do what with it, beyond its owner and administrators; null without config:read.
    async fn grants(&self, ctx: &Context<'_>) -> Option<Result<Vec<Grant>>> {
        self.told(ctx, Vec::new)
    }

    /// What the caller may do here, its token's scopes applied.
    async fn viewer_rights(&self, ctx: &Context<'_>) -> Result<Vec<MailboxRight>> {
        Ok(of_caller(ctx.caller()?))
    }

    /// Which of the provider's folders plays which role, where it isn't the provider's own choice.
    async fn folder_roles(&self) -> Vec<FolderAssignment> {
        self.0.folder_roles.iter().cloned().map(FolderAssignment::from).collect()
    }

    /// Appended to outgoing messages; HTML, sanitised when saved.
    async fn signature(&self) -> Option<&str> {
        self.0.signature.as_deref()
    }

    /// What its messages become; without a mapping nothing runs.
    async fn mapping(&self, ctx: &Context<'_>) -> Option<Result<Box<Mapping>>> {
        let found = loader::load::<MappingLoader, _>(ctx, self.0.mapping_id?).await;
        found.map(|found| found.map(|it| Box::new(Mapping(it)))).transpose()
    }

    /// What is fetched from its folders, when, and what then happens to the originals. At most 50.
    #[graphql(complexity = "5 * child_complexity")]
    async fn jobs(&self, ctx: &Context<'_>) -> Result<Vec<Job>> {
        let jobs = loader::load::<JobsOfMailboxLoader, _>(ctx, self.0.id).await?.unwrap_or_default();
        Ok(jobs.into_iter().take(MAX_JOBS).map(Job).collect())
    }

    /// Other addresses that deliver here.
    async fn aliases(&self) -> &[String] {
        &self.0.aliases
    }

    /// Whether its messages show in `messages(filter: { unified: true })`.
    async fn unified_inbox(&self) -> bool {
        self.0.unified_inbox
    }

    /// How it fares.
    async fn health(&self) -> MailboxHealth {
        self.0.health.clone().into()
    }

    /// Hours without mail after which MAILBOX_SILENT is told; null: learned from the mailbox's rhythm; 0: never.
    async fn expect_mail_within_hours(&self) -> Option<i32> {
        self.0.expect_mail_within_hours
    }

    /// Addresses told by mail of failed messages, of a mailbox that stopped, and of a credential about to lapse; at
    /// most one mail in 15 minutes.
    async fn alert_to(&self) -> &[String] {
        &self.0.alert_to
    }

    /// Unread at the provider in INBOX (or in the only job's folder), as of the last check.
    async fn unread_count(&self) -> Option<i32> {
        self.0.unread_count
    }

    /// The messages that came to it, by receipt; none without mail:read.
    #[graphql(complexity = "repeats(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "they are the field's own")]
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all unless told.")] filter: Option<MessageFilter>,
        #[graphql(desc = "By receipt.", default_with = "Order::NewestFirst")] order: Order,
        #[graphql(desc = "How many from the start, 1 to 100; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Message>> {
        let Some(filter) = filter.unwrap_or_default().resolve()? else { return Ok(Connection::empty()) };
        let wanted = Wanted { filter, order: order.into() };
        let page = PageArgs::new(first, after, last, before);
        Box::pin(messages_of(ctx, "mailbox.messages", self.0.id, wanted, &page)).await
    }

    /// Whether nothing is done on it.
    async fn paused(&self) -> bool {
        self.0.paused
    }

    /// Counts changes of its configuration, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When its configuration was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

impl Mailbox {
    /// What only those see who may read the configuration.
    fn told<T>(&self, ctx: &Context<'_>, value: impl FnOnce() -> T) -> Option<Result<T>> {
        match ctx.caller() {
            Ok(caller) => caller.has(Scope::ConfigRead).then(|| Ok(value())),
            Err(error) => Some(Err(error)),
        }
    }
}

impl From<mailbox::Mailbox> for Mailbox {
    fn from(mailbox: mailbox::Mailbox) -> Self {
        Self(mailbox)
    }
}
