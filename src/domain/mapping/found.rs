//! What the lookups found for a batch of messages, extended as the batch itself makes instances.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::signals::Signals;
use crate::domain::id::{InstanceId, MessageId};
use crate::domain::instance::InstanceState;

/// What a decision needs to know of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceFacts {
    /// Its id.
    pub id: InstanceId,
    /// Key of its process: a message matches within its mapping's process alone.
    pub process: String,
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

/// What the lookups found. One is filled for a whole batch (ids of every message's [`Signals`]), and each
/// message that is stored is added to it, so that a mail and its reply may arrive together.
#[derive(Debug, Clone, Default)]
pub struct Found {
    instances: HashMap<InstanceId, InstanceFacts>,
    references: HashMap<String, InstanceId>,
    external_ids: HashMap<String, Vec<InstanceId>>,
    keys: HashMap<Key, Vec<(InstanceId, Role)>>,
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
    }

    /// Takes over the keys of another lookup.
    pub(super) fn add_keys_of(&mut self, other: Self) {
        for (key, hits) in other.keys {
            for (instance, role) in hits {
                self.add_key(&key, instance, role);
            }
        }
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
