//! The runs of jobs: one statement for all jobs of an answer.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Context;
use async_graphql::dataloader::Loader;

use super::{Run, RunLoader};
use crate::api::graphql::paging::{Connection, PageArgs};
use crate::api::graphql::{Error, Result, loader};
use crate::domain::id::{JobId, RunId};
use crate::domain::page::{Order, Page, PageRequest};
use crate::domain::run;
use crate::service;

const LIST: &str = "job.runs";

/// Asks for a slice of a job's runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SliceOf {
    order: Order,
    page: PageRequest<RunId>,
}

/// Asks how many runs a job has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountOf(JobId);

impl Loader<(JobId, SliceOf)> for RunLoader {
    type Value = Arc<Page<run::Run>>;
    type Error = Error;

    async fn load(&self, keys: &[(JobId, SliceOf)]) -> Result<HashMap<(JobId, SliceOf), Self::Value>> {
        let Some(permit) = self.0.permit() else { return Ok(HashMap::new()) };
        let mut found = HashMap::with_capacity(keys.len());
        for (slice, jobs) in loader::by_slice(keys) {
            let pages =
                service::run::list_of_jobs(&self.0.services, permit, &jobs, slice.order, &slice.page).await?;
            found.extend(pages.into_iter().map(|(id, page)| ((id, slice.clone()), Arc::new(page))));
        }
        Ok(found)
    }
}

impl Loader<CountOf> for RunLoader {
    type Value = u64;
    type Error = Error;

    async fn load(&self, keys: &[CountOf]) -> Result<HashMap<CountOf, u64>> {
        let Some(permit) = self.0.permit() else { return Ok(HashMap::new()) };
        let jobs: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = service::run::count_of_jobs(&self.0.services, permit, &jobs).await?;
        Ok(found.into_iter().map(|(id, count)| (CountOf(id), count)).collect())
    }
}

/// A page of a job's runs, by creation.
pub async fn runs_of(
    ctx: &Context<'_>,
    job: JobId,
    order: Order,
    page: &PageArgs,
) -> Result<Connection<Run>> {
    let slice = SliceOf { order, page: page.request(LIST)? };
    let runs = loader::shared::<RunLoader>(ctx)?;
    let Some(found) = runs.load_one((job, slice)).await? else { return Ok(Connection::empty()) };
    Connection::new(
        LIST,
        Page::clone(&found).map(Run),
        |run| run.0.id,
        move || {
            let runs = Arc::clone(&runs);
            async move { Ok(Some(runs.load_one(CountOf(job)).await?.unwrap_or_default())) }
        },
    )
}
