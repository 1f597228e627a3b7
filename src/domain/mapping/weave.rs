//! From treated messages to what they do: which instance each makes or changes, each seeing what those before it did.
//! Pure over what the lookups found; the intake stores what comes out, a dry run shows it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::compiled::Treated;
use super::correlate::{Decision, correlate};
use super::found::{Copy, CorrelationKey, Found, InstanceFacts};
use super::signals::{Signals, quoted};
use super::values::{MapFailure, Values};
use super::{Mapping, apply};
use crate::domain::id::{InstanceId, MailboxId, MessageId};
use crate::domain::instance::{InstanceState, ProcessInstance, reference};
use crate::domain::message::{Failed, Match, MatchedBy, MessageState, Stage};

/// What the lookups found, with the instances themselves.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// By what messages name.
    pub found: Found,
    instances: HashMap<InstanceId, InstanceState>,
}

impl Known {
    /// Adds an instance, or renews what is known of it.
    pub fn add(&mut self, state: InstanceState) {
        self.found.add_instance(InstanceFacts::from(&state));
        self.instances.insert(state.instance.id, state);
    }

    /// An instance, as it has become.
    pub fn instance(&self, id: InstanceId) -> Option<&InstanceState> {
        self.instances.get(&id)
    }
}

/// What one message does.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// What becomes of it.
    pub state: MessageState,
    /// Why it is ignored, in a sentence.
    pub reason: Option<String>,
    /// Why it failed.
    pub failed: Option<Failed>,
    /// How it was matched.
    pub matched: Option<Match>,
    /// The instance it belongs to.
    pub instance_id: Option<InstanceId>,
    /// Whether it made the instance.
    pub created: bool,
    /// The attributes it changed; None where it changed none and none was made.
    pub changed: Option<Vec<String>>,
    /// What was cut, in sentences.
    pub notes: Vec<String>,
}

/// What a batch does.
#[derive(Debug, Default)]
pub struct Woven {
    /// Instances made, in the order of their numbers.
    pub made: Vec<InstanceState>,
    /// Instances changed that were there before.
    pub changed: Vec<InstanceState>,
    /// What later messages find them by.
    pub keys: Vec<CorrelationKey>,
}

/// Where a message is woven in.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The rules.
    pub mapping: &'a Mapping,
    /// The mailbox it came to.
    pub mailbox_id: MailboxId,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Decides for each message in turn.
pub struct Loom<'a, N> {
    setting: Setting<'a>,
    known: Known,
    numbers: N,
    made: Vec<InstanceId>,
    changed: Vec<InstanceId>,
    keys: Vec<CorrelationKey>,
}

impl<'a, N: FnMut(MessageId) -> i64> Loom<'a, N> {
    /// `numbers` gives the number of the instance that a message makes.
    pub fn new(setting: Setting<'a>, known: Known, numbers: N) -> Self {
        Self { setting, known, numbers, made: Vec::new(), changed: Vec::new(), keys: Vec::new() }
    }

    /// Adds what a further lookup found; what is known of an instance already is newer.
    pub fn learn(&mut self, more: Known) {
        let Known { found, instances } = more;
        for (id, state) in instances {
            if !self.known.instances.contains_key(&id) {
                self.known.add(state);
            }
        }
        self.known.found.add_keys_of(found);
    }

    /// What is known by now.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// What the message does; those that come after it see it.
    pub fn weave(&mut self, message_id: MessageId, treated: &Treated) -> Effect {
        let refused = treated.ignored.clone().or_else(|| self.storm(message_id, &treated.signals));
        if let Some(counted) = &treated.signals.counted {
            self.known.found.count(counted.sender.clone(), message_id, treated.signals.received_at);
        }
        if let Some(reason) = refused {
            let notes = treated.values.notes.clone();
            return Effect { reason: Some(reason), notes, ..Effect::bare(MessageState::Ignored) };
        }
        self.place(message_id, treated)
    }

    /// Why the message is one too many of its sender; the same whatever the batches, because those before it count.
    fn storm(&self, message_id: MessageId, signals: &Signals) -> Option<String> {
        let most = self.setting.mapping.loop_protection.max_per_sender_per_10_min;
        let counted = self.known.found.counted(signals.counted.as_ref()?, message_id, signals.received_at);
        (most > 0 && counted >= usize::try_from(most).unwrap_or(usize::MAX)).then(|| {
            format!(
                "Its sender sent more than {most} automatic messages within ten minutes: this may be a loop."
            )
        })
    }

    fn place(&mut self, message_id: MessageId, treated: &Treated) -> Effect {
        let Treated { values, signals, .. } = treated;
        let mapping = self.setting.mapping;
        if let Some(effect) = self.join_first(message_id, signals) {
            return effect;
        }
        let decision = correlate(&mapping.correlation, &mapping.process, signals, &self.known.found)
            .allowed(&mapping.loop_protection, signals);
        let matched = decision.matched().clone();
        let result = match decision {
            Decision::Create { matched } => self.create(message_id, values, matched),
            Decision::Update { instance, reopen, matched } => {
                self.update(message_id, instance, reopen, values, matched)
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
            self.add_keys(message_id, signals, instance);
        }
        effect
    }

    /// What the messages together did.
    pub fn finish(self) -> Woven {
        let Self { mut known, made, changed, keys, .. } = self;
        let mut take =
            |ids: Vec<InstanceId>| ids.into_iter().filter_map(|id| known.instances.remove(&id)).collect();
        Woven { made: take(made), changed: take(changed), keys }
    }

    fn create(
        &mut self,
        message_id: MessageId,
        values: &Values,
        matched: Match,
    ) -> Result<Effect, MapFailure> {
        let Setting { mapping, mailbox_id, now } = self.setting;
        let attributes = apply::create(values)?;
        let instance = ProcessInstance {
            id: InstanceId::new(),
            reference: reference(&mapping.reference_prefix, (self.numbers)(message_id)),
            process: mapping.process.clone(),
            mapping_id: Some(mapping.id),
            mailbox_id: Some(mailbox_id),
            open: true,
            attributes,
            external_id: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let id = instance.id;
        self.known.add(InstanceState { instance, closed_at: None, last_message_id: Some(message_id) });
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
    ) -> Result<Effect, MapFailure> {
        let mut effect = Effect::processed(id, matched);
        let Some(mut state) = self.known.instances.get(&id).cloned() else { return Ok(effect) };
        let mut change = apply::update(&mut state.instance.attributes, values)?;
        if reopen && !state.instance.open {
            state.instance.open = true;
            state.closed_at = None;
            change.changed.push("open".to_owned());
        }
        state.last_message_id = Some(message_id);
        state.instance.updated_at = self.setting.now;
        self.known.add(state);
        if !self.made.contains(&id) && !self.changed.contains(&id) {
            self.changed.push(id);
        }
        effect.notes = change.notes;
        effect.changed = Some(change.changed);
        Ok(effect)
    }

    /// The same message in a mailbox that took it in before: what it says was applied there.
    fn join_first(&mut self, message_id: MessageId, signals: &Signals) -> Option<Effect> {
        let same = signals.same.as_ref()?;
        let Setting { mapping, mailbox_id, .. } = self.setting;
        let instance = self.known.found.first_copy(same, mailbox_id, &mapping.process)?.id;
        let evidence = format!(
            "Message-ID <{}>, which another mailbox took in with the same content",
            quoted(&same.internet_message_id)
        );
        let matched = Match { by: MatchedBy::SameMessage, evidence, created: false };
        self.add_keys(message_id, signals, instance);
        Some(Effect::processed(instance, matched))
    }

    fn add_keys(&mut self, message_id: MessageId, signals: &Signals, instance_id: InstanceId) {
        self.known.found.add_message(signals, instance_id);
        if let Some(same) = &signals.same {
            let mailbox_id = self.setting.mailbox_id;
            self.known.found.add_copy(same, Copy { message_id, mailbox_id, instance_id });
        }
        let keys = signals.given();
        self.keys.extend(keys.map(|(key, role)| CorrelationKey { key, role, instance_id, message_id }));
    }
}

impl Effect {
    fn processed(instance: InstanceId, matched: Match) -> Self {
        Self { matched: Some(matched), instance_id: Some(instance), ..Self::bare(MessageState::Processed) }
    }

    fn ignored(reason: String, matched: Match) -> Self {
        Self { reason: Some(reason), matched: Some(matched), ..Self::bare(MessageState::Ignored) }
    }

    /// Of a message that can't be processed.
    pub fn failed(failed: Failed, matched: Option<Match>) -> Self {
        let reason = Some(failed.reason.clone());
        Self { reason, failed: Some(failed), matched, ..Self::bare(MessageState::Failed) }
    }

    fn bare(state: MessageState) -> Self {
        Self {
            state,
            reason: None,
            failed: None,
            matched: None,
            instance_id: None,
            created: false,
            changed: None,
            notes: Vec::new(),
        }
    }
}
