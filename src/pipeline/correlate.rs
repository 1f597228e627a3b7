//! From drafts to effects: which instance each message makes or changes. Pure over what the lookups found.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::parse::{Draft, Failed};
use super::{Assignment, Treatment};
use crate::db;
use crate::db::instance::{CorrelationKey, KeyRole, LockedInstance, thread_key};
use crate::domain::id::{InstanceId, MessageId};
use crate::domain::instance::{ProcessInstance, reference};
use crate::domain::mapping::{self, Decision, Found, InstanceFacts, Role, Signals, Values};
use crate::domain::message::{Match, MessageState, Stage};

/// What the lookups found, its instances locked.
#[derive(Default)]
pub(super) struct Known {
    found: Found,
    instances: HashMap<InstanceId, LockedInstance>,
}

/// What one message does.
pub(super) struct Effect {
    /// What becomes of it.
    pub(super) state: MessageState,
    /// Why it is ignored, in a sentence.
    pub(super) reason: Option<String>,
    /// Why it failed.
    pub(super) failed: Option<Failed>,
    /// How it was matched.
    pub(super) matched: Option<Match>,
    /// The instance it belongs to.
    pub(super) instance_id: Option<InstanceId>,
    /// Whether it made the instance.
    pub(super) created: bool,
    /// The attributes it changed; None where it changed none and none was made.
    pub(super) changed: Option<Vec<String>>,
    /// What was cut, in sentences.
    pub(super) notes: Vec<String>,
}

/// What a batch does.
pub(super) struct Woven {
    /// By draft.
    pub(super) effects: Vec<Effect>,
    /// Instances made, in the order of their numbers.
    pub(super) made: Vec<LockedInstance>,
    /// Instances changed that were there before.
    pub(super) changed: Vec<LockedInstance>,
    /// What later messages find them by.
    pub(super) keys: Vec<CorrelationKey>,
}

/// Looks up what the drafts name, and locks the instances found.
pub(super) async fn look_up(
    tx: &db::Transaction,
    treatment: &Treatment,
    drafts: &[&Draft],
) -> Result<Known, db::Error> {
    let process = treatment.mapping.process.as_str();
    let signals = || drafts.iter().filter_map(|draft| draft.mapped.as_deref()).map(|(_, signals)| signals);
    let mut ids: HashMap<Vec<u8>, &str> = HashMap::new();
    for id in signals().flat_map(Signals::thread_ids) {
        ids.insert(thread_key(process, id), id);
    }
    let mut hashes: Vec<Vec<u8>> = ids.keys().cloned().collect();
    hashes.sort();
    let mut references: Vec<String> =
        signals().flat_map(Signals::reference_texts).map(str::to_owned).collect();
    references.sort();
    references.dedup();
    let keys = db::instance::by_keys(tx, &hashes).await?;
    let named = db::instance::ids_by_references(tx, &references).await?;
    let mut instances: Vec<InstanceId> =
        keys.iter().map(|key| key.instance_id).chain(named.into_iter().map(|(_, id)| id)).collect();
    instances.sort();
    instances.dedup();
    let mut known = Known::default();
    for locked in db::instance::lock(tx, &instances).await? {
        known.found.add_instance(facts(&locked));
        known.instances.insert(locked.instance.id, locked);
    }
    for key in keys {
        let Some(id) = ids.get(&key.key) else { continue };
        let role = match key.role {
            KeyRole::Own => Role::Own,
            KeyRole::Referenced => Role::Referenced,
        };
        known.found.add_thread(id, key.instance_id, role);
    }
    Ok(known)
}

/// Decides for each draft in turn, each seeing what those before it did.
pub(super) fn weave(
    assignment: &Assignment,
    drafts: &[&Draft],
    known: Known,
    first_number: i64,
    now: DateTime<Utc>,
) -> Woven {
    let mut loom = Loom {
        assignment,
        known,
        made: Vec::new(),
        changed: Vec::new(),
        keys: Vec::new(),
        first_number,
        now,
    };
    let effects = drafts.iter().map(|draft| loom.effect(draft)).collect();
    let Loom { mut known, made, changed, keys, .. } = loom;
    let mut take =
        |ids: Vec<InstanceId>| ids.into_iter().filter_map(|id| known.instances.remove(&id)).collect();
    Woven { effects, made: take(made), changed: take(changed), keys }
}

struct Loom<'a> {
    assignment: &'a Assignment,
    known: Known,
    made: Vec<InstanceId>,
    changed: Vec<InstanceId>,
    keys: Vec<CorrelationKey>,
    first_number: i64,
    now: DateTime<Utc>,
}

impl Loom<'_> {
    fn effect(&mut self, draft: &Draft) -> Effect {
        if let Some(failed) = &draft.failed {
            return Effect::failed(failed.clone(), None);
        }
        let Some((values, signals)) = draft.mapped.as_deref() else {
            let reason = "It could not be read.".to_owned();
            return Effect::failed(Failed { stage: Stage::Parse, reason, fault: None }, None);
        };
        let mapping = &self.assignment.treatment.mapping;
        let decision = mapping::correlate(&mapping.correlation, &mapping.process, signals, &self.known.found);
        let matched = decision.matched().clone();
        let result = match decision {
            Decision::Create { matched } => self.create(draft.id, values, matched),
            Decision::Update { instance, reopen, matched } => {
                self.update(draft.id, instance, reopen, values, matched)
            }
            Decision::Ignore { reason, matched } => Ok(Effect::ignored(reason, matched)),
        };
        let mut effect = match result {
            Ok(effect) => effect,
            Err(failure) => {
                let failed = Failed { stage: Stage::Map, reason: failure.message, fault: None };
                return Effect::failed(failed, Some(Match { created: false, ..matched }));
            }
        };
        effect.notes.extend(values.notes.iter().cloned());
        if let Some(instance) = effect.instance_id {
            self.known.found.add_message(signals, instance);
            self.add_keys(draft.id, signals, instance);
        }
        effect
    }

    fn create(
        &mut self,
        message_id: MessageId,
        values: &Values,
        matched: Match,
    ) -> Result<Effect, mapping::MapFailure> {
        let mapping = &self.assignment.treatment.mapping;
        let attributes = mapping::create(values)?;
        let number = self.first_number + i64::try_from(self.made.len()).unwrap_or(0);
        let instance = ProcessInstance {
            id: InstanceId::new(),
            reference: reference(&mapping.reference_prefix, number),
            process: mapping.process.clone(),
            mapping_id: Some(mapping.id),
            mailbox_id: Some(self.assignment.mailbox.id),
            open: true,
            attributes,
            external_id: None,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        let id = instance.id;
        let locked = LockedInstance { instance, closed_at: None, last_message_id: Some(message_id) };
        self.known.found.add_instance(facts(&locked));
        self.known.instances.insert(id, locked);
        self.made.push(id);
        Ok(Effect { created: true, ..Effect::processed(id, matched) })
    }

    fn update(
        &mut self,
        message_id: MessageId,
        id: InstanceId,
        reopen: bool,
        values: &Values,
        matched: Match,
    ) -> Result<Effect, mapping::MapFailure> {
        let mut effect = Effect::processed(id, matched);
        let Some(locked) = self.known.instances.get_mut(&id) else { return Ok(effect) };
        let mut change = mapping::update(&mut locked.instance.attributes, values)?;
        if reopen && !locked.instance.open {
            locked.instance.open = true;
            locked.closed_at = None;
            change.changed.push("open".to_owned());
        }
        locked.last_message_id = Some(message_id);
        locked.instance.updated_at = self.now;
        let locked = locked.clone();
        self.known.found.add_instance(facts(&locked));
        if !self.made.contains(&id) && !self.changed.contains(&id) {
            self.changed.push(id);
        }
        effect.notes = change.notes;
        effect.changed = Some(change.changed);
        Ok(effect)
    }

    fn add_keys(&mut self, message_id: MessageId, signals: &Signals, instance_id: InstanceId) {
        let process = &self.assignment.treatment.mapping.process;
        let own = signals.own_id.as_deref().map(|id| (id, KeyRole::Own));
        let referenced =
            signals.referenced_ids.iter().map(|thread| (thread.id.as_str(), KeyRole::Referenced));
        self.keys.extend(own.into_iter().chain(referenced).map(|(id, role)| CorrelationKey {
            key: thread_key(process, id),
            role,
            instance_id,
            message_id,
        }));
    }
}

impl Effect {
    fn processed(instance: InstanceId, matched: Match) -> Self {
        Self {
            state: MessageState::Processed,
            reason: None,
            failed: None,
            matched: Some(matched),
            instance_id: Some(instance),
            created: false,
            changed: None,
            notes: Vec::new(),
        }
    }

    fn ignored(reason: String, matched: Match) -> Self {
        Self {
            state: MessageState::Ignored,
            reason: Some(reason),
            failed: None,
            matched: Some(matched),
            instance_id: None,
            created: false,
            changed: None,
            notes: Vec::new(),
        }
    }

    fn failed(failed: Failed, matched: Option<Match>) -> Self {
        Self {
            state: MessageState::Failed,
            reason: Some(failed.reason.clone()),
            failed: Some(failed),
            matched,
            instance_id: None,
            created: false,
            changed: None,
            notes: Vec::new(),
        }
    }
}

fn facts(locked: &LockedInstance) -> InstanceFacts {
    let instance = &locked.instance;
    InstanceFacts {
        id: instance.id,
        process: instance.process.clone(),
        reference: instance.reference.clone(),
        external_id: instance.external_id.clone(),
        open: instance.open,
        closed_at: locked.closed_at,
    }
}
