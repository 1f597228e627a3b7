//! What the lookups found for a batch of messages, extended as the batch itself makes instances.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::signals::Signals;
use crate::domain::id::InstanceId;

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

/// How a stored Message-ID belongs to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A message of the instance has it as its own.
    Own,
    /// A message of the instance names it in In-Reply-To or References.
    Referenced,
}

/// What the lookups found. One is filled for a whole batch (ids of every message's [`Signals`]), and each
/// message that is stored is added to it, so that a mail and its reply may arrive together.
#[derive(Debug, Clone, Default)]
pub struct Found {
    instances: HashMap<InstanceId, InstanceFacts>,
    references: HashMap<String, InstanceId>,
    external_ids: HashMap<String, Vec<InstanceId>>,
    threads: HashMap<String, Vec<(InstanceId, Role)>>,
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

    /// Adds a stored Message-ID of an instance; the instance itself is added by [`Found::add_instance`].
    pub fn add_thread(&mut self, message_id: &str, instance: InstanceId, role: Role) {
        let hits = self.threads.entry(message_id.to_owned()).or_default();
        if !hits.contains(&(instance, role)) {
            hits.push((instance, role));
        }
    }

    /// Adds what a message that now belongs to `instance` brings: its own id and those it names.
    pub fn add_message(&mut self, signals: &Signals, instance: InstanceId) {
        if let Some(own) = &signals.own_id {
            self.add_thread(own, instance, Role::Own);
        }
        for thread in &signals.referenced_ids {
            self.add_thread(&thread.id, instance, Role::Referenced);
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

    /// The instances of `process` to which a Message-ID belongs in `role`, each once.
    pub(super) fn by_thread(&self, message_id: &str, role: Role, process: &str) -> Vec<&InstanceFacts> {
        let hits = self.threads.get(message_id).map(Vec::as_slice).unwrap_or_default();
        hits.iter()
            .filter(|(_, hit)| *hit == role)
            .filter_map(|(id, _)| self.instances.get(id))
            .filter(|facts| facts.process == process)
            .collect()
    }
}
