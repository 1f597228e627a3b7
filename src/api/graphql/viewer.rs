//! Who is asking.

use async_graphql::{Context, Enum, Object};

use super::{ContextExt, Result};
use crate::domain::access::{Caller, Scope as Held};

/// What a token lets its bearer do.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Held")]
pub enum Scope {
    /// `mail:read`: read messages and process instances.
    MailRead,
    /// `mail:send`: send and answer.
    MailSend,
    /// `mail:handle`: change what mailroom holds of a message.
    MailHandle,
    /// `config:read`: read credentials, mappings, jobs and the settings of mailboxes.
    ConfigRead,
    /// `config:write`: change them.
    ConfigWrite,
    /// `jobs:run`: run jobs and cancel runs.
    JobsRun,
    /// `events:read`: read the event log and subscribe to it.
    EventsRead,
    /// `admin`: all of it, on every mailbox.
    Admin,
}

/// Who is asking, as their token says.
pub struct Viewer(Caller);

/// Who is asking, as their token says.
#[Object]
impl Viewer {
    /// The token's `sub`.
    async fn subject(&self) -> &str {
        &self.0.subject
    }

    /// The token's `name`.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// What the token allows.
    async fn scopes(&self) -> Vec<Scope> {
        self.0.scopes.iter().copied().map(Scope::from).collect()
    }

    /// Whether the token has the scope `admin`.
    async fn is_admin(&self) -> bool {
        self.0.scopes.contains(&Held::Admin)
    }
}

/// Queries about the caller.
#[derive(Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who is asking, as their token says.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        Ok(Viewer(ctx.caller()?.clone()))
    }
}
