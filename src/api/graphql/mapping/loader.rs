//! Mappings by id, and the mailbox that uses each.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;

use crate::api::graphql::{Error, Result};
use crate::db::{self, Database};
use crate::domain::id::MappingId;
use crate::domain::mailbox::Mailbox;
use crate::domain::mapping::Mapping;

/// Loads mappings.
pub struct MappingLoader(pub Database);

impl Loader<MappingId> for MappingLoader {
    type Value = Mapping;
    type Error = Error;

    async fn load(&self, ids: &[MappingId]) -> Result<HashMap<MappingId, Mapping>> {
        Ok(db::mapping::by_ids(self.0.read(), ids).await?)
    }
}

/// Loads the mailbox that uses a mapping.
pub struct MailboxOfMappingLoader(pub Database);

impl Loader<MappingId> for MailboxOfMappingLoader {
    type Value = Mailbox;
    type Error = Error;

    async fn load(&self, ids: &[MappingId]) -> Result<HashMap<MappingId, Mailbox>> {
        Ok(db::mailbox::by_mapping_ids(self.0.read(), ids).await?)
    }
}
