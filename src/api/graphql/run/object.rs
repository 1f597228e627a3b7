//! A run, as clients see it.

use async_graphql::{Context, ID, Object};

use super::progress::{RunProgress, RunState, RunTrigger};
use crate::api::graphql::job::{Job, JobLoader};
use crate::api::graphql::message::{Message, Wanted, messages_of};
use crate::api::graphql::paging::{Connection, PageArgs, repeats};
use crate::api::graphql::provider_error::ProviderError;
use crate::api::graphql::scalar::DateTime;
use crate::api::graphql::{Result, loader, node};
use crate::domain::page::Order;
use crate::domain::run;

/// One execution of a job that found something to do; a check that found nothing only moves `Job.lastCheckedAt`.
pub struct Run(pub run::Run);

/// One execution of a job that found something to do; a check that found nothing only moves `Job.lastCheckedAt`.
#[Object]
impl Run {
    /// Its globally unique, opaque id.
    pub async fn id(&self) -> ID {
        node::encode(self.0.id)
    }

    /// The job it executes.
    async fn job(&self, ctx: &Context<'_>) -> Option<Result<Job>> {
        let found = loader::load::<JobLoader, _>(ctx, self.0.job_id).await;
        found.map(|found| found.map(Job)).transpose()
    }

    /// What started it.
    async fn trigger(&self) -> RunTrigger {
        self.0.trigger.into()
    }

    /// How far it has come.
    async fn state(&self) -> RunState {
        self.0.state.into()
    }

    /// When it was asked for.
    async fn queued_at(&self) -> DateTime {
        DateTime(self.0.queued_at)
    }

    /// When a worker took it.
    async fn started_at(&self) -> Option<DateTime> {
        self.0.started_at.map(DateTime)
    }

    /// When it ended.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }

    /// What it has done so far.
    async fn progress(&self) -> RunProgress {
        self.0.progress.into()
    }

    /// What ended the run, if something did.
    async fn error(&self) -> Option<ProviderError> {
        self.0.fault.clone().map(ProviderError::from)
    }

    /// Which replica ran it.
    async fn worker(&self) -> Option<&str> {
        self.0.worker.as_deref()
    }

    /// The messages that it took in, by receipt, newest first; none without mail:read.
    #[graphql(complexity = "repeats(first, last) * child_complexity")]
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Message>> {
        let wanted = Wanted { filter: Default::default(), order: Order::NewestFirst };
        let page = PageArgs::new(first, after, last, before);
        messages_of(ctx, "run.messages", self.0.id, wanted, &page).await
    }
}
