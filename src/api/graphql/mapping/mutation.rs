//! Changes of mappings.

use async_graphql::{Context, ID, Object};

use super::Mapping;
use super::input::{CreateMappingInput, UpdateMappingInput};
use super::payload::MappingPayload;
use crate::api::graphql::payload::DeletePayload;
use crate::api::graphql::user_error::{UserError, outcome};
use crate::api::graphql::{ContextExt, Result, node};
use crate::service;
use crate::service::permit::ConfigWrite;

/// Changes of mappings.
#[derive(Default)]
pub struct MappingMutation;

#[Object]
impl MappingMutation {
    /// Makes a mapping. Needs config:write.
    async fn create_mapping(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new mapping.")] input: CreateMappingInput,
    ) -> Result<MappingPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        payload(service::mapping::create(ctx.services()?, &permit, input.into()).await)
    }

    /// Changes a mapping. Needs config:write.
    async fn update_mapping(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UpdateMappingInput,
    ) -> Result<MappingPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        let Some(id) = node::decode(&input.id) else {
            return Ok(MappingPayload { mapping: None, user_errors: vec![UserError::unknown_id()] });
        };
        payload(service::mapping::update(ctx.services()?, &permit, input.of(id)).await)
    }

    /// Deletes a mapping that no mailbox uses. Needs config:write.
    async fn delete_mapping(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The mapping's id.")] id: ID,
    ) -> Result<DeletePayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        let Some(id) = node::decode(&id) else { return Ok(DeletePayload::unknown()) };
        DeletePayload::of(id, service::mapping::delete(ctx.services()?, &permit, id).await)
    }
}

fn payload(done: Result<crate::domain::mapping::Mapping, service::Error>) -> Result<MappingPayload> {
    let (mapping, user_errors) = outcome(done)?;
    Ok(MappingPayload { mapping: mapping.map(Mapping), user_errors })
}
