//! What mappings would make of stored messages: the intake's own code, from the raw bytes on, storing nothing.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::db;
use crate::db::correlation::Absent;
use crate::db::read::part;
use crate::domain::id::{InstanceId, MailboxId, MessageId};
use crate::domain::instance::ProcessInstance;
use crate::domain::mailbox::Mailbox;
use crate::domain::mapping::{
    CompiledMapping, Effect, Known, Loom, Mapping, Parsed, Problem, Setting, Surroundings, Treated,
};
use crate::domain::message::{Failed, Message, Stage};
use crate::mail;
use crate::service::{Context, Error, Path, UserErrorCode, file};

/// A mapping that is tried.
pub(super) struct Trial {
    pub(super) mapping: Mapping,
    pub(super) compiled: CompiledMapping,
}

impl Trial {
    /// Compiles it for the mail of a mailbox; `path` is where the input names it.
    pub(super) fn of(
        cx: &Context,
        mapping: Mapping,
        mailbox: Option<&Mailbox>,
        path: &Path,
    ) -> Result<Arc<Self>, Error> {
        let compiled = CompiledMapping::new(&mapping).map_err(|_| {
            let message = "This mapping does not work with this version of mailroom: save it again.";
            Error::refused(UserErrorCode::Invalid, path, message)
        })?;
        let within = |mailbox| Surroundings::of(mailbox, Arc::clone(&cx.installation));
        let compiled = compiled.within(mailbox.map(within).unwrap_or_default());
        Ok(Arc::new(Self { mapping, compiled }))
    }

    /// Parses and treats the raw bytes of a message; without `received_at`, by what the message says of it.
    pub(super) fn treat(
        &self,
        raw: &[u8],
        received_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        limits: &mail::Limits,
    ) -> Result<Treated, Box<Failed>> {
        let mut parsed = mail::parse(raw, limits).map_err(|error| {
            let reason = format!("It can't be read: {error}.");
            Box::new(Failed { stage: Stage::Parse, reason, fault: None })
        })?;
        self.compiled.know_own(&mut parsed);
        self.compiled.leave_out(&mut parsed);
        let received_at = received_at.or(parsed.received_at).unwrap_or(now);
        self.compiled.treat(&Parsed { message: &parsed, received_at })
    }

    /// Treats stored messages, in their order; None where the raw bytes are not kept.
    pub(super) async fn treat_stored(
        self: &Arc<Self>,
        cx: &Context,
        messages: &[Message],
    ) -> Result<Vec<Option<Result<Treated, Box<Failed>>>>, Error> {
        let ids: Vec<MessageId> = messages.iter().map(|message| message.id).collect();
        let mut raws = part::raws(cx.db.read(), &ids).await?;
        let now = cx.clock.now();
        let mut treated = Vec::with_capacity(messages.len());
        for message in messages {
            treated.push(match raws.remove(&message.id) {
                None => None,
                Some(raw) => {
                    let (trial, limits) = (Arc::clone(self), Arc::clone(&cx.limits));
                    let received_at = Some(message.received_at);
                    let treat = move |raw: Vec<u8>| Some(trial.treat(&raw, received_at, now, &limits));
                    file::unpacked(cx, raw, treat).await?
                }
            });
        }
        Ok(treated)
    }

    /// Where messages of the mailbox are woven in.
    pub(super) fn setting(&self, cx: &Context, mailbox_id: MailboxId) -> Setting<'_> {
        Setting { mapping: &self.mapping, mailbox_id, now: cx.clock.now() }
    }

    /// What the messages name, but for what is to be absent.
    pub(super) async fn look_up<'a>(
        &self,
        cx: &Context,
        treated: impl Iterator<Item = &'a Treated> + Clone,
        absent: &Absent,
    ) -> Result<Known, Error> {
        let signals = treated.map(|treated| &treated.signals);
        let (db, key) = (cx.db.read(), cx.installation.tombstones());
        Ok(db::correlation::look_up(db, &key, &self.mapping.process, signals, absent).await?)
    }
}

/// What a message would do.
pub(super) struct Rehearsed {
    pub(super) effect: Effect,
    /// The instance as it would be.
    pub(super) instance: Option<ProcessInstance>,
    /// Those of the instance as it would be; where there is none, what the rules give.
    pub(super) attributes: Map<String, Value>,
    /// Rules that failed.
    pub(super) problems: Vec<Problem>,
}

/// Weaves a message in and shows what it did.
pub(super) fn rehearse<N: FnMut(MessageId) -> i64>(
    loom: &mut Loom<'_, N>,
    id: MessageId,
    treated: &Result<Treated, Box<Failed>>,
) -> Rehearsed {
    match treated {
        Err(failed) => Rehearsed {
            effect: Effect::failed(Failed::clone(failed), None),
            instance: None,
            attributes: Map::new(),
            problems: Vec::new(),
        },
        Ok(treated) => {
            let effect = loom.weave(id, treated);
            let state = effect.instance_id.and_then(|id| loom.known().instance(id));
            let instance = state.map(|state| state.instance.clone());
            let attributes = match &instance {
                Some(instance) => instance.attributes.clone(),
                None => treated.values.given(),
            };
            Rehearsed { effect, instance, attributes, problems: treated.values.problems() }
        }
    }
}

/// The instances that messages made when they were taken in, with the numbers of their references.
pub(super) struct Originals {
    pub(super) absent: Absent,
    numbers: HashMap<MessageId, i64>,
    next: i64,
}

impl Originals {
    /// Of messages that are gone through again, as if neither they nor what they made were there.
    pub(super) async fn of(cx: &Context, messages: &[Message], mapping: &Mapping) -> Result<Self, Error> {
        let created = |message: &&Message| message.matched.as_ref().is_some_and(|matched| matched.created);
        let made: Vec<(MessageId, InstanceId)> = messages
            .iter()
            .filter(created)
            .filter_map(|message| Some((message.id, message.instance_id?)))
            .collect();
        let ids: Vec<InstanceId> = made.iter().map(|(_, instance)| *instance).collect();
        let instances = db::read::instance::by_ids(cx.db.read(), &ids).await?;
        let numbers = made
            .iter()
            .filter_map(|(message, instance)| Some((*message, number(&instances.get(instance)?.reference)?)))
            .collect();
        let absent = Absent {
            messages: messages.iter().map(|message| message.id).collect(),
            instances: ids.into_iter().collect(),
        };
        let next = db::instance::last_number(cx.db.read(), &mapping.reference_prefix).await?;
        Ok(Self { absent, numbers, next })
    }

    /// What an instance is numbered: as the one that the message made, or the next.
    pub(super) fn number(&mut self, message: MessageId) -> i64 {
        self.numbers.remove(&message).unwrap_or_else(|| {
            self.next += 1;
            self.next
        })
    }
}

fn number(reference: &str) -> Option<i64> {
    reference.rsplit_once('-')?.1.parse().ok()
}
