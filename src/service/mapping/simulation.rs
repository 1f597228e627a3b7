//! What a draft would have made of a mailbox's latest messages, beside what happened.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::rehearsal::{Originals, Rehearsed, Trial, rehearse};
use super::{CreateMapping, drafted};
use crate::db;
use crate::db::read::message;
use crate::domain::filter::MessageFilter;
use crate::domain::id::MailboxId;
use crate::domain::mapping::{Known, Loom};
use crate::domain::message::{Match, Message, MessageState};
use crate::domain::page::{Order, PageRequest};
use crate::service::permit::{ConfigRead, MailRead};
use crate::service::{Context, Error, Path, Permit, UserErrorCode};

/// The most messages that are gone through in one call.
pub const MAX_SIMULATED: u32 = 1000;
/// Messages looked up together.
const BLOCK: usize = 50;

/// Input of `simulateMapping`.
#[derive(Debug, Clone)]
pub struct SimulateMapping {
    /// The draft.
    pub mapping: CreateMapping,
    /// Whose messages.
    pub mailbox_id: MailboxId,
    /// How many, the latest.
    pub last: i32,
}

/// What a draft would have made of them.
#[derive(Debug, Default)]
pub struct Simulation {
    /// Instances that would have been made.
    pub created: i32,
    /// Messages that would have joined one.
    pub updated: i32,
    /// Messages that would have been ignored.
    pub ignored: i32,
    /// Messages that would have failed.
    pub failed: i32,
    /// Messages with which the draft would have done something else.
    pub differences: Vec<Difference>,
}

/// A message with which the draft would have done something else.
#[derive(Debug)]
pub struct Difference {
    /// The message.
    pub message: Message,
    /// What would have become of it.
    pub after: MessageState,
    /// How it would have been matched.
    pub matched: Option<Match>,
    /// Those of the instance as it would be; where there is none, what the rules give.
    pub attributes: Map<String, Value>,
    /// Why it would have been ignored or failed.
    pub reason: Option<String>,
}

/// Goes through the mailbox's latest messages as if they came in again, oldest first, by the draft and by the mapping
/// that the mailbox has; nothing is stored. Older messages and their instances are there as they are now. Messages
/// without raw bytes are passed over.
pub async fn simulate(
    cx: &Context,
    _config: &Permit<ConfigRead>,
    _mail: &Permit<MailRead>,
    input: SimulateMapping,
) -> Result<Simulation, Error> {
    let last = u32::try_from(input.last).ok().filter(|last| (1..=MAX_SIMULATED).contains(last));
    let last = last.ok_or_else(|| {
        let sentence = format!("From 1 to {MAX_SIMULATED} messages can be gone through.");
        Error::refused(UserErrorCode::Invalid, &Path::of("last"), sentence)
    })?;
    let path = Path::of("mailboxId");
    let mailbox = db::mailbox::get(cx.db.read(), input.mailbox_id).await?;
    let mailbox = mailbox.ok_or_else(|| Error::unknown(&path, "mailbox"))?;
    let draft = Trial::of(
        cx,
        drafted(cx, input.mapping, &Path::of("mapping"))?,
        Some(&mailbox),
        &Path::of("mapping"),
    )?;
    let messages = latest(cx, mailbox.id, last).await?;
    let after = go_through(cx, &draft, mailbox.id, &messages).await?;
    let saved = match mailbox.mapping_id {
        Some(id) => db::mapping::get(cx.db.read(), id).await?,
        None => None,
    };
    let before = match saved.map(|mapping| Trial::of(cx, mapping, Some(&mailbox), &path)) {
        Some(Ok(saved)) => go_through(cx, &saved, mailbox.id, &messages).await?,
        _ => Vec::new(),
    };
    let mut simulation = Simulation::default();
    let mut before = before.into_iter().map(Some).chain(std::iter::repeat_with(|| None));
    for (message, outcome) in messages.into_iter().zip(after) {
        let was = before.next().flatten().flatten();
        let Some(outcome) = outcome else { continue };
        simulation.count(&outcome);
        let differs = outcome.state != message.state || was.as_ref().is_some_and(|was| *was != outcome);
        if differs {
            simulation.differences.push(Difference {
                message,
                after: outcome.state,
                matched: outcome.matched,
                attributes: outcome.attributes,
                reason: outcome.reason,
            });
        }
    }
    Ok(simulation)
}

impl Simulation {
    fn count(&mut self, outcome: &Outcome) {
        let created = outcome.matched.as_ref().is_some_and(|matched| matched.created);
        *match outcome.state {
            MessageState::Processed if created => &mut self.created,
            MessageState::Processed => &mut self.updated,
            MessageState::Ignored => &mut self.ignored,
            MessageState::Failed => &mut self.failed,
        } += 1;
    }
}

/// What is compared of a message's outcomes.
#[derive(Debug, PartialEq)]
struct Outcome {
    state: MessageState,
    reason: Option<String>,
    matched: Option<Match>,
    reference: Option<String>,
    attributes: Map<String, Value>,
}

impl From<Rehearsed> for Outcome {
    fn from(done: Rehearsed) -> Self {
        Self {
            state: done.effect.state,
            reason: done.effect.reason,
            matched: done.effect.matched,
            reference: done.instance.map(|instance| instance.reference),
            attributes: done.attributes,
        }
    }
}

/// The mailbox's latest messages, the oldest of them first.
async fn latest(cx: &Context, mailbox_id: MailboxId, last: u32) -> Result<Vec<Message>, Error> {
    let filter = MessageFilter { mailbox_ids: Some(vec![mailbox_id]), ..MessageFilter::default() };
    let page = PageRequest { limit: last, ..PageRequest::default() };
    let mut messages = message::list(cx.db.read(), &filter, Order::NewestFirst, &page).await?.items;
    messages.reverse();
    Ok(messages)
}

/// What the mapping makes of each in turn; None where it has no raw bytes.
async fn go_through(
    cx: &Context,
    trial: &Arc<Trial>,
    mailbox_id: MailboxId,
    messages: &[Message],
) -> Result<Vec<Option<Outcome>>, Error> {
    let mut originals = Originals::of(cx, messages, &trial.mapping).await?;
    let absent = std::mem::take(&mut originals.absent);
    let mut loom = Loom::new(trial.setting(cx, mailbox_id), Known::default(), |id| originals.number(id));
    let mut outcomes = Vec::with_capacity(messages.len());
    for block in messages.chunks(BLOCK) {
        let treated = trial.treat_stored(cx, block).await?;
        loom.learn(trial.look_up(cx, treated.iter().flatten().flatten(), &absent).await?);
        for (message, treated) in block.iter().zip(treated) {
            outcomes.push(treated.map(|treated| rehearse(&mut loom, message.id, &treated).into()));
        }
    }
    Ok(outcomes)
}
