//! What follows from how an execution ended: the run's end, the mailbox's health, the next attempt, the events.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Parts;
use super::quiet::Quiet;
use crate::db;
use crate::db::job::Checked;
use crate::db::lease::Lease;
use crate::domain::event::{Fact, NewEvent};
use crate::domain::fault::{Fault, FaultCode, Halted, Verdict};
use crate::domain::health::{MailboxHealth, MailboxState};
use crate::domain::id::EventId;
use crate::domain::job::Job;
use crate::domain::mailbox::Mailbox;
use crate::domain::run::{Run, RunState};
use crate::domain::watch::UNTOLD;
use crate::pipeline::{self, Stop};
use crate::provider;
use crate::service;

/// What is halted is probed so often: a permission granted in Exchange Online takes up to two hours to work.
const PROBE: TimeDelta = TimeDelta::minutes(15);
/// What an earlier turn left waits for the next one, if that is no farther away.
const SOON: TimeDelta = TimeDelta::minutes(10);
/// A password that was refused so often is not tried again by itself: accounts get locked by that.
const REFUSALS: i32 = 2;

/// How an execution ended.
pub(super) struct Ended {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) job: Arc<Job>,
    /// The run, if there was something to do.
    pub(super) run: Option<Run>,
    /// Whether it looked for new mail; else it saw to what an earlier turn left.
    pub(super) looked: bool,
    pub(super) result: Result<(), Cause>,
}

/// What ended it before it was done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cause {
    #[error("{0}")]
    Misconfigured(String),
    #[error(transparent)]
    Pipeline(#[from] pipeline::Error),
    #[error(transparent)]
    Connection(#[from] service::connection::Error),
}

impl Cause {
    fn fault(&self, now: DateTime<Utc>) -> Fault {
        let of = |message: &str, hint: &str| Fault {
            code: FaultCode::Internal,
            message: message.to_owned(),
            hint: Some(hint.to_owned()),
            retryable: false,
            provider_code: None,
            request_id: None,
            occurred_at: now,
        };
        match self {
            Self::Misconfigured(message) => of(message, "Change the mailbox; it is tried at once."),
            Self::Pipeline(error) => error.fault(now),
            Self::Connection(error) => error.fault(now),
        }
    }

    fn verdict(&self) -> Verdict {
        match self {
            Self::Misconfigured(_) => Verdict::Halt(Halted::Mailbox),
            Self::Connection(error) => error.verdict(),
            Self::Pipeline(error) => error.verdict(),
        }
    }

    /// Only another configuration helps.
    const fn is_setup(&self) -> bool {
        use service::connection::Error;
        match self {
            Self::Misconfigured(_) => true,
            Self::Connection(error) => !matches!(error, Error::Identity(_) | Error::Database(_)),
            Self::Pipeline(_) => false,
        }
    }

    /// A token was refused: nobody is locked out by asking again, and what an administrator mends at the sign-in
    /// service is not seen otherwise.
    const fn is_token(&self) -> bool {
        use service::connection::Error;
        matches!(
            self,
            Self::Connection(Error::Identity(_))
                | Self::Pipeline(pipeline::Error::Provider(provider::Error::Identity(_)))
        )
    }

    /// The fault is in the house, not at the provider: the mailbox fares as before.
    const fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Pipeline(pipeline::Error::Database(_) | pipeline::Error::Blob(_))
                | Self::Connection(service::connection::Error::Database(_))
        )
    }

    const fn stop(&self) -> Option<Stop> {
        match self {
            Self::Pipeline(pipeline::Error::Stopped(stop)) => Some(*stop),
            _ => None,
        }
    }
}

/// Writes it, in one transaction under the fence; together with others where there is nothing to tell. Answers whether the
/// lease was given back with it, which is done where there is `quiet`.
pub(super) async fn conclude(
    parts: &Parts,
    quiet: Option<&Quiet>,
    lease: &Lease,
    ended: Ended,
) -> Result<bool, db::Error> {
    let now = parts.tools.clock.now();
    let Ended { mailbox, job, run, looked, result } = ended;
    let stop = result.as_ref().err().and_then(Cause::stop);
    // Who holds the mailbox now goes on with the run, as does whoever comes after a drain.
    if matches!(stop, Some(Stop::LeaseLost | Stop::Draining)) {
        return Ok(false);
    }
    if let Err(cause) = &result
        && stop != Some(Stop::Cancelled)
    {
        tracing::warn!(mailbox = %mailbox.id, job = %job.id, error = cause as &dyn std::error::Error, "a run ended early");
    }
    let health = match (&result, stop) {
        (_, Some(Stop::Cancelled)) => None,
        (Ok(()), _) => Some(recovered(&mailbox.health, run.is_some(), now)),
        (Err(cause), _) if cause.is_ours() => None,
        (Err(cause), _) => Some(troubled(&mailbox.health, cause, jitter(), now)),
    };
    let mut events = Vec::new();
    let event = |fact| NewEvent {
        id: EventId::new(),
        occurred_at: now,
        actor: None,
        mailbox_id: Some(mailbox.id),
        fact,
    };
    let again = match (&result, &health) {
        (Err(cause), _) if cause.is_ours() => Some(now + back_off(1, None, jitter())),
        (Err(_), Some(health)) => health.next_attempt_at,
        _ => None,
    };
    let next = next_run(&job, next_turn(parts, &job, now).await?, again);
    let health = health.filter(|health| *health != mailbox.health);
    if let Some(quiet) = quiet.filter(|_| looked && result.is_ok() && run.is_none() && health.is_none()) {
        let (lease, noted_at) = (lease.clone(), job.noted_at);
        return Ok(quiet
            .end(Checked { lease, job_id: job.id, noted_at, checked_at: now, next_run_at: next })
            .await);
    }
    let tx = parts.tools.db.begin().await?;
    db::lease::check(&tx, lease).await?;
    if let Some(health) = health {
        db::mailbox::set_health(&tx, mailbox.id, &health).await?;
        if health.state != mailbox.health.state {
            let (was, now, fault) = (mailbox.health.state, health.state, health.fault);
            events.push(event(Fact::MailboxStateChanged { was, now, fault }));
        }
    }
    db::job::set_checked(&tx, &job, (looked && result.is_ok()).then_some(now), next).await?;
    let mut finished = None;
    if let Some(mut run) = run {
        run.state = end_state(&run, &result, stop);
        run.finished_at = Some(now);
        run.fault = result.as_ref().err().filter(|_| stop.is_none()).map(|cause| cause.fault(now));
        if db::run::finish(&tx, run.id, run.state, &run.progress, run.fault.as_ref(), now).await? {
            events.push(event(Fact::RunFinished { run_id: run.id }));
        }
        finished = Some(run);
    }
    pipeline::kill::point("run.before_commit");
    db::event::append(&tx, events).await?;
    tx.commit().await?;
    pipeline::kill::point("run.finished");
    if let Some(run) = finished {
        tracing::info!(
            mailbox = %mailbox.id,
            job = %job.id,
            run = %run.id,
            state = run.state.as_str(),
            found = run.progress.found,
            processed = run.progress.processed,
            ignored = run.progress.ignored,
            failed = run.progress.failed,
            disposed = run.progress.disposed,
            "a run ended"
        );
        parts.tools.hub.progress(&run);
    }
    Ok(false)
}

fn end_state(run: &Run, result: &Result<(), Cause>, stop: Option<Stop>) -> RunState {
    match (result, stop) {
        (_, Some(Stop::Cancelled)) => RunState::Cancelled,
        (Err(_), _) => RunState::Failed,
        (Ok(()), _) if run.progress.failed > 0 => RunState::SucceededWithFailures,
        (Ok(()), _) => RunState::Succeeded,
    }
}

/// When the job runs next by itself: sooner than it says, if this turn left something that is due before, or if it watches and
/// nobody tells it of new mail.
async fn next_turn(parts: &Parts, job: &Job, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, db::Error> {
    let mut next = job.next_turn(now);
    if job.enabled
        && next.is_none_or(|next| next > now + SOON)
        && let Some(due_at) = db::job::left_until(parts.tools.db.read(), job, now).await?
    {
        next = Some(next.map_or(due_at, |next| next.min(due_at)));
    }
    if !(job.watch && job.enabled) {
        return Ok(next);
    }
    let is_told = db::listening::told(parts.tools.db.read(), job.id, now).await?;
    let untold = now + UNTOLD;
    Ok(if is_told { next } else { Some(next.map_or(untold, |next| next.min(untold))) })
}

/// After a failure it is tried again when the mailbox may be, not only at its next turn: if it ran by itself at all.
fn next_run(job: &Job, next: Option<DateTime<Utc>>, again: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    match (next, again) {
        (Some(next), Some(again)) => Some(next.min(again)),
        (None, Some(again)) if job.enabled && job.next_run_at.is_some() => Some(again),
        (next, _) => next,
    }
}

fn recovered(was: &MailboxHealth, worked: bool, now: DateTime<Utc>) -> MailboxHealth {
    let mut health = was.clone();
    if was.state != MailboxState::Ok {
        health.state = MailboxState::Ok;
        health.since = now;
    }
    // A check that found nothing writes no row of the mailbox.
    if worked || was.state != MailboxState::Ok {
        health.last_success_at = Some(now);
    }
    health.consecutive_failures = 0;
    health.waits_for_person = false;
    health.next_attempt_at = None;
    health.fault = None;
    health
}

fn troubled(was: &MailboxHealth, cause: &Cause, jitter: f64, now: DateTime<Utc>) -> MailboxHealth {
    let fault = cause.fault(now);
    let state = match cause {
        _ if cause.is_setup() => MailboxState::Misconfigured,
        _ => MailboxState::of(fault.code),
    };
    let verdict = cause.verdict();
    let throttled = matches!(verdict, Verdict::Retry { throttled: true, .. });
    let failures = if throttled { was.consecutive_failures } else { was.consecutive_failures + 1 };
    let refused = state == MailboxState::AuthenticationFailed && failures >= REFUSALS && !cause.is_token();
    let waits = refused || state == MailboxState::Misconfigured;
    let next = match verdict {
        _ if waits => None,
        Verdict::Retry { after, .. } => Some(now + back_off(failures, after, jitter)),
        Verdict::Halt(_) | Verdict::Reject => Some(now + PROBE),
    };
    MailboxHealth {
        state,
        since: if state == was.state { was.since } else { now },
        last_success_at: was.last_success_at,
        consecutive_failures: failures,
        waits_for_person: waits,
        // Far away rather than never: a changed configuration or a person brings it back at once.
        next_attempt_at: next.or(Some(now + TimeDelta::days(365 * 10))),
        last_mail_at: was.last_mail_at,
        fault: Some(fault),
    }
}

/// Seconds. A long pause was asked for to the second: a quarter of it would be work that could be done.
const SPREAD: f64 = 5.0;

/// 5 seconds, doubled with every failure up to 15 minutes, at least what the provider asked for; spread by up to a
/// quarter, so that mailboxes of one server don't return together, though by no more than [`SPREAD`] behind what was asked
/// for. `jitter` is in 0..1.
pub(super) fn back_off(failures: i32, after: Option<Duration>, jitter: f64) -> TimeDelta {
    let spread = jitter / 4.0;
    let doubled = (5.0 * f64::from(1u32 << failures.clamp(0, 8).unsigned_abs())).min(900.0) * (1.0 + spread);
    let after = after.unwrap_or_default().as_secs_f64();
    let asked = after + (after * spread).min(SPREAD);
    TimeDelta::milliseconds((doubled.max(asked) * 1000.0) as i64)
}

/// A number in 0..1.
pub(super) fn jitter() -> f64 {
    let mut byte = [0u8];
    match getrandom::fill(&mut byte) {
        Ok(()) => f64::from(byte[0]) / 256.0,
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_with_every_failure_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<i64> = (1..=9).map(|n| back_off(n, None, 0.0).num_seconds()).collect();
        assert_eq!(seconds, [10, 20, 40, 80, 160, 320, 640, 900, 900]);
    }

    #[test]
    fn what_the_provider_asks_for_is_the_least() {
        assert_eq!(back_off(1, Some(Duration::from_secs(92)), 0.0).num_seconds(), 92);
        assert!(back_off(1, Some(Duration::from_secs(92)), 0.9).num_seconds() > 92);
        assert!(back_off(1, Some(Duration::from_secs(600)), 1.0).num_seconds() <= 605);
    }
}
