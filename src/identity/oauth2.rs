//! A client of an OAuth2 provider: client credentials, or a refresh token that a person or an administrator gave.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;

use super::flow::within;
use super::grant::Endpoint;
use super::refresh::RefreshTokens;
use super::{Bearer, Error};
use crate::domain::id::CredentialId;

/// So many others are waited for who use the refresh token.
const TURNS: u32 = 4;

/// Others use the refresh token, one after the other or for too long.
#[derive(Debug, thiserror::Error)]
#[error("other processes use the refresh token, and did not let go of it in time")]
struct Busy;

/// A client of an OAuth2 provider.
pub(super) struct Oauth2 {
    pub endpoint: Endpoint,
    /// What is asked for; empty for what the provider gives by itself.
    pub scopes: Scopes,
    /// Whether a person signs in, so that without a refresh token there is nothing to ask with.
    pub by_person: bool,
    pub credential: CredentialId,
    /// Where the refresh tokens of saved credentials are.
    pub kept: Option<Arc<dyn RefreshTokens>>,
    /// The refresh token of a credential that is not saved.
    pub own: Mutex<Option<SecretString>>,
}

/// What is asked for.
pub(super) enum Scopes {
    /// What the credential names.
    These(Vec<String>),
    /// What the provider of the mailbox asks for, and a further refresh token.
    Asked,
}

impl Oauth2 {
    /// A token, by the refresh token if there is one. The endpoint may take as long as `limit`; what it gave is kept,
    /// however long that takes: it is the only copy.
    pub(super) async fn fetch(&self, scope: &str, limit: Duration) -> Result<Bearer, Error> {
        let held = match &self.kept {
            Some(kept) => {
                let held = tokio::time::timeout(limit * TURNS, kept.hold(self.credential)).await;
                held.unwrap_or_else(|_| Err(Arc::new(Busy))).map_err(Error::Keeping)?
            }
            None => None,
        };
        let own = self.own();
        let token = match &held {
            Some(held) => held.token().cloned(),
            None => own,
        };
        let Some(token) = token else {
            drop(held);
            return within(limit, self.without_refresh_token()).await;
        };
        let asked = match &self.scopes {
            // A refresh gives what was granted: naming it again is refused by some providers.
            Scopes::These(_) => Vec::new(),
            Scopes::Asked => vec![scope.to_owned(), "offline_access".to_owned()],
        };
        let granted = within(limit, self.endpoint.refresh(&token, &asked)).await?;
        if let Some(new) = &granted.refresh_token {
            match held {
                Some(held) => held.replace(new).await.map_err(Error::Keeping)?,
                None => *self.own.lock().unwrap_or_else(PoisonError::into_inner) = Some(new.clone()),
            }
        }
        Ok(granted.bearer)
    }

    /// The refresh token of a credential that is not saved, as the last refresh left it.
    pub(super) fn own(&self) -> Option<SecretString> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn without_refresh_token(&self) -> Result<Bearer, Error> {
        match &self.scopes {
            Scopes::These(scopes) if !self.by_person => {
                Ok(self.endpoint.client_credentials(scopes).await?.bearer)
            }
            _ => Err(Error::NotSignedIn),
        }
    }
}
