//! What each kind of mail system can do, for forms that show only what applies and for checks when saving.

use crate::domain::credential::CredentialKind;
use crate::domain::mailbox::{ProviderKind, Security};

/// What a kind of mail system can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderInfo {
    /// The kind of mail system.
    pub provider: ProviderKind,
    /// How one can prove who one is.
    pub credential_kinds: &'static [CredentialKind],
    /// Tells of new mail at once.
    pub watch: bool,
    /// Has folders beside INBOX.
    pub folders: bool,
    /// Can mark read.
    pub mark_read: bool,
    /// Can move to another folder.
    pub moves: bool,
    /// Can add categories.
    pub categories: bool,
    /// Can remove for good what was deleted.
    pub purge: bool,
    /// Can send.
    pub sends: bool,
    /// The default port for each way to secure the connection.
    pub ports: &'static [(Security, u16)],
    /// What an administrator should know.
    pub notice: Option<&'static str>,
}

impl ProviderInfo {
    /// The protocol's own port for the security chosen; 0 where there is none.
    pub fn port(&self, security: Security) -> u16 {
        self.ports.iter().find(|(way, _)| *way == security).map_or(0, |(_, port)| *port)
    }
}

/// IMAP4rev1. Ports of RFC 8314 section 3.2 and RFC 3501 section 2.1.
const IMAP: ProviderInfo = ProviderInfo {
    provider: ProviderKind::Imap,
    credential_kinds: &[CredentialKind::Basic],
    watch: false,
    folders: true,
    mark_read: true,
    moves: true,
    categories: true,
    purge: true,
    sends: false,
    ports: &[
        (Security::Tls, 993),
        (Security::Starttls, 143),
        (Security::StarttlsIfOffered, 143),
        (Security::None, 143),
    ],
    notice: Some(
        "Categories become keywords where the server allows new ones; purging needs a server with UIDPLUS.",
    ),
};

/// The kinds of mail system that this version reaches.
pub const fn list() -> &'static [ProviderInfo] {
    &[IMAP]
}

/// What that kind of mail system can do, if this version reaches it.
pub fn info(kind: ProviderKind) -> Option<&'static ProviderInfo> {
    list().iter().find(|info| info.provider == kind)
}
