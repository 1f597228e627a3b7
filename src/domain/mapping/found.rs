//! What the lookups found for a batch of messages, extended as the batch itself makes instances.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::signals::{Counted, SameMessage, Signals};
use crate::domain::id::{InstanceId, MailboxId, MessageId};
use crate::domain::instance::InstanceState;

/// How far apart automatic messages of one sender are counted together.
pub const COUNTED_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// What a decision needs to know of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceFacts {
    /// Its id.
    pub id: InstanceId,
    /// Key of its process: a message matches within its mapping's process alone.
    pub process: String,
    /// The mailbox whose mail made it.
    pub mailbox_id: Option<MailboxId>,
    /// E.g. `INC-000042`.
    pub reference: String,
    /// The owning system's id.
    pub external_id: Option<String>,
    /// Whether it is open.
    pub open: bool,
    /// When it was last closed, where that is known.
    pub closed_at: Option<DateTime<Utc>>,
}

impl From<&InstanceState> for InstanceFacts {
    fn from(state: &InstanceState) -> Self {
        let instance = &state.instance;
        Self {
            id: instance.id,
            process: instance.process.clone(),
            mailbox_id: instance.mailbox_id,
            reference: instance.reference.clone(),
            external_id: instance.external_id.clone(),
            open: instance.open,
            closed_at: state.closed_at,
        }
    }
}

/// Something that messages of one instance share, by which later ones find it. Keys match within a process.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A Message-ID, without angle brackets.
    Thread(String),
    /// A conversation of a mailbox.
    Conversation(MailboxId, String),
    /// What the mapping's `keyExpression` gave.
    Business(String),
    /// The original author of something that someone trusted forwarded: an address in lower case.
    Participant(String),
}

/// What a key is to the message that brought it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// It is the message's own.
    Own = 0,
    /// The message names it, as in In-Reply-To or References.
    Referenced = 1,
}

/// A key about to be stored, so that later messages find the instance by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationKey {
    /// The key.
    pub key: Key,
    /// What it is to its message.
    pub role: Role,
    /// The instance found by it.
    pub instance_id: InstanceId,
    /// The message that brought it.
    pub message_id: MessageId,
}

/// A message that was taken in and belongs to an instance, among those that are the same in several mailboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Copy {
    /// Its id: ids grow in the order of taking in.
    pub message_id: MessageId,
    /// The mailbox that it came to.
    pub mailbox_id: MailboxId,
    /// The instance that it belongs to.
    pub instance_id: InstanceId,
}

/// What the lookups found. One is filled for a whole batch (ids of every message's [`Signals`]), and each
/// message that is stored is added to it, so that a mail and its reply may arrive together.
#[derive(Debug, Clone, Default)]
pub struct Found {
    instances: HashMap<InstanceId, InstanceFacts>,
    references: HashMap<String, InstanceId>,
    external_ids: HashMap<String, Vec<InstanceId>>,
    keys: HashMap<Key, Vec<(InstanceId, Role)>>,
    participants: HashMap<InstanceId, HashSet<String>>,
    copies: HashMap<SameMessage, Vec<Copy>>,
    counted: HashMap<String, HashMap<MessageId, DateTime<Utc>>>,
}

impl Found {
    /// Adds an instance, or renews what is known of it: under its id, its reference and its externalId.
    pub fn add_instance(&mut self, facts: InstanceFacts) {
        self.references.insert(facts.reference.clone(), facts.id);
        if let Some(external_id) = &facts.external_id {
            let ids = self.external_ids.entry(external_id.clone()).or_default();
            if !ids.contains(&facts.id) {
                ids.push(facts.id);
            }
        }
        self.instances.insert(facts.id, facts);
    }

    /// Adds a key of an instance; the instance itself is added by [`Found::add_instance`].
    pub fn add_key(&mut self, key: &Key, instance: InstanceId, role: Role) {
        let hits = self.keys.entry(key.clone()).or_default();
        if !hits.contains(&(instance, role)) {
            hits.push((instance, role));
        }
    }

    /// Adds what a message that now belongs to `instance` brings.
    pub fn add_message(&mut self, signals: &Signals, instance: InstanceId) {
        for (key, role) in signals.roles() {
            self.add_key(&key, instance, role);
        }
        for address in &signals.participants {
            self.add_participant(instance, address.clone());
        }
    }

    /// Adds someone who takes part in the thread of an instance, in lower case.
    pub fn add_participant(&mut self, instance: InstanceId, address: String) {
        self.participants.entry(instance).or_default().insert(address);
    }

    /// Adds a message that may have copies in other mailboxes.
    pub fn add_copy(&mut self, same: &SameMessage, copy: Copy) {
        let copies = self.copies.entry(same.clone()).or_default();
        if !copies.contains(&copy) {
            copies.push(copy);
        }
    }

    /// Adds an automatic message of a sender, who is in lower case, to this mailbox.
    pub fn count(&mut self, sender: String, message: MessageId, received_at: DateTime<Utc>) {
        self.counted.entry(sender).or_default().insert(message, received_at);
    }

    /// How many other automatic messages of the sender were taken in that arrived within ten minutes of this one.
    pub(super) fn counted(&self, counted: &Counted, message: MessageId, received_at: DateTime<Utc>) -> usize {
        let known = self.counted.get(&counted.sender).into_iter().flatten();
        known.filter(|(id, at)| **id != message && (received_at - **at).abs() < COUNTED_WITHIN).count()
    }

    /// Whether an address, in lower case, is on the thread of an instance.
    pub(super) fn takes_part(&self, instance: InstanceId, address: &str) -> bool {
        self.participants.get(&instance).is_some_and(|people| people.contains(address))
    }

    /// The instance of the same message in the mailbox that took it in first. Where that one has several, the second
    /// of this mailbox belongs to the second of that one: two identical alarms are two messages.
    pub(super) fn first_copy(
        &self,
        same: &SameMessage,
        mailbox_id: MailboxId,
        process: &str,
    ) -> Option<&InstanceFacts> {
        let mut copies = self.copies.get(same)?.clone();
        copies.sort_unstable();
        let mine = copies.iter().filter(|copy| copy.mailbox_id == mailbox_id).count();
        let mut others = copies.iter().filter(|copy| copy.mailbox_id != mailbox_id).filter_map(|copy| {
            let instance = self.instances.get(&copy.instance_id).filter(|it| it.process == process)?;
            Some((copy.mailbox_id, instance))
        });
        let (first, instance) = others.next()?;
        let rest = others.filter(|(other, _)| *other == first).map(|(_, instance)| instance);
        std::iter::once(instance).chain(rest).nth(mine)
    }

    /// Takes over the keys of another lookup.
    pub(super) fn add_keys_of(&mut self, other: Self) {
        for (key, hits) in other.keys {
            for (instance, role) in hits {
                self.add_key(&key, instance, role);
            }
        }
        for (instance, people) in other.participants {
            self.participants.entry(instance).or_default().extend(people);
        }
        for (same, copies) in other.copies {
            copies.into_iter().for_each(|copy| self.add_copy(&same, copy));
        }
        for (sender, messages) in other.counted {
            self.counted.entry(sender).or_default().extend(messages);
        }
    }

    /// Every instance that was found.
    pub fn instance_ids(&self) -> Vec<InstanceId> {
        self.instances.keys().copied().collect()
    }

    /// What is known of an instance.
    pub fn instance(&self, id: InstanceId) -> Option<&InstanceFacts> {
        self.instances.get(&id)
    }

    /// The instance with a reference, whatever its process.
    pub(super) fn by_reference(&self, reference: &str) -> Option<&InstanceFacts> {
        self.references.get(reference).and_then(|id| self.instances.get(id))
    }

    /// The instances with an externalId: at most one in each process.
    pub(super) fn by_external_id(&self, external_id: &str) -> impl Iterator<Item = &InstanceFacts> {
        self.external_ids.get(external_id).into_iter().flatten().filter_map(|id| self.instances.get(id))
    }

    /// The instances of `process` that have the key in `role`, each once.
    pub(super) fn by_key(&self, key: &Key, role: Role, process: &str) -> Vec<&InstanceFacts> {
        let hits = self.keys.get(key).map(Vec::as_slice).unwrap_or_default();
        hits.iter()
            .filter(|(_, hit)| *hit == role)
            .filter_map(|(id, _)| self.instances.get(id))
            .filter(|facts| facts.process == process)
            .collect()
    }
}
