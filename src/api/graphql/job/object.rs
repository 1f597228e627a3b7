//! A job, as clients see it.

use async_graphql::{Context, Enum, ID, Object};

use super::handling::Handling;
use super::watch::{WatchLoader, WatchOf, WatchStatus};
use crate::api::graphql::mailbox::{Mailbox, MailboxLoader};
use crate::api::graphql::paging::{Connection, Order, PageArgs, repeats};
use crate::api::graphql::run::{ActiveOf, LastOf, Run, RunLoader, runs_of};
use crate::api::graphql::scalar::DateTime;
use crate::api::graphql::schedule::Schedule;
use crate::api::graphql::{ContextExt, Result, loader, node};
use crate::domain::handling::ONLY_WATCHED;
use crate::domain::job;

/// Which messages a job takes.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "job::Selection")]
pub enum MessageSelection {
    /// Messages that mailroom has not seen in this folder yet, read or not.
    New,
    /// Messages that are unread at the provider. One that was taken in and marked read, and that someone has since
    /// marked unread again, is processed again. All three outcomes of the handling must then mark read, move or
    /// delete; anything else is refused.
    Unread,
}

/// What is fetched from one folder of a mailbox, when, and what then happens to the originals. A folder has at most
/// one job.
pub struct Job(pub job::Job);

/// What is fetched from one folder of a mailbox, when, and what then happens to the originals. A folder has at most
/// one job.
#[Object]
impl Job {
    /// Its globally unique, opaque id.
    pub async fn id(&self) -> ID {
        node::encode(self.0.id)
    }

    /// Unique among jobs.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The mailbox it reads.
    async fn mailbox(&self, ctx: &Context<'_>) -> Option<Result<Mailbox>> {
        let found = loader::load::<MailboxLoader, _>(ctx, self.0.mailbox_id).await;
        found.map(|found| found.map(Mailbox)).transpose()
    }

    /// Path of the folder at the provider; INBOX is understood by every provider.
    async fn folder(&self) -> &str {
        &self.0.folder
    }

    /// Whether it runs by itself.
    async fn enabled(&self) -> bool {
        self.0.enabled
    }

    /// When it runs by itself; null: by hand only, or by watching.
    async fn schedule(&self) -> Option<Schedule> {
        self.0.schedule.clone().map(Schedule)
    }

    /// When it runs, in a sentence for people; without a schedule and without watching, by hand only.
    async fn runs_summary(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(self.0.runs_summary(ctx.services()?.clock.now()))
    }

    /// React at once to new mail: Graph change notifications, IMAP IDLE. The schedule stays as the safety net; without one it looks
    /// once an hour all the same.
    async fn watch(&self) -> bool {
        self.0.watch
    }

    /// How it hears of new mail, now: by notifications, or by looking often, and then why. null: it does not watch, is
    /// not enabled, or its mailbox is paused. Needs config:read or jobs:run.
    async fn watch_status(&self, ctx: &Context<'_>) -> Option<Result<WatchStatus>> {
        if !(self.0.watch && self.0.enabled) {
            return None;
        }
        let of = WatchOf { job: self.0.id, mailbox: self.0.mailbox_id };
        let found = loader::load::<WatchLoader, _>(ctx, of).await;
        found.map(|found| found.map(|status| WatchStatus::new(&self.0, status))).transpose()
    }

    /// Which messages it takes.
    async fn selection(&self) -> MessageSelection {
        self.0.selection.into()
    }

    /// Mail that was in the folder at the job's first listing and arrived before this is left alone. Default: the
    /// job's creation; null: everything is taken in. What is first seen later is new whatever its date.
    async fn since(&self) -> Option<DateTime> {
        self.0.since.map(DateTime)
    }

    /// What happens to the originals; null with CHECK_ONLY.
    async fn handling(&self) -> Option<Handling> {
        self.0.handling.clone().map(Handling::from)
    }

    /// What happens to the originals, in a sentence for people: stays unread, stays read, is moved, lies in the deleted
    /// items, is gone for good.
    async fn handling_summary(&self) -> String {
        let handling = self.0.handling.as_ref();
        handling.map_or_else(|| ONLY_WATCHED.to_owned(), |handling| handling.summary(self.0.selection))
    }

    /// At most this many messages a run; the next run goes on. null: no bound.
    async fn max_messages_per_run(&self) -> Option<i32> {
        self.0.max_messages_per_run
    }

    /// When it runs next by itself: by its schedule, or before that to see to what an earlier run left for then (a grace
    /// period, another attempt), which takes in nothing new. null: by hand only.
    async fn next_run_at(&self) -> Option<DateTime> {
        self.0.next_run_at.map(DateTime)
    }

    /// The run that is queued or running.
    async fn active_run(&self, ctx: &Context<'_>) -> Option<Result<Run>> {
        let found = loader::load::<RunLoader, _>(ctx, ActiveOf(self.0.id)).await;
        found.map(|found| found.map(Run)).transpose()
    }

    /// The last finished one that found something to do.
    async fn last_run(&self, ctx: &Context<'_>) -> Option<Result<Run>> {
        let found = loader::load::<RunLoader, _>(ctx, LastOf(self.0.id)).await;
        found.map(|found| found.map(Run)).transpose()
    }

    /// Its runs by creation.
    #[graphql(complexity = "repeats(first, last) * child_complexity")]
    async fn runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By creation.", default_with = "Order::NewestFirst")] order: Order,
        #[graphql(desc = "How many from the start, 1 to 100; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Run>> {
        runs_of(ctx, self.0.id, order.into(), &PageArgs::new(first, after, last, before)).await
    }

    /// When it last looked.
    async fn last_checked_at(&self) -> Option<DateTime> {
        self.0.last_checked_at.map(DateTime)
    }

    /// Counts changes, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

impl From<job::Job> for Job {
    fn from(job: job::Job) -> Self {
        Self(job)
    }
}
