//! Who asks, and what their token lets them do.

use super::named::named_enum;

named_enum! {
    /// What a token lets its bearer do.
    pub enum Scope {
        MailRead = "mail:read",
        MailSend = "mail:send",
        MailHandle = "mail:handle",
        ConfigRead = "config:read",
        ConfigWrite = "config:write",
        JobsRun = "jobs:run",
        EventsRead = "events:read",
        Admin = "admin",
    }
}
named_enum! {
    /// What someone may do with one mailbox.
    pub enum MailboxRight { Read = "READ", Send = "SEND", Handle = "HANDLE", Manage = "MANAGE" }
}

/// The bearer of a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's `sub`.
    pub subject: String,
    /// The token's `name`.
    pub name: Option<String>,
    /// The token's `scope`.
    pub scopes: Vec<Scope>,
}

impl Caller {
    /// Whether the token has the scope; `admin` has them all.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }
}
