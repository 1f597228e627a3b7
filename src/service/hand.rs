//! What a person does to a stored message: it is held with the lease row of its mailbox, changed, and told with who
//! did it. The order of locks is that of the intake: lease, messages, instances, counter, keys, head of the log.

use std::sync::Arc;

use crate::db;
use crate::db::pass::Held;
use crate::domain::event::{Fact, NewEvent};
use crate::domain::id::{EventId, InstanceId, MailboxId, MessageId};
use crate::domain::instance::InstanceState;
use crate::domain::mapping::{
    CompiledMapping, CorrelationKey, Key, Mapping, Parsed, Role, Surroundings, Treated,
};
use crate::domain::message::{Match, MatchedBy, Message, MessageState};
use crate::domain::parsed::ParsedMessage;

use super::permit::MailHandle;
use super::{Context, Error, Path, Permit, file};

/// What stands in `changed` of an event when messages came to an instance or left it by hand.
pub(super) const MESSAGES: &str = "messages";

/// A message with its mapping, and what that makes of it now.
pub(super) struct Looked {
    /// The message, as it was a moment ago.
    pub(super) message: Message,
    /// The mapping that treated it; None where that is gone.
    pub(super) mapping: Option<Mapping>,
    /// What the mapping makes of it; None without raw bytes.
    pub(super) treated: Option<Treated>,
}

/// Reads the message and its raw bytes, before the transaction. `mapping` is to treat it; its own where None.
pub(super) async fn look(
    cx: &Context,
    id: MessageId,
    path: &Path,
    mapping: Option<Mapping>,
) -> Result<Looked, Error> {
    let message = db::read::message::by_ids(cx.db.read(), &[id]).await?.remove(&id);
    let message = message.ok_or_else(|| Error::unknown(path, "message"))?;
    let mapping = match (mapping, message.mapping_id) {
        (None, Some(id)) => db::mapping::get(cx.db.read(), id).await?,
        (given, _) => given,
    };
    let compiled = mapping.as_ref().and_then(|mapping| CompiledMapping::new(mapping).ok());
    let mailbox = db::mailbox::get(cx.db.read(), message.mailbox_id).await?;
    let mut treated = None;
    if let (Some(compiled), Some(mailbox), true) = (compiled, mailbox, message.has_raw) {
        let compiled = compiled.within(Surroundings::of(&mailbox, Arc::clone(&cx.installation)));
        let received_at = message.received_at;
        let treat = move |parsed: ParsedMessage| {
            compiled.treat_by_hand(&Parsed { message: &parsed, received_at }).ok()
        };
        treated = file::parsed(cx, id, treat).await?;
    }
    Ok(Looked { message, mapping, treated })
}

/// Holds the message: nothing else changes it until the transaction ends.
pub(super) async fn hold(tx: &db::Transaction, message: &Message, path: &Path) -> Result<Held, Error> {
    db::lease::hold(tx, &[message.mailbox_id]).await?;
    let held = db::pass::hold(tx, &[message.id]).await?.pop();
    held.ok_or_else(|| Error::unknown(path, "message"))
}

/// The message belongs to the instance by a person's decision, whatever became of it before.
pub(super) fn attach(looked: &mut Held, instance: InstanceId, evidence: String, created: bool) {
    let message = &mut looked.message;
    message.state = MessageState::Processed;
    message.reason = None;
    message.failure = None;
    message.instance_id = Some(instance);
    message.matched = Some(Match { by: MatchedBy::ByHand, evidence, created });
    looked.appended = None;
}

/// What later messages find the instance by, through this one.
pub(super) fn keys(looked: &Looked, instance_id: InstanceId) -> Vec<CorrelationKey> {
    let message = &looked.message;
    let key = |(key, role)| CorrelationKey { key, role, instance_id, message_id: message.id };
    match &looked.treated {
        Some(treated) => treated.signals.given().map(key).collect(),
        // Never read, or its raw bytes are gone: its own id is all that is known.
        None => {
            let own = message.internet_message_id.iter().filter(|id| id.chars().any(char::is_alphanumeric));
            own.map(|id| key((Key::Thread(id.clone()), Role::Own))).collect()
        }
    }
}

/// Writes an instance that the message left.
pub(super) async fn leave(
    tx: &db::Transaction,
    mut state: InstanceState,
    message: MessageId,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), Error> {
    if state.last_message_id == Some(message) {
        state.last_message_id = db::pass::newest_other(tx, state.instance.id, message).await?;
    }
    state.instance.updated_at = now;
    Ok(db::instance::update(tx, &state).await?)
}

/// The original of a message that had failed is now to be handled as its new outcome says: at once.
pub(super) async fn handle_anew(
    cx: &Context,
    tx: &db::Transaction,
    held: &mut Held,
    was: MessageState,
) -> Result<(), Error> {
    let Some(job_id) = held.message.job_id else { return Ok(()) };
    let Some(job) = db::job::get(tx, job_id).await? else { return Ok(()) };
    let now = cx.clock.now();
    let before = held.message.disposition.clone();
    let after = before.clone().after(was, job.handling.as_ref(), held.message.state, now);
    if after != before {
        held.message.disposition = after;
        db::job::run_at_once(tx, job_id, now).await?;
    }
    Ok(())
}

/// A fact that the caller brought about.
pub(super) fn told(
    cx: &Context,
    permit: &Permit<MailHandle>,
    mailbox_id: Option<MailboxId>,
    fact: Fact,
) -> NewEvent {
    NewEvent {
        id: EventId::new(),
        occurred_at: cx.clock.now(),
        actor: Some(permit.caller().subject.clone()),
        mailbox_id,
        fact,
    }
}
