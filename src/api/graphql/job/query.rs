//! Queries for jobs.

use async_graphql::{Context, ID, InputObject, Object};

use super::{Job, JobLoader};
use crate::api::graphql::paging::{Connection, PageArgs, repeats};
use crate::api::graphql::{ContextExt, Result, loader, node};
use crate::db;
use crate::domain::id::JobId;
use crate::service::permit::RunRead;

const LIST: &str = "jobs";

/// Which jobs: all that is given must hold.
#[derive(InputObject)]
pub struct JobFilter {
    /// Of this mailbox.
    pub mailbox_id: Option<ID>,
    /// Enabled, or not.
    pub enabled: Option<bool>,
    /// Name or folder contains this text, in any case.
    pub search: Option<String>,
}

/// Queries for jobs.
#[derive(Default)]
pub struct JobQuery;

#[Object]
impl JobQuery {
    /// A job by its id; null where there is none. Needs config:read or jobs:run.
    async fn job(&self, ctx: &Context<'_>, #[graphql(desc = "The job's id.")] id: ID) -> Option<Result<Job>> {
        find(ctx, &id).await.transpose()
    }

    /// Jobs by name. Needs config:read or jobs:run.
    #[graphql(complexity = "repeats(first, last) * child_complexity")]
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all unless told.")] filter: Option<JobFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Job>> {
        ctx.permit::<RunRead>()?;
        let page = PageArgs::new(first, after, last, before).request(LIST)?;
        let Some(filter) = filter.map_or_else(|| Some(Default::default()), JobFilter::of) else {
            return Ok(Connection::empty());
        };
        let database = ctx.services()?.db.clone();
        let found = db::job::list(database.read(), &filter, &page).await?;
        Connection::new(
            LIST,
            found.map(Job),
            |job| (job.0.name.clone(), job.0.id.0),
            move || {
                let (database, filter) = (database.clone(), filter.clone());
                async move { Ok(Some(db::job::count(database.read(), &filter).await?)) }
            },
        )
    }
}

async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Job>> {
    ctx.permit::<RunRead>()?;
    let Some(id) = node::decode::<JobId>(id) else { return Ok(None) };
    Ok(loader::load::<JobLoader, _>(ctx, id).await?.map(Job))
}

impl JobFilter {
    /// For the database; None where it names what does not exist, and so matches nothing.
    fn of(self) -> Option<db::job::JobFilter> {
        let mailbox_id = node::wanted(self.mailbox_id)?;
        Some(db::job::JobFilter { mailbox_id, enabled: self.enabled, search: self.search })
    }
}
