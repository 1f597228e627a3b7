//! Refetching anything by its global id.

use async_graphql::{Context, ID, Interface, Object};

use super::{Kind, split};
use crate::api::graphql::credential::{Credential, CredentialLoader};
use crate::api::graphql::instance::{InstanceLoader, ProcessInstance};
use crate::api::graphql::job::{Job, JobLoader};
use crate::api::graphql::mailbox::{Mailbox, MailboxLoader};
use crate::api::graphql::mapping::{Mapping, MappingLoader};
use crate::api::graphql::message::{Attachment, Message, MessageLoader};
use crate::api::graphql::paging::at_most_100;
use crate::api::graphql::run::{Run, RunLoader};
use crate::api::graphql::{ContextExt, Result, loader};
use crate::domain::id::{
    AttachmentId, CredentialId, InstanceId, JobId, MailboxId, MappingId, MessageId, RunId,
};
use crate::service::permit::{ConfigRead, MailboxRead, RunRead};

/// Anything that can be refetched by its globally unique, opaque id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its globally unique, opaque id."))]
pub enum Node {
    /// A credential.
    Credential(Credential),
    /// A mailbox.
    Mailbox(Mailbox),
    /// A mapping.
    Mapping(Mapping),
    /// A job.
    Job(Job),
    /// A run.
    Run(Run),
    /// A message.
    Message(Message),
    /// An attachment.
    Attachment(Attachment),
    /// A process instance.
    ProcessInstance(ProcessInstance),
}

/// Refetching anything by its global id.
#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Anything by its id; null where there is no such thing for the caller.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its globally unique, opaque id.")] id: ID,
    ) -> Option<Result<Node>> {
        find(ctx, &id).await.transpose()
    }

    /// Many at once, in the order of their ids; null where there is no such thing for the caller.
    #[graphql(complexity = "ids.len() * child_complexity")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100 ids.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Result<Node>>>> {
        at_most_100("ids", &ids)?;
        let found = ids.iter().map(|id| async { find(ctx, id).await.transpose() });
        Ok(futures::future::join_all(found).await)
    }
}

async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Node>> {
    let Some((kind, uuid)) = split(id) else { return Ok(None) };
    match kind {
        Kind::Credential if ctx.permit::<ConfigRead>().is_ok() => {
            let found = loader::load::<CredentialLoader, _>(ctx, CredentialId(uuid)).await?;
            Ok(found.map(|found| Node::Credential(Credential(found))))
        }
        Kind::Mailbox if ctx.permit::<MailboxRead>().is_ok() => {
            let found = loader::load::<MailboxLoader, _>(ctx, MailboxId(uuid)).await?;
            Ok(found.map(|found| Node::Mailbox(Mailbox(found))))
        }
        Kind::Mapping if ctx.permit::<ConfigRead>().is_ok() => {
            let found = loader::load::<MappingLoader, _>(ctx, MappingId(uuid)).await?;
            Ok(found.map(|found| Node::Mapping(Mapping(found))))
        }
        Kind::Job if ctx.permit::<RunRead>().is_ok() => {
            let found = loader::load::<JobLoader, _>(ctx, JobId(uuid)).await?;
            Ok(found.map(|found| Node::Job(Job(found))))
        }
        Kind::Run => {
            let found = loader::load::<RunLoader, _>(ctx, RunId(uuid)).await?;
            Ok(found.map(|found| Node::Run(Run(found))))
        }
        Kind::Message => {
            let found = loader::load::<MessageLoader, _>(ctx, MessageId(uuid)).await?;
            Ok(found.map(|found| Node::Message(Message(found))))
        }
        Kind::Attachment => {
            let found = loader::load::<MessageLoader, _>(ctx, AttachmentId(uuid)).await?;
            Ok(found.map(|found| Node::Attachment(found.into())))
        }
        Kind::ProcessInstance => {
            let found = loader::load::<InstanceLoader, _>(ctx, InstanceId(uuid)).await?;
            Ok(found.map(|found| Node::ProcessInstance(ProcessInstance(found))))
        }
        _ => Ok(None),
    }
}
