//! One folder: connected to, listened to, and what follows when that ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::super::Parts;
use super::super::conclusion::{back_off, jitter};
use crate::db;
use crate::db::listening::Claim;
use crate::domain::fault::{Fault, FaultCode, Verdict};
use crate::domain::id::JobId;
use crate::domain::watch::UNTOLD;
use crate::provider::{Listener, Position};
use crate::service;

/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Whatever a server tells, its folder is told of at most so often.
const REST: Duration = Duration::from_millis(250);
/// A connection that held so long begins the count of failures anew.
const HELD: Duration = Duration::from_secs(60);
/// A server that takes no more connections is asked again after this time at the earliest.
const FULL: TimeDelta = TimeDelta::minutes(2);
/// What only a person mends is tried again after this time, if the mailbox's runs go well meanwhile.
const PROBE: TimeDelta = TimeDelta::minutes(15);

/// A job that is to be listened for.
pub(super) struct Claimed {
    pub(super) claim: Claim,
    pub(super) owner: Arc<str>,
    pub(super) connecting: Arc<Semaphore>,
    pub(super) tell: mpsc::Sender<JobId>,
    pub(super) stop: CancellationToken,
}

/// Why nobody listens.
enum Trouble {
    Database(db::Error),
    /// With what the provider says of the next attempt, and whether a person must act.
    Fault {
        fault: Box<Fault>,
        after: Option<Duration>,
        halts: bool,
    },
    /// There is nothing to listen to any more.
    Unwanted,
}

impl From<db::Error> for Trouble {
    fn from(error: db::Error) -> Self {
        Self::Database(error)
    }
}

/// Listens until it is stopped or fails.
pub(super) async fn listen(parts: Arc<Parts>, claimed: Claimed) -> (JobId, Arc<str>) {
    let mut began = None;
    let trouble = tokio::select! {
        biased;
        () = claimed.stop.cancelled() => None,
        ended = Box::pin(connect(&parts, &claimed)) => match ended {
            Ok(listener) => {
                began = Some(Instant::now());
                hear(&parts, &claimed, listener).await.err()
            }
            Err(trouble) => Some(trouble),
        },
    };
    if let Some(trouble) = trouble {
        let held = began.is_some_and(|began| began.elapsed() >= HELD);
        if let Err(error) = Box::pin(follow(&parts, &claimed, trouble, held)).await {
            tracing::warn!(job = %claimed.claim.job_id, error = &error as &dyn std::error::Error, "the end of a listener could not be written");
        }
    }
    (claimed.claim.job_id, claimed.owner)
}

/// Everything that only connecting needs is given back when it is done.
async fn connect(parts: &Parts, claimed: &Claimed) -> Result<Box<dyn Listener>, Trouble> {
    let _turn = claimed.connecting.acquire().await.map_err(|_closed| Trouble::Unwanted)?;
    let read = parts.tools.db.read();
    let job_id = claimed.claim.job_id;
    let Some(job) = db::job::get(read, job_id).await? else { return Err(Trouble::Unwanted) };
    let Some(mailbox) = db::mailbox::get(read, job.mailbox_id).await? else { return Err(Trouble::Unwanted) };
    let position = db::intake::position(read, job_id).await?;
    let position = position.map(|at| Position { generation: at.generation, token: at.token });
    let now = parts.tools.clock.now();
    let trouble = |fault: Fault, verdict: Verdict| Trouble::Fault {
        fault: Box::new(fault),
        after: match verdict {
            Verdict::Retry { after, .. } => after,
            Verdict::Reject | Verdict::Halt(_) => None,
        },
        halts: !matches!(verdict, Verdict::Retry { .. }),
    };
    let provider = match service::connection::provider(&parts.services, &mailbox).await {
        Ok(provider) => provider,
        Err(service::connection::Error::Database(error)) => return Err(error.into()),
        Err(error) => return Err(trouble(error.fault(now), error.verdict())),
    };
    let Some(ear) = provider.ear() else { return Err(Trouble::Unwanted) };
    match tokio::time::timeout(PATIENCE, ear.listen(&job.folder, position.as_ref(), job.selection)).await {
        Ok(Ok(listener)) => Ok(listener),
        Ok(Err(error)) => Err(trouble(error.fault(now), error.verdict())),
        Err(_elapsed) => Err(Trouble::Fault {
            fault: Box::new(Fault {
                code: FaultCode::Timeout,
                message: format!("The server was not listened to within {} s.", PATIENCE.as_secs()),
                hint: Some("Look at the server's load; it is tried again by itself.".to_owned()),
                retryable: true,
                provider_code: None,
                request_id: None,
                occurred_at: now,
            }),
            after: None,
            halts: false,
        }),
    }
}

async fn hear(parts: &Parts, claimed: &Claimed, mut listener: Box<dyn Listener>) -> Result<(), Trouble> {
    let key = (claimed.claim.job_id, &*claimed.owner);
    let mut said = None;
    loop {
        let ear = listener.ear();
        if said != Some(ear) {
            db::listening::heard(parts.tools.db.write(), key, ear, parts.tools.clock.now()).await?;
            said = Some(ear);
        }
        let heard = tokio::select! {
            biased;
            () = claimed.stop.cancelled() => {
                listener.close().await;
                return Ok(());
            }
            heard = listener.heard() => heard,
        };
        if let Err(error) = heard {
            let now = parts.tools.clock.now();
            let after = match error.verdict() {
                Verdict::Retry { after, .. } => after,
                Verdict::Reject | Verdict::Halt(_) => None,
            };
            return Err(Trouble::Fault { fault: Box::new(error.fault(now)), after, halts: false });
        }
        if claimed.tell.send(claimed.claim.job_id).await.is_err() {
            return Ok(());
        }
        tokio::time::sleep(REST).await;
    }
}

/// Writes why nobody listens, and when it is tried again.
async fn follow(parts: &Parts, claimed: &Claimed, trouble: Trouble, held: bool) -> Result<(), db::Error> {
    let (job, owner) = (claimed.claim.job_id, &*claimed.owner);
    let (write, now) = (parts.tools.db.write(), parts.tools.clock.now());
    let attempts = if held { 0 } else { claimed.claim.attempts };
    let (fault, after, halts) = match trouble {
        Trouble::Unwanted => return db::listening::let_go(write, owner, &[job]).await,
        Trouble::Database(error) => {
            tracing::warn!(job = %job, error = &error as &dyn std::error::Error, "a job is not listened for");
            let again = now + back_off(attempts, None, jitter());
            return db::listening::failed(write, (job, owner), None, attempts, again).await;
        }
        Trouble::Fault { fault, after, halts } => (fault, after, halts),
    };
    tracing::info!(job = %job, code = %fault.code, message = fault.message, "a job is not listened for");
    let least = match fault.code {
        _ if halts => PROBE,
        FaultCode::Throttled => FULL,
        _ => TimeDelta::zero(),
    };
    let again = now + back_off(attempts, after, jitter()).max(least);
    db::listening::failed(write, (job, owner), Some(&fault), attempts.saturating_add(1), again).await?;
    if halts {
        // Its run finds out what is wrong with the mailbox.
        db::job::note(&parts.tools.db, &[job], now).await?;
        parts.services.wake.ring();
    } else if attempts > 0 || least > TimeDelta::zero() {
        // It is not back at once: until then the folder is polled.
        db::job::look_by(write, job, now + UNTOLD).await?;
    }
    Ok(())
}
