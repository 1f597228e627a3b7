//! Tells days before it happens that a secret or certificate lapses: as an event, in the log, and as a gauge.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::db;
use crate::db::credential::Lapsing;
use crate::domain::event::{Fact, NewEvent};
use crate::domain::expiry::{self, THRESHOLDS};
use crate::domain::id::EventId;
use crate::pipeline::{Tools, kill};

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(600);

/// Looks at the start, and then at every interval.
pub(super) async fn run(tools: Tools, stop: CancellationToken) {
    loop {
        if let Err(error) = tell_of_expiring(&tools).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "credentials that lapse could not be looked for"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// One look: tells what is due, each once whichever replica comes first. Answers how many this one told.
pub async fn tell_of_expiring(tools: &Tools) -> Result<usize, db::Error> {
    let now = tools.clock.now();
    let farthest = THRESHOLDS.into_iter().max().unwrap_or_default();
    let until = now + TimeDelta::days(i64::from(farthest));
    let lapsing = db::credential::lapsing(tools.db.read(), until).await?;
    show(&lapsing, now);
    let mut told = 0;
    for one in &lapsing {
        if let Some(days) = expiry::due(one.expires_at, one.told, now)
            && tell(tools, one, days, now).await?
        {
            told += 1;
            log(one, now);
        }
    }
    Ok(told)
}

/// The guard and the event, in one transaction. Answers whether another was not first.
async fn tell(tools: &Tools, one: &Lapsing, days: i32, now: DateTime<Utc>) -> Result<bool, db::Error> {
    let tx = tools.db.begin().await?;
    if !db::credential::tell(&tx, one, days).await? {
        return Ok(false);
    }
    let fact = Fact::CredentialExpiring { credential_id: one.id, expires_at: one.expires_at };
    let event = NewEvent { id: EventId::new(), occurred_at: now, actor: None, mailbox_id: None, fact };
    db::event::append(&tx, vec![event]).await?;
    kill::point("credential.before_commit");
    tx.commit().await?;
    kill::point("credential.told");
    tools.db.log_has_more();
    Ok(true)
}

fn log(one: &Lapsing, now: DateTime<Utc>) {
    let days = expiry::days_left(one.expires_at, now);
    if expiry::is_within(one.expires_at, 0, now) {
        tracing::warn!(credential = %one.id, days, "the secret or certificate of a credential has lapsed: give it a new one");
    } else {
        tracing::warn!(credential = %one.id, days, "the secret or certificate of a credential lapses soon: give it a new one");
    }
}

/// How many lapse within so many days; those of fewer days are among those of more.
fn show(lapsing: &[Lapsing], now: DateTime<Utc>) {
    for days in THRESHOLDS.into_iter().chain([0]) {
        let count = lapsing.iter().filter(|one| expiry::is_within(one.expires_at, days, now)).count();
        metrics::gauge!("mailroom_credentials_expiring", "within_days" => days.to_string()).set(count as f64);
    }
}
