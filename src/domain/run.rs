//! One execution of a job that found something to do.

use chrono::{DateTime, Utc};

use super::fault::Fault;
use super::id::{JobId, MailboxId, RunId};
use super::named::named_enum;

named_enum! {
    /// What started a run.
    pub enum RunTrigger {
        Schedule = "SCHEDULE",
        Watch = "WATCH",
        Manual = "MANUAL",
        Recovery = "RECOVERY",
        Reprocess = "REPROCESS",
    }
}
named_enum! {
    /// How far a run has come.
    pub enum RunState {
        Queued = "QUEUED",
        Running = "RUNNING",
        Succeeded = "SUCCEEDED",
        SucceededWithFailures = "SUCCEEDED_WITH_FAILURES",
        Failed = "FAILED",
        Cancelled = "CANCELLED",
    }
}

impl RunState {
    /// Whether nothing more will happen.
    pub const fn is_finished(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// What a run has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunProgress {
    /// How many are expected, where the provider tells.
    pub expected: Option<i32>,
    /// Messages selected.
    pub found: i32,
    /// Messages PROCESSED.
    pub processed: i32,
    /// Messages IGNORED.
    pub ignored: i32,
    /// Messages FAILED.
    pub failed: i32,
    /// Already taken in earlier, and so left alone.
    pub duplicates: i32,
    /// Originals whose disposition is done.
    pub disposed: i32,
    /// Originals purged.
    pub purged: i32,
    /// Raw bytes fetched.
    pub bytes: i64,
}

/// One execution of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The job it executes.
    pub job_id: JobId,
    /// The mailbox it reads.
    pub mailbox_id: MailboxId,
    /// What started it.
    pub trigger: RunTrigger,
    /// How far it has come.
    pub state: RunState,
    /// When it was asked for.
    pub queued_at: DateTime<Utc>,
    /// When a worker took it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// What it has done so far.
    pub progress: RunProgress,
    /// What ended it, if something did.
    pub fault: Option<Fault>,
    /// Which replica ran it.
    pub worker: Option<String>,
    /// Someone asked for it to stop.
    pub cancel_requested: bool,
}
