//! Keeps the lease alive while a job executes, and hears of reasons to stop.

use std::time::Instant;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::Parts;
use crate::db;
use crate::db::lease::Lease;
use crate::domain::id::{JobId, RunId};
use crate::pipeline::{Hold, Stop};

/// Beats in a lease's time: several may be lost.
const BEATS: u32 = 6;

/// What a person may ask to stop.
#[derive(Debug, Clone, Copy)]
pub(super) enum Watched {
    /// The job's run that takes in mail, which may not have begun yet.
    Job(JobId),
    /// This run.
    Run(RunId),
}

/// Starts beating; ends when the handle is aborted.
pub(super) fn start(
    parts: &Parts,
    draining: &CancellationToken,
    lease: Lease,
    watched: Watched,
) -> (Hold, AbortHandle) {
    let (expires, seen) = watch::channel(lease.expires);
    let (stop, stopped) = watch::channel(None);
    let hold = Hold { lease: lease.clone(), expires: seen, stop: stopped };
    let (parts, draining) = (parts.clone(), draining.clone());
    let task = tokio::spawn(async move { beat(&parts, &draining, &lease, watched, &expires, &stop).await });
    (hold, task.abort_handle())
}

async fn beat(
    parts: &Parts,
    draining: &CancellationToken,
    lease: &Lease,
    watched: Watched,
    expires: &watch::Sender<Instant>,
    stop: &watch::Sender<Option<Stop>>,
) {
    let mut beats = tokio::time::interval(parts.settings.lease / BEATS);
    beats.tick().await;
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(500));
    loop {
        tokio::select! {
            () = draining.cancelled(), if stop.borrow().is_none() => {
                stop.send_if_modified(|reason| set(reason, Stop::Draining));
            }
            _ = looks.tick(), if stop.borrow().is_none() => {
                if is_cancelled(parts, watched).await {
                    stop.send_if_modified(|reason| set(reason, Stop::Cancelled));
                }
            }
            _ = beats.tick() => {
                match db::lease::renew(parts.tools.db.write(), lease, parts.settings.lease).await {
                    Ok(until) => { expires.send_replace(until); }
                    Err(db::Error::LeaseLost) => {
                        stop.send_if_modified(|reason| set(reason, Stop::LeaseLost));
                        return;
                    }
                    Err(error) => {
                        tracing::warn!(error = &error as &dyn std::error::Error, "a lease could not be renewed");
                        if *expires.borrow() < Instant::now() {
                            stop.send_if_modified(|reason| set(reason, Stop::LeaseLost));
                            return;
                        }
                    }
                }
            }
        }
    }
}

/// A person asked for the run to stop, or paused the mailbox.
async fn is_cancelled(parts: &Parts, watched: Watched) -> bool {
    let db = parts.tools.db.read();
    let run = match watched {
        Watched::Job(id) => db::run::active(db, id).await,
        Watched::Run(id) => db::run::get(db, id).await,
    };
    matches!(run, Ok(Some(run)) if run.cancel_requested)
}

/// The first reason stays, but for the loss of the lease, which outranks the others.
fn set(reason: &mut Option<Stop>, new: Stop) -> bool {
    if reason.is_some() && new != Stop::LeaseLost {
        return false;
    }
    *reason = Some(new);
    true
}
