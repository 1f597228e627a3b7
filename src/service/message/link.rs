//! A message attached to an instance by hand, or detached from it.

use crate::db;
use crate::domain::event::Fact;
use crate::domain::id::{InstanceId, MessageId};
use crate::domain::instance::InstanceState;
use crate::domain::message::{Match, MatchedBy, Message, MessageState};
use crate::service::hand::{self, Looked, MESSAGES};
use crate::service::permit::MailHandle;
use crate::service::{Context, Error, Path, Permit, UserErrorCode};

/// Attaches the message to the instance, away from another one; None detaches it.
///
/// What a person decided stands: mapping it again leaves the match alone, and replies to the message follow it. The
/// instance's attributes stay as they are; no rule is applied. An IGNORED or FAILED message becomes PROCESSED when it is
/// attached, a PROCESSED one IGNORED when it is detached.
pub async fn link(
    cx: &Context,
    permit: &Permit<MailHandle>,
    message_id: MessageId,
    instance_id: Option<InstanceId>,
) -> Result<Message, Error> {
    let path = Path::of("messageId");
    let looked = hand::look(cx, message_id, &path, None).await?;
    let tx = cx.db.begin().await?;
    let mut held = hand::hold(&tx, &looked.message, &path).await?;
    let old = held.message.instance_id;
    if old == instance_id {
        return Ok(held.message);
    }
    let mut ids: Vec<InstanceId> = old.into_iter().chain(instance_id).collect();
    ids.sort();
    let mut states = db::instance::lock(&tx, &ids).await?;
    let mut take = |id: Option<InstanceId>| {
        let at = states.iter().position(|state| Some(state.instance.id) == id)?;
        Some(states.swap_remove(at))
    };
    let (from, to) = (take(old), take(instance_id));
    if instance_id.is_some() && to.is_none() {
        return Err(Error::unknown(&Path::of("processInstanceId"), "process instance"));
    }
    if let Some(to) = &to {
        same_process(&looked, from.as_ref(), to)?;
    }
    let was = held.message.state;
    let who = &permit.caller().subject;
    match &to {
        Some(to) => {
            let evidence = format!("{who} attached it by hand");
            hand::attach(&mut held, to.instance.id, evidence, false);
        }
        None => detach(&mut held.message, from.as_ref(), who),
    }
    hand::handle_anew(cx, &tx, &mut held, was).await?;
    db::pass::write_outcome(&tx, &held.message).await?;
    db::key::remove(&tx, message_id).await?;
    let mailbox_id = Some(held.message.mailbox_id);
    let mut facts = Vec::new();
    let changed = |instance_id| Fact::ProcessInstanceUpdated {
        message_id: Some(message_id),
        instance_id,
        changed: vec![MESSAGES.to_owned()],
    };
    if let Some(to) = &to
        && was != MessageState::Processed
    {
        facts.push(Fact::MessageReceived { message_id, instance_id: Some(to.instance.id) });
    }
    if let Some(from) = from {
        facts.push(changed(from.instance.id));
        hand::leave(&tx, from, message_id, cx.clock.now()).await?;
    }
    if let Some(mut to) = to {
        facts.push(changed(to.instance.id));
        to.instance.updated_at = cx.clock.now();
        db::instance::update(&tx, &to).await?;
        let keys = hand::keys(&looked, to.instance.id);
        db::key::add(&tx, &to.instance.process, keys).await?;
    }
    if held.message.state == MessageState::Ignored && was != MessageState::Ignored {
        facts.push(Fact::MessageIgnored { message_id });
    }
    let events = facts.into_iter().map(|fact| hand::told(cx, permit, mailbox_id, fact)).collect();
    db::event::append(&tx, events).await?;
    tx.commit().await.map_err(db::Error::from)?;
    cx.wake.ring();
    Ok(held.message)
}

fn detach(message: &mut Message, from: Option<&InstanceState>, who: &str) {
    let reference = from.map_or("an instance that is gone", |state| state.instance.reference.as_str());
    message.state = MessageState::Ignored;
    message.reason = Some(format!("{who} detached it from {reference} by hand."));
    message.failure = None;
    message.instance_id = None;
    let evidence = format!("{who} detached it from {reference} by hand");
    message.matched = Some(Match { by: MatchedBy::ByHand, evidence, created: false });
}

/// Replies are looked for within the process of the mailbox's mapping: in another one they would not be found.
fn same_process(looked: &Looked, from: Option<&InstanceState>, to: &InstanceState) -> Result<(), Error> {
    let of_mapping = looked.mapping.as_ref().map(|mapping| mapping.process.as_str());
    let own = of_mapping.or(from.map(|state| state.instance.process.as_str()));
    match own {
        Some(own) if own != to.instance.process => {
            let message = format!(
                "{} belongs to the process `{}`, and the message to `{own}`: choose an instance of `{own}`.",
                to.instance.reference, to.instance.process
            );
            Err(Error::refused(UserErrorCode::Invalid, &Path::of("processInstanceId"), message))
        }
        _ => Ok(()),
    }
}
