//! What a run is given: the job, what treats its mail, the lease on its mailbox, and the tools.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};

use super::{Backlog, Error};
use crate::blob::Blobs;
use crate::db::Database;
use crate::db::lease::Lease;
use crate::domain::clock::Clock;
use crate::domain::job::Job;
use crate::domain::mailbox::Mailbox;
use crate::domain::mapping::{CompiledMapping, Mapping};
use crate::domain::tombstone::TombstoneKey;
use crate::event::hub::RunHub;
use crate::mail;

/// What every run works with. Clones share everything.
#[derive(Clone)]
pub struct Tools {
    /// The database.
    pub db: Database,
    /// Where big raw messages go.
    pub blobs: Blobs,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where progress is told.
    pub hub: RunHub,
    /// Raw bytes in memory over all runs, in KiB.
    pub memory: Arc<Semaphore>,
    /// Whether there is a lot to take in.
    pub backlog: Backlog,
    /// The limits.
    pub bounds: Arc<Bounds>,
    /// Under which deleted messages are recognised.
    pub tombstones: Arc<TombstoneKey>,
    /// This replica's name.
    pub worker: Arc<str>,
}

/// The limits of a run.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// A batch ends at so many messages,
    pub batch_messages: usize,
    /// or at so many raw bytes,
    pub batch_bytes: u64,
    /// or after so long, whichever is first.
    pub batch_time: Duration,
    /// Raw bytes in memory over all runs, in KiB.
    pub memory_kib: u32,
    /// Bigger messages are not fetched: only their header is read.
    pub max_bytes: u64,
    /// Bigger raw messages go to the blob store.
    pub raw_in_database_bytes: usize,
    /// How much of a message is looked at.
    pub mail: mail::Limits,
    /// A message that could not be fetched so often is FAILED.
    pub max_attempts: i32,
    /// The longest that one batch of changes may take at the provider.
    pub provider_time: Duration,
    /// What must be left of the lease after it.
    pub lease_margin: Duration,
}

/// One execution of a job.
#[derive(Clone)]
pub struct Assignment {
    /// The mailbox.
    pub mailbox: Arc<Mailbox>,
    /// The job.
    pub job: Arc<Job>,
    /// What treats its mail.
    pub treatment: Arc<Treatment>,
    /// The lease on the mailbox.
    pub hold: Hold,
}

/// A mapping, ready to be applied.
pub struct Treatment {
    /// As configured.
    pub mapping: Mapping,
    /// As compiled.
    pub compiled: CompiledMapping,
}

/// Why a run must stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// A person asked.
    Cancelled,
    /// The process ends.
    Draining,
    /// Another worker holds the mailbox.
    LeaseLost,
    /// The provider did not answer within what the lease allows.
    SlowProvider,
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "someone cancelled it",
            Self::Draining => "the worker is shutting down",
            Self::LeaseLost => "the lease on the mailbox was lost",
            Self::SlowProvider => "the provider took longer than the lease on the mailbox allows",
        })
    }
}

/// The lease on the mailbox, kept alive by the worker's heartbeat, which may also say stop.
#[derive(Debug, Clone)]
pub struct Hold {
    /// The lease as claimed.
    pub lease: Lease,
    /// When it lapses, as of the last heartbeat.
    pub expires: watch::Receiver<Instant>,
    /// Why to stop, once there is a reason.
    pub stop: watch::Receiver<Option<Stop>>,
    /// Whether another job of the mailbox has waited long enough.
    pub others: watch::Receiver<bool>,
}

impl Hold {
    /// Refuses once there is a reason to stop.
    pub fn go_on(&self) -> Result<(), Error> {
        match *self.stop.borrow() {
            Some(stop) => Err(Error::Stopped(stop)),
            None => Ok(()),
        }
    }

    /// Whether another job of the mailbox goes first now: what was begun is brought to an end, and no more is begun.
    pub fn lets_others_go_first(&self) -> bool {
        *self.others.borrow()
    }

    /// Side effects can't be fenced: they are sent only while the lease outlasts their time limit by a margin, and
    /// given up after it. What was given up is unclear, and looked at by the next run.
    pub async fn touch<T>(&self, bounds: &Bounds, effect: impl Future<Output = T>) -> Result<T, Error> {
        self.go_on()?;
        let left = self.expires.borrow().saturating_duration_since(Instant::now());
        if left < bounds.provider_time + bounds.lease_margin {
            return Err(Error::Stopped(Stop::LeaseLost));
        }
        tokio::time::timeout(bounds.provider_time, effect)
            .await
            .map_err(|_| Error::Stopped(Stop::SlowProvider))
    }
}
