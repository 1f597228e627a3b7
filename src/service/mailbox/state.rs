//! Pausing a mailbox and going on with it.

use crate::db;
use crate::domain::event::{Fact, NewEvent};
use crate::domain::health::{MailboxHealth, MailboxState};
use crate::domain::id::{EventId, MailboxId};
use crate::domain::mailbox::Mailbox;
use crate::service::permit::ConfigWrite;
use crate::service::{Context, Error, Path, Permit};

/// Nothing more is done on the mailbox until it is resumed; what is being done is given up. Safe to repeat.
pub async fn pause(cx: &Context, permit: &Permit<ConfigWrite>, id: MailboxId) -> Result<Mailbox, Error> {
    set_paused(cx, permit, id, true).await
}

/// Goes on; one that waits for a person or for its next attempt is tried at once. Safe to repeat.
pub async fn resume(cx: &Context, permit: &Permit<ConfigWrite>, id: MailboxId) -> Result<Mailbox, Error> {
    set_paused(cx, permit, id, false).await
}

async fn set_paused(
    cx: &Context,
    permit: &Permit<ConfigWrite>,
    id: MailboxId,
    paused: bool,
) -> Result<Mailbox, Error> {
    let now = cx.clock.now();
    let tx = cx.db.begin().await?;
    if paused {
        db::lease::revoke(&tx, id).await?;
    }
    let Some(saved) = db::mailbox::lock(&tx, id).await? else {
        return Err(Error::unknown(&Path::of("id"), "mailbox"));
    };
    let was = saved.health.state;
    let state = match (paused, was) {
        (true, _) => MailboxState::Paused,
        (false, MailboxState::Paused) => before_the_pause(&saved.health),
        (false, other) => other,
    };
    let fault = saved.health.fault.clone().filter(|_| !paused);
    let health = MailboxHealth {
        since: if state == was { saved.health.since } else { now },
        state,
        waits_for_person: false,
        next_attempt_at: None,
        ..saved.health
    };
    db::mailbox::set_paused(&tx, id, paused, &health).await?;
    if !paused {
        db::mailbox::retry_at_once(&tx, id, now).await?;
    }
    if state != was {
        let changed = NewEvent {
            id: EventId::new(),
            occurred_at: now,
            actor: Some(permit.caller().subject.clone()),
            mailbox_id: Some(id),
            fact: Fact::MailboxStateChanged { was, now: state, fault },
        };
        db::event::append(&tx, vec![changed]).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    cx.wake.ring();
    Ok(Mailbox { paused, health, ..saved })
}

/// The state of its last attempt. One that failed is not told to be well before it has been tried again.
fn before_the_pause(health: &MailboxHealth) -> MailboxState {
    match &health.fault {
        Some(fault) => MailboxState::of(fault.code),
        None if health.last_success_at.is_some() => MailboxState::Ok,
        None => MailboxState::NeverRun,
    }
}
