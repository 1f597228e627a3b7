//! Messages mapped again, a slice at a time: between two slices the mailbox's mail is taken in.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::Parts;
use super::execution::Next;
use crate::db;
use crate::db::lease::Lease;
use crate::domain::event::{Fact, NewEvent};
use crate::domain::fault::{Fault, FaultCode};
use crate::domain::id::EventId;
use crate::domain::run::{Run, RunState, RunTrigger};
use crate::pipeline::{self, Assignment, Stop, Tracker};

/// How long new mail of the mailbox may have to wait.
const SLICE: Duration = Duration::from_secs(3);

/// Works for a while.
pub(super) async fn slice(parts: &Parts, assignment: &Assignment, tracker: &Tracker) -> Next {
    let until = Instant::now() + SLICE;
    let state = match pipeline::reprocess(&parts.tools, assignment, tracker, until).await {
        Ok(true) if tracker.run().is_some_and(|run| run.progress.failed > 0) => {
            RunState::SucceededWithFailures
        }
        Ok(true) => RunState::Succeeded,
        Ok(false) => return Next::Slice,
        Err(pipeline::Error::Stopped(Stop::Cancelled)) => RunState::Cancelled,
        // Whoever holds the mailbox next goes on with it.
        Err(pipeline::Error::Stopped(_)) => return Next::Stop,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "mapping again waits for the next look");
            return Next::Stop;
        }
    };
    let Some(run) = tracker.run() else { return Next::Stop };
    written(conclude(parts, &assignment.hold.lease, run, state, None).await)
}

/// Ends a run that can't go on before a person changes the mailbox.
pub(super) async fn give_up(parts: &Parts, lease: &Lease, run: Option<&Run>, message: &str) -> Next {
    let Some(run) = run else { return Next::Stop };
    let fault = Fault {
        code: FaultCode::Internal,
        message: message.to_owned(),
        hint: Some("Change the mailbox, and ask for the messages to be mapped again.".to_owned()),
        retryable: false,
        provider_code: None,
        request_id: None,
        occurred_at: parts.tools.clock.now(),
    };
    written(conclude(parts, lease, run.clone(), RunState::Failed, Some(fault)).await)
}

/// What was asked for meanwhile is to be done at once.
fn written(result: Result<(), db::Error>) -> Next {
    match result {
        Ok(()) => Next::Slice,
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the end of a run could not be written"
            );
            Next::Stop
        }
    }
}

/// Writes the end, unless it was asked for more meanwhile.
async fn conclude(
    parts: &Parts,
    lease: &Lease,
    mut run: Run,
    state: RunState,
    fault: Option<Fault>,
) -> Result<(), db::Error> {
    let now = parts.tools.clock.now();
    let tx = parts.tools.db.begin().await?;
    db::lease::check(&tx, lease).await?;
    if !db::reprocess::hold_run(&tx, run.id).await? {
        return Ok(());
    }
    let done = matches!(state, RunState::Succeeded | RunState::SucceededWithFailures);
    if done && db::reprocess::first(&tx, run.id).await?.is_some() {
        return Ok(());
    }
    db::reprocess::remove_of_run(&tx, run.id).await?;
    let expected = db::run::get(&tx, run.id).await?.and_then(|run| run.progress.expected);
    run.progress.expected = expected;
    run.state = state;
    run.fault = fault;
    run.finished_at = Some(now);
    let mut events = Vec::new();
    if db::run::finish(&tx, run.id, run.state, &run.progress, run.fault.as_ref(), now).await? {
        events.push(NewEvent {
            id: EventId::new(),
            occurred_at: now,
            actor: None,
            mailbox_id: Some(run.mailbox_id),
            fact: Fact::RunFinished { run_id: run.id },
        });
    }
    go_to_the_server(&tx, &run, now).await?;
    pipeline::kill::point("reprocess.finished");
    db::event::append(&tx, events).await?;
    tx.commit().await?;
    parts.tools.hub.progress(&run);
    Ok(())
}

/// What is to be fetched once more, and originals whose message has another outcome now, are seen to at once.
async fn go_to_the_server(tx: &db::Transaction, run: &Run, now: DateTime<Utc>) -> Result<(), db::Error> {
    let waits = db::reprocess::waits_for_bytes(tx, run.job_id).await?
        || !db::disposition::pending(tx, run.job_id, now, 1).await?.is_empty();
    let Some(job) = db::job::get(tx, run.job_id).await?.filter(|_| waits) else { return Ok(()) };
    if job.enabled {
        db::job::run_at_once(tx, job.id, now).await
    } else {
        db::run::open(tx, job.id, job.mailbox_id, RunTrigger::Manual, now).await.map(drop)
    }
}
