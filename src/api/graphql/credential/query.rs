//! Queries for credentials.

use async_graphql::{Context, ID, Object};

use super::{Credential, CredentialLoader};
use crate::api::graphql::paging::{Connection, PageArgs, repeats};
use crate::api::graphql::{ContextExt, Result, loader, node};
use crate::db;
use crate::domain::id::CredentialId;
use crate::service::permit::ConfigRead;

const LIST: &str = "credentials";

/// Queries for credentials.
#[derive(Default)]
pub struct CredentialQuery;

#[Object]
impl CredentialQuery {
    /// A credential by its id; null where there is none. Needs config:read.
    async fn credential(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The credential's id.")] id: ID,
    ) -> Option<Result<Credential>> {
        find(ctx, &id).await.transpose()
    }

    /// Credentials by name. Needs config:read.
    #[graphql(complexity = "repeats(first, last) * child_complexity")]
    async fn credentials(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those whose name or user name contains this text, in any case.")]
        search: Option<String>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Credential>> {
        ctx.permit::<ConfigRead>()?;
        let page = PageArgs::new(first, after, last, before).request(LIST)?;
        let database = ctx.services()?.db.clone();
        let found = db::credential::list(database.read(), search.as_deref(), &page).await?;
        Connection::new(
            LIST,
            found.map(Credential),
            |credential| (credential.0.name.clone(), credential.0.id.0),
            move || {
                let (database, search) = (database.clone(), search.clone());
                async move { Ok(Some(db::credential::count(database.read(), search.as_deref()).await?)) }
            },
        )
    }
}

async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Credential>> {
    ctx.permit::<ConfigRead>()?;
    let Some(id) = node::decode::<CredentialId>(id) else { return Ok(None) };
    Ok(loader::load::<CredentialLoader, _>(ctx, id).await?.map(Credential))
}
