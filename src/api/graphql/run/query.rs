//! Queries for runs.

use async_graphql::{Context, ID, InputObject, Object};

use super::progress::RunState;
use super::{Run, RunLoader};
use crate::api::graphql::paging::{Connection, Order, PageArgs, repeats};
use crate::api::graphql::{ContextExt, Result, loader, node};
use crate::domain::filter;
use crate::domain::id::RunId;
use crate::service;
use crate::service::permit::RunRead;

const LIST: &str = "runs";

/// Which runs: all that is given must hold.
#[derive(InputObject, Default)]
pub struct RunFilter {
    /// Of this job.
    pub job_id: Option<ID>,
    /// That read this mailbox.
    pub mailbox_id: Option<ID>,
    /// How far they have come.
    pub states: Option<Vec<RunState>>,
}

/// Queries for runs.
#[derive(Default)]
pub struct RunQuery;

#[Object]
impl RunQuery {
    /// A run by its id; null where there is none. Needs jobs:run or config:read.
    async fn run(&self, ctx: &Context<'_>, #[graphql(desc = "The run's id.")] id: ID) -> Option<Result<Run>> {
        find(ctx, &id).await.transpose()
    }

    /// Runs by creation. Needs jobs:run or config:read.
    #[graphql(complexity = "repeats(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "they are the field's own")]
    async fn runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all unless told.")] filter: Option<RunFilter>,
        #[graphql(desc = "By creation.", default_with = "Order::NewestFirst")] order: Order,
        #[graphql(desc = "How many from the start, 1 to 100; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Run>> {
        let permit = ctx.permit::<RunRead>()?;
        let page = PageArgs::new(first, after, last, before).request(LIST)?;
        let Some(filter) = filter.unwrap_or_default().resolve() else { return Ok(Connection::empty()) };
        let services = ctx.services()?.clone();
        let found = service::run::list(&services, &permit, &filter, order.into(), &page).await?;
        Connection::new(
            LIST,
            found.map(Run),
            |run| run.0.id,
            move || {
                let (services, permit, filter) = (services.clone(), permit.clone(), filter.clone());
                async move { Ok(Some(service::run::count(&services, &permit, &filter).await?)) }
            },
        )
    }
}

async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Run>> {
    ctx.permit::<RunRead>()?;
    let Some(id) = node::decode::<RunId>(id) else { return Ok(None) };
    Ok(loader::load::<RunLoader, _>(ctx, id).await?.map(Run))
}

impl RunFilter {
    /// For the services; None where it names what does not exist, and so matches nothing.
    fn resolve(self) -> Option<filter::RunFilter> {
        Some(filter::RunFilter {
            job_id: node::wanted(self.job_id)?,
            mailbox_id: node::wanted(self.mailbox_id)?,
            states: self.states.map(|states| states.into_iter().map(Into::into).collect()),
        })
    }
}
