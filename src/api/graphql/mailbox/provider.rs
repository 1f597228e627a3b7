//! What kinds of mail system there are.

use async_graphql::{Context, Object, SimpleObject};

use super::{MailProvider, ServerSecurity};
use crate::api::graphql::credential::CredentialKind;
use crate::api::graphql::{ContextExt, Result};
use crate::service;
use crate::service::permit::MailboxRead;

/// What a kind of mail system can do, for forms that show only what applies.
#[derive(SimpleObject)]
pub struct ProviderInfo {
    /// The kind of mail system.
    pub provider: MailProvider,
    /// How it can be logged in to.
    pub credential_kinds: Vec<CredentialKind>,
    /// Whether it tells of new mail at once.
    pub watch: bool,
    /// Whether it has folders.
    pub folders: bool,
    /// Whether it marks messages as read.
    pub mark_read: bool,
    /// Whether it moves messages between folders.
    pub r#move: bool,
    /// Whether it keeps categories (IMAP: keywords, where the server allows new ones).
    pub categories: bool,
    /// Whether it removes for good exactly what is named.
    pub purge: bool,
    /// Whether it sends mail too.
    pub sends: bool,
    /// The usual ports, the preferred one first.
    pub ports: Vec<DefaultPort>,
    /// What one should know before choosing it, e.g. that Exchange Online removes EWS on 2027-04-01.
    pub notice: Option<String>,
}

/// The usual port for a way to secure the connection.
#[derive(SimpleObject)]
pub struct DefaultPort {
    /// How the connection is secured.
    pub security: ServerSecurity,
    /// TCP port.
    pub port: i32,
}

/// Queries for kinds of mail system.
#[derive(Default)]
pub struct ProviderQuery;

#[Object]
impl ProviderQuery {
    /// The kinds of mail system that this version reaches, and what each can do. Needs mail:read or config:read.
    async fn providers(&self, ctx: &Context<'_>) -> Result<Vec<ProviderInfo>> {
        let permit = ctx.permit::<MailboxRead>()?;
        let known = service::provider::list(&permit).into_iter().map(|can| ProviderInfo {
            provider: can.kind.into(),
            credential_kinds: can.credential_kinds.iter().copied().map(Into::into).collect(),
            watch: can.watch,
            folders: can.folders,
            mark_read: can.mark_read,
            r#move: can.moves,
            categories: can.categories,
            purge: can.purge,
            sends: can.sends,
            ports: can
                .ports
                .iter()
                .map(|(security, port)| DefaultPort { security: (*security).into(), port: i32::from(*port) })
                .collect(),
            notice: can.notice.map(str::to_owned),
        });
        Ok(known.collect())
    }
}
