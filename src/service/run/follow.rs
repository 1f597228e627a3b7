//! The progress of runs as it happens.

use std::time::Duration;

use futures::Stream;
use futures::stream;

use crate::db::read::run as read;
use crate::db::{job, run};
use crate::domain::run::Run;
use crate::event::hub::{RunUpdates, Topic};
use crate::service::permit::RunRead;
use crate::service::{Context, Error, Permit};

/// Steps closer than this are told as one.
const COALESCE: Duration = Duration::from_millis(250);
/// How long nothing may be heard before the row is read: the run may be another process's, or have lost its worker.
const UNHEARD: Duration = Duration::from_secs(5);
/// The same, while a run goes on.
const UNHEARD_RUNNING: Duration = Duration::from_millis(250);

/// How the runs of the topic come along: as they stand now, then at each change. Of one run it ends with the run; of
/// a job it goes on with the next runs.
pub async fn follow(
    cx: &Context,
    _permit: &Permit<RunRead>,
    topic: Topic,
) -> Result<impl Stream<Item = Result<Run, Error>> + Send + use<>, Error> {
    // Before the row is read, so that nothing falls between the two.
    let updates = cx.runs.subscribe(topic);
    let first = current(cx, topic).await?;
    match topic {
        Topic::Run(_) if first.is_none() => return Err(Error::NotFound),
        Topic::Job(id) if job::get(cx.db.read(), id).await?.is_none() => return Err(Error::NotFound),
        _ => {}
    }
    let follower = Follower { cx: cx.clone(), topic, updates, told: None, waiting: first, ended: false };
    Ok(stream::unfold(follower, Follower::step))
}

struct Follower {
    cx: Context,
    topic: Topic,
    updates: RunUpdates,
    told: Option<Run>,
    /// Read, and not told yet.
    waiting: Option<Run>,
    ended: bool,
}

impl Follower {
    async fn step(mut self) -> Option<(Result<Run, Error>, Self)> {
        if self.ended {
            return None;
        }
        match self.next().await {
            Ok(run) => {
                self.ended = matches!(self.topic, Topic::Run(_)) && run.state.is_finished();
                self.told = Some(run.clone());
                Some((Ok(run), self))
            }
            Err(error) => {
                self.ended = true;
                Some((Err(error), self))
            }
        }
    }

    async fn next(&mut self) -> Result<Run, Error> {
        if let Some(run) = self.waiting.take() {
            return Ok(run);
        }
        let goes_on = self.told.as_ref().is_some_and(|told| !told.state.is_finished());
        if goes_on {
            tokio::time::sleep(COALESCE).await;
        }
        let patience = if goes_on { UNHEARD_RUNNING } else { UNHEARD };
        loop {
            let heard = tokio::time::timeout(patience, self.updates.next()).await.ok();
            let run = match heard {
                Some(run) => Some(run),
                None => current(&self.cx, self.topic).await?,
            };
            match run {
                Some(run) if self.is_news(&run) => return Ok(run),
                None if matches!(self.topic, Topic::Run(_)) => return Err(Error::NotFound),
                _ => {}
            }
        }
    }

    /// A row may be behind what was heard, and what was heard behind a row.
    fn is_news(&self, run: &Run) -> bool {
        let Some(told) = &self.told else { return true };
        if told.id != run.id {
            return told.id < run.id;
        }
        told != run && !told.state.is_finished() && (run.state.is_finished() || steps(run) >= steps(told))
    }
}

/// Grows as a run comes along.
fn steps(run: &Run) -> (bool, i64, i32) {
    let progress = &run.progress;
    let handled = progress.processed + progress.ignored + progress.failed + progress.duplicates;
    (
        run.started_at.is_some(),
        i64::from(progress.found) + i64::from(handled),
        progress.disposed + progress.purged,
    )
}

async fn current(cx: &Context, topic: Topic) -> Result<Option<Run>, Error> {
    match topic {
        Topic::Run(id) => Ok(run::get(cx.db.read(), id).await?),
        Topic::Job(id) => {
            if let Some(active) = run::active(cx.db.read(), id).await? {
                return Ok(Some(active));
            }
            if let Some(active) = run::reprocessing(cx.db.read(), id).await? {
                return Ok(Some(active));
            }
            Ok(read::last_of_jobs(cx.db.read(), &[id]).await?.remove(&id))
        }
    }
}
