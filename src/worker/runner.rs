//! Which job runs next: what was asked for or left by a dead worker first, then what is due; one at a time a mailbox.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Parts;
use super::execution::{self, Task};
use crate::db;
use crate::domain::id::MailboxId;
use crate::domain::run::{RunState, RunTrigger};

/// How many due jobs are looked at in a turn.
const DUE: u64 = 200;

/// Mailboxes that this process is at.
#[derive(Clone, Default)]
struct Busy(Arc<Mutex<HashSet<MailboxId>>>);

impl Busy {
    fn take(&self, id: MailboxId) -> Option<Turn> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        taken.then(|| Turn { busy: self.clone(), id })
    }
}

/// The turn of one mailbox; over when it is dropped, whatever happened.
struct Turn {
    busy: Busy,
    id: MailboxId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.busy.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// Looks for work whenever it is woken, and at every poll.
pub(super) async fn run(parts: Parts, stop: CancellationToken, executions: TaskTracker) {
    if parts.tools.db.has_one_writer() {
        // Whatever held a lease is dead: SQLite has one process only, and this is it.
        if let Err(error) = db::lease::release_all(parts.tools.db.write()).await {
            tracing::error!(error = &error as &dyn std::error::Error, "leases of an earlier process stay");
        }
    }
    let busy = Busy::default();
    let slots = Arc::new(Semaphore::new(parts.settings.concurrency));
    loop {
        if let Err(error) = dispatch(&parts, &stop, &executions, &busy, &slots).await {
            tracing::error!(error = &error as &dyn std::error::Error, "looking for due work failed");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = parts.services.wake.rung() => {}
            () = tokio::time::sleep(parts.settings.poll) => {}
        }
    }
}

async fn dispatch(
    parts: &Parts,
    stop: &CancellationToken,
    executions: &TaskTracker,
    busy: &Busy,
    slots: &Arc<Semaphore>,
) -> Result<(), db::Error> {
    for task in tasks(parts).await? {
        if stop.is_cancelled() {
            return Ok(());
        }
        let Some(turn) = busy.take(task.mailbox_id) else { continue };
        let Ok(slot) = Arc::clone(slots).try_acquire_owned() else { return Ok(()) };
        spawn(parts, stop, executions, task, (turn, slot));
    }
    Ok(())
}

async fn tasks(parts: &Parts) -> Result<Vec<Task>, db::Error> {
    let db = parts.tools.db.read();
    let unfinished = db::run::unfinished(db).await?.into_iter().map(|run| Task {
        job_id: run.job_id,
        mailbox_id: run.mailbox_id,
        trigger: if run.state == RunState::Running { RunTrigger::Recovery } else { run.trigger },
        run: Some(run),
    });
    let (again, mut tasks): (Vec<Task>, Vec<Task>) = unfinished.partition(is_again);
    let due = db::job::due(db, parts.tools.clock.now(), DUE).await?;
    tasks.extend(due.into_iter().map(|job| Task {
        job_id: job.id,
        mailbox_id: job.mailbox_id,
        // Noted, and not looked at since.
        trigger: match (job.noted_at, job.last_checked_at) {
            (Some(noted), Some(checked)) if noted >= checked => RunTrigger::Watch,
            (Some(_), None) => RunTrigger::Watch,
            _ => RunTrigger::Schedule,
        },
        run: None,
    }));
    // New mail comes first: mapping again takes the mailbox for a slice, between two runs.
    tasks.extend(again);
    Ok(tasks)
}

fn is_again(task: &Task) -> bool {
    task.run.as_ref().is_some_and(|run| run.trigger == RunTrigger::Reprocess)
}

fn spawn(
    parts: &Parts,
    stop: &CancellationToken,
    executions: &TaskTracker,
    task: Task,
    held: (Turn, OwnedSemaphorePermit),
) {
    let (parts, stop) = (parts.clone(), stop.clone());
    executions.spawn(async move {
        let worked = execution::execute(&parts, &stop, task).await;
        drop(held);
        // Another job of the mailbox may wait; where the mailbox is another worker's, the poll is soon enough.
        if worked {
            parts.services.wake.ring();
        }
    });
}
