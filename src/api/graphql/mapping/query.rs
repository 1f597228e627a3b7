//! Queries for mappings.

use async_graphql::{Context, ID, InputObject, Object};

use super::{Mapping, MappingLoader};
use crate::api::graphql::paging::{Connection, PageArgs, repeats};
use crate::api::graphql::{ContextExt, Result, loader, node};
use crate::db;
use crate::domain::id::MappingId;
use crate::service::permit::ConfigRead;

const LIST: &str = "mappings";

/// `available: true` lists only mappings that no mailbox uses; give `forMailboxId` to keep that mailbox's own mapping
/// in the list.
#[derive(InputObject)]
pub struct MappingFilter {
    /// Whether no mailbox uses it.
    pub available: Option<bool>,
    /// With `available`: this mailbox's own mapping counts as free.
    pub for_mailbox_id: Option<ID>,
    /// Of this process.
    pub process: Option<String>,
    /// Name, process or prefix contains this text, in any case.
    pub search: Option<String>,
}

/// Queries for mappings.
#[derive(Default)]
pub struct MappingQuery;

#[Object]
impl MappingQuery {
    /// A mapping by its id; null where there is none. Needs config:read.
    async fn mapping(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The mapping's id.")] id: ID,
    ) -> Option<Result<Mapping>> {
        find(ctx, &id).await.transpose()
    }

    /// Mappings by name. Needs config:read.
    #[graphql(complexity = "repeats(first, last) * child_complexity")]
    async fn mappings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all unless told.")] filter: Option<MappingFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Mapping>> {
        ctx.permit::<ConfigRead>()?;
        let page = PageArgs::new(first, after, last, before).request(LIST)?;
        let filter = filter.map(MappingFilter::of).unwrap_or_default();
        let database = ctx.services()?.db.clone();
        let found = db::mapping::list(database.read(), &filter, &page).await?;
        Connection::new(
            LIST,
            found.map(Mapping),
            |mapping| (mapping.0.name.clone(), mapping.0.id.0),
            move || {
                let (database, filter) = (database.clone(), filter.clone());
                async move { Ok(Some(db::mapping::count(database.read(), &filter).await?)) }
            },
        )
    }
}

async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Mapping>> {
    ctx.permit::<ConfigRead>()?;
    let Some(id) = node::decode::<MappingId>(id) else { return Ok(None) };
    Ok(loader::load::<MappingLoader, _>(ctx, id).await?.map(Mapping))
}

impl MappingFilter {
    fn of(self) -> db::mapping::MappingFilter {
        db::mapping::MappingFilter {
            available: self.available,
            // A mailbox that does not exist has no mapping of its own.
            for_mailbox_id: self.for_mailbox_id.and_then(|id| node::decode(&id)),
            process: self.process,
            search: self.search,
        }
    }
}
