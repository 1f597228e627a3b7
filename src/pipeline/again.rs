//! What becomes of a message that is treated again: its own effect is replaced, in the transaction that holds it.

use super::parse::Draft;
use super::reprocess::original;
use super::store::{self, Original};
use super::{Assignment, Tools, record};
use crate::db;
use crate::db::pass::Held;
use crate::db::store::RawPlace;
use crate::domain::event::Fact;
use crate::domain::handling::DispositionStatus;
use crate::domain::id::{InstanceId, RunId};
use crate::domain::instance::InstanceState;
use crate::domain::mapping::{self, CorrelationKey, Effect, Part, Treated};
use crate::domain::message::{Failed, Match, MatchedBy, Message, MessageState, Stage};

/// What became of it.
#[derive(Default)]
pub(super) struct Outcome {
    /// Its state; None where there is no such message any more.
    pub(super) state: Option<MessageState>,
    /// What is told.
    pub(super) facts: Vec<Fact>,
    /// Its original, if there is something to do with it at once.
    pub(super) original: Option<Original>,
}

/// Treats a message again that is held. What a person decided about it stands; one that belongs to an instance stays
/// with it; any other is matched as if it came now. `raw` is where its bytes are now, if they came only now.
pub(super) async fn treat(
    tx: &db::Transaction,
    tools: &Tools,
    assignment: &Assignment,
    run_id: RunId,
    draft: &Draft,
    mut held: Held,
    raw: Option<RawPlace>,
) -> Result<Outcome, db::Error> {
    let was = held.message.state;
    let belongs: Vec<InstanceId> = held.message.instance_id.into_iter().collect();
    let instance = db::instance::lock(tx, &belongs).await?.pop();
    let by_hand = held.message.matched.as_ref().is_some_and(|matched| matched.by == MatchedBy::ByHand);
    let mut facts = Vec::new();
    let process = &assignment.treatment.mapping.process;
    let mut mapping_id = Some(assignment.treatment.mapping.id);
    let (effect, appended) = match instance {
        _ if by_hand => {
            keep_keys(tx, draft, instance.as_ref()).await?;
            mapping_id = held.message.mapping_id;
            (as_it_was(&held), held.appended.clone())
        }
        // The mailbox serves another process by now.
        Some(state) if state.instance.process != *process => {
            mapping_id = held.message.mapping_id;
            (as_it_was(&held), held.appended.clone())
        }
        Some(state) => match draft.treated.as_deref().and_then(|treated| treated.ignored.clone()) {
            Some(reason) => (leave(tx, tools, draft, state, reason, &mut facts).await?, None),
            None => {
                keep_keys(tx, draft, Some(&state)).await?;
                map_again(tx, tools, draft, &held, state, &mut facts).await?
            }
        },
        None => {
            let effect = match_anew(tx, tools, assignment, draft).await?;
            if effect.instance_id.is_some() {
                facts.extend(record::facts(draft, &effect));
            }
            let appended = record::appended(draft, &effect);
            (effect, Some(appended))
        }
    };
    if was != effect.state && effect.state != MessageState::Processed {
        facts.extend(record::facts(draft, &effect));
    }
    let reads_otherwise = reads_otherwise(tx, draft, &held).await?;
    let mut message = record::message(assignment, run_id, draft, &effect, tools.clock.now());
    message.mapping_id = mapping_id;
    write(tx, tools, assignment, draft, &mut held, (message, &effect, appended), raw).await?;
    if facts.is_empty() && reads_otherwise {
        facts.push(match effect.instance_id {
            Some(instance_id) => {
                Fact::ProcessInstanceUpdated { message_id: Some(draft.id), instance_id, changed: Vec::new() }
            }
            None => record::facts(draft, &effect).swap_remove(0),
        });
    }
    let is_anew = was == MessageState::Failed || draft.row.again;
    let original = if is_anew { original(draft, &held, tools.clock.now()) } else { None };
    Ok(Outcome { state: Some(effect.state), facts, original })
}

/// Whether its subject or text is another than before: whoever shows or indexes them is to be told.
async fn reads_otherwise(tx: &db::Transaction, draft: &Draft, held: &Held) -> Result<bool, db::Error> {
    let Some(parsed) = &draft.parsed else { return Ok(false) };
    let texts = db::read::part::texts(tx, &[draft.id]).await?.remove(&draft.id).unwrap_or_default();
    Ok(parsed.subject != held.message.subject || parsed.text != texts.text)
}

/// The message's row, as read again; where it could not be read, what is there stays.
async fn write(
    tx: &db::Transaction,
    tools: &Tools,
    assignment: &Assignment,
    draft: &Draft,
    held: &mut Held,
    (mut message, effect, appended): (Message, &Effect, Option<Vec<mapping::Piece>>),
    raw: Option<RawPlace>,
) -> Result<(), db::Error> {
    let now = tools.clock.now();
    let earlier = held.message.failure.as_ref().map_or(0, |failure| failure.attempts);
    if let Some(failure) = &mut message.failure {
        failure.attempts = failure.attempts.saturating_add(earlier);
    }
    let own_job = held.message.job_id == Some(assignment.job.id);
    let was = held.message.disposition.clone();
    message.disposition = if draft.row.again {
        DispositionStatus::begin(assignment.job.handling.as_ref(), effect.state, now)
    } else if own_job {
        was.after(held.message.state, assignment.job.handling.as_ref(), effect.state, now)
    } else {
        was
    };
    let is_here = raw.as_ref().is_some_and(|raw| *raw != RawPlace::Nowhere);
    match raw {
        // What is there of it is better than nothing.
        Some(raw) if is_here || !held.message.has_raw => db::store::write_raw(tx, draft.id, raw).await?,
        _ => (message.has_raw, message.size) = (held.message.has_raw, held.message.size),
    }
    if draft.parsed.is_some() || is_here {
        let mut new = record::row(assignment, draft, effect, message.clone());
        new.appended = appended;
        db::pass::rewrite(tx, new).await?;
    } else {
        message.internet_message_id = held.message.internet_message_id.clone();
        db::pass::write_outcome(tx, &message).await?;
    }
    held.message = message;
    Ok(())
}

/// As if it came now: which instance it makes or joins.
async fn match_anew(
    tx: &db::Transaction,
    tools: &Tools,
    assignment: &Assignment,
    draft: &Draft,
) -> Result<Effect, db::Error> {
    let (mut effects, woven) = store::weave(tx, tools, assignment, &[draft]).await?;
    db::instance::insert(tx, &woven.made).await?;
    for changed in &woven.changed {
        db::instance::update(tx, changed).await?;
    }
    db::key::add(tx, &assignment.treatment.mapping.process, woven.keys).await?;
    Ok(effects.swap_remove(0))
}

/// The mapping ignores it by now: it leaves its instance, which keeps what it was made of.
async fn leave(
    tx: &db::Transaction,
    tools: &Tools,
    draft: &Draft,
    mut state: InstanceState,
    reason: String,
    facts: &mut Vec<Fact>,
) -> Result<Effect, db::Error> {
    let instance_id = state.instance.id;
    db::key::remove(tx, draft.id).await?;
    if state.last_message_id == Some(draft.id) {
        state.last_message_id = db::pass::newest_other(tx, instance_id, draft.id).await?;
    }
    state.instance.updated_at = tools.clock.now();
    db::instance::update(tx, &state).await?;
    let changed = vec!["messages".to_owned()];
    facts.push(Fact::ProcessInstanceUpdated { message_id: Some(draft.id), instance_id, changed });
    Ok(Effect { reason: Some(reason), ..bare(MessageState::Ignored) })
}

/// Its own part of the instance is replaced. Where it fails, what it did before stands.
async fn map_again(
    tx: &db::Transaction,
    tools: &Tools,
    draft: &Draft,
    held: &Held,
    mut state: InstanceState,
    facts: &mut Vec<Fact>,
) -> Result<(Effect, Option<Vec<mapping::Piece>>), db::Error> {
    let matched = held.message.matched.clone();
    let instance_id = state.instance.id;
    let fails = |failed: Failed| Effect {
        instance_id: Some(instance_id),
        created: matched.as_ref().is_some_and(|matched| matched.created),
        ..Effect::failed(failed, matched.clone())
    };
    let treated = match (&draft.failed, &draft.treated) {
        (None, Some(treated)) => treated,
        (failed, _) => {
            let reason = "It could not be read.".to_owned();
            let unread = Failed { stage: Stage::Parse, reason, fault: None };
            return Ok((fails(failed.clone().unwrap_or(unread)), held.appended.clone()));
        }
    };
    let created = matched.as_ref().is_some_and(|matched| matched.created);
    let by_hand = db::by_hand::attributes(tx, instance_id).await?;
    let part = Part {
        created,
        is_last: state.last_message_id == Some(draft.id),
        is_only: db::pass::newest_other(tx, instance_id, draft.id).await?.is_none(),
        pieces: held.appended.as_deref(),
        by_hand: &by_hand,
    };
    let change = match mapping::again(&mut state.instance.attributes, &treated.values, &part) {
        Ok(change) => change,
        Err(failure) => {
            let failed = Failed { stage: Stage::Map, reason: failure.message, fault: None };
            return Ok((fails(failed), held.appended.clone()));
        }
    };
    if held.message.state != MessageState::Processed {
        facts.push(Fact::MessageReceived { message_id: draft.id, instance_id: Some(instance_id) });
    }
    if !change.changed.is_empty() {
        state.instance.updated_at = tools.clock.now();
        db::instance::update(tx, &state).await?;
        facts.push(Fact::ProcessInstanceUpdated {
            message_id: Some(draft.id),
            instance_id,
            changed: change.changed.clone(),
        });
    }
    let effect = Effect {
        created,
        changed: Some(change.changed),
        notes: treated.values.notes.iter().cloned().chain(change.notes).collect(),
        ..belongs(instance_id, matched)
    };
    Ok((effect, Some(mapping::pieces(&treated.values, created))))
}

/// What it is found by is read again too.
async fn keep_keys(
    tx: &db::Transaction,
    draft: &Draft,
    state: Option<&InstanceState>,
) -> Result<(), db::Error> {
    let (Some(state), Some(treated)) = (state, draft.treated.as_deref()) else { return Ok(()) };
    // Of one that the mapping ignores, and a person took on, nothing was read.
    let Treated { signals, ignored: None, .. } = treated else { return Ok(()) };
    let instance_id = state.instance.id;
    let keys = signals
        .given()
        .map(|(key, role)| CorrelationKey { key, role, instance_id, message_id: draft.id })
        .collect();
    db::key::remove(tx, draft.id).await?;
    db::key::add(tx, &state.instance.process, keys).await
}

/// Nothing of the match changes.
fn as_it_was(held: &Held) -> Effect {
    let message = &held.message;
    let failed = message.failure.as_ref().map(|failure| Failed {
        stage: failure.stage,
        reason: message.reason.clone().unwrap_or_default(),
        fault: failure.fault.clone(),
    });
    Effect {
        state: message.state,
        reason: message.reason.clone(),
        failed,
        matched: message.matched.clone(),
        instance_id: message.instance_id,
        created: message.matched.as_ref().is_some_and(|matched| matched.created),
        changed: None,
        notes: Vec::new(),
    }
}

fn belongs(instance_id: InstanceId, matched: Option<Match>) -> Effect {
    Effect { matched, instance_id: Some(instance_id), ..bare(MessageState::Processed) }
}

fn bare(state: MessageState) -> Effect {
    Effect {
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
