//! How a job that watches hears of new mail.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Enum, SimpleObject};

use crate::api::graphql::provider_error::ProviderError;
use crate::api::graphql::reader::Reader;
use crate::api::graphql::scalar::DateTime;
use crate::api::graphql::{Error, Result};
use crate::domain::id::{JobId, MailboxId};
use crate::domain::{job, watch};
use crate::service;
use crate::service::permit::RunRead;

/// By what a job that watches hears of new mail. More may come.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "watch::Means")]
pub enum WatchMeans {
    /// The provider tells of it at once (Microsoft Graph: change notifications).
    Notifications,
    /// The server tells of it at once over a connection that is kept open (IMAP: IDLE).
    Idle,
    /// Nobody tells: the folder is looked at in short intervals, within the provider's limits.
    Polling,
}

/// How a job that watches hears of new mail, now.
#[derive(SimpleObject)]
pub struct WatchStatus {
    /// By what.
    pub means: WatchMeans,
    /// The same in a sentence for people; with POLLING: why nobody tells, and what would change that.
    pub summary: String,
    /// With POLLING: no more seconds than this between two looks.
    pub poll_seconds: Option<i32>,
    /// With NOTIFICATIONS: when the subscription at the provider lapses. It is renewed long before that.
    pub expires_at: Option<DateTime>,
    /// When the provider last told of something, or a subscription was made: what arrived before that is looked for.
    pub last_notified_at: Option<DateTime>,
    /// Why the provider did not take the subscription, its renewal, or the connection, the last time.
    pub error: Option<ProviderError>,
    /// When that is tried again by itself.
    pub next_attempt_at: Option<DateTime>,
}

impl WatchStatus {
    /// Of a job, as it was loaded.
    pub fn new(job: &job::Job, status: watch::Status) -> Self {
        Self {
            means: status.means.into(),
            summary: status.summary,
            poll_seconds: status.poll.and_then(|poll| i32::try_from(poll.as_secs()).ok()),
            expires_at: status.expires_at.map(DateTime),
            last_notified_at: job.noted_at.map(DateTime),
            error: status.fault.map(ProviderError::from),
            next_attempt_at: status.next_attempt_at.map(DateTime),
        }
    }
}

/// Loads how jobs hear of new mail.
pub struct WatchLoader(pub Reader<RunRead>);

/// Asks for that of a job that watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WatchOf {
    /// The job.
    pub job: JobId,
    /// Its mailbox.
    pub mailbox: MailboxId,
}

impl Loader<WatchOf> for WatchLoader {
    type Value = watch::Status;
    type Error = Error;

    async fn load(&self, keys: &[WatchOf]) -> Result<HashMap<WatchOf, watch::Status>> {
        let Some(permit) = self.0.permit() else { return Ok(HashMap::new()) };
        let jobs: Vec<_> = keys.iter().map(|key| (key.job, key.mailbox)).collect();
        let mut found = service::watch::statuses(&self.0.services, permit, &jobs).await?;
        Ok(keys.iter().filter_map(|key| Some((*key, found.remove(&key.job)?))).collect())
    }
}
