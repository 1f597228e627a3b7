//! What mutations of credentials answer.

use async_graphql::SimpleObject;

use super::Credential;
use crate::api::graphql::user_error::UserError;

/// The credential as it now is, or why nothing was changed.
#[derive(SimpleObject)]
pub struct CredentialPayload {
    /// The credential as it now is; null when it was refused.
    pub credential: Option<Credential>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}
