//! One execution of a job: lease, heartbeat, connection, pipeline, conclusion.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::conclusion::{self, Ended};
use super::heartbeat::Watched;
use super::{Parts, check, heartbeat, reprocess};
use crate::db;
use crate::domain::id::{JobId, MailboxId};
use crate::domain::job::Job;
use crate::domain::mailbox::{Mailbox, MailboxMode};
use crate::domain::mapping::{CompiledMapping, Surroundings};
use crate::domain::run::{Run, RunTrigger};
use crate::pipeline::{self, Assignment, Tracker, Treatment};
use crate::provider::Access;
use crate::service;

/// What is to be executed.
pub(super) struct Task {
    /// The job.
    pub(super) job_id: JobId,
    /// Its mailbox.
    pub(super) mailbox_id: MailboxId,
    /// What started it.
    pub(super) trigger: RunTrigger,
    /// The run, where someone asked for it or a dead worker left it.
    pub(super) run: Option<Run>,
}

/// Executes it, if the mailbox is free; answers whether it was.
pub(super) async fn execute(parts: &Parts, stop: &CancellationToken, mut task: Task) -> bool {
    let db = parts.tools.db.write();
    let claimed = db::lease::claim(db, task.mailbox_id, &parts.tools.worker, parts.settings.lease).await;
    let lease = match claimed {
        Ok(Some(lease)) => lease,
        Ok(None) => return false,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a mailbox could not be claimed");
            return false;
        }
    };
    let watched = match &task.run {
        Some(run) if run.trigger == RunTrigger::Reprocess => Watched::Run(run.id),
        _ => Watched::Job(task.job_id),
    };
    let (hold, beating) = heartbeat::start(parts, stop, lease.clone(), watched);
    let ended = match prepare(parts, &mut task).await {
        Ok(Prepared { mailbox, job, work: Work::TakeIn(treatment) }) => {
            let assignment = Assignment { mailbox, job, treatment, hold };
            let tracker = Tracker::new(&parts.tools, &assignment, task.trigger, task.run);
            let result = connect_and_take_in(parts, &assignment, &tracker).await;
            Ended { mailbox: assignment.mailbox, job: assignment.job, run: tracker.run(), result }
        }
        Ok(Prepared { mailbox, job, work: Work::Check }) => {
            let result = check::unread(parts, &lease, &mailbox, &job).await;
            Ended { mailbox, job, run: task.run, result }
        }
        Ok(Prepared { mailbox, job, work: Work::Reprocess(treatment) }) => {
            let assignment = Assignment { mailbox, job, treatment, hold };
            let tracker = Tracker::new(&parts.tools, &assignment, task.trigger, task.run);
            let goes_on = reprocess::slice(parts, &assignment, &tracker).await;
            beating.abort();
            give_back(parts, &lease).await;
            return goes_on;
        }
        Err(Unprepared::Misconfigured { fault, .. }) if reprocesses(&task) => {
            let ended = reprocess::give_up(parts, &lease, task.run.as_ref(), &fault).await;
            beating.abort();
            give_back(parts, &lease).await;
            return ended;
        }
        Err(Unprepared::Idle) => {
            beating.abort();
            give_back(parts, &lease).await;
            return true;
        }
        Err(Unprepared::Misconfigured { mailbox, job, fault }) => {
            Ended { mailbox, job, run: task.run, result: Err(conclusion::Cause::Misconfigured(fault)) }
        }
        Err(Unprepared::Database(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a job could not be read");
            beating.abort();
            give_back(parts, &lease).await;
            return false;
        }
    };
    if let Err(error) = conclusion::conclude(parts, &lease, ended).await {
        tracing::error!(error = &error as &dyn std::error::Error, "the end of a run could not be written");
    }
    beating.abort();
    give_back(parts, &lease).await;
    true
}

async fn connect_and_take_in(
    parts: &Parts,
    assignment: &Assignment,
    tracker: &Tracker,
) -> Result<(), conclusion::Cause> {
    if tracker.run().is_some() {
        tracker.begin().await?;
    }
    let provider = service::connection::provider(&parts.services, &assignment.mailbox).await?;
    let mut session = provider.open(Access::Handle).await.map_err(pipeline::Error::from)?;
    let result = pipeline::take_in(&parts.tools, assignment, session.as_mut(), tracker).await;
    if result.is_ok() {
        session.close().await;
    }
    Ok(result?)
}

struct Prepared {
    mailbox: Arc<Mailbox>,
    job: Arc<Job>,
    work: Work,
}

enum Work {
    TakeIn(Arc<Treatment>),
    /// Map messages again, for a while.
    Reprocess(Arc<Treatment>),
    /// Only look whether there is unread mail.
    Check,
}

enum Unprepared {
    /// It is gone, paused, or has nothing to take in.
    Idle,
    /// It can't run before a person changes its configuration.
    Misconfigured { mailbox: Arc<Mailbox>, job: Arc<Job>, fault: String },
    /// It could not be read.
    Database(db::Error),
}

impl From<db::Error> for Unprepared {
    fn from(error: db::Error) -> Self {
        Self::Database(error)
    }
}

/// Reads the configuration under the lease, as it is now.
async fn prepare(parts: &Parts, task: &mut Task) -> Result<Prepared, Unprepared> {
    let db = parts.tools.db.read();
    // It was read before the lease was ours: whoever held it may have gone on with the run, or ended it.
    if let Some(run) = &task.run {
        let current = db::run::get(db, run.id).await?.filter(|run| run.finished_at.is_none());
        task.run = Some(current.ok_or(Unprepared::Idle)?);
    }
    let Some(job) = db::job::get(db, task.job_id).await?.map(Arc::new) else { return Err(Unprepared::Idle) };
    let Some(mailbox) = db::mailbox::get(db, task.mailbox_id).await?.map(Arc::new) else {
        return Err(Unprepared::Idle);
    };
    if mailbox.paused && task.run.is_none() {
        return Err(Unprepared::Idle);
    }
    let misconfigured = |fault: &str| Unprepared::Misconfigured {
        mailbox: Arc::clone(&mailbox),
        job: Arc::clone(&job),
        fault: fault.to_owned(),
    };
    let reprocesses = reprocesses(task);
    if mailbox.paused && !reprocesses {
        return Err(misconfigured("The mailbox is paused."));
    }
    if mailbox.mode == MailboxMode::CheckOnly && !reprocesses {
        return Ok(Prepared { mailbox, job, work: Work::Check });
    }
    let Some(mapping_id) = mailbox.mapping_id else {
        return Err(misconfigured("The mailbox has no mapping, so nothing says what its mail becomes."));
    };
    let Some(mapping) = db::mapping::get(db, mapping_id).await? else {
        return Err(misconfigured("The mailbox's mapping is gone."));
    };
    let Ok(compiled) = CompiledMapping::new(&mapping) else {
        return Err(misconfigured("The mailbox's mapping does not work with this version of mailroom."));
    };
    let installation = Arc::clone(&parts.services.installation);
    let compiled = compiled.within(Surroundings::of(&mailbox, installation));
    let treatment = Arc::new(Treatment { mapping, compiled });
    let work = if reprocesses { Work::Reprocess(treatment) } else { Work::TakeIn(treatment) };
    Ok(Prepared { mailbox, job, work })
}

/// Mapping again needs no mail server: neither a pause nor a fault there keeps it from going on.
fn reprocesses(task: &Task) -> bool {
    task.run.as_ref().is_some_and(|run| run.trigger == RunTrigger::Reprocess)
}

async fn give_back(parts: &Parts, lease: &db::lease::Lease) {
    if let Err(error) = db::lease::release(parts.tools.db.write(), lease).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a lease was left to lapse");
    }
}
