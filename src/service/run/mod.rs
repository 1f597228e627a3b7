//! Runs: read, followed, started by hand, and cancelled.

mod follow;

use std::collections::HashMap;

use super::permit::{JobsRun, RunRead};
use super::{Context, Error, Path, Permit, UserErrorCode};
use crate::db::read::run as read;
use crate::db::{self, event, job, mailbox, run};
use crate::domain::event::{Fact, NewEvent};
use crate::domain::filter::RunFilter;
use crate::domain::id::{EventId, JobId, RunId};
use crate::domain::page::{Order, Page, PageRequest};
use crate::domain::run::{Run, RunTrigger};

pub use follow::follow;

/// Those that there are.
pub async fn by_ids(
    cx: &Context,
    _permit: &Permit<RunRead>,
    ids: &[RunId],
) -> Result<HashMap<RunId, Run>, Error> {
    Ok(read::by_ids(cx.db.read(), ids).await?)
}

/// A page of those that match, by creation.
pub async fn list(
    cx: &Context,
    _permit: &Permit<RunRead>,
    filter: &RunFilter,
    order: Order,
    page: &PageRequest<RunId>,
) -> Result<Page<Run>, Error> {
    Ok(read::list(cx.db.read(), filter, order, page).await?)
}

/// How many match, up to 10,001.
pub async fn count(cx: &Context, _permit: &Permit<RunRead>, filter: &RunFilter) -> Result<u64, Error> {
    Ok(read::count(cx.db.read(), filter).await?)
}

/// The same page of the runs of each job.
pub async fn list_of_jobs(
    cx: &Context,
    _permit: &Permit<RunRead>,
    jobs: &[JobId],
    order: Order,
    page: &PageRequest<RunId>,
) -> Result<HashMap<JobId, Page<Run>>, Error> {
    Ok(read::list_of_jobs(cx.db.read(), jobs, order, page).await?)
}

/// How many runs each job has, each up to 10,001.
pub async fn count_of_jobs(
    cx: &Context,
    _permit: &Permit<RunRead>,
    jobs: &[JobId],
) -> Result<HashMap<JobId, u64>, Error> {
    Ok(read::count_of_jobs(cx.db.read(), jobs).await?)
}

/// The run of each job that is queued or running.
pub async fn active_of_jobs(
    cx: &Context,
    _permit: &Permit<RunRead>,
    jobs: &[JobId],
) -> Result<HashMap<JobId, Run>, Error> {
    Ok(read::active_of_jobs(cx.db.read(), jobs).await?)
}

/// The newest finished run of each job.
pub async fn last_of_jobs(
    cx: &Context,
    _permit: &Permit<RunRead>,
    jobs: &[JobId],
) -> Result<HashMap<JobId, Run>, Error> {
    Ok(read::last_of_jobs(cx.db.read(), jobs).await?)
}

/// Queues a run of the job, also of one that does not run by itself; answers with the run that is queued or running
/// where there is one.
pub async fn start(cx: &Context, _permit: &Permit<JobsRun>, id: JobId) -> Result<Run, Error> {
    let path = Path::of("id");
    let refused = |sentence: &str| Error::refused(UserErrorCode::Invalid, &path, sentence);
    let job = job::get(cx.db.read(), id).await?.ok_or_else(|| Error::unknown(&path, "job"))?;
    let mailbox = mailbox::get(cx.db.read(), job.mailbox_id).await?;
    let mailbox = mailbox.ok_or_else(|| Error::unknown(&path, "job"))?;
    if mailbox.paused {
        return Err(refused("Its mailbox is paused: resume the mailbox first."));
    }
    if mailbox.mapping_id.is_none() {
        return Err(refused("Its mailbox has no mapping, so nothing would be done: give it one first."));
    }
    let run = run::open(cx.db.write(), id, job.mailbox_id, RunTrigger::Manual, cx.clock.now()).await?;
    cx.runs.progress(&run);
    cx.wake.ring();
    Ok(run)
}

/// Ends a queued run, also one that no worker would take, and asks a running one to stop: what it committed stays, and
/// what is under way is finished or given up cleanly.
pub async fn cancel(cx: &Context, permit: &Permit<JobsRun>, id: RunId) -> Result<Run, Error> {
    let path = Path::of("id");
    if let Some(run) = cancel_queued(cx, permit, id).await? {
        cx.runs.progress(&run);
        return Ok(run);
    }
    let asked = run::request_cancel(cx.db.write(), id).await?;
    let run = run::get(cx.db.write(), id).await?.ok_or_else(|| Error::unknown(&path, "run"))?;
    if !asked {
        return Err(Error::refused(UserErrorCode::Conflict, &path, "The run has ended already."));
    }
    Ok(run)
}

async fn cancel_queued(cx: &Context, permit: &Permit<JobsRun>, id: RunId) -> Result<Option<Run>, Error> {
    let now = cx.clock.now();
    let tx = cx.db.begin().await?;
    if !run::cancel_queued(&tx, id, now).await? {
        return Ok(None);
    }
    db::reprocess::remove_of_run(&tx, id).await?;
    let run = run::get(&tx, id).await?.ok_or(Error::NotFound)?;
    let ended = NewEvent {
        id: EventId::new(),
        occurred_at: now,
        actor: Some(permit.caller().subject.clone()),
        mailbox_id: Some(run.mailbox_id),
        fact: Fact::RunFinished { run_id: id },
    };
    event::append(&tx, vec![ended]).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Some(run))
}
