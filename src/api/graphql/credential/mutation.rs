//! Changes of credentials.

use async_graphql::{Context, ID, Object};

use super::Credential;
use super::input::{CreateCredentialInput, UpdateCredentialInput};
use super::payload::{CredentialPayload, SignInPayload};
use crate::api::graphql::payload::DeletePayload;
use crate::api::graphql::user_error::{UserError, outcome};
use crate::api::graphql::{ContextExt, Result, node};
use crate::service;
use crate::service::permit::ConfigWrite;

/// Changes of credentials.
#[derive(Default)]
pub struct CredentialMutation;

#[Object]
impl CredentialMutation {
    /// Makes a credential. Needs config:write.
    async fn create_credential(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new credential.")] input: CreateCredentialInput,
    ) -> Result<CredentialPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        payload(service::credential::create(ctx.services()?, &permit, input.into()).await)
    }

    /// Changes a credential; secrets that are absent are kept. Needs config:write.
    async fn update_credential(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UpdateCredentialInput,
    ) -> Result<CredentialPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        let Some(id) = node::decode(&input.id) else {
            return Ok(CredentialPayload { credential: None, user_errors: vec![UserError::unknown_id()] });
        };
        payload(service::credential::update(ctx.services()?, &permit, input.of(id)).await)
    }

    /// Delegated sign-in: hand the answer's address to the person whose mailbox it is. Needs config:write.
    async fn start_sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The credential's id.")] credential_id: ID,
    ) -> Result<SignInPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        let Some(id) = node::decode(&credential_id) else {
            let user_errors = vec![UserError::unknown_id()];
            return Ok(SignInPayload { authorize_url: None, expires_at: None, user_errors });
        };
        let done = service::credential::start_sign_in(ctx.services()?, &permit, id).await;
        let (sign_in, user_errors) = outcome(done)?;
        let expires_at = sign_in.as_ref().map(|sign_in| sign_in.expires_at.into());
        let authorize_url = sign_in.map(|sign_in| sign_in.authorize_url);
        Ok(SignInPayload { authorize_url, expires_at, user_errors })
    }

    /// Deletes a credential that no mailbox uses. Needs config:write.
    async fn delete_credential(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The credential's id.")] id: ID,
    ) -> Result<DeletePayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        let Some(id) = node::decode(&id) else { return Ok(DeletePayload::unknown()) };
        DeletePayload::of(id, service::credential::delete(ctx.services()?, &permit, id).await)
    }
}

fn payload(done: Result<crate::domain::credential::Credential, service::Error>) -> Result<CredentialPayload> {
    let (credential, user_errors) = outcome(done)?;
    Ok(CredentialPayload { credential: credential.map(Credential), user_errors })
}
