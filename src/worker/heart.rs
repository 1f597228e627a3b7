//! Keeps all leases of this process alive, and hears for all of them of reasons to stop or to let another job go first.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Parts;
use crate::db;
use crate::db::lease::Lease;
use crate::domain::id::{JobId, MailboxId, RunId};
use crate::domain::run::{Run, RunTrigger};
use crate::pipeline::{Hold, Stop};

/// Beats in a lease's time: several may be lost.
const BEATS: u32 = 6;
/// How often rows are looked at that say stop.
const LOOKS: Duration = Duration::from_millis(500);
/// How long a run goes on before another job of its mailbox goes first.
const SLICE: Duration = Duration::from_secs(2);

/// What a mailbox is being worked on for.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    /// The job.
    pub(super) job_id: JobId,
    /// The run that maps its messages again; None: it takes in mail, by a run that may not have begun yet.
    pub(super) again: Option<RunId>,
}

impl At {
    fn is(&self, run: &Run) -> bool {
        match self.again {
            Some(id) => run.id == id,
            None => run.job_id == self.job_id && run.trigger != RunTrigger::Reprocess,
        }
    }
}

/// The leases that this process holds. Clones share them.
#[derive(Clone)]
pub(super) struct Heart {
    /// This process in leases: told apart from any other of the same name, an earlier one too.
    pub(super) owner: Arc<str>,
    held: Arc<Mutex<HashMap<MailboxId, Held>>>,
}

struct Held {
    lease: Lease,
    since: Instant,
    at: Option<At>,
    expires: watch::Sender<Instant>,
    stop: watch::Sender<Option<Stop>>,
    others: watch::Sender<bool>,
}

/// A lease in the heart's care, until it is dropped.
pub(super) struct Kept {
    heart: Heart,
    mailbox_id: MailboxId,
    fence: i64,
}

impl Heart {
    /// Of the worker of that name.
    pub(super) fn of(worker: &str) -> Self {
        Self { owner: format!("{worker}/{}", Uuid::now_v7()).into(), held: Arc::default() }
    }

    /// Takes a lease into care.
    pub(super) fn keep(&self, lease: Lease) -> (Hold, Kept) {
        let (expires, seen) = watch::channel(lease.expires);
        let (stop, stopped) = watch::channel(None);
        let (others, asked) = watch::channel(false);
        let kept = Kept { heart: self.clone(), mailbox_id: lease.mailbox_id, fence: lease.fence };
        let hold = Hold { lease: lease.clone(), expires: seen, stop: stopped, others: asked };
        let held = Held { lease, since: Instant::now(), at: None, expires, stop, others };
        self.held().insert(kept.mailbox_id, held);
        (hold, kept)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<MailboxId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self, reason: Stop, which: impl Fn(&Held) -> bool) {
        for held in self.held().values().filter(|held| which(held)) {
            held.stop.send_if_modified(|was| set(was, reason));
        }
    }

    fn lose(&self, lost: impl Fn(&Held) -> bool) {
        self.stop(Stop::LeaseLost, lost);
    }
}

impl Kept {
    /// What is done under the lease from now on; no other job is known to wait.
    pub(super) fn at(&self, at: At) {
        if let Some(held) =
            self.heart.held().get_mut(&self.mailbox_id).filter(|held| held.lease.fence == self.fence)
        {
            held.at = Some(at);
            held.since = Instant::now();
            held.others.send_replace(false);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut held = self.heart.held();
        // The same mailbox may have been claimed anew already.
        if held.get(&self.mailbox_id).is_some_and(|held| held.lease.fence == self.fence) {
            held.remove(&self.mailbox_id);
        }
    }
}

/// Beats and looks until `ended`; once `draining`, everything is told to stop, and the leases are kept meanwhile.
pub(super) async fn run(parts: Parts, heart: Heart, draining: CancellationToken, ended: CancellationToken) {
    let mut forgotten = HashMap::new();
    let mut beats = tokio::time::interval(parts.settings.lease / BEATS);
    let mut looks = tokio::time::interval(LOOKS);
    for timer in [&mut beats, &mut looks] {
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    }
    loop {
        tokio::select! {
            () = ended.cancelled() => return,
            _ = beats.tick() => {
                beat(&parts, &heart).await;
                free_forgotten(&parts, &heart, &mut forgotten).await;
            }
            _ = looks.tick() => {
                if draining.is_cancelled() {
                    heart.stop(Stop::Draining, |_| true);
                }
                if let Err(error) = look(&parts, &heart).await {
                    // The beat says so, less often.
                    tracing::debug!(error = &error as &dyn std::error::Error, "could not look whether to stop");
                }
            }
            () = draining.cancelled(), if !draining.is_cancelled() => {
                heart.stop(Stop::Draining, |_| true);
            }
        }
    }
}

async fn beat(parts: &Parts, heart: &Heart) {
    let leases: Vec<(MailboxId, i64)> =
        heart.held().values().map(|held| (held.lease.mailbox_id, held.lease.fence)).collect();
    if leases.is_empty() {
        return;
    }
    let db = parts.tools.db.write();
    match db::lease::renew(db, &heart.owner, &leases, parts.settings.lease).await {
        Ok((renewed, until)) => {
            prolong(heart, &leases, &renewed, until);
            for lease in leases.into_iter().filter(|(id, _)| !renewed.contains(id)) {
                // A batch that is being committed has it locked, or it is lost: that is seen once the lock is gone.
                tokio::spawn(renew_one(parts.clone(), heart.clone(), lease));
            }
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "leases could not be renewed");
            let now = Instant::now();
            heart.lose(|held| *held.expires.borrow() < now);
        }
    }
}

/// Gives back what nobody here works under any more, and what could not be given back when the database was away: what
/// was so at two beats. Whoever works under it nevertheless finds it lost, and does no harm.
async fn free_forgotten(parts: &Parts, heart: &Heart, before: &mut HashMap<MailboxId, i64>) {
    let Ok(ours) = db::lease::of_owner(parts.tools.db.read(), &heart.owner).await else { return };
    let now: HashMap<MailboxId, i64> = {
        let held = heart.held();
        ours.into_iter()
            .filter(|(id, fence)| held.get(id).is_none_or(|held| held.lease.fence != *fence))
            .collect()
    };
    for (mailbox_id, fence) in now.iter().filter(|(id, fence)| before.get(*id) == Some(*fence)) {
        let lease = Lease {
            mailbox_id: *mailbox_id,
            owner: heart.owner.to_string(),
            fence: *fence,
            expires: Instant::now(),
        };
        match db::lease::release(parts.tools.db.write(), &lease).await {
            Ok(()) => parts.services.wake.ring_here(),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a lease was left to lapse");
            }
        }
    }
    *before = now;
}

async fn renew_one(parts: Parts, heart: Heart, lease: (MailboxId, i64)) {
    match db::lease::renew_waiting(parts.tools.db.write(), &heart.owner, lease, parts.settings.lease).await {
        Ok(Some(until)) => prolong(&heart, &[lease], &HashSet::from([lease.0]), until),
        Ok(None) => heart.lose(|held| (held.lease.mailbox_id, held.lease.fence) == lease),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a lease could not be renewed");
        }
    }
}

fn prolong(heart: &Heart, leases: &[(MailboxId, i64)], renewed: &HashSet<MailboxId>, until: Instant) {
    let held = heart.held();
    for (id, fence) in leases.iter().filter(|(id, _)| renewed.contains(id)) {
        if let Some(held) = held.get(id).filter(|held| held.lease.fence == *fence) {
            held.expires.send_if_modified(|was| {
                until > *was && {
                    *was = until;
                    true
                }
            });
        }
    }
}

/// Runs to stop, leases that were revoked, and other jobs that wait for their turn.
async fn look(parts: &Parts, heart: &Heart) -> Result<(), db::Error> {
    let (mine, long): (HashMap<MailboxId, i64>, Vec<MailboxId>) = {
        let held = heart.held();
        let mine = held.iter().map(|(id, held)| (*id, held.lease.fence)).collect();
        (
            mine,
            held.values()
                .filter(|held| held.since.elapsed() > SLICE)
                .map(|held| held.lease.mailbox_id)
                .collect(),
        )
    };
    if mine.is_empty() {
        return Ok(());
    }
    let db = parts.tools.db.read();
    let stopping = db::run::to_stop(db).await?;
    heart.stop(Stop::Cancelled, |held| held.at.is_some_and(|at| stopping.iter().any(|run| at.is(run))));
    let ours = db::lease::of_owner(db, &heart.owner).await?;
    heart.lose(|held| {
        let id = held.lease.mailbox_id;
        mine.get(&id) == Some(&held.lease.fence) && ours.get(&id) != Some(&held.lease.fence)
    });
    if long.is_empty() {
        return Ok(());
    }
    let due = db::job::due_of(db, &long, parts.tools.clock.now()).await?;
    for held in heart.held().values() {
        let others = due.get(&held.lease.mailbox_id).zip(held.at);
        let waits = others.is_some_and(|(due, at)| due.iter().any(|id| *id != at.job_id));
        held.others.send_if_modified(|was| {
            !*was && waits && {
                *was = true;
                true
            }
        });
    }
    Ok(())
}

/// The first reason stays, but for the loss of the lease, which outranks the others.
fn set(reason: &mut Option<Stop>, new: Stop) -> bool {
    if reason.is_some() && (new != Stop::LeaseLost || *reason == Some(Stop::LeaseLost)) {
        return false;
    }
    *reason = Some(new);
    true
}
