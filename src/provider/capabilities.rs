//! What a kind of mail system can do, for forms that show only what applies and for refusing what can't work.

use crate::domain::credential::CredentialKind;
use crate::domain::entra::EntraCloud;
use crate::domain::folder::{FolderAssignment, FolderRole};
use crate::domain::mailbox::{ProviderKind, ProviderSettings, Security};

/// What a kind of mail system can do. A single server may do less: then the first use says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The kind.
    pub kind: ProviderKind,
    /// How it can be logged in to.
    pub credential_kinds: &'static [CredentialKind],
    /// Tells of new mail at once.
    pub watch: bool,
    /// Has folders.
    pub folders: bool,
    /// Marks as read.
    pub mark_read: bool,
    /// Moves between folders.
    pub moves: bool,
    /// Keeps categories (IMAP: keywords).
    pub categories: bool,
    /// Removes for good exactly what is named.
    pub purge: bool,
    /// Sends mail too.
    pub sends: bool,
    /// The usual ports, the preferred one first.
    pub ports: &'static [(Security, u16)],
    /// What one should know before choosing it.
    pub notice: Option<&'static str>,
}

/// Why mailboxes at those settings can't be opened with that kind of credential; None where they can, as far as is known.
pub fn unfit(settings: &ProviderSettings, kind: CredentialKind) -> Option<String> {
    let provider = settings.kind();
    let takes = Capabilities::of(provider)?.credential_kinds;
    if !takes.contains(&kind) {
        let names: Vec<&str> = takes.iter().map(|kind| kind.as_str()).collect();
        return Some(format!(
            "A {provider} mailbox can't be opened with a credential of kind {kind}: use {}.",
            names.join(", ")
        ));
    }
    match settings {
        ProviderSettings::Imap(imap) if kind == CredentialKind::Basic => {
            super::imap::password_refused(&imap.host).map(str::to_owned)
        }
        _ => None,
    }
}

/// Whether two paths name one folder there, as far as their spelling tells.
pub fn same_folder(kind: ProviderKind, a: &str, b: &str) -> bool {
    match kind {
        ProviderKind::Graph => super::graph::same_folder(a, b),
        ProviderKind::Imap | ProviderKind::Ews | ProviderKind::Pop3 => super::imap::same_folder(a, b),
    }
}

/// Where deleted messages go there, where that is known before the server is asked.
pub fn deleted_items(kind: ProviderKind, roles: &[FolderAssignment]) -> Option<&str> {
    let assigned = roles.iter().find(|assigned| assigned.role == FolderRole::Trash);
    match (assigned, kind) {
        (Some(assigned), _) => Some(&assigned.path),
        (None, ProviderKind::Graph) => Some(super::graph::DELETED_ITEMS),
        (None, ProviderKind::Imap | ProviderKind::Ews | ProviderKind::Pop3) => None,
    }
}

/// Why messages can't be removed for good there; None where they can, as far as is known.
pub fn no_purge(kind: ProviderKind, cloud: Option<EntraCloud>) -> Option<String> {
    let can = |capabilities: Option<Capabilities>| capabilities.is_some_and(|can| can.purge);
    match cloud {
        _ if can(Capabilities::within(kind, cloud)) => None,
        Some(cloud) if can(Capabilities::of(kind)) => Some(format!(
            "Microsoft Graph removes messages for good in the worldwide cloud only, and this mailbox is in {cloud}: \
             leave the purge out. What is deleted stays in the deleted items until a retention policy of the tenant empties them."
        )),
        _ => Some("This provider can't remove messages for good.".to_owned()),
    }
}

impl Capabilities {
    /// Of a kind of mail system; None where mailroom does not speak to it.
    pub const fn of(kind: ProviderKind) -> Option<Self> {
        match kind {
            ProviderKind::Imap => Some(super::imap::CAPABILITIES),
            ProviderKind::Graph => Some(super::graph::CAPABILITIES),
            ProviderKind::Ews | ProviderKind::Pop3 => None,
        }
    }
    /// Of mailboxes in that cloud, where it is known: a national one does less.
    pub const fn within(kind: ProviderKind, cloud: Option<EntraCloud>) -> Option<Self> {
        match (kind, cloud) {
            (ProviderKind::Graph, Some(cloud)) => Some(super::graph::capabilities(cloud)),
            _ => Self::of(kind),
        }
    }
}
