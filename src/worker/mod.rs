//! Loops only: the runner executes what is due, the indexer keeps search up to date, the janitor sweeps.
//!
//! | file | holds |
//! |---|---|
//! | `runner` `claim` | free mailboxes with something to do, taken as places are free |
//! | `turn` | what is due on one mailbox, one after the other |
//! | `execution` | one execution of a job: connection, pipeline, conclusion |
//! | `places` `lending` | how many work at the same time; who waits for a server lends its place |
//! | `heart` | keeps the leases, hears of cancellation and of others that wait |
//! | `reprocess` | messages mapped again, a slice at a time, so that the mailbox's mail is taken in between |
//! | `check` | CHECK_ONLY: how many are unread, and nothing else |
//! | `conclusion` | what follows from how it ended: run, health, next attempt |
//! | `quiet` | checks that found nothing, written together |
//! | `indexer` | fills the index of words from the event log |
//! | `watcher` | subscriptions at providers: made, renewed, ended |
//! | `listening` | connections that wait for news: which are ours, one each, what they hear |
//! | `silence` | mailboxes that have had no mail for unusually long |
//! | `expiry` | secrets and certificates that lapse soon |
//! | `set_back` | next runs, when the clock was set back |
//! | `janitor` | blobs that a crash orphaned |

mod check;
mod claim;
mod conclusion;
mod execution;
mod expiry;
mod heart;
mod indexer;
mod janitor;
mod lending;
mod listening;
mod places;
mod quiet;
mod reprocess;
mod runner;
mod set_back;
mod silence;
mod turn;
mod watcher;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::mailbox::Mailbox;
use crate::pipeline::Tools;
use crate::provider::Provider;
use crate::service::{self, connection};

use heart::Heart;
use quiet::Quiet;
use turn::Floor;

pub use expiry::tell_of_expiring;
pub use set_back::bring_forward;
pub use silence::tell_of_silent;

/// How mailboxes are reached.
#[async_trait]
pub trait Reaches: Send + Sync {
    /// The mail system of a saved mailbox, not connected to yet.
    async fn provider(&self, mailbox: &Mailbox) -> Result<Box<dyn Provider>, connection::Error>;
}

#[async_trait]
impl Reaches for service::Context {
    async fn provider(&self, mailbox: &Mailbox) -> Result<Box<dyn Provider>, connection::Error> {
        connection::provider(self, mailbox).await
    }
}

/// What the worker is given.
#[derive(Clone)]
pub struct Parts {
    /// What every run works with.
    pub tools: Tools,
    /// How mailboxes are reached: by the services, or by a test's own way.
    pub reaches: Arc<dyn Reaches>,
    /// What the services work with: the worker is woken by it.
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
    /// Folders that this process listens to at the same time.
    pub listeners: usize,
}

/// The running worker.
pub struct Worker {
    stop: CancellationToken,
    /// Nothing is held any more.
    ended: CancellationToken,
    executions: TaskTracker,
    runner: JoinHandle<()>,
    beating: JoinHandle<()>,
    indexer: JoinHandle<()>,
    watcher: JoinHandle<()>,
    listening: JoinHandle<()>,
    expiry: JoinHandle<()>,
    silence: JoinHandle<()>,
    set_back: JoinHandle<()>,
    janitor: JoinHandle<()>,
}

/// Starts the loops.
pub fn start(parts: Parts) -> Worker {
    let stop = CancellationToken::new();
    let executions = TaskTracker::new();
    let ended = CancellationToken::new();
    let heart = Heart::of(&parts.tools.worker);
    let quiet = Quiet::start(parts.tools.db.clone(), &heart.owner, ended.clone());
    let beating = tokio::spawn(heart::run(parts.clone(), heart.clone(), stop.clone(), ended.clone()));
    let floor = Floor { heart, quiet };
    let runner = tokio::spawn(runner::run(parts.clone(), stop.clone(), executions.clone(), floor));
    let indexer = tokio::spawn(indexer::run(parts.tools.clone(), stop.clone()));
    let watcher = tokio::spawn(watcher::run(parts.clone(), stop.clone()));
    let listening = tokio::spawn(listening::run(parts.clone(), stop.clone()));
    let silence = tokio::spawn(silence::run(parts.tools.clone(), stop.clone()));
    let expiry = tokio::spawn(expiry::run(parts.tools.clone(), stop.clone()));
    let set_back = tokio::spawn(set_back::run(parts.clone(), stop.clone()));
    let janitor = tokio::spawn(janitor::run(parts.tools, stop.clone()));
    Worker {
        stop,
        ended,
        executions,
        runner,
        beating,
        indexer,
        watcher,
        listening,
        expiry,
        silence,
        set_back,
        janitor,
    }
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
            self.ended.cancel();
            let _ended = self.beating.await;
            let _ended = self.indexer.await;
            let _ended = self.watcher.await;
            let _ended = self.listening.await;
            let _ended = self.expiry.await;
            let _ended = self.silence.await;
            let _ended = self.set_back.await;
            let _ended = self.janitor.await;
        };
        tokio::time::timeout(deadline, ended).await.is_ok()
    }
}
