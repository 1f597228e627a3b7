//! Who may do what with a mailbox.

use async_graphql::{Enum, SimpleObject};

use crate::domain::access::{self, Caller, Scope};

/// What someone may do with one mailbox.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "access::MailboxRight")]
pub enum MailboxRight {
    /// Read its messages and process instances.
    Read,
    /// Send and answer from it.
    Send,
    /// Change what mailroom holds of its messages: reprocess, link, delete, cancel a disposition.
    Handle,
    /// Change its configuration.
    Manage,
}

/// Who may do what with a mailbox, beyond its owner and administrators.
#[derive(SimpleObject)]
pub struct Grant {
    /// Who: a token's `sub`.
    pub subject: String,
    /// What.
    pub rights: Vec<MailboxRight>,
}

/// What the caller's scopes allow on a mailbox that they see.
pub fn of_caller(caller: &Caller) -> Vec<MailboxRight> {
    [
        (Scope::MailRead, MailboxRight::Read),
        (Scope::MailSend, MailboxRight::Send),
        (Scope::MailHandle, MailboxRight::Handle),
        (Scope::ConfigWrite, MailboxRight::Manage),
    ]
    .into_iter()
    .filter(|(scope, _)| caller.has(*scope))
    .map(|(_, right)| right)
    .collect()
}
