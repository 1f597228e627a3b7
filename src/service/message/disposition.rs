//! What is still to be done to originals, given up or tried again by hand.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::db;
use crate::db::pass::Held;
use crate::domain::handling::{DispositionState, DispositionStatus, OriginalFate};
use crate::domain::id::{JobId, MailboxId, MessageId};
use crate::domain::message::Message;
use crate::domain::run::RunTrigger;
use crate::service::error::Problems;
use crate::service::permit::MailHandle;
use crate::service::{Context, Error, Path, Permit, UserErrorCode};

/// Gives up moving and deleting that still wait, of all the messages or of none. The note says who did it, and when. What was
/// marked before stays marked.
pub async fn cancel(
    cx: &Context,
    permit: &Permit<MailHandle>,
    ids: &[MessageId],
) -> Result<Vec<Message>, Error> {
    let now = cx.clock.now();
    let who = &permit.caller().subject;
    let when = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (tx, mut held) = hold(cx, ids).await?;
    let mut problems = Problems::new();
    for (index, held) in held.iter_mut().enumerate() {
        let disposition = &mut held.message.disposition;
        match waits(disposition, now) {
            Ok(()) => {
                disposition.state = DispositionState::Cancelled;
                disposition.note = Some(format!("{who} gave it up by hand, {when}."));
                disposition.due_at = None;
            }
            Err(message) => {
                problems.add(UserErrorCode::Invalid, &Path::of("messageIds").index(index), message);
            }
        }
    }
    problems.finish()?;
    write(tx, held).await
}

/// Tries again at once what the provider refused, of all the messages or of none.
pub async fn retry(
    cx: &Context,
    _permit: &Permit<MailHandle>,
    ids: &[MessageId],
) -> Result<Vec<Message>, Error> {
    let now = cx.clock.now();
    let (tx, mut held) = hold(cx, ids).await?;
    let mut problems = Problems::new();
    let mut jobs: Vec<(JobId, MailboxId)> = Vec::new();
    for (index, held) in held.iter_mut().enumerate() {
        let path = Path::of("messageIds").index(index);
        let job = match held.message.job_id {
            Some(id) => db::job::get(&tx, id).await?,
            None => None,
        };
        let disposition = &mut held.message.disposition;
        match (was_refused(disposition), job) {
            (Err(message), _) => problems.add(UserErrorCode::Invalid, &path, message),
            (Ok(()), None) => {
                let message = "The job that would do it was deleted: do it in the mailbox.";
                problems.add(UserErrorCode::Invalid, &path, message);
            }
            (Ok(()), Some(job)) => {
                disposition.state = DispositionState::Pending;
                disposition.attempts = 0;
                (disposition.due_at, disposition.fault) = (None, None);
                if !jobs.contains(&(job.id, job.mailbox_id)) {
                    jobs.push((job.id, job.mailbox_id));
                }
            }
        }
    }
    problems.finish()?;
    for (job_id, mailbox_id) in jobs {
        db::run::open(&tx, job_id, mailbox_id, RunTrigger::Manual, now).await?;
    }
    let messages = write(tx, held).await?;
    cx.wake.ring();
    Ok(messages)
}

fn waits(disposition: &DispositionStatus, now: DateTime<Utc>) -> Result<(), String> {
    let moves = disposition.wanted.original != OriginalFate::Keep;
    match (disposition.state, disposition.due_at) {
        (DispositionState::Pending, Some(due_at)) if moves && due_at > now => Ok(()),
        (DispositionState::Pending, _) => Err("It is being done: nothing waits any more.".to_owned()),
        (state, _) => Err(format!("Nothing waits: its disposition is {state}.")),
    }
}

fn was_refused(disposition: &DispositionStatus) -> Result<(), String> {
    match disposition.state {
        DispositionState::Failed => Ok(()),
        DispositionState::Pending if disposition.fault.is_some() => Ok(()),
        DispositionState::Pending => Err("It is still to be done: nothing was refused so far.".to_owned()),
        state => Err(format!("Nothing was refused: its disposition is {state}.")),
    }
}

/// All of them, in the order in which they are given.
async fn hold(cx: &Context, ids: &[MessageId]) -> Result<(db::Transaction, Vec<Held>), Error> {
    let known = db::read::message::by_ids(cx.db.read(), ids).await?;
    let mut mailboxes: Vec<MailboxId> = known.values().map(|message| message.mailbox_id).collect();
    mailboxes.sort();
    mailboxes.dedup();
    let tx = cx.db.begin().await?;
    db::lease::hold(&tx, &mailboxes).await?;
    let mut found = db::pass::hold(&tx, ids).await?;
    let mut problems = Problems::new();
    let mut held = Vec::with_capacity(found.len());
    for (index, id) in ids.iter().enumerate() {
        match found.iter().position(|one| one.message.id == *id) {
            Some(at) => held.push(found.swap_remove(at)),
            // Named twice.
            None if ids.iter().take(index).any(|earlier| earlier == id) => {}
            None => {
                let path = Path::of("messageIds").index(index);
                problems.add(UserErrorCode::NotFound, &path, "There is no such message.");
            }
        }
    }
    problems.finish()?;
    Ok((tx, held))
}

async fn write(tx: db::Transaction, held: Vec<Held>) -> Result<Vec<Message>, Error> {
    for held in &held {
        db::pass::write_outcome(&tx, &held.message).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(held.into_iter().map(|held| held.message).collect())
}
