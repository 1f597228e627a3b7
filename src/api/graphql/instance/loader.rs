//! Process instances by id.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;

use crate::api::graphql::reader::Reader;
use crate::api::graphql::{Error, Result};
use crate::domain::id::InstanceId;
use crate::domain::instance::ProcessInstance;
use crate::service;
use crate::service::permit::MailRead;

/// Loads process instances.
pub struct InstanceLoader(pub Reader<MailRead>);

impl Loader<InstanceId> for InstanceLoader {
    type Value = ProcessInstance;
    type Error = Error;

    async fn load(&self, ids: &[InstanceId]) -> Result<HashMap<InstanceId, ProcessInstance>> {
        let Some(permit) = self.0.permit() else { return Ok(HashMap::new()) };
        Ok(service::instance::by_ids(&self.0.services, permit, ids).await?)
    }
}
