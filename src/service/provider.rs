//! What the kinds of mail system that this version reaches can do.

use super::Permit;
use super::permit::MailboxRead;
use crate::domain::mailbox::{ProviderKind, Security};
use crate::provider::Capabilities;

/// The kinds of mail system that this version reaches, for forms that show only what applies.
pub fn list(_permit: &Permit<MailboxRead>) -> Vec<Capabilities> {
    ProviderKind::ALL.iter().copied().filter_map(Capabilities::of).collect()
}

/// The protocol's own port for the security chosen; None where there is none.
pub(super) fn default_port(kind: ProviderKind, security: Security) -> Option<u16> {
    let ports = Capabilities::of(kind)?.ports;
    ports.iter().find(|(way, _)| *way == security).map(|(_, port)| *port)
}
