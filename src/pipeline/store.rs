//! One transaction a batch: the fence, the sources, the messages, the instances, the ledger, and last the events.

use std::collections::HashMap;
use std::time::Duration;

use super::correlate;
use super::parse::{Draft, Drafts};
use super::{Assignment, Error, Tools, Tracker, kill, record, reprocess};
use crate::db;
use crate::db::intake::{IntakeRow, SourceKey};
use crate::db::pairing::NewSource;
use crate::domain::handling::Step;
use crate::domain::id::{MessageId, RunId};
use crate::domain::intake::IntakeState;
use crate::domain::mapping::{Effect, SameMessagePolicy, Woven};
use crate::domain::message::{Failed, MessageState, Stage};

/// How often a transaction that lost against another is repeated.
const REPEATS: u32 = 6;

/// Originals of a committed batch that are to be handled.
pub(super) struct Stored {
    /// With what is wanted of each.
    pub(super) originals: Vec<Original>,
}

/// An original to be handled.
pub(super) struct Original {
    /// Its message.
    pub(super) message_id: MessageId,
    /// Epoch of its source id.
    pub(super) generation: String,
    /// Its id at the provider.
    pub(super) source_id: String,
    /// Its Message-ID.
    pub(super) internet_message_id: Option<String>,
    /// Raw bytes.
    pub(super) size: i64,
    /// What is to be done by now.
    pub(super) step: Step,
    /// It may have been tried before.
    pub(super) repeated: bool,
    /// Attempts before this one.
    pub(super) attempts: i32,
}

/// Stores a batch. A transaction that the database can't serialize is repeated; one that it refuses is split, down
/// to the one message at fault, which is stored FAILED from its ids alone.
pub(super) async fn store(
    tools: &Tools,
    assignment: &Assignment,
    tracker: &Tracker,
    run_id: RunId,
    drafts: &Drafts,
) -> Result<Stored, Error> {
    let mut stored = Stored { originals: Vec::new() };
    settle_unread(tools, assignment, drafts).await?;
    let (items, again): (Vec<&Draft>, Vec<&Draft>) =
        drafts.items.iter().partition(|draft| draft.row.message_id.is_none());
    for draft in again {
        assignment.hold.go_on()?;
        stored.originals.extend(reprocess::fetched(tools, assignment, tracker, run_id, draft).await?);
    }
    if items.is_empty() {
        return Ok(stored);
    }
    let mut waiting = vec![items.as_slice()];
    while let Some(batch) = waiting.pop() {
        assignment.hold.go_on()?;
        let context = Context { tools, assignment, tracker, run_id };
        match context.transact_repeatedly(batch).await {
            Ok(originals) => stored.originals.extend(originals),
            Err(error) if is_about_the_batch(&error) => match batch {
                [] => {}
                [single] => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a message can't be stored");
                    let reason = "The database refused to store it.".to_owned();
                    let failed = Failed { stage: Stage::Store, reason, fault: None };
                    let bare = Draft { id: single.id, ..Draft::unread(single.row.clone(), failed) };
                    stored.originals.extend(context.transact_repeatedly(&[&bare]).await?);
                }
                many => {
                    let (first, second) = many.split_at(many.len() / 2);
                    waiting.push(second);
                    waiting.push(first);
                }
            },
            Err(error) => return Err(error.into()),
        }
    }
    Ok(stored)
}

/// Whether another batch may fare better.
pub(super) const fn is_about_the_batch(error: &db::Error) -> bool {
    !matches!(error, db::Error::Unavailable(_) | db::Error::LeaseLost | db::Error::Contended(_))
}

/// A message could not be fetched: the line waits, longer with every attempt.
pub(super) async fn defer(tools: &Tools, assignment: &Assignment, row: &IntakeRow) -> Result<(), Error> {
    let minutes = 1i64 << row.attempts.clamp(0, 8);
    let next = tools.clock.now() + chrono::TimeDelta::minutes(minutes);
    let tx = tools.db.begin().await?;
    db::lease::check(&tx, &assignment.hold.lease).await?;
    db::intake::defer(&tx, assignment.job.id, &row.key, next).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(())
}

/// Lines without a message: vanished, or to be tried again.
async fn settle_unread(tools: &Tools, assignment: &Assignment, drafts: &Drafts) -> Result<(), Error> {
    for row in &drafts.later {
        defer(tools, assignment, row).await?;
    }
    if drafts.gone.is_empty() {
        return Ok(());
    }
    let keys: Vec<SourceKey> = drafts.gone.iter().map(|row| row.key.clone()).collect();
    let tx = tools.db.begin().await?;
    db::lease::check(&tx, &assignment.hold.lease).await?;
    db::intake::settle(&tx, assignment.job.id, &keys, IntakeState::Gone).await?;
    for message_id in drafts.gone.iter().filter_map(|row| row.message_id) {
        reprocess::vanished(&tx, message_id, tools.clock.now()).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(())
}

struct Context<'a> {
    tools: &'a Tools,
    assignment: &'a Assignment,
    tracker: &'a Tracker,
    run_id: RunId,
}

impl Context<'_> {
    async fn transact_repeatedly(&self, batch: &[&Draft]) -> Result<Vec<Original>, db::Error> {
        let mut pause = Duration::from_millis(10);
        for _ in 1..REPEATS {
            match self.transact(batch).await {
                Err(error) if error.is_contended() => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                done => return done,
            }
        }
        self.transact(batch).await
    }

    /// Lock order: lease, instances by id, counters, keys, log head.
    async fn transact(&self, batch: &[&Draft]) -> Result<Vec<Original>, db::Error> {
        let Self { tools, assignment, tracker, run_id } = *self;
        let now = tools.clock.now();
        let tx = tools.db.begin().await?;
        kill::point("store.begin");
        db::lease::check(&tx, &assignment.hold.lease).await?;
        let (batch, paired) = self.pair_by_content(&tx, batch).await?;
        let sources: Vec<NewSource> = batch.iter().map(|draft| self.source(draft, draft.id)).collect();
        let fresh = db::store::insert_sources(&tx, &sources.iter().collect::<Vec<_>>()).await?;
        let duplicates = batch.len() - fresh.len() + paired.len();
        let batch: Vec<&Draft> = batch.into_iter().filter(|draft| fresh.contains(&draft.row.key)).collect();
        let (effects, woven) = weave(&tx, tools, assignment, &batch).await?;
        kill::point("store.inserted");
        db::instance::insert(&tx, &woven.made).await?;
        for changed in &woven.changed {
            db::instance::update(&tx, changed).await?;
        }
        let (messages, events, originals) = record::compose(assignment, run_id, &batch, &effects, now);
        db::store::insert_messages(&tx, messages).await?;
        db::key::add(&tx, &assignment.treatment.mapping.process, woven.keys).await?;
        self.settle(&tx, &sources, &batch, &effects, &paired).await?;
        let counted = tracker.after(|progress| tally(progress, &effects, duplicates));
        if let Some((run_id, progress)) = &counted {
            db::run::progress(&tx, *run_id, progress).await?;
        }
        // A clock in the mail that runs ahead of ours says nothing of when mail comes.
        if let Some(latest) = batch.iter().map(|draft| draft.row.arrived_at.min(now)).max() {
            db::mailbox::mail_arrived(&tx, assignment.mailbox.id, latest).await?;
        }
        db::event::append(&tx, events).await?;
        kill::point("store.before_commit");
        tx.commit().await?;
        kill::point("store.committed");
        tools.db.log_has_more();
        tracker.count(|progress| tally(progress, &effects, duplicates));
        Ok(originals)
    }

    /// After renumbering: drafts whose content is that of a stored message become its new source id.
    async fn pair_by_content<'b>(
        &self,
        tx: &db::Transaction,
        batch: &[&'b Draft],
    ) -> Result<(Vec<&'b Draft>, Vec<SourceKey>), db::Error> {
        let Some(generation) = batch.iter().find(|draft| draft.row.pair).map(|draft| &draft.row.generation)
        else {
            return Ok((batch.to_vec(), Vec::new()));
        };
        let job = &self.assignment.job;
        let mut candidates: HashMap<(i64, Vec<u8>), Vec<MessageId>> = HashMap::new();
        let key = &self.tools.tombstones;
        for known in db::pairing::candidates(tx, key, job.mailbox_id, &job.folder, generation).await? {
            if let Some(fingerprint) = known.fingerprint {
                candidates
                    .entry((known.arrived_at.timestamp(), fingerprint))
                    .or_default()
                    .push(known.message_id);
            }
        }
        let mut sources = Vec::new();
        let mut rest = Vec::with_capacity(batch.len());
        for draft in batch {
            let fingerprint =
                draft.parsed.as_ref().filter(|_| draft.row.pair).map(|parsed| parsed.fingerprint);
            let delivery = fingerprint.map(|print| {
                (draft.row.arrived_at.timestamp(), db::tombstone::kept(key, db::store::short(print)))
            });
            match delivery.and_then(|delivery| candidates.get_mut(&delivery)).and_then(Vec::pop) {
                Some(message_id) => sources.push(self.source(draft, message_id)),
                None => rest.push(*draft),
            }
        }
        db::pairing::add_sources(tx, &sources).await?;
        Ok((rest, sources.into_iter().map(|source| source.key).collect()))
    }

    fn source(&self, draft: &Draft, message_id: MessageId) -> NewSource {
        NewSource {
            key: draft.row.key.clone(),
            mailbox_id: self.assignment.mailbox.id,
            message_id,
            folder: self.assignment.job.folder.clone(),
            generation: draft.row.generation.clone(),
            source_id: draft.row.source_id.clone(),
            arrived_at: draft.row.arrived_at,
        }
    }

    async fn settle(
        &self,
        tx: &db::Transaction,
        sources: &[NewSource],
        batch: &[&Draft],
        effects: &[Effect],
        paired: &[SourceKey],
    ) -> Result<(), db::Error> {
        let job = self.assignment.job.id;
        let unfetched: Vec<SourceKey> = batch
            .iter()
            .zip(effects)
            .filter(|(_, effect)| effect.failed.as_ref().is_some_and(|failed| failed.stage == Stage::Fetch))
            .map(|(draft, _)| draft.row.key.clone())
            .collect();
        let stored: Vec<SourceKey> =
            sources.iter().map(|source| source.key.clone()).filter(|key| !unfetched.contains(key)).collect();
        db::intake::settle(tx, job, &stored, IntakeState::Stored).await?;
        db::intake::settle(tx, job, &unfetched, IntakeState::Failed).await?;
        db::intake::settle(tx, job, paired, IntakeState::Recognised).await
    }
}

/// Decides. Where others may write meanwhile and instances are made, again under the lock of the counter: another
/// mailbox of the same process may have made one of the same thread. Under the lock always where copies of one
/// message are to be joined: the other copy may have updated an instance that this one does not name.
pub(super) async fn weave(
    tx: &db::Transaction,
    tools: &Tools,
    assignment: &Assignment,
    batch: &[&Draft],
) -> Result<(Vec<Effect>, Woven), db::Error> {
    let now = tools.clock.now();
    let mapping = &assignment.treatment.mapping;
    let prefix = &mapping.reference_prefix;
    let joins = mapping.correlation.same_message == SameMessagePolicy::JoinFirst;
    if !tools.db.has_one_writer() {
        let known = correlate::look_up(tx, tools, assignment, batch).await?;
        let (effects, woven) = correlate::weave(assignment, batch, known, 0, now);
        if woven.made.is_empty() && !joins {
            return Ok((effects, woven));
        }
    }
    let last = db::instance::lock_numbers(tx, &mapping.process, prefix).await?;
    let known = correlate::look_up(tx, tools, assignment, batch).await?;
    let (effects, woven) = correlate::weave(assignment, batch, known, last + 1, now);
    if !woven.made.is_empty() {
        let made = i64::try_from(woven.made.len()).unwrap_or(i64::MAX);
        db::instance::take_numbers(tx, prefix, made).await?;
    }
    Ok((effects, woven))
}

fn tally(progress: &mut crate::domain::run::RunProgress, effects: &[Effect], duplicates: usize) {
    for effect in effects {
        match effect.state {
            MessageState::Processed => progress.processed += 1,
            MessageState::Ignored => progress.ignored += 1,
            MessageState::Failed => progress.failed += 1,
        }
    }
    progress.found += i32::try_from(effects.len() + duplicates).unwrap_or(0);
    progress.duplicates += i32::try_from(duplicates).unwrap_or(0);
}
