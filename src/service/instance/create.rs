//! An instance made by hand: for a case that the owning system already has, or from a message.

use serde_json::{Map, Value};

use super::given::{self, external_id_taken};
use crate::db;
use crate::domain::event::Fact;
use crate::domain::id::{InstanceId, MappingId, MessageId};
use crate::domain::instance::{InstanceState, ProcessInstance, reference};
use crate::domain::mapping::{CompiledMapping, Mapping, as_given};
use crate::domain::message::MessageState;
use crate::service::error::Problems;
use crate::service::hand::{self, Looked, MESSAGES};
use crate::service::permit::MailHandle;
use crate::service::{Context, Error, Path, Permit, UserErrorCode, text};

/// A new instance.
#[derive(Debug, Clone)]
pub struct CreateInstance {
    /// Whose process, prefix and rules it has.
    pub mapping_id: MappingId,
    /// The message that it is made from.
    pub message_id: Option<MessageId>,
    /// By name; null leaves out what the message would give.
    pub attributes: Option<Value>,
    /// The owning system's id.
    pub external_id: Option<String>,
}

/// Makes an instance. From a message, it has what the rules give on create, as far as they give anything, and over it the
/// attributes given; the message is attached to it, away from another one. A rule's `required` is for messages: a
/// person may leave out what is not known.
pub async fn create(
    cx: &Context,
    permit: &Permit<MailHandle>,
    input: CreateInstance,
) -> Result<ProcessInstance, Error> {
    let unknown = || Error::unknown(&Path::of("mappingId"), "mapping");
    let mapping = db::mapping::get(cx.db.read(), input.mapping_id).await?.ok_or_else(unknown)?;
    let path = Path::of("messageId");
    let looked = match input.message_id {
        Some(id) => Some(hand::look(cx, id, &path, Some(mapping.clone())).await?),
        None => None,
    };
    if let Some(looked) = &looked {
        own_process(cx, looked, &mapping).await?;
    }
    let mut problems = Problems::new();
    let compiled = CompiledMapping::new(&mapping).ok();
    let (attributes, by_hand) =
        attributes(&mut problems, compiled.as_ref(), looked.as_ref(), input.attributes);
    let external_id =
        text::optional_line(&mut problems, &Path::of("externalId"), input.external_id, "external id");
    problems.finish()?;

    let now = cx.clock.now();
    let tx = cx.db.begin().await?;
    let mut held = match &looked {
        Some(looked) => Some(hand::hold(&tx, &looked.message, &path).await?),
        None => None,
    };
    let old = held.as_ref().and_then(|held| held.message.instance_id);
    let from = db::instance::lock(&tx, &old.into_iter().collect::<Vec<_>>()).await?.pop();
    db::instance::lock_numbers(&tx, &mapping.process, &mapping.reference_prefix).await?;
    let number = db::instance::take_numbers(&tx, &mapping.reference_prefix, 1).await?;
    let of_mapping = db::mailbox::by_mapping_ids(&tx, &[mapping.id]).await?.remove(&mapping.id);
    let mailbox_id =
        held.as_ref().map(|held| held.message.mailbox_id).or(of_mapping.map(|mailbox| mailbox.id));
    let instance = ProcessInstance {
        id: InstanceId::new(),
        reference: reference(&mapping.reference_prefix, number),
        process: mapping.process.clone(),
        mapping_id: Some(mapping.id),
        mailbox_id,
        open: true,
        attributes,
        external_id,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let state =
        InstanceState { instance: instance.clone(), closed_at: None, last_message_id: input.message_id };
    db::instance::insert(&tx, &[state]).await.map_err(external_id_taken)?;
    db::by_hand::write(&tx, instance.id, &by_hand, instance.external_id.as_deref()).await?;
    let mut facts = Vec::new();
    if let (Some(looked), Some(held)) = (&looked, &mut held) {
        let was = held.message.state;
        let evidence = format!("{} made it by hand", permit.caller().subject);
        hand::attach(held, instance.id, evidence, true);
        held.message.mapping_id = Some(mapping.id);
        hand::handle_anew(cx, &tx, held, was).await?;
        db::pass::write_outcome(&tx, &held.message).await?;
        db::key::remove(&tx, held.message.id).await?;
        db::key::add(&tx, &mapping.process, hand::keys(looked, instance.id)).await?;
        let message_id = held.message.id;
        if was != MessageState::Processed {
            facts.push(Fact::MessageReceived { message_id, instance_id: Some(instance.id) });
        }
        if let Some(from) = from {
            let (instance_id, changed) = (from.instance.id, vec![MESSAGES.to_owned()]);
            facts.push(Fact::ProcessInstanceUpdated { message_id: Some(message_id), instance_id, changed });
            hand::leave(&tx, from, message_id, now).await?;
        }
    }
    facts.push(Fact::ProcessInstanceCreated { message_id: input.message_id, instance_id: instance.id });
    let events = facts.into_iter().map(|fact| hand::told(cx, permit, mailbox_id, fact)).collect();
    db::event::append(&tx, events).await?;
    tx.commit().await.map_err(db::Error::from)?;
    cx.wake.ring();
    Ok(instance)
}

/// What the message gives, and over it what the person gives; and the names of the latter.
fn attributes(
    problems: &mut Problems,
    compiled: Option<&CompiledMapping>,
    looked: Option<&Looked>,
    given: Option<Value>,
) -> (Map<String, Value>, Vec<String>) {
    let treated = looked.and_then(|looked| looked.treated.as_ref());
    let mut attributes = treated.map(|treated| as_given(&treated.values)).unwrap_or_default();
    let given = given::object(problems, given);
    let by_hand = given.keys().cloned().collect();
    for (name, value) in given {
        match given::checked(problems, compiled, &name, &value) {
            None | Some(Value::Null) => attributes.remove(&name),
            Some(value) => attributes.insert(name, value),
        };
    }
    (attributes, by_hand)
}

/// Replies to the message are looked for within the process of its own mapping.
async fn own_process(cx: &Context, looked: &Looked, mapping: &Mapping) -> Result<(), Error> {
    let Some(own) = looked.message.mapping_id.filter(|id| *id != mapping.id) else { return Ok(()) };
    let Some(own) = db::mapping::get(cx.db.read(), own).await? else { return Ok(()) };
    if own.process == mapping.process {
        return Ok(());
    }
    let message = format!(
        "The mapping is of the process `{}`, and the message belongs to `{}`: choose a mapping of `{}`.",
        mapping.process, own.process, own.process
    );
    Err(Error::refused(UserErrorCode::Invalid, &Path::of("mappingId"), message))
}
