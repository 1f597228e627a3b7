//! Changes of mappings.

use async_graphql::{Context, ID, Object};

use super::Mapping;
use super::input::{CreateMappingInput, UpdateMappingInput};
use super::payload::MappingPayload;
use super::trial::{
    MappingPreviewPayload, MappingSimulationPayload, PreviewMappingInput, SimulateMappingInput,
};
use crate::api::graphql::payload::DeletePayload;
use crate::api::graphql::user_error::{UserError, outcome};
use crate::api::graphql::{ContextExt, Result, node};
use crate::service;
use crate::service::permit::{ConfigRead, ConfigWrite, MailRead};

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

    /// What a mapping would make of a message, a stored or a raw one, a saved or a draft mapping; nothing is stored.
    /// Needs config:read and mail:read.
    async fn preview_mapping(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is tried, and on what.")] input: PreviewMappingInput,
    ) -> Result<MappingPreviewPayload> {
        let permits = (ctx.permit::<ConfigRead>()?, ctx.permit::<MailRead>()?);
        let input = match input.of() {
            Ok(input) => input,
            Err(user_errors) => return Ok(MappingPreviewPayload { preview: None, user_errors }),
        };
        let done = service::mapping::preview(ctx.services()?, &permits.0, &permits.1, input).await;
        let (preview, user_errors) = outcome(done)?;
        Ok(MappingPreviewPayload { preview: preview.map(Into::into), user_errors })
    }

    /// What a draft would have made of a mailbox's latest messages; nothing is stored. Needs config:read and
    /// mail:read.
    async fn simulate_mapping(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The draft, and whose messages.")] input: SimulateMappingInput,
    ) -> Result<MappingSimulationPayload> {
        let permits = (ctx.permit::<ConfigRead>()?, ctx.permit::<MailRead>()?);
        let input = match input.of() {
            Ok(input) => input,
            Err(user_errors) => {
                return Ok(MappingSimulationPayload { simulation: None, user_errors });
            }
        };
        let done = service::mapping::simulate(ctx.services()?, &permits.0, &permits.1, input).await;
        let (simulation, user_errors) = outcome(done)?;
        Ok(MappingSimulationPayload { simulation: simulation.map(Into::into), user_errors })
    }
}

fn payload(done: Result<crate::domain::mapping::Mapping, service::Error>) -> Result<MappingPayload> {
    let (mapping, user_errors) = outcome(done)?;
    Ok(MappingPayload { mapping: mapping.map(Mapping), user_errors })
}
