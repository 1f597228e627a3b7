//! From drafts and effects to rows, events and originals to handle. Pure.

use chrono::{DateTime, Utc};

use super::Assignment;
use super::parse::Draft;
use super::store::Original;
use crate::db::pairing::NewSource;
use crate::db::store::{NewMessage, RawPlace};
use crate::domain::event::{Fact, NewEvent};
use crate::domain::handling::{DispositionStatus, Step};
use crate::domain::id::{AttachmentId, EventId, RunId};
use crate::domain::mapping::{Effect, Piece, pieces};
use crate::domain::message::{AddressRole, Attachment, Message, MessageFailure, MessageState};
use crate::domain::parsed::{Address, ForwardingKind, Importance, ParsedMessage};

/// The rows to write, the events to tell, and the originals to handle after the commit.
pub(super) fn compose(
    assignment: &Assignment,
    run_id: RunId,
    drafts: &[&Draft],
    effects: &[Effect],
    now: DateTime<Utc>,
) -> (Vec<NewMessage>, Vec<NewEvent>, Vec<Original>) {
    let mut messages = Vec::with_capacity(drafts.len());
    let mut events = Vec::with_capacity(2 * drafts.len());
    let mut originals = Vec::new();
    for (draft, effect) in drafts.iter().zip(effects) {
        let message = message(assignment, run_id, draft, effect, now);
        events.extend(facts(draft, effect).into_iter().map(|fact| NewEvent {
            id: EventId::new(),
            occurred_at: now,
            actor: None,
            mailbox_id: Some(assignment.mailbox.id),
            fact,
        }));
        if let Some(step) = message.disposition.due(now) {
            originals.push(original(draft, &message, step));
        }
        messages.push(row(assignment, draft, effect, message));
    }
    (messages, events, originals)
}

/// The message as it is stored.
pub(super) fn message(
    assignment: &Assignment,
    run_id: RunId,
    draft: &Draft,
    effect: &Effect,
    now: DateTime<Utc>,
) -> Message {
    let parsed = draft.parsed.as_deref();
    let failure = effect.failed.as_ref().map(|failed| MessageFailure {
        stage: failed.stage,
        fault: failed.fault.clone(),
        attempts: draft.row.attempts + 1,
        occurred_at: now,
    });
    Message {
        id: draft.id,
        mailbox_id: assignment.mailbox.id,
        mapping_id: Some(assignment.treatment.mapping.id),
        job_id: Some(assignment.job.id),
        run_id: Some(run_id),
        folder: assignment.job.folder.clone(),
        source_id: draft.row.source_id.clone(),
        internet_message_id: parsed.and_then(|parsed| parsed.internet_message_id.clone()),
        conversation_id: parsed.and_then(|parsed| parsed.conversation_id.clone()),
        subject: parsed.map(|parsed| parsed.subject.clone()).unwrap_or_default(),
        snippet: parsed.map(|parsed| parsed.snippet.clone()).unwrap_or_default(),
        sent_at: parsed.and_then(|parsed| parsed.sent_at),
        received_at: draft.row.arrived_at,
        ingested_at: now,
        importance: parsed.map_or(Importance::Normal, |parsed| parsed.importance),
        automatic: parsed.and_then(|parsed| parsed.automatic),
        forwarding: parsed.map_or(ForwardingKind::None, |parsed| parsed.forwarding.kind),
        oddity: parsed.and_then(|parsed| parsed.oddity),
        size: draft.size,
        attachment_count: parsed.and_then(|parsed| i32::try_from(parsed.attachments.len()).ok()).unwrap_or(0),
        has_raw: draft.raw != RawPlace::Nowhere,
        state: effect.state,
        reason: effect.reason.clone(),
        failure,
        matched: effect.matched.clone(),
        instance_id: effect.instance_id,
        disposition: DispositionStatus::begin(assignment.job.handling.as_ref(), effect.state, now),
    }
}

/// What is told of it: what became of it first, then what became of its instance.
pub(super) fn facts(draft: &Draft, effect: &Effect) -> Vec<Fact> {
    let message_id = draft.id;
    match (effect.state, effect.instance_id) {
        (MessageState::Ignored, _) => vec![Fact::MessageIgnored { message_id }],
        (MessageState::Failed, _) => vec![Fact::MessageFailed { message_id }],
        (MessageState::Processed, instance_id) => {
            let received = Fact::MessageReceived { message_id, instance_id };
            let of_instance = instance_id.and_then(|instance_id| {
                let message_id = Some(message_id);
                if effect.created {
                    return Some(Fact::ProcessInstanceCreated { message_id, instance_id });
                }
                let changed = effect.changed.clone()?;
                Some(Fact::ProcessInstanceUpdated { message_id, instance_id, changed })
            });
            std::iter::once(received).chain(of_instance).collect()
        }
    }
}

fn original(draft: &Draft, message: &Message, step: Step) -> Original {
    Original {
        message_id: draft.id,
        generation: draft.row.generation.clone(),
        source_id: draft.row.source_id.clone(),
        internet_message_id: message.internet_message_id.clone(),
        size: message.size,
        step,
        repeated: false,
        attempts: 0,
    }
}

/// The message with everything that belongs to it.
pub(super) fn row(assignment: &Assignment, draft: &Draft, effect: &Effect, message: Message) -> NewMessage {
    let parsed = draft.parsed.as_deref();
    let mut notes = effect.notes.clone();
    notes.extend(parsed.into_iter().flat_map(ParsedMessage::explanations));
    NewMessage {
        source: NewSource {
            key: draft.row.key.clone(),
            mailbox_id: assignment.mailbox.id,
            message_id: draft.id,
            folder: assignment.job.folder.clone(),
            generation: draft.row.generation.clone(),
            source_id: draft.row.source_id.clone(),
            arrived_at: draft.row.arrived_at,
        },
        fingerprint: parsed.map(|parsed| parsed.fingerprint),
        addresses: parsed.map(addresses).unwrap_or_default(),
        attachments: parsed.map(|parsed| attachments(&message, parsed)).unwrap_or_default(),
        raw: draft.raw.clone(),
        text: parsed.map(|parsed| parsed.text.clone()).unwrap_or_default(),
        new_text: parsed
            .filter(|parsed| parsed.new_text != parsed.text)
            .map(|parsed| parsed.new_text.clone()),
        notes,
        appended: Some(appended(draft, effect)),
        message,
    }
}

/// What it leaves in the instance that it made or joined.
pub(super) fn appended(draft: &Draft, effect: &Effect) -> Vec<Piece> {
    match (&draft.treated, effect.instance_id) {
        (Some(treated), Some(_)) => pieces(&treated.values, effect.created),
        _ => Vec::new(),
    }
}

fn addresses(parsed: &ParsedMessage) -> Vec<(AddressRole, Address)> {
    let one = |role, address: &Option<Address>| address.clone().map(|address| (role, address));
    let many = |role: AddressRole, list: &[Address]| {
        list.iter().map(|address| (role, address.clone())).collect::<Vec<_>>()
    };
    one(AddressRole::From, &parsed.from)
        .into_iter()
        .chain(one(AddressRole::Sender, &parsed.sender))
        .chain(many(AddressRole::ReplyTo, &parsed.reply_to))
        .chain(many(AddressRole::To, &parsed.to))
        .chain(many(AddressRole::Cc, &parsed.cc))
        .chain(one(AddressRole::OriginalSender, &parsed.forwarding.sender))
        .chain(one(AddressRole::OriginalRecipient, &parsed.forwarding.recipient))
        .collect()
}

fn attachments(message: &Message, parsed: &ParsedMessage) -> Vec<Attachment> {
    parsed
        .attachments
        .iter()
        .map(|part| Attachment {
            id: AttachmentId::new(),
            message_id: message.id,
            part: part.part,
            filename: part.filename.clone(),
            content_type: part.content_type.clone(),
            size: i64::try_from(part.size).unwrap_or(i64::MAX),
            inline: part.inline,
            content_id: part.content_id.clone(),
            sha256: part.sha256,
        })
        .collect()
}
