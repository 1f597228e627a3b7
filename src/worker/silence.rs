//! Tells that a mailbox has had no mail for unusually long: as an event, in the log, and as a gauge.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db;
use crate::db::mailbox::Silent;
use crate::domain::event::{Fact, NewEvent};
use crate::domain::id::EventId;
use crate::pipeline::Tools;

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(900);

/// Looks some minutes after the start, when mail that came meanwhile was taken in, and then at every interval.
pub(super) async fn run(tools: Tools, stop: CancellationToken) {
    let mut wait = Duration::from_secs(300);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = INTERVAL;
        if let Err(error) = tell_of_silent(&tools).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "silent mailboxes could not be looked for"
            );
        }
    }
}

/// One look: tells each silence once, whichever replica comes first. Answers how many this one told.
pub async fn tell_of_silent(tools: &Tools) -> Result<usize, db::Error> {
    let now = tools.clock.now();
    let mut told = 0;
    for silent in db::mailbox::silent(tools.db.read(), now).await? {
        let before = match silent.silence.expected_hours {
            Some(_) => Vec::new(),
            None => db::mailbox::weeks_before(tools.db.read(), silent.id, silent.silence.since, now).await?,
        };
        if silent.silence.is_unusual(now, &before) && tell(tools, &silent).await? {
            told += 1;
            let hours = (now - silent.silence.since).num_hours();
            tracing::warn!(mailbox = %silent.id, hours, "a mailbox has had no mail for unusually long");
        }
    }
    let count = db::mailbox::count_silent(tools.db.read()).await?;
    metrics::gauge!("mailroom_mailboxes_silent").set(count as f64);
    Ok(told)
}

/// The guard and the event, in one transaction. Answers whether another was not first.
async fn tell(tools: &Tools, silent: &Silent) -> Result<bool, db::Error> {
    let now = tools.clock.now();
    let tx = tools.db.begin().await?;
    if !db::mailbox::tell_silence(&tx, silent, now).await? {
        return Ok(false);
    }
    let fact = Fact::MailboxSilent { last_mail_at: silent.last_mail_at };
    let event =
        NewEvent { id: EventId::new(), occurred_at: now, actor: None, mailbox_id: Some(silent.id), fact };
    db::event::append(&tx, vec![event]).await?;
    tx.commit().await?;
    tools.db.log_has_more();
    Ok(true)
}
