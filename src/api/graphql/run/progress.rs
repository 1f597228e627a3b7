//! What started a run, how far it has come, and what it did so far.

use async_graphql::{Enum, SimpleObject};

use crate::domain::run;

/// What started a run.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "run::RunTrigger")]
pub enum RunTrigger {
    /// The job's schedule.
    Schedule,
    /// The provider told of new mail.
    Watch,
    /// A person.
    Manual,
    /// An earlier run that ended without its end.
    Recovery,
    /// Messages are mapped again.
    Reprocess,
}

/// How far a run has come.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "run::RunState")]
pub enum RunState {
    /// It waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended, but some messages failed.
    SucceededWithFailures,
    /// Something ended it: the error says what.
    Failed,
    /// A person ended it.
    Cancelled,
}

/// What a run has done so far.
#[derive(SimpleObject, Debug, Clone)]
pub struct RunProgress {
    /// How many are expected, where the provider tells.
    pub expected: Option<i32>,
    /// Messages selected so far.
    pub found: i32,
    /// Messages PROCESSED.
    pub processed: i32,
    /// Messages IGNORED.
    pub ignored: i32,
    /// Messages FAILED.
    pub failed: i32,
    /// Already taken in earlier, and so left alone.
    pub duplicates: i32,
    /// Originals whose disposition is done at the provider.
    pub disposed: i32,
    /// Originals purged at the end of the run.
    pub purged: i32,
    /// Raw bytes fetched.
    pub bytes: f64,
}

impl From<run::RunProgress> for RunProgress {
    fn from(progress: run::RunProgress) -> Self {
        Self {
            expected: progress.expected,
            found: progress.found,
            processed: progress.processed,
            ignored: progress.ignored,
            failed: progress.failed,
            duplicates: progress.duplicates,
            disposed: progress.disposed,
            purged: progress.purged,
            bytes: progress.bytes as f64,
        }
    }
}
