//! Refresh tokens that are used up by being used: one holder at a time, over all processes, and a new one is kept
//! before the access token that came with it is used.

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::domain::id::CredentialId;

/// Why a refresh token could not be read or kept.
pub type KeepError = Arc<dyn std::error::Error + Send + Sync>;

/// Where the refresh tokens of saved credentials are.
#[async_trait]
pub trait RefreshTokens: Send + Sync {
    /// Waits until nobody else uses the credential's refresh token, and holds it. None for a credential that is not
    /// saved.
    async fn hold(&self, id: CredentialId) -> Result<Option<Box<dyn HeldRefreshToken>>, KeepError>;
}

/// A refresh token that nobody else uses until this is dropped.
#[async_trait]
pub trait HeldRefreshToken: Send {
    /// The one that is kept now.
    fn token(&self) -> Option<&SecretString>;

    /// Keeps the one that takes its place. When this returns it outlives the process.
    async fn replace(self: Box<Self>, new: &SecretString) -> Result<(), KeepError>;
}
