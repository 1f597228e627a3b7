//! Messages mapped again: from their raw bytes, one transaction a message, so that whatever ends it, it goes on where
//! it was and does nothing twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::again::{self, Outcome};
use super::parse::Draft;
use super::store::{Original, is_about_the_batch};
use super::{Assignment, Error, Tools, Tracker, kill, parse};
use crate::blob::BlobKey;
use crate::db;
use crate::db::intake::{IntakeRow, SourceKey};
use crate::db::pass::Held;
use crate::db::read::part::StoredRaw;
use crate::db::reprocess::Order;
use crate::domain::event::NewEvent;
use crate::domain::id::{EventId, MessageId, RunId};
use crate::domain::intake::IntakeState;
use crate::domain::message::{Failed, Message, MessageState, Stage};
use crate::domain::parsed::Oddity;
use crate::domain::run::RunProgress;

/// Messages read from an order at once.
const PAGE: u64 = 1000;
/// Why what was never fetched stays as it is.
const NO_RAW: &str = "Its raw bytes are not kept, so it can't be mapped again.";
/// Why a stub stays as it is.
const STUB: &str = "The server gave a stub in place of the message ('Retrieval … protocol failed'), and it can't be \
                    fetched again: its folder was renumbered since, or its job deleted. Open it in Outlook, or forward it \
                    to this mailbox as an attachment.";
/// How often a transaction that lost against another is repeated.
const REPEATS: u32 = 6;

/// Works off the run's orders until all is done or the time is over; answers whether all is done.
pub async fn reprocess(
    tools: &Tools,
    assignment: &Assignment,
    tracker: &Tracker,
    until: Instant,
) -> Result<bool, Error> {
    let run_id = tracker.begin().await?;
    let pass = Pass { tools, assignment, tracker, run_id };
    loop {
        assignment.hold.go_on()?;
        let Some(order) = db::reprocess::first(tools.db.read(), run_id).await? else { return Ok(true) };
        let ids = db::reprocess::next(tools.db.read(), &order, PAGE).await?;
        if ids.is_empty() {
            pass.end(&order).await?;
        }
        for id in ids {
            assignment.hold.go_on()?;
            if Instant::now() >= until {
                return Ok(false);
            }
            pass.again(&order, id).await?;
        }
    }
}

/// A message that could not be fetched before was fetched: it is mapped as if it came now, under the id that it has.
pub(super) async fn fetched(
    tools: &Tools,
    assignment: &Assignment,
    tracker: &Tracker,
    run_id: RunId,
    draft: &Draft,
) -> Result<Option<Original>, Error> {
    let pass = Pass { tools, assignment, tracker, run_id };
    Ok(pass.store(draft, Cause::Ledger).await?)
}

/// A message that was to be fetched once more is not there any more.
pub(super) async fn vanished(
    tx: &db::Transaction,
    message_id: MessageId,
    now: DateTime<Utc>,
) -> Result<(), db::Error> {
    let reason = "It could not be fetched, and is no longer there to be fetched again.";
    for mut held in db::pass::hold(tx, &[message_id]).await? {
        if fail(&mut held, reason, now) {
            db::pass::write_outcome(tx, &held.message).await?;
        }
    }
    Ok(())
}

/// One more attempt of a FAILED message in vain; what is not FAILED stays as it is.
fn fail(held: &mut Held, reason: &str, now: DateTime<Utc>) -> bool {
    let message = &mut held.message;
    if message.state != MessageState::Failed {
        return false;
    }
    message.reason = Some(reason.to_owned());
    if let Some(failure) = &mut message.failure {
        failure.attempts = failure.attempts.saturating_add(1);
        failure.occurred_at = now;
    }
    true
}

/// Whether Exchange never gave the message, but a stub in its place: there is nothing in it to map.
fn is_stub(message: &Message) -> bool {
    message.state == MessageState::Failed && message.oddity == Some(Oddity::RetrievalStub)
}

/// Why a message is treated again.
#[derive(Clone, Copy)]
enum Cause<'a> {
    /// Someone asked.
    Order(&'a Order),
    /// Someone asked before, and its bytes are here now.
    Ledger,
}

struct Pass<'a> {
    tools: &'a Tools,
    assignment: &'a Assignment,
    tracker: &'a Tracker,
    run_id: RunId,
}

impl Pass<'_> {
    async fn again(&self, order: &Order, id: MessageId) -> Result<(), Error> {
        let db = self.tools.db.read();
        let Some(message) = db::read::message::by_ids(db, &[id]).await?.remove(&id) else {
            return Ok(self.skip(order, id).await?);
        };
        if is_stub(&message) {
            return Ok(self.fetch_again(order, id).await?);
        }
        let size = u64::try_from(message.size).unwrap_or(0).min(self.tools.bounds.max_bytes);
        let kib =
            u32::try_from(size.div_ceil(1024)).unwrap_or(u32::MAX).clamp(1, self.tools.bounds.memory_kib);
        let _memory = Arc::clone(&self.tools.memory).acquire_many_owned(kib).await;
        let Some(compressed) = self.raw(id).await? else {
            return Ok(self.fetch_again(order, id).await?);
        };
        let row = IntakeRow {
            key: SourceKey(Vec::new()),
            generation: String::new(),
            source_id: message.source_id.clone(),
            arrived_at: message.received_at,
            size: message.size,
            state: IntakeState::Stored,
            attempts: 0,
            pair: false,
            message_id: Some(id),
            again: false,
        };
        let (tools, assignment) = (self.tools.clone(), self.assignment.clone());
        let work = tokio::task::spawn_blocking(move || parse::again(&tools, &assignment, row, &compressed));
        let draft = match work.await {
            Ok(draft) => draft,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        self.store(&draft, Cause::Order(order)).await?;
        Ok(())
    }

    async fn raw(&self, id: MessageId) -> Result<Option<bytes::Bytes>, Error> {
        let stored = db::read::part::raws(self.tools.db.read(), &[id]).await?.remove(&id);
        Ok(match stored {
            None => None,
            Some(StoredRaw::Compressed(content)) => Some(content.into()),
            Some(StoredRaw::Blob(key)) => self.tools.blobs.get(&BlobKey::from(key)).await?,
        })
    }

    /// What the database refuses is stored FAILED from what it was.
    async fn store(&self, draft: &Draft, cause: Cause<'_>) -> Result<Option<Original>, db::Error> {
        let mut pause = Duration::from_millis(10);
        let mut repeats = 1;
        loop {
            match self.transact(draft, cause).await {
                Err(error) if error.is_contended() && repeats < REPEATS => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    repeats += 1;
                }
                Err(error) if is_about_the_batch(&error) && draft.parsed.is_some() => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a message can't be stored again"
                    );
                    let reason = "The database refused to store it.".to_owned();
                    let failed = Failed { stage: Stage::Store, reason, fault: None };
                    return self.transact(&Draft::unread(draft.row.clone(), failed), cause).await;
                }
                done => return done,
            }
        }
    }

    /// Lock order: lease, message, instance, counter, keys, log head.
    async fn transact(&self, draft: &Draft, cause: Cause<'_>) -> Result<Option<Original>, db::Error> {
        let now = self.tools.clock.now();
        let tx = self.tools.db.begin().await?;
        db::lease::check(&tx, &self.assignment.hold.lease).await?;
        let held = db::pass::hold(&tx, &[draft.id]).await?.pop();
        kill::point("reprocess.begin");
        let unfetched = draft.failed.as_ref().is_some_and(|failed| failed.stage == Stage::Fetch);
        let outcome = match held {
            // It was taken in before, and that stands.
            Some(_) if draft.row.again && unfetched => Outcome::default(),
            Some(held) => {
                let raw = matches!(cause, Cause::Ledger).then(|| draft.raw.clone());
                again::treat(&tx, self.tools, self.assignment, self.run_id, draft, held, raw).await?
            }
            // Deleted meanwhile.
            None => Outcome::default(),
        };
        kill::point("reprocess.written");
        let state = outcome.state;
        let mut actor = None;
        match cause {
            Cause::Order(order) => {
                db::reprocess::advance(&tx, order.id, draft.id).await?;
                actor = Some(order.actor.clone());
            }
            Cause::Ledger => {
                let state =
                    if unfetched && !draft.row.again { IntakeState::Failed } else { IntakeState::Stored };
                db::intake::settle(&tx, self.assignment.job.id, std::slice::from_ref(&draft.row.key), state)
                    .await?;
            }
        }
        let event = |fact| NewEvent {
            id: EventId::new(),
            occurred_at: now,
            actor: actor.clone(),
            mailbox_id: Some(self.assignment.mailbox.id),
            fact,
        };
        let events = outcome.facts.into_iter().map(event).collect();
        self.commit(tx, state, events).await?;
        Ok(outcome.original)
    }

    /// Nothing was kept of it, or a stub alone: it is fetched again, if it never was and the ledger still knows it.
    async fn fetch_again(&self, order: &Order, id: MessageId) -> Result<(), db::Error> {
        let job = &self.assignment.job;
        let tx = self.tools.db.begin().await?;
        db::lease::check(&tx, &self.assignment.hold.lease).await?;
        let mut state = None;
        if let Some(mut held) = db::pass::hold(&tx, &[id]).await?.pop() {
            let message = &held.message;
            let key =
                SourceKey::of(message.mailbox_id, &held.generation, &message.folder, &message.source_id);
            let position = db::intake::position(&tx, job.id).await?;
            let is_known = position.is_some_and(|at| at.generation == held.generation)
                && db::job::same_folder(&message.folder, &job.folder)
                && message.state == MessageState::Failed
                && (!message.has_raw || is_stub(message));
            let is_back = is_known && db::reprocess::fetch_again(&tx, job.id, &key, id).await?;
            if !is_back {
                let reason = if is_stub(message) { STUB } else { NO_RAW };
                if fail(&mut held, reason, self.tools.clock.now()) {
                    db::pass::write_outcome(&tx, &held.message).await?;
                }
                state = Some(MessageState::Failed);
            }
        }
        db::reprocess::advance(&tx, order.id, id).await?;
        self.commit(tx, state, Vec::new()).await
    }

    /// Deleted since it was selected.
    async fn skip(&self, order: &Order, id: MessageId) -> Result<(), db::Error> {
        let tx = self.tools.db.begin().await?;
        db::lease::check(&tx, &self.assignment.hold.lease).await?;
        db::reprocess::advance(&tx, order.id, id).await?;
        Ok(tx.commit().await?)
    }

    async fn end(&self, order: &Order) -> Result<(), db::Error> {
        let tx = self.tools.db.begin().await?;
        db::lease::check(&tx, &self.assignment.hold.lease).await?;
        db::reprocess::remove(&tx, order.id).await?;
        Ok(tx.commit().await?)
    }

    async fn commit(
        &self,
        tx: db::Transaction,
        state: Option<MessageState>,
        events: Vec<NewEvent>,
    ) -> Result<(), db::Error> {
        if let Some((run_id, progress)) = self.tracker.after(|progress| tally(progress, state)) {
            db::run::count(&tx, run_id, &progress).await?;
        }
        db::event::append(&tx, events).await?;
        kill::point("reprocess.before_commit");
        tx.commit().await?;
        kill::point("reprocess.committed");
        self.tracker.count(|progress| tally(progress, state));
        Ok(())
    }
}

fn tally(progress: &mut RunProgress, state: Option<MessageState>) {
    progress.found += 1;
    match state {
        Some(MessageState::Processed) => progress.processed += 1,
        Some(MessageState::Ignored) => progress.ignored += 1,
        Some(MessageState::Failed) => progress.failed += 1,
        None => {}
    }
}

/// The original of a message that was fetched at last, if there is something to do with it at once. What we moved before
/// is looked for by the next run.
pub(super) fn original(draft: &Draft, held: &Held, now: DateTime<Utc>) -> Option<Original> {
    let disposition = &held.message.disposition;
    let step = disposition.due(now).filter(|_| held.moved_to.is_none())?;
    Some(Original {
        message_id: draft.id,
        generation: held.generation.clone(),
        source_id: held.message.source_id.clone(),
        internet_message_id: held.message.internet_message_id.clone(),
        size: held.message.size,
        step,
        repeated: true,
        attempts: disposition.attempts,
    })
}
