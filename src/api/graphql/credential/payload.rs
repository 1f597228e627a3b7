//! What mutations of credentials answer.

use async_graphql::SimpleObject;

use super::Credential;
use crate::api::graphql::scalar::DateTime;
use crate::api::graphql::user_error::UserError;

/// The credential as it now is, or why nothing was changed.
#[derive(SimpleObject)]
pub struct CredentialPayload {
    /// The credential as it now is; null when it was refused.
    pub credential: Option<Credential>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// Where the person signs in, or why nobody can.
#[derive(SimpleObject)]
pub struct SignInPayload {
    /// Where the person signs in; the answer comes back to the service itself.
    pub authorize_url: Option<String>,
    /// Until then it is good.
    pub expires_at: Option<DateTime>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}
