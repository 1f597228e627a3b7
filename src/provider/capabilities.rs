//! What a kind of mail system can do, for forms that show only what applies and for refusing what can't work.

use crate::domain::credential::CredentialKind;
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

impl Capabilities {
    /// Of a kind of mail system; None where mailroom does not speak to it.
    pub const fn of(kind: ProviderKind) -> Option<Self> {
        match kind {
            ProviderKind::Imap => Some(super::imap::CAPABILITIES),
            ProviderKind::Graph => Some(super::graph::CAPABILITIES),
            ProviderKind::Ews | ProviderKind::Pop3 => None,
        }
    }
}
