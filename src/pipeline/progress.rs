//! The run's row and its counters: begun when there is something to do, told to subscribers as it goes.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Assignment, Error, Stop, Tools};
use crate::db;
use crate::domain::id::RunId;
use crate::domain::run::{Run, RunProgress, RunState, RunTrigger};

/// How far the run has come. Clones share it.
#[derive(Clone)]
pub struct Tracker {
    tools: Tools,
    assignment: Assignment,
    trigger: RunTrigger,
    run: Arc<Mutex<Option<Run>>>,
}

impl Tracker {
    /// Of a run that exists (someone asked for it, or a dead worker left it), or of one that is made when there is
    /// something to do.
    pub fn new(tools: &Tools, assignment: &Assignment, trigger: RunTrigger, run: Option<Run>) -> Self {
        Self { tools: tools.clone(), assignment: assignment.clone(), trigger, run: Arc::new(Mutex::new(run)) }
    }

    /// The run as it stands, if there is one.
    pub fn run(&self) -> Option<Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes sure that there is a run and that it is RUNNING here.
    pub async fn begin(&self) -> Result<RunId, Error> {
        let db = self.tools.db.write();
        let now = self.tools.clock.now();
        let mut run = match self.run() {
            Some(run)
                if run.state == RunState::Running && run.worker.as_deref() == Some(&self.tools.worker) =>
            {
                return Ok(run.id);
            }
            Some(run) => run,
            None => {
                let job = &self.assignment.job;
                db::run::open(db, job.id, job.mailbox_id, self.trigger, now).await?
            }
        };
        match db::run::start(db, run.id, &self.tools.worker, now).await {
            Ok(()) => {}
            // Cancelled before it began.
            Err(db::Error::Stale) => return Err(Error::Stopped(Stop::Cancelled)),
            Err(error) => return Err(error.into()),
        }
        run.state = RunState::Running;
        run.started_at = Some(run.started_at.unwrap_or(now));
        run.worker = Some(self.tools.worker.to_string());
        let id = run.id;
        self.tools.hub.progress(&run);
        *self.run.lock().unwrap_or_else(PoisonError::into_inner) = Some(run);
        Ok(id)
    }

    /// Changes the counters, and tells it.
    pub fn count(&self, change: impl FnOnce(&mut RunProgress)) {
        let mut guard = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = guard.as_mut() {
            change(&mut run.progress);
            self.tools.hub.progress(run);
        }
    }

    /// The counters as they would be after the change, for a transaction that writes them.
    pub fn after(&self, change: impl FnOnce(&mut RunProgress)) -> Option<(RunId, RunProgress)> {
        self.run().map(|mut run| {
            change(&mut run.progress);
            (run.id, run.progress)
        })
    }
}
