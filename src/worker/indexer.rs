//! Keeps full-text search up to date: one reader of the event log, in small batches, a moment behind.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::db;
use crate::db::search::Step;
use crate::pipeline::Tools;

/// How often it looks when nobody told it of a commit: other replicas commit too.
const POLL: Duration = Duration::from_secs(1);
/// What is committed within this time is indexed together: each batch costs a commit of its own.
const GATHER: Duration = Duration::from_millis(250);
/// How long it waits after the database refused.
const AFTER_AN_ERROR: Duration = Duration::from_secs(5);

/// While there is a lot to take in, it rests so many times as long as it worked,
const STANDING_BACK: u32 = 7;
/// unless search is behind by more than this.
const TOO_LATE: f64 = 60.0;

/// Indexes until it is told to stop. A batch that was begun is finished.
pub(super) async fn run(tools: Tools, stop: CancellationToken) {
    let mut log = tools.db.log_watch();
    loop {
        let began = Instant::now();
        let step = db::search::step(&tools.db).await;
        let worked = began.elapsed();
        let behind = tell(&tools).await;
        let wait = match step {
            Ok(Step::Indexed(_)) => Wait::Pause(rest(worked, tools.backlog.is_there() && behind < TOO_LATE)),
            Ok(Step::Idle | Step::Taken) => Wait::News,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "search could not be brought up to date"
                );
                Wait::Pause(AFTER_AN_ERROR)
            }
        };
        let waited = async {
            match wait {
                Wait::Pause(pause) => tokio::time::sleep(pause).await,
                Wait::News => {
                    let told = tokio::time::timeout(POLL, log.changed()).await.is_ok();
                    if told {
                        tokio::time::sleep(GATHER).await;
                    }
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = waited => {}
        }
    }
}

/// The intake goes first: on SQLite both share the one writer, and everywhere the processor.
fn rest(worked: Duration, stands_back: bool) -> Duration {
    let times = if stands_back { STANDING_BACK } else { 1 };
    worked.clamp(Duration::from_millis(20), GATHER) * times
}

enum Wait {
    Pause(Duration),
    News,
}

/// Says how many seconds search is behind, whichever replica is at it.
async fn tell(tools: &Tools) -> f64 {
    let Ok(behind) = db::search::behind(tools.db.read()).await else { return 0.0 };
    let since = seconds(behind.since, tools.clock.now());
    metrics::gauge!("mailroom_search_behind_events").set(behind.events as f64);
    metrics::gauge!("mailroom_search_behind_seconds").set(since);
    metrics::gauge!("mailroom_search_rebuilding").set(if behind.rebuilding { 1.0 } else { 0.0 });
    since
}

fn seconds(since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> f64 {
    since.map_or(0.0, |since| (now - since).num_milliseconds().max(0) as f64 / 1000.0)
}
