//! What this installation runs on.

use async_graphql::{Context, Object, SimpleObject};

use super::{ContextExt, Result};

/// What this installation runs on.
#[derive(SimpleObject)]
pub struct ServerInfo {
    /// The version of mailroom.
    pub version: String,
    /// The kind of database.
    pub database: String,
    /// What carries events between processes.
    pub event_bus: String,
    /// The kind of object store that holds big raw messages.
    pub object_store: String,
}

/// Queries about the installation.
#[derive(Default)]
pub struct ServerQuery;

#[Object]
impl ServerQuery {
    /// What this installation runs on.
    async fn server_info(&self, ctx: &Context<'_>) -> Result<ServerInfo> {
        let services = ctx.services()?;
        Ok(ServerInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            database: services.db.kind().to_owned(),
            event_bus: "in-process".to_owned(),
            object_store: services.blobs.kind().to_owned(),
        })
    }
}
