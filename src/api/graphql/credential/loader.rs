//! Credentials by id.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;

use crate::api::graphql::{Error, Result};
use crate::db::{self, Database};
use crate::domain::credential::Credential;
use crate::domain::id::CredentialId;

/// Loads credentials.
pub struct CredentialLoader(pub Database);

impl Loader<CredentialId> for CredentialLoader {
    type Value = Credential;
    type Error = Error;

    async fn load(&self, ids: &[CredentialId]) -> Result<HashMap<CredentialId, Credential>> {
        Ok(db::credential::by_ids(self.0.read(), ids).await?)
    }
}
