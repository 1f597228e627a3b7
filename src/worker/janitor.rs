//! Sweeps what a crash orphaned: blobs without a row.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::pipeline::Tools;
use crate::{blob, db};

/// How often it sweeps.
const INTERVAL: Duration = Duration::from_secs(6 * 3600);

/// Sweeps some minutes after the start, and then at every interval.
pub(super) async fn run(tools: Tools, stop: CancellationToken) {
    let mut wait = Duration::from_secs(300);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = INTERVAL;
        let swept = blob::sweep(&tools.blobs, tools.clock.now(), |messages| {
            let db = tools.db.clone();
            async move { db::store::with_blobs(db.read(), &messages).await }
        });
        match swept.await {
            Ok(swept) if swept.removed > 0 => {
                tracing::info!(
                    removed = swept.removed,
                    bytes = swept.bytes,
                    "blobs without a message were swept"
                );
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "blobs could not be swept")
            }
        }
    }
}
