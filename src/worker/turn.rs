//! A mailbox's turn: what is due on it, one after the other, under one lease.

use super::Parts;
use super::claim::{self, Claim, Task, Work};
use super::execution::{self, Next};
use super::heart::{At, Heart};
use super::places::Place;
use super::quiet::Quiet;
use crate::db;
use crate::domain::id::JobId;

/// What turns work with. Clones share it.
#[derive(Clone)]
pub(super) struct Floor {
    pub(super) heart: Heart,
    pub(super) quiet: Quiet,
}

/// Works until nothing is due on the mailbox, or there is a reason to stop; then gives it back.
pub(super) async fn take(parts: &Parts, floor: &Floor, claim: Claim, mut place: Place) {
    let (hold, kept) = floor.heart.keep(claim.lease);
    let mut served: Vec<JobId> = Vec::new();
    let mut task = claim.task;
    while let Some(now) = task.take() {
        let (id, more) = (now.job.id, now.more);
        kept.at(at(&now));
        if served.contains(&id) {
            served.clear();
        }
        served.push(id);
        match execution::execute(parts, &floor.quiet, &hold, now, &mut place).await {
            Next::Freed => return,
            Next::Stop => break,
            Next::Done if !more => break,
            Next::Done | Next::Slice => {}
        }
        match claim::read(parts, vec![hold.lease.clone()], &served).await {
            Ok(claims) => task = claims.into_iter().next().and_then(|claim| claim.task),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "what is due on a mailbox could not be read"
                );
            }
        }
    }
    drop(kept);
    if let Err(error) = db::lease::release(parts.tools.db.write(), &hold.lease).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a lease was left to lapse");
    }
}

fn at(task: &Task) -> At {
    let again =
        matches!(task.work, Work::Reprocess(_)).then(|| task.run.as_ref().map(|run| run.id)).flatten();
    At { job_id: task.job.id, again }
}
