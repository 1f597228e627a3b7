//! Process instances made and changed by hand.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};

use super::ProcessInstance;
use crate::api::graphql::input::{Ids, patch};
use crate::api::graphql::scalar::Json;
use crate::api::graphql::user_error::{UserError, outcome};
use crate::api::graphql::{ContextExt, Result, node};
use crate::domain::instance;
use crate::service;
use crate::service::Patch;
use crate::service::instance::{CreateInstance, UpdateInstance};
use crate::service::permit::MailHandle;

/// An instance made by hand, e.g. for a case that the owning system already has, or from a message that was ignored.
#[derive(InputObject)]
pub struct CreateProcessInstanceInput {
    /// The mapping whose process, prefix and rules the instance has.
    pub mapping_id: ID,
    /// The message that it is made from: what the rules give on create is taken over, and the message attached.
    pub message_id: Option<ID>,
    /// By name, over what the message gives; null leaves one out. Those that the mapping declares have its types.
    pub attributes: Option<Json>,
    /// The id under which the owning system knows it; unique within the process.
    pub external_id: Option<String>,
}

/// A change of an instance: what is absent stays as it is.
#[derive(InputObject)]
pub struct UpdateProcessInstanceInput {
    /// The instance's id.
    pub id: ID,
    /// false closes it, true opens it again.
    pub open: MaybeUndefined<bool>,
    /// The id under which the owning system knows it; unique within the process. null: none.
    pub external_id: MaybeUndefined<String>,
    /// A JSON Merge Patch (RFC 7396): null removes.
    pub attributes: MaybeUndefined<Json>,
    /// Refused with CONFLICT when it is not the current version.
    pub expected_version: Option<i32>,
}

/// The process instance as it now is, or why nothing was changed.
#[derive(SimpleObject)]
pub struct ProcessInstancePayload {
    /// The instance as it now is; null when it was refused.
    pub process_instance: Option<ProcessInstance>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// Process instances made and changed by hand.
#[derive(Default)]
pub struct InstanceMutation;

#[Object]
impl InstanceMutation {
    /// Makes an instance by hand, from a message or from nothing. A rule's `required` holds for messages alone. Needs
    /// mail:handle.
    async fn create_process_instance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new instance.")] input: CreateProcessInstanceInput,
    ) -> Result<ProcessInstancePayload> {
        let permit = ctx.permit::<MailHandle>()?;
        let mut ids = Ids::default();
        let mapping_id = ids.get(&input.mapping_id, &["mappingId"]);
        let message_id = ids.optional(input.message_id.as_ref(), &["messageId"]);
        if let Err(user_errors) = ids.finish() {
            return Ok(ProcessInstancePayload { process_instance: None, user_errors });
        }
        let input = CreateInstance {
            mapping_id,
            message_id,
            attributes: input.attributes.map(|Json(value)| value),
            external_id: input.external_id,
        };
        payload(service::instance::create(ctx.services()?, &permit, input).await)
    }

    /// Closes an instance, opens it again, or changes its attributes or its id in the owning system. What a person set is
    /// left alone when messages are mapped again. Needs mail:handle.
    async fn update_process_instance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UpdateProcessInstanceInput,
    ) -> Result<ProcessInstancePayload> {
        let permit = ctx.permit::<MailHandle>()?;
        let Some(id) = node::decode(&input.id) else {
            return Ok(ProcessInstancePayload {
                process_instance: None,
                user_errors: vec![UserError::unknown_id()],
            });
        };
        let attributes: Patch<Json> = patch(input.attributes);
        let input = UpdateInstance {
            id,
            open: patch(input.open),
            external_id: patch(input.external_id),
            attributes: attributes.map(|Json(value)| value),
            expected_version: input.expected_version,
        };
        payload(service::instance::update(ctx.services()?, &permit, input).await)
    }
}

fn payload(done: Result<instance::ProcessInstance, service::Error>) -> Result<ProcessInstancePayload> {
    let (instance, user_errors) = outcome(done)?;
    Ok(ProcessInstancePayload { process_instance: instance.map(ProcessInstance), user_errors })
}
