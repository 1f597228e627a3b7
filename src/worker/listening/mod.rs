//! Listens to folders, by a connection each: takes up what nobody listens to, lets go of what is not wanted any more, and
//! of everything when the process's lease has lapsed.
//!
//! | file | holds |
//! |---|---|
//! | `one` | one folder: connected to, listened to, and what follows when that ends |
//! | `news` | what was heard, noted for many jobs at once |

mod news;
mod one;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Parts;
use crate::db;
use crate::domain::id::JobId;

/// Jobs taken up in one statement.
const BATCH: u64 = 200;
/// Connections made at the same time: a server that comes back is not run down.
const CONNECTING: usize = 16;
/// Woken more often than this, it looks no more often.
const LOOK: Duration = Duration::from_secs(1);
/// Beats in a lease's time: several may be lost.
const BEATS: u32 = 6;
/// Jobs of which news waits to be noted; listeners wait when there are more.
const UNTOLD: usize = 1024;

/// Listens until the worker stops.
pub(super) async fn run(parts: Parts, stop: CancellationToken) {
    if parts.settings.listeners == 0 {
        return;
    }
    let parts = Arc::new(parts);
    let (tell, told) = mpsc::channel(UNTOLD);
    let passing = tokio::spawn(news::pass_on(Arc::clone(&parts), told));
    let mut room = Room::new(parts, tell);
    room.begin_anew().await;
    let mut bell = room.parts.services.wake.listen();
    while !stop.is_cancelled() {
        match room.turn().await {
            // There are more.
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "looking after listeners failed");
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(room.pause().saturating_sub(LOOK)) => {}
            () = bell.rung() => {}
        }
    }
    room.close().await;
    drop(room);
    let _ended = passing.await;
}

/// What this process listens to.
struct Room {
    parts: Arc<Parts>,
    /// This process, since it last began; never used by another, or before.
    owner: Arc<str>,
    /// When its lease lapses, on our own clock; None: it has.
    until: Option<Instant>,
    beat_at: Instant,
    listeners: HashMap<JobId, CancellationToken>,
    tasks: JoinSet<(JobId, Arc<str>)>,
    connecting: Arc<Semaphore>,
    tell: mpsc::Sender<JobId>,
}

impl Room {
    fn new(parts: Arc<Parts>, tell: mpsc::Sender<JobId>) -> Self {
        Self {
            owner: name(&parts),
            parts,
            until: None,
            beat_at: Instant::now(),
            listeners: HashMap::new(),
            tasks: JoinSet::new(),
            connecting: Arc::new(Semaphore::new(CONNECTING)),
            tell,
        }
    }

    /// Whatever an earlier process of an embedded database listened to is silent: there is one process only.
    async fn begin_anew(&self) {
        let db = &self.parts.tools.db;
        if let Err(error) = db::listening::forget(db.write(), db.has_one_writer()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "listeners of earlier processes stay");
        }
    }

    /// How long it may wait for the bell.
    fn pause(&self) -> Duration {
        self.parts.settings.poll.min(self.parts.settings.lease / BEATS)
    }

    /// Answers whether there may be more to take up at once.
    async fn turn(&mut self) -> Result<bool, db::Error> {
        while let Some(ended) = self.tasks.try_join_next() {
            if let Ok((job, owner)) = ended
                && owner == self.owner
            {
                self.listeners.remove(&job);
            }
        }
        self.keep_lease().await?;
        self.let_go().await?;
        metrics::gauge!("mailroom_listeners").set(self.listeners.len() as f64);
        self.take_up().await
    }

    /// Renews the lease; where it has lapsed, everything is let go: others may listen to it by now.
    async fn keep_lease(&mut self) -> Result<(), db::Error> {
        let (db, ttl) = (self.parts.tools.db.clone(), self.parts.settings.lease);
        let write = db.write();
        if self.until.is_some_and(|until| until <= Instant::now()) {
            self.lapse();
        }
        if self.until.is_some() && Instant::now() < self.beat_at {
            return Ok(());
        }
        let asked = Instant::now();
        if self.until.is_some() && !db::listening::renew(write, &self.owner, ttl).await? {
            self.lapse();
        }
        if self.until.is_none() {
            db::listening::begin(write, &self.owner, ttl).await?;
        }
        self.until = Some(asked + ttl);
        self.beat_at = asked + ttl / BEATS;
        Ok(())
    }

    fn lapse(&mut self) {
        tracing::warn!(
            listeners = self.listeners.len(),
            "the lease of what this process listens to has lapsed"
        );
        for (_, stop) in self.listeners.drain() {
            stop.cancel();
        }
        self.owner = name(&self.parts);
        self.until = None;
    }

    async fn let_go(&mut self) -> Result<(), db::Error> {
        let wanted = db::listening::wanted(self.parts.tools.db.read(), &self.owner).await?;
        let mut gone: HashSet<JobId> = HashSet::new();
        self.listeners.retain(|job, stop| {
            let stays = wanted.contains(job);
            if !stays {
                stop.cancel();
                gone.insert(*job);
            }
            stays
        });
        // Of those that ended, some may not have been able to say so.
        gone.extend(wanted.into_iter().filter(|job| !self.listeners.contains_key(job)));
        if gone.is_empty() {
            return Ok(());
        }
        let gone: Vec<JobId> = gone.into_iter().collect();
        db::listening::let_go(self.parts.tools.db.write(), &self.owner, &gone).await
    }

    async fn take_up(&mut self) -> Result<bool, db::Error> {
        let free = self.parts.settings.listeners.saturating_sub(self.listeners.len());
        let most = BATCH.min(free as u64);
        if most == 0 {
            return Ok(false);
        }
        let now = self.parts.tools.clock.now();
        let claims = db::listening::claim(self.parts.tools.db.write(), &self.owner, now, most).await?;
        for claim in &claims {
            let stop = CancellationToken::new();
            let listener = one::Claimed {
                claim: *claim,
                owner: Arc::clone(&self.owner),
                connecting: Arc::clone(&self.connecting),
                tell: self.tell.clone(),
                stop: stop.clone(),
            };
            if let Some(before) = self.listeners.insert(claim.job_id, stop) {
                before.cancel();
            }
            self.tasks.spawn(one::listen(Arc::clone(&self.parts), listener));
        }
        Ok(claims.len() as u64 == most)
    }

    async fn close(&mut self) {
        for (_, stop) in self.listeners.drain() {
            stop.cancel();
        }
        if let Err(error) = db::listening::end(self.parts.tools.db.write(), &self.owner).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "others listen when the lease has lapsed"
            );
        }
        while self.tasks.join_next().await.is_some() {}
    }
}

/// The worker's name may be that of another before, or of several by mistake.
fn name(parts: &Parts) -> Arc<str> {
    format!("{}/{}", parts.tools.worker, Uuid::now_v7()).into()
}
