//! Changes of mailboxes.

use async_graphql::{Context, ID, Object};

use super::input::{CreateMailboxInput, UpdateMailboxInput};
use super::payload::{FoldersPayload, MailboxPayload};
use super::test::{ConnectionTestPayload, TestMailboxInput};
use super::{Folder, Mailbox};
use crate::api::graphql::payload::DeletePayload;
use crate::api::graphql::user_error::{UserError, outcome};
use crate::api::graphql::{ContextExt, Result, node};
use crate::service;
use crate::service::permit::ConfigWrite;

/// Changes of mailboxes.
#[derive(Default)]
pub struct MailboxMutation;

#[Object]
impl MailboxMutation {
    /// Makes a mailbox, with its new credential and its first job where they are given: all of it or nothing. Needs
    /// config:write.
    async fn create_mailbox(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new mailbox.")] input: CreateMailboxInput,
    ) -> Result<MailboxPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        match input.resolve() {
            Ok(input) => payload(service::mailbox::create(ctx.services()?, &permit, input).await),
            Err(unknown) => Ok(refused(unknown)),
        }
    }

    /// Changes a mailbox. Needs config:write.
    async fn update_mailbox(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UpdateMailboxInput,
    ) -> Result<MailboxPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        match input.resolve() {
            Ok(input) => payload(service::mailbox::update(ctx.services()?, &permit, input).await),
            Err(unknown) => Ok(refused(unknown)),
        }
    }

    /// Deletes a mailbox with its jobs and runs; its messages and instances stay, for administrators. Needs
    /// config:write.
    async fn delete_mailbox(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The mailbox's id.")] id: ID,
    ) -> Result<DeletePayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        let Some(id) = node::decode(&id) else { return Ok(DeletePayload::unknown()) };
        DeletePayload::of(id, service::mailbox::delete(ctx.services()?, &permit, id).await)
    }

    /// Tries a connection step by step, reading only: a saved mailbox, a draft of one, or a saved one with changes.
    /// Needs config:write.
    async fn test_mailbox(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is tried.")] input: TestMailboxInput,
    ) -> Result<ConnectionTestPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        let (test, user_errors) = match input.resolve() {
            Ok(input) => outcome(service::mailbox::test(ctx.services()?, &permit, input).await)?,
            Err(unknown) => (None, unknown),
        };
        Ok(ConnectionTestPayload { test: test.map(Into::into), user_errors })
    }

    /// The folders at the provider, now. Needs config:write.
    async fn mailbox_folders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The mailbox's id.")] mailbox_id: ID,
    ) -> Result<FoldersPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        let Some(id) = node::decode(&mailbox_id) else {
            return Ok(FoldersPayload {
                folders: None,
                user_errors: vec![UserError::unknown(&["mailboxId"])],
            });
        };
        let (folders, user_errors) = outcome(service::mailbox::folders(ctx.services()?, &permit, id).await)?;
        let folders = folders.map(|folders| folders.into_iter().map(Folder::from).collect());
        Ok(FoldersPayload { folders, user_errors })
    }

    /// Nothing more is done on the mailbox until it is resumed. Needs config:write.
    async fn pause_mailbox(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The mailbox's id.")] id: ID,
    ) -> Result<MailboxPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        let Some(id) = node::decode(&id) else { return Ok(refused(vec![UserError::unknown_id()])) };
        payload(service::mailbox::pause(ctx.services()?, &permit, id).await)
    }

    /// Goes on. Also lets a mailbox that waits for a person try again at once. Needs config:write.
    async fn resume_mailbox(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The mailbox's id.")] id: ID,
    ) -> Result<MailboxPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        let Some(id) = node::decode(&id) else { return Ok(refused(vec![UserError::unknown_id()])) };
        payload(service::mailbox::resume(ctx.services()?, &permit, id).await)
    }
}

fn payload(done: Result<crate::domain::mailbox::Mailbox, service::Error>) -> Result<MailboxPayload> {
    let (mailbox, user_errors) = outcome(done)?;
    Ok(MailboxPayload { mailbox: mailbox.map(Mailbox), user_errors })
}

const fn refused(user_errors: Vec<UserError>) -> MailboxPayload {
    MailboxPayload { mailbox: None, user_errors }
}
