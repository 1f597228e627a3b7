//! Queries for mailboxes.

use async_graphql::{Context, ID, InputObject, Object};

use super::health::MailboxState;
use super::{MailProvider, Mailbox, MailboxKind, MailboxLoader, MailboxMode};
use crate::api::graphql::paging::{Connection, PageArgs, repeats};
use crate::api::graphql::{ContextExt, Error, Result, loader, node};
use crate::db;
use crate::db::paging::NameKey;
use crate::domain::id::MailboxId;
use crate::service::permit::MailboxRead;

const LIST: &str = "mailboxes";

/// Which mailboxes: all that is given must hold.
#[derive(InputObject)]
pub struct MailboxFilter {
    /// In one of these kinds of mail system.
    pub providers: Option<Vec<MailProvider>>,
    /// In one of these states.
    pub states: Option<Vec<MailboxState>>,
    /// Of one of these kinds.
    pub kinds: Option<Vec<MailboxKind>>,
    /// In one of these modes.
    pub modes: Option<Vec<MailboxMode>>,
    /// Paused, or not.
    pub paused: Option<bool>,
    /// Title, address or display name contains this text, in any case.
    pub search: Option<String>,
    /// Logged in to with this credential.
    pub credential_id: Option<ID>,
    /// Using this mapping.
    pub mapping_id: Option<ID>,
}

/// Queries for mailboxes.
#[derive(Default)]
pub struct MailboxQuery;

#[Object]
impl MailboxQuery {
    /// A mailbox by its id or its address, exactly one of the two; null where there is none. Needs mail:read or
    /// config:read.
    async fn mailbox(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The mailbox's id.")] id: Option<ID>,
        #[graphql(desc = "Its address, in any case.")] address: Option<String>,
    ) -> Option<Result<Mailbox>> {
        find(ctx, id, address).await.transpose()
    }

    /// Mailboxes by title. Needs mail:read or config:read.
    #[graphql(complexity = "repeats(first, last) * child_complexity")]
    async fn mailboxes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all unless told.")] filter: Option<MailboxFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Mailbox>> {
        ctx.permit::<MailboxRead>()?;
        let page = PageArgs::new(first, after, last, before).request(LIST)?;
        let Some(filter) = filter.map_or_else(|| Some(Default::default()), MailboxFilter::of) else {
            return Ok(Connection::empty());
        };
        let database = ctx.services()?.db.clone();
        let found = db::mailbox::list(database.read(), &filter, &page).await?;
        Connection::new(LIST, found.map(Mailbox), key, move || {
            let (database, filter) = (database.clone(), filter.clone());
            async move { Ok(Some(db::mailbox::count(database.read(), &filter).await?)) }
        })
    }
}

/// Where a mailbox stands in a list.
pub(super) fn key(mailbox: &Mailbox) -> NameKey {
    (mailbox.0.title.clone(), mailbox.0.id.0)
}

async fn find(ctx: &Context<'_>, id: Option<ID>, address: Option<String>) -> Result<Option<Mailbox>> {
    ctx.permit::<MailboxRead>()?;
    match (id, address) {
        (Some(id), None) => match node::decode::<MailboxId>(&id) {
            Some(id) => Ok(loader::load::<MailboxLoader, _>(ctx, id).await?.map(Mailbox)),
            None => Ok(None),
        },
        (None, Some(address)) => {
            Ok(db::mailbox::by_address(ctx.services()?.db.read(), &address).await?.map(Mailbox))
        }
        _ => Err(Error::InvalidArgument("Give `id` or `address`, exactly one of the two.".to_owned())),
    }
}

impl MailboxFilter {
    /// For the database; None where it names what does not exist, and so matches nothing.
    fn of(self) -> Option<db::mailbox::MailboxFilter> {
        fn all<T, U: From<T>>(list: Option<Vec<T>>) -> Option<Vec<U>> {
            list.map(|list| list.into_iter().map(U::from).collect())
        }
        Some(db::mailbox::MailboxFilter {
            providers: all(self.providers),
            states: all(self.states),
            kinds: all(self.kinds),
            modes: all(self.modes),
            paused: self.paused,
            search: self.search,
            credential_id: node::wanted(self.credential_id)?,
            mapping_id: node::wanted(self.mapping_id)?,
        })
    }
}
