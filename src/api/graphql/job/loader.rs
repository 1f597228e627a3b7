//! Jobs by id, and those of many mailboxes at once.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;

use crate::api::graphql::{Error, Result};
use crate::db::{self, Database};
use crate::domain::id::{JobId, MailboxId};
use crate::domain::job::Job;

/// Loads jobs.
pub struct JobLoader(pub Database);

impl Loader<JobId> for JobLoader {
    type Value = Job;
    type Error = Error;

    async fn load(&self, ids: &[JobId]) -> Result<HashMap<JobId, Job>> {
        Ok(db::job::by_ids(self.0.read(), ids).await?)
    }
}

/// Loads the jobs of mailboxes, each in the order they were made.
pub struct JobsOfMailboxLoader(pub Database);

impl Loader<MailboxId> for JobsOfMailboxLoader {
    type Value = Vec<Job>;
    type Error = Error;

    async fn load(&self, ids: &[MailboxId]) -> Result<HashMap<MailboxId, Vec<Job>>> {
        Ok(db::job::of_mailboxes(self.0.read(), ids).await?)
    }
}
