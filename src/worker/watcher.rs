//! Keeps the subscriptions of jobs that watch: made, renewed at half their life, made anew when they are gone.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt as _;
use futures::stream;
use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;

use super::Parts;
use super::conclusion::{back_off, jitter};
use crate::db;
use crate::db::subscription::{Due, Made};
use crate::domain::fault::{Fault, FaultCode, Verdict};
use crate::domain::job::Job;
use crate::domain::mailbox::{Mailbox, ProviderKind};
use crate::provider::{self, Provider, Receiver, Subscribed};
use crate::service;

/// Subscriptions looked at in a turn.
const TURN: u64 = 50;
/// Of them, so many at the same time: one that the provider is slow with does not hold up the others.
const AT_ONCE: usize = 8;
/// How long the provider may take for one: it calls us back meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks at every poll what is to be done.
pub(super) async fn run(parts: Parts, stop: CancellationToken) {
    loop {
        match turn(&parts, &stop).await {
            // There are more.
            Ok(TURN) if !stop.is_cancelled() => continue,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "looking after subscriptions failed"
                );
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(parts.settings.poll) => {}
        }
    }
}

/// Answers how many there were.
async fn turn(parts: &Parts, stop: &CancellationToken) -> Result<u64, db::Error> {
    let now = parts.tools.clock.now();
    let due = db::subscription::due(parts.tools.db.read(), ProviderKind::Graph, now, TURN).await?;
    let count = due.len() as u64;
    stream::iter(due.into_iter().map(Ok))
        .try_for_each_concurrent(AT_ONCE, async |due| {
            if stop.is_cancelled() || !db::subscription::claim(parts.tools.db.write(), &due, now).await? {
                return Ok(());
            }
            look_after(parts, &due).await
        })
        .await?;
    Ok(count)
}

async fn look_after(parts: &Parts, due: &Due) -> Result<(), db::Error> {
    let (read, write) = (parts.tools.db.read(), parts.tools.db.write());
    let (Some(mailbox), Some(job)) =
        (db::mailbox::get(read, due.mailbox_id).await?, db::job::get(read, due.job_id).await?)
    else {
        return Ok(());
    };
    let receiver = service::watch::receiver(&parts.services, &mailbox.settings);
    let done = match (due.is_wanted, receiver) {
        (true, Some(receiver)) => {
            tokio::time::timeout(PATIENCE, keep(parts, due, &mailbox, &job, &receiver)).await
        }
        // Nobody can reach us: the job looks more often instead.
        (true, None) => return put_off(parts, due, None).await,
        (false, _) => {
            if let (Some(id), Ok(provider)) = (&due.provider_id, parts.reaches.provider(&mailbox).await)
                && let Some(hooks) = provider.hooks()
            {
                // One that can't be ended lapses by itself, and what it tells is dropped.
                let _ended = tokio::time::timeout(PATIENCE, hooks.unsubscribe(id)).await;
            }
            return db::subscription::forget(write, due.job_id).await;
        }
    };
    match done {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Trouble::Database(error))) => Err(error),
        Ok(Err(Trouble::Fault(fault, after))) => {
            tracing::warn!(job = %job.id, mailbox = %mailbox.id, code = %fault.code, message = fault.message, "a job is not told of new mail");
            put_off(parts, due, Some((*fault, after))).await
        }
        Err(_elapsed) => put_off(parts, due, Some((unanswered(parts.tools.clock.now()), None))).await,
    }
}

fn unanswered(now: DateTime<Utc>) -> Fault {
    Fault {
        code: FaultCode::Timeout,
        message: format!("The subscription was not made within {} s.", PATIENCE.as_secs()),
        hint: Some(
            "The provider calls public.url while it makes one: check that /hooks/graph is reached from the internet."
                .to_owned(),
        ),
        retryable: true,
        provider_code: None,
        request_id: None,
        occurred_at: now,
    }
}

/// Why it did not come about.
enum Trouble {
    Database(db::Error),
    Fault(Box<Fault>, Option<Duration>),
}

impl From<db::Error> for Trouble {
    fn from(error: db::Error) -> Self {
        Self::Database(error)
    }
}

async fn keep(
    parts: &Parts,
    due: &Due,
    mailbox: &Mailbox,
    job: &Job,
    receiver: &Receiver,
) -> Result<(), Trouble> {
    let now = parts.tools.clock.now();
    let refused = |error: &provider::Error| {
        let after = match error.verdict() {
            Verdict::Retry { after, .. } => after,
            Verdict::Reject | Verdict::Halt(_) => None,
        };
        Trouble::Fault(Box::new(error.fault(now)), after)
    };
    let provider: Box<dyn Provider> = match parts.reaches.provider(mailbox).await {
        Ok(provider) => provider,
        Err(service::connection::Error::Database(error)) => return Err(error.into()),
        Err(error) => return Err(Trouble::Fault(Box::new(error.fault(now)), None)),
    };
    let Some(hooks) = provider.hooks() else { return Ok(()) };
    let write = parts.tools.db.write();
    if let Some(id) = &due.provider_id {
        if due.is_outdated {
            let _ended = hooks.unsubscribe(id).await;
        } else if let Some(renewed) = hooks.renew(id).await.map_err(|error| refused(&error))? {
            return Ok(db::subscription::made(write, due, &made(renewed, None, now, jitter())).await?);
        }
    }
    let hash = service::watch::state_hash(receiver.client_state.expose_secret());
    db::subscription::expect(write, due.job_id, hash.clone()).await?;
    let subscribed = hooks.subscribe(&job.folder, receiver).await.map_err(|error| refused(&error))?;
    db::subscription::made(write, due, &made(subscribed, Some(hash), now, jitter())).await?;
    // What arrived before it was made is not told.
    db::job::note(&parts.tools.db, &[job.id], now).await?;
    parts.services.wake.ring();
    Ok(())
}

/// Renewed at half its life, some earlier, so that those made together don't come together again. `chance` is in 0..1.
fn made(subscribed: Subscribed, state_hash: Option<Vec<u8>>, now: DateTime<Utc>, chance: f64) -> Made {
    let life = (subscribed.expires_at - now).max(TimeDelta::zero());
    let until = TimeDelta::milliseconds((life.num_milliseconds() as f64 * (0.5 - 0.1 * chance)) as i64);
    Made {
        provider_id: subscribed.id,
        state_hash,
        expires_at: subscribed.expires_at,
        renew_at: now + until.max(TimeDelta::seconds(30)),
        now,
    }
}

/// Tries again later; with a fault, which is kept.
async fn put_off(parts: &Parts, due: &Due, why: Option<(Fault, Option<Duration>)>) -> Result<(), db::Error> {
    let now = parts.tools.clock.now();
    let after = why.as_ref().and_then(|(_, after)| *after);
    let again = now + back_off(due.attempts.saturating_add(1), after, jitter());
    db::subscription::failed(parts.tools.db.write(), due, why.as_ref().map(|(fault, _)| fault), again).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renewed_after(life: TimeDelta, chance: f64) -> TimeDelta {
        let now = DateTime::UNIX_EPOCH;
        let subscribed = Subscribed { id: "x".to_owned(), expires_at: now + life };
        made(subscribed, None, now, chance).renew_at - now
    }

    #[test]
    fn a_subscription_is_renewed_at_half_its_life_or_somewhat_earlier() {
        let life = TimeDelta::minutes(4_200);
        assert_eq!(renewed_after(life, 0.0), TimeDelta::minutes(2_100));
        assert_eq!(renewed_after(life, 1.0), TimeDelta::minutes(1_680));
    }

    #[test]
    fn one_that_lapses_at_once_is_not_renewed_in_a_loop() {
        for life in [TimeDelta::zero(), TimeDelta::days(-1), TimeDelta::seconds(20)] {
            assert_eq!(renewed_after(life, 0.5), TimeDelta::seconds(30), "{life}");
        }
    }
}
