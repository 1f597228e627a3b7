//! After ids were renumbered: which listed message is one that is known (DESIGN section 5).
//!
//! It pairs one to one, so that k stored copies absorb at most k listed ones. Where identity can't be proved, the
//! message is taken in again: a double can be seen, a loss can't.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Assignment, Error, Tools};
use crate::db;
use crate::db::intake::{IntakeRow, SourceKey};
use crate::db::pairing::{Candidate, NewSource, internet_message_id_hash};
use crate::domain::id::MessageId;
use crate::domain::intake::{IntakeState, Listed};
use crate::domain::tombstone::TombstoneKey;

type Delivery = (i64, Option<Vec<u8>>);

/// What is known of the folder and has no id of the new generation yet.
pub(super) struct Pairing {
    generation: String,
    stored: HashMap<Delivery, Vec<MessageId>>,
    seconds: HashSet<i64>,
    old: HashMap<(DateTime<Utc>, i64), i64>,
    key: Arc<TombstoneKey>,
}

impl Pairing {
    /// Reads it. Pages that were committed before a crash are left out, because their ids are there.
    pub(super) async fn load(
        tools: &Tools,
        assignment: &Assignment,
        generation: &str,
    ) -> Result<Self, Error> {
        let job = &assignment.job;
        let db = tools.db.read();
        let key = Arc::clone(&tools.tombstones);
        let candidates = db::pairing::candidates(db, &key, job.mailbox_id, &job.folder, generation).await?;
        let old = db::pairing::old_lines(db, job.id, generation).await?;
        let mut stored: HashMap<Delivery, Vec<MessageId>> = HashMap::new();
        let mut seconds = HashSet::new();
        for Candidate { message_id, arrived_at, internet_message_id_hash, .. } in candidates.into_iter().rev()
        {
            let second = arrived_at.timestamp();
            seconds.insert(second);
            stored.entry((second, internet_message_id_hash)).or_default().push(message_id);
        }
        Ok(Self { generation: generation.to_owned(), stored, seconds, old, key })
    }

    /// Pairs a page: rows that are known become RECOGNISED or OLD, and the answer holds the new ids of messages.
    pub(super) fn pair(
        &mut self,
        assignment: &Assignment,
        listed: &[Listed],
        rows: &mut [IntakeRow],
        known: &HashSet<SourceKey>,
    ) -> Vec<NewSource> {
        let mut sources = Vec::new();
        for (listed, row) in listed.iter().zip(rows) {
            if known.contains(&row.key) {
                continue;
            }
            if let Some(message_id) = self.stored_as(listed) {
                row.state = IntakeState::Recognised;
                sources.push(self.source(assignment, row, message_id));
            } else if self.take_old(row) {
                row.state = IntakeState::Old;
            } else {
                // Delivered at the same second as a stored one, and no Message-ID to tell: its content must.
                row.pair = listed.internet_message_id.is_none()
                    && self.seconds.contains(&row.arrived_at.timestamp());
            }
        }
        sources
    }

    fn stored_as(&mut self, listed: &Listed) -> Option<MessageId> {
        let plain = internet_message_id_hash(listed.internet_message_id.as_deref()?);
        let hash = db::tombstone::kept(&self.key, plain);
        self.stored.get_mut(&(listed.arrived_at.timestamp(), Some(hash)))?.pop()
    }

    fn take_old(&mut self, row: &IntakeRow) -> bool {
        match self.old.get_mut(&(row.arrived_at, row.size)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    fn source(&self, assignment: &Assignment, row: &IntakeRow, message_id: MessageId) -> NewSource {
        NewSource {
            key: row.key.clone(),
            mailbox_id: assignment.mailbox.id,
            message_id,
            folder: assignment.job.folder.clone(),
            generation: self.generation.clone(),
            source_id: row.source_id.clone(),
            arrived_at: row.arrived_at,
        }
    }
}
