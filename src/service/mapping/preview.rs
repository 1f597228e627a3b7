//! What a mapping would make of one message.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::rehearsal::{Originals, Trial, rehearse};
use super::{CreateMapping, drafted};
use crate::db;
use crate::domain::id::{MailboxId, MappingId, MessageId};
use crate::domain::instance::ProcessInstance;
use crate::domain::mailbox::Mailbox;
use crate::domain::mapping::{Loom, Treated};
use crate::domain::message::{Failed, Match, Message, MessageState};
use crate::service::permit::{ConfigRead, MailRead};
use crate::service::{Context, Error, Path, Permit, UserError, UserErrorCode};

/// Input of `previewMapping`.
#[derive(Debug, Clone)]
pub struct PreviewMapping {
    /// What is tried.
    pub mapping: MappingChoice,
    /// What it is tried on.
    pub message: SampleMessage,
}

/// A mapping to try.
#[derive(Debug, Clone)]
pub enum MappingChoice {
    /// As saved.
    Saved(MappingId),
    /// Not saved.
    Draft(Box<CreateMapping>),
}

/// A message to try a mapping on.
#[derive(Debug, Clone)]
pub enum SampleMessage {
    /// Taken in already; it is gone through as if it came now.
    Stored(MessageId),
    /// Raw RFC 5322 bytes, base64.
    Raw(String),
}

/// What a mapping would make of a message.
#[derive(Debug)]
pub struct Preview {
    /// What would become of it.
    pub outcome: MessageState,
    /// Why it would be ignored or fail.
    pub reason: Option<String>,
    /// How it would be matched.
    pub matched: Option<Match>,
    /// The instance that would be updated, as it is now.
    pub instance: Option<ProcessInstance>,
    /// Those of the instance as it would be; where there is none, what the rules give.
    pub attributes: Map<String, Value>,
    /// Rules that fail on this message.
    pub problems: Vec<UserError>,
}

/// Tries a mapping on a message; nothing is stored.
pub async fn preview(
    cx: &Context,
    _config: &Permit<ConfigRead>,
    _mail: &Permit<MailRead>,
    input: PreviewMapping,
) -> Result<Preview, Error> {
    let (mapping, path) = match input.mapping {
        MappingChoice::Draft(draft) => {
            let path = Path::of("mapping");
            (drafted(cx, *draft, &path)?, path)
        }
        MappingChoice::Saved(id) => {
            let path = Path::of("mappingId");
            let saved = db::mapping::get(cx.db.read(), id).await?;
            (saved.ok_or_else(|| Error::unknown(&path, "mapping"))?, path)
        }
    };
    let mailbox = mailbox(cx, &input.message, mapping.id).await?;
    let trial = Trial::of(cx, mapping, mailbox.as_ref(), &path)?;
    let (stored, treated) = match input.message {
        SampleMessage::Stored(id) => {
            let (message, treated) = stored(cx, &trial, id).await?;
            (Some(message), treated)
        }
        SampleMessage::Raw(base64) => (None, given(cx, &trial, &base64).await?),
    };
    let mailbox_id = mailbox.map_or(MailboxId(uuid::Uuid::nil()), |mailbox| mailbox.id);
    let messages: Vec<Message> = stored.into_iter().collect();
    let id = messages.first().map_or_else(MessageId::new, |message| message.id);
    let mut originals = Originals::of(cx, &messages, &trial.mapping).await?;
    let known = trial.look_up(cx, treated.iter(), &originals.absent).await?;
    let before = known.clone();
    let mut loom = Loom::new(trial.setting(cx, mailbox_id), known, |id| originals.number(id));
    let done = rehearse(&mut loom, id, &treated);
    let updated = done.effect.instance_id.filter(|_| !done.effect.created);
    let problems = done
        .problems
        .into_iter()
        .map(|problem| UserError::new(UserErrorCode::Invalid, &path.join(&problem.path), problem.message));
    Ok(Preview {
        outcome: done.effect.state,
        reason: done.effect.reason,
        matched: done.effect.matched,
        instance: updated.and_then(|id| before.instance(id)).map(|state| state.instance.clone()),
        attributes: done.attributes,
        problems: problems.collect(),
    })
}

/// Where the message came to; where it did not come yet, the mailbox that has the mapping.
async fn mailbox(
    cx: &Context,
    message: &SampleMessage,
    mapping: MappingId,
) -> Result<Option<Mailbox>, Error> {
    let db = cx.db.read();
    if let SampleMessage::Stored(id) = message
        && let Some(message) = db::read::message::by_ids(db, &[*id]).await?.remove(id)
    {
        return Ok(db::mailbox::get(db, message.mailbox_id).await?);
    }
    Ok(db::mailbox::by_mapping_ids(db, &[mapping]).await?.remove(&mapping))
}

async fn stored(
    cx: &Context,
    trial: &Arc<Trial>,
    id: MessageId,
) -> Result<(Message, Result<Treated, Box<Failed>>), Error> {
    let path = Path::of("message").field("messageId");
    let message = db::read::message::by_ids(cx.db.read(), &[id]).await?.remove(&id);
    let message = message.ok_or_else(|| Error::unknown(&path, "message"))?;
    let treated = trial.treat_stored(cx, std::slice::from_ref(&message)).await?.pop().flatten();
    let treated = treated.ok_or_else(|| {
        let sentence = "Its raw bytes are not kept, so it can't be mapped again: give the message as `raw`.";
        Error::refused(UserErrorCode::Invalid, &path, sentence)
    })?;
    Ok((message, treated))
}

async fn given(
    cx: &Context,
    trial: &Arc<Trial>,
    base64: &str,
) -> Result<Result<Treated, Box<Failed>>, Error> {
    let raw = STANDARD.decode(base64.split_ascii_whitespace().collect::<String>()).map_err(|_| {
        let path = Path::of("message").field("raw");
        let sentence =
            "This is no base64: encode the message's raw bytes (RFC 4648 section 4, with padding).";
        Error::refused(UserErrorCode::Invalid, &path, sentence)
    })?;
    let (trial, limits, now) = (Arc::clone(trial), Arc::clone(&cx.limits), cx.clock.now());
    let treat = move || trial.treat(&raw, None, now, &limits);
    tokio::task::spawn_blocking(treat).await.map_err(|ended| Error::Raw(std::io::Error::other(ended)))
}
