//! One batch of the indexer: what the log has next, and beside it what was there before the index.

use std::collections::HashSet;

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::matching::Index;
use super::rows;
use super::source::{self, Concerned, InstanceWords, MessageWords};
use super::state::{self, State};
use crate::db::{Database, Error};
use crate::domain::search::FOLDING;

/// Events of a batch.
const EVENTS: u64 = 200;
/// Messages that are read at a time.
const CHUNK: usize = 25;
/// A batch ends with so many bytes of words: on SQLite the intake waits while they are written.
const BYTES: usize = 1024 * 1024;

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There was nothing to do.
    Idle,
    /// Another replica is at it.
    Taken,
    /// So many messages and instances were indexed; there may be more.
    Indexed(usize),
}

/// How much at a time: less where the database refuses a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Full,
    One,
    /// One, and without its words: it is the one that the database refuses.
    Skip,
}

/// Indexes the next batch. The position moves in the transaction that writes the rows: a step that was cut short is
/// simply repeated. On PostgreSQL one replica is at it at a time; on SQLite only the writing holds the writer.
pub async fn step(db: &Database) -> Result<Step, Error> {
    for size in [Size::Full, Size::One] {
        match attempt(db, size).await {
            Err(Error::Refused(source)) => {
                tracing::warn!(error = &source as &dyn std::error::Error, "a batch could not be indexed");
            }
            done => return done,
        }
    }
    tracing::error!("a message or an instance can't be indexed: it will not be found");
    attempt(db, Size::Skip).await
}

async fn attempt(db: &Database, size: Size) -> Result<Step, Error> {
    let (now, head) = state::load(db.read()).await?;
    if now.folding > FOLDING || (now.folding == FOLDING && now.log_offset >= head && !now.rebuilding) {
        return Ok(Step::Idle);
    }
    if db.has_one_writer() {
        let batch = Batch::read(db.read(), now, head, size).await?;
        return batch.write(db.begin().await?).await;
    }
    let tx = db.begin().await?;
    if !state::claim(&tx).await? {
        return Ok(Step::Taken);
    }
    let (now, head) = state::load(&tx).await?;
    Batch::read(&tx, now, head, size).await?.write(tx).await
}

struct Batch {
    from: State,
    to: State,
    messages: Vec<MessageWords>,
    instances: Vec<InstanceWords>,
    /// Asked for and not there: emptied, or never stored.
    gone: Vec<Uuid>,
}

impl Batch {
    async fn read(db: &impl ConnectionTrait, from: State, head: i64, size: Size) -> Result<Self, Error> {
        let to = from.clone();
        let mut batch = Self { from, to, messages: Vec::new(), instances: Vec::new(), gone: Vec::new() };
        let limit = if size == Size::Full { EVENTS } else { 1 };
        let events = source::events(db, batch.from.log_offset, limit).await?;
        // Offsets have no gaps: where one is missing, the log was shortened before it was read.
        let shortened = match events.first() {
            Some(first) => first.log_offset != batch.from.log_offset + 1,
            None => head > batch.from.log_offset,
        };
        if batch.from.folding < FOLDING || shortened {
            tracing::info!("the search index is built from the messages");
            batch.to = State::anew(head);
            return Ok(batch);
        }
        let full = batch.follow(db, &events).await?;
        if batch.from.rebuilding && !full && (size == Size::Full || events.is_empty()) {
            batch.rebuild(db, limit).await?;
        }
        if size == Size::Skip {
            batch.messages.clear();
            batch.instances.clear();
        }
        Ok(batch)
    }

    /// What the events are about; answers whether the batch is full.
    async fn follow(&mut self, db: &impl ConnectionTrait, events: &[Concerned]) -> Result<bool, Error> {
        let (mut messages, mut instances) = (HashSet::new(), HashSet::new());
        for chunk in events.chunks(CHUNK) {
            let new = |seen: &mut HashSet<Uuid>, id: Option<Uuid>| id.filter(|id| seen.insert(*id));
            let next: Vec<Uuid> =
                chunk.iter().filter_map(|event| new(&mut messages, event.message.map(|id| id.0))).collect();
            self.take_messages(db, next).await?;
            let next: Vec<Uuid> =
                chunk.iter().filter_map(|event| new(&mut instances, event.instance.map(|id| id.0))).collect();
            self.instances.extend(source::instance_words(db, &next).await?);
            if let Some(last) = chunk.last() {
                self.to.log_offset = last.log_offset;
            }
            if self.bytes() > BYTES {
                return Ok(true);
            }
        }
        Ok(events.len() as u64 == EVENTS)
    }

    /// What was there before the index, in the order of its ids.
    async fn rebuild(&mut self, db: &impl ConnectionTrait, limit: u64) -> Result<(), Error> {
        let ids = source::messages_after(db, self.from.message_after, limit).await?;
        if ids.is_empty() {
            let ids = source::instances_after(db, self.from.instance_after, limit).await?;
            match ids.last() {
                Some(last) => self.to.instance_after = *last,
                None => self.to.rebuilding = false,
            }
            let known: HashSet<Uuid> = self.instances.iter().map(|instance| instance.id).collect();
            let ids: Vec<Uuid> = ids.into_iter().filter(|id| !known.contains(id)).collect();
            self.instances.extend(source::instance_words(db, &ids).await?);
            return Ok(());
        }
        let known: HashSet<Uuid> = self.messages.iter().map(|message| message.id).collect();
        for chunk in ids.chunks(CHUNK) {
            let new = chunk.iter().copied().filter(|id| !known.contains(id)).collect();
            self.take_messages(db, new).await?;
            if let Some(last) = chunk.last() {
                self.to.message_after = *last;
            }
            if self.bytes() > BYTES {
                break;
            }
        }
        Ok(())
    }

    async fn take_messages(&mut self, db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<(), Error> {
        let found = source::message_words(db, &ids).await?;
        let there: HashSet<Uuid> = found.iter().map(|message| message.id).collect();
        self.gone.extend(ids.into_iter().filter(|id| !there.contains(id)));
        self.messages.extend(found);
        Ok(())
    }

    fn bytes(&self) -> usize {
        let messages = self.messages.iter().map(|message| &message.words);
        let all = messages.chain(self.instances.iter().map(|instance| &instance.words));
        all.map(|words| words.words.len() + words.pairs.len()).sum()
    }

    async fn write(self, tx: crate::db::Transaction) -> Result<Step, Error> {
        // First the position: whoever lost the race writes nothing.
        if !state::advance(&tx, &self.from, &self.to).await? {
            tx.rollback().await?;
            return Ok(Step::Taken);
        }
        rows::write_messages(&tx, &self.messages).await?;
        rows::write_instances(&tx, &self.instances).await?;
        rows::delete(&tx, Index::MESSAGES, &self.gone).await?;
        tx.commit().await?;
        Ok(Step::Indexed(self.messages.len() + self.instances.len()))
    }
}
