//! What was heard: noted for many jobs in one statement, then the bell.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::super::Parts;
use crate::db;
use crate::domain::id::JobId;

/// Jobs noted in one statement.
const BATCH: usize = 500;
/// What could not be noted is noted after this time.
const AGAIN: Duration = Duration::from_secs(1);

/// Goes on until nobody can tell anything any more.
pub(super) async fn pass_on(parts: Arc<Parts>, mut told: mpsc::Receiver<JobId>) {
    let mut jobs = Vec::new();
    while told.recv_many(&mut jobs, BATCH).await > 0 {
        jobs.sort_unstable();
        jobs.dedup();
        loop {
            let now = parts.tools.clock.now();
            match db::job::note(&parts.tools.db, &jobs, now).await {
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "what was heard could not be noted"
                    );
                    // Nobody listens any more: the next run finds it.
                    if told.is_closed() {
                        return;
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
        metrics::counter!("mailroom_heard_total").increment(jobs.len() as u64);
        parts.services.wake.ring();
        jobs.clear();
    }
}
