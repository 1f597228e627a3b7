//! Checks that found nothing, gathered for a moment and written together.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::db::job::Checked;
use crate::db::{self, Database};

/// How long one waits for others.
const GATHER: Duration = Duration::from_millis(5);
/// Written at once.
const MANY: usize = 200;

/// Where quiet ends are handed in. Clones share it.
#[derive(Clone)]
pub(super) struct Quiet(mpsc::Sender<(Checked, oneshot::Sender<bool>)>);

impl Quiet {
    /// Starts the writer; it ends once `ended` and everything handed in is written.
    pub(super) fn start(db: Database, worker: &str, ended: CancellationToken) -> Self {
        let (sender, mut receiver) = mpsc::channel(4 * MANY);
        let worker = worker.to_owned();
        tokio::spawn(async move {
            loop {
                let first = tokio::select! {
                    biased;
                    first = receiver.recv() => first,
                    () = ended.cancelled() => return,
                };
                let Some(first) = first else { return };
                let mut some = vec![first];
                let until = tokio::time::Instant::now() + GATHER;
                while some.len() < MANY {
                    match tokio::time::timeout_at(until, receiver.recv()).await {
                        Ok(Some(next)) => some.push(next),
                        Ok(None) | Err(_) => break,
                    }
                }
                write(&db, &worker, some).await;
            }
        });
        Self(sender)
    }

    /// Writes how the check ended, and gives its lease back; answers whether it was still held.
    pub(super) async fn end(&self, checked: Checked) -> bool {
        let (told, written) = oneshot::channel();
        self.0.send((checked, told)).await.is_ok() && written.await.unwrap_or(false)
    }
}

async fn write(db: &Database, worker: &str, some: Vec<(Checked, oneshot::Sender<bool>)>) {
    let (checks, told): (Vec<Checked>, Vec<_>) = some.into_iter().unzip();
    match db::job::set_quiet(db, worker, &checks).await {
        Ok(freed) => {
            for (checked, told) in checks.iter().zip(told) {
                let _gone = told.send(freed.contains(&checked.lease.mailbox_id));
            }
        }
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                checks = checks.len(),
                "the ends of checks could not be written: they are repeated"
            );
        }
    }
}
