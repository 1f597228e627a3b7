//! Runs by id, and the active and the last one of jobs, for many at once.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;

use crate::api::graphql::reader::Reader;
use crate::api::graphql::{Error, Result};
use crate::domain::id::{JobId, RunId};
use crate::domain::run::Run;
use crate::service;
use crate::service::permit::RunRead;

/// Loads runs.
pub struct RunLoader(pub Reader<RunRead>);

/// Asks for a job's run that is queued or running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ActiveOf(pub JobId);

/// Asks for a job's newest finished run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LastOf(pub JobId);

impl Loader<RunId> for RunLoader {
    type Value = Run;
    type Error = Error;

    async fn load(&self, ids: &[RunId]) -> Result<HashMap<RunId, Run>> {
        let Some(permit) = self.0.permit() else { return Ok(HashMap::new()) };
        Ok(service::run::by_ids(&self.0.services, permit, ids).await?)
    }
}

impl Loader<ActiveOf> for RunLoader {
    type Value = Run;
    type Error = Error;

    async fn load(&self, keys: &[ActiveOf]) -> Result<HashMap<ActiveOf, Run>> {
        let Some(permit) = self.0.permit() else { return Ok(HashMap::new()) };
        let jobs: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = service::run::active_of_jobs(&self.0.services, permit, &jobs).await?;
        Ok(found.into_iter().map(|(id, run)| (ActiveOf(id), run)).collect())
    }
}

impl Loader<LastOf> for RunLoader {
    type Value = Run;
    type Error = Error;

    async fn load(&self, keys: &[LastOf]) -> Result<HashMap<LastOf, Run>> {
        let Some(permit) = self.0.permit() else { return Ok(HashMap::new()) };
        let jobs: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = service::run::last_of_jobs(&self.0.services, permit, &jobs).await?;
        Ok(found.into_iter().map(|(id, run)| (LastOf(id), run)).collect())
    }
}
