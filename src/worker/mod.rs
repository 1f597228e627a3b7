//! Loops only: the runner executes what is due, the indexer keeps search up to date, the janitor sweeps.
//!
//! | file | holds |
//! |---|---|
//! | `runner` | which job runs next, on a free mailbox |
//! | `execution` | one execution: lease, heartbeat, connection, pipeline, conclusion |
//! | `heartbeat` | keeps the lease, hears of cancellation |
//! | `reprocess` | messages mapped again, a slice at a time, so that the mailbox's mail is taken in between |
//! | `check` | CHECK_ONLY: how many are unread, and nothing else |
//! | `conclusion` | what follows from how it ended: run, health, next attempt |
//! | `indexer` | fills the index of words from the event log |
//! | `watcher` | subscriptions at providers: made, renewed, ended |
//! | `expiry` | secrets and certificates that lapse soon |
//! | `turns` | next runs, when the clock was set back |
//! | `janitor` | blobs that a crash orphaned |

mod check;
mod conclusion;
mod execution;
mod expiry;
mod heartbeat;
mod indexer;
mod janitor;
mod reprocess;
mod runner;
mod turns;
mod watcher;

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::pipeline::Tools;
use crate::service;

pub use expiry::tell_of_expiring;
pub use turns::bring_forward;

/// What the worker is given.
#[derive(Clone)]
pub struct Parts {
    /// What every run works with.
    pub tools: Tools,
    /// What the services work with: the worker opens mailboxes by it, and is woken by it.
    pub services: service::Context,
    /// Times and limits.
    pub settings: Settings,
}

/// Times and limits of the worker.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Mailboxes read at the same time.
    pub concurrency: usize,
    /// A worker that stopped renewing loses its mailboxes after this time.
    pub lease: Duration,
    /// How often to look for due work when nobody woke us.
    pub poll: Duration,
}

/// The running worker.
pub struct Worker {
    stop: CancellationToken,
    executions: TaskTracker,
    runner: JoinHandle<()>,
    indexer: JoinHandle<()>,
    watcher: JoinHandle<()>,
    expiry: JoinHandle<()>,
    turns: JoinHandle<()>,
    janitor: JoinHandle<()>,
}

/// Starts the loops.
pub fn start(parts: Parts) -> Worker {
    let stop = CancellationToken::new();
    let executions = TaskTracker::new();
    let runner = tokio::spawn(runner::run(parts.clone(), stop.clone(), executions.clone()));
    let indexer = tokio::spawn(indexer::run(parts.tools.clone(), stop.clone()));
    let watcher = tokio::spawn(watcher::run(parts.clone(), stop.clone()));
    let expiry = tokio::spawn(expiry::run(parts.tools.clone(), stop.clone()));
    let turns = tokio::spawn(turns::run(parts.clone(), stop.clone()));
    let janitor = tokio::spawn(janitor::run(parts.tools, stop.clone()));
    Worker { stop, executions, runner, indexer, watcher, expiry, turns, janitor }
}

impl Worker {
    /// No new work; running batches end, what is not done by the deadline is given up cleanly: it is in the ledger.
    /// Answers whether everything ended in time.
    pub async fn drain(self, deadline: Duration) -> bool {
        self.stop.cancel();
        self.executions.close();
        let ended = async {
            let _ended = self.runner.await;
            self.executions.wait().await;
            let _ended = self.indexer.await;
            let _ended = self.watcher.await;
            let _ended = self.expiry.await;
            let _ended = self.turns.await;
            let _ended = self.janitor.await;
        };
        tokio::time::timeout(deadline, ended).await.is_ok()
    }
}
