//! Messages mapped again, linked and deleted by hand.

use async_graphql::{Context, ID, Object, OneofObject, SimpleObject};

use super::{Message, MessageFilter};
use crate::api::graphql::input::Ids;
use crate::api::graphql::paging::at_most_100;
use crate::api::graphql::run::Run;
use crate::api::graphql::user_error::{UserError, outcome};
use crate::api::graphql::{ContextExt, Result, node};
use crate::domain::id::MessageId;
use crate::domain::message;
use crate::service;
use crate::service::message::Reprocess;
use crate::service::permit::MailHandle;

/// By ids, or all that match.
#[derive(OneofObject)]
pub enum ReprocessMessagesInput {
    /// These; at most 100. When one of them can't be mapped again, none is.
    Ids(Vec<ID>),
    /// All that match and are stored by now. Those whose mailbox was deleted or has no mapping or no job are left out.
    Filter(Box<MessageFilter>),
}

/// What was taken on, or why nothing was.
#[derive(SimpleObject)]
pub struct ReprocessMessagesPayload {
    /// How many messages.
    pub accepted: i32,
    /// The runs that see to them, one for each job concerned: `runProgress` tells how they come along.
    pub runs: Vec<Run>,
    /// Why it was refused; empty when it was taken on.
    pub user_errors: Vec<UserError>,
}

/// What was deleted, or why nothing was.
#[derive(SimpleObject)]
pub struct DeleteMessagesPayload {
    /// The ids of what was deleted.
    pub deleted_ids: Vec<ID>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// The message as it now is, or why nothing was changed.
#[derive(SimpleObject)]
pub struct MessagePayload {
    /// The message as it now is; null when it was refused.
    pub message: Option<Message>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// The messages as they now are, or why nothing was changed.
#[derive(SimpleObject)]
pub struct MessagesPayload {
    /// The messages as they now are, in the order in which they were given.
    pub messages: Vec<Message>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// Messages mapped again, linked and deleted by hand.
#[derive(Default)]
pub struct MessageMutation;

#[Object]
impl MessageMutation {
    /// Map again, e.g. after the mapping was mended. It replaces the message's own effect: an instance it created is
    /// mapped again; of one it updated, REPLACE rules apply if it is still the last message, and nothing is appended
    /// twice. A message that belongs to an instance stays with it; what a person linked, detached or set stands. The
    /// answer comes at once; runs with the trigger REPROCESS do it. Needs mail:handle.
    async fn reprocess_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which messages.")] input: ReprocessMessagesInput,
    ) -> Result<ReprocessMessagesPayload> {
        let permit = ctx.permit::<MailHandle>()?;
        let nothing = |user_errors| ReprocessMessagesPayload { accepted: 0, runs: Vec::new(), user_errors };
        let wanted = match input {
            ReprocessMessagesInput::Ids(ids) => match decoded("ids", &ids)? {
                Ok(ids) => Reprocess::Ids(ids),
                Err(unknown) => return Ok(nothing(unknown)),
            },
            ReprocessMessagesInput::Filter(filter) => match filter.resolve()? {
                Some(filter) => Reprocess::Filter(Box::new(filter)),
                None => return Ok(nothing(Vec::new())),
            },
        };
        let done = service::message::reprocess(ctx.services()?, &permit, wanted).await;
        let (accepted, user_errors) = outcome(done)?;
        let Some(accepted) = accepted else { return Ok(nothing(user_errors)) };
        Ok(ReprocessMessagesPayload {
            accepted: i32::try_from(accepted.count).unwrap_or(i32::MAX),
            runs: accepted.runs.into_iter().map(Run).collect(),
            user_errors,
        })
    }

    /// The content goes; what recognises the message stays, so that it is not taken in again. Its process instance stays
    /// as it is, and what is to be done with the original is still done. Needs mail:handle.
    async fn delete_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which messages; at most 100.")] ids: Vec<ID>,
    ) -> Result<DeleteMessagesPayload> {
        let permit = ctx.permit::<MailHandle>()?;
        let ids = match decoded("ids", &ids)? {
            Ok(ids) => ids,
            Err(user_errors) => return Ok(DeleteMessagesPayload { deleted_ids: Vec::new(), user_errors }),
        };
        let done = service::message::delete(ctx.services()?, &permit, &ids).await;
        let (deleted, user_errors) = outcome(done)?;
        let deleted_ids = deleted.unwrap_or_default().into_iter().map(node::encode).collect();
        Ok(DeleteMessagesPayload { deleted_ids, user_errors })
    }

    /// Moves and deletions that still wait out their grace period are given up: the originals stay where they are, and
    /// `disposition { note }` says who gave them up, and when. What was marked read stays read. When one of them waits for
    /// nothing, none is given up. Needs mail:handle.
    async fn cancel_dispositions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which messages; at most 100.")] message_ids: Vec<ID>,
    ) -> Result<MessagesPayload> {
        let permit = ctx.permit::<MailHandle>()?;
        match decoded("messageIds", &message_ids)? {
            Ok(ids) => messages(service::message::cancel(ctx.services()?, &permit, &ids).await),
            Err(user_errors) => Ok(MessagesPayload { messages: Vec::new(), user_errors }),
        }
    }

    /// What the provider refused to do to the originals is tried again, at once, by a run of the job. When nothing was
    /// refused of one of them, none is tried. Needs mail:handle.
    async fn retry_dispositions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which messages; at most 100.")] message_ids: Vec<ID>,
    ) -> Result<MessagesPayload> {
        let permit = ctx.permit::<MailHandle>()?;
        match decoded("messageIds", &message_ids)? {
            Ok(ids) => messages(service::message::retry(ctx.services()?, &permit, &ids).await),
            Err(user_errors) => Ok(MessagesPayload { messages: Vec::new(), user_errors }),
        }
    }

    /// Attach a message to an instance by hand; null detaches it. No rule is applied: the instance's attributes stay as
    /// they are. Replies to the message follow it. An IGNORED or FAILED message becomes PROCESSED when it is attached,
    /// a PROCESSED one IGNORED when it is detached. Needs mail:handle.
    async fn link_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message.")] message_id: ID,
        #[graphql(desc = "The process instance, of the message's process; null: none.")]
        process_instance_id: Option<ID>,
    ) -> Result<MessagePayload> {
        let permit = ctx.permit::<MailHandle>()?;
        let mut ids = Ids::default();
        let message = ids.get(&message_id, &["messageId"]);
        let instance = ids.optional(process_instance_id.as_ref(), &["processInstanceId"]);
        if let Err(user_errors) = ids.finish() {
            return Ok(MessagePayload { message: None, user_errors });
        }
        let done = service::message::link(ctx.services()?, &permit, message, instance).await;
        let (message, user_errors) = outcome(done)?;
        Ok(MessagePayload { message: message.map(Message), user_errors })
    }
}

fn messages(done: std::result::Result<Vec<message::Message>, service::Error>) -> Result<MessagesPayload> {
    let (messages, user_errors) = outcome(done)?;
    let messages = messages.unwrap_or_default().into_iter().map(Message).collect();
    Ok(MessagesPayload { messages, user_errors })
}

/// The ids of messages, or which of them name none.
fn decoded(field: &'static str, given: &[ID]) -> Result<Result<Vec<MessageId>, Vec<UserError>>> {
    at_most_100(field, given)?;
    let mut ids = Ids::default();
    let decoded =
        given.iter().enumerate().map(|(index, id)| ids.get(id, &[field, &index.to_string()])).collect();
    Ok(ids.finish().map(|()| decoded))
}
