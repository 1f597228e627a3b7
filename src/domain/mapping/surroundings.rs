//! Where a mapping is applied: the mailbox, and the installation.

use std::sync::Arc;

use crate::domain::id::MailboxId;
use crate::domain::installation::Installation;
use crate::domain::mailbox::Mailbox;

/// What deciding about a message needs to know beside the mapping. By default nothing is known: then no conversation
/// matches, no forward is believed without being named, and no reply token is valid.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The mailbox whose mail is treated.
    pub mailbox_id: Option<MailboxId>,
    /// Its own addresses, in lower case: the main one first.
    pub addresses: Vec<String>,
    /// Signs and verifies reply tokens, and knows its own mail again.
    pub installation: Option<Arc<Installation>>,
}

impl Surroundings {
    /// Of a mailbox.
    pub fn of(mailbox: &Mailbox, installation: Arc<Installation>) -> Self {
        let aliases = mailbox.aliases.iter().map(|alias| alias.to_lowercase());
        Self {
            mailbox_id: Some(mailbox.id),
            addresses: std::iter::once(mailbox.address.to_lowercase()).chain(aliases).collect(),
            installation: Some(installation),
        }
    }

    /// The domain of the mailbox's main address.
    pub(super) fn organisation(&self) -> Option<&str> {
        self.addresses.first()?.rsplit_once('@').map(|(_, domain)| domain).filter(|domain| !domain.is_empty())
    }

    pub(super) fn is_own(&self, address: &str) -> bool {
        self.addresses.iter().any(|own| own == address)
    }
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("mailbox_id", &self.mailbox_id).finish_non_exhaustive()
    }
}
