//! Where a mailbox is, and how it sends.

use async_graphql::{Enum, SimpleObject, Union};

use super::ServerSecurity;
use crate::domain::mailbox;

/// Where a mailbox is, by kind of mail system.
#[derive(Union)]
pub enum ProviderSettings {
    /// Microsoft Graph.
    Graph(GraphSettings),
    /// IMAP4rev1.
    Imap(ImapSettings),
}

/// A mailbox of Exchange Online.
#[derive(SimpleObject)]
pub struct GraphSettings {
    /// The mailbox at the provider: user principal name or object id.
    pub user: String,
    /// Override of the cloud's Graph endpoint, for the sandbox and proxies.
    pub endpoint: Option<String>,
}

/// An IMAP4 server.
#[derive(SimpleObject)]
pub struct ImapSettings {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: i32,
    /// How the connection is secured.
    pub security: ServerSecurity,
    /// Login name, if it is neither the credential's nor the address.
    pub login: Option<String>,
}

impl From<mailbox::ProviderSettings> for ProviderSettings {
    fn from(settings: mailbox::ProviderSettings) -> Self {
        match settings {
            mailbox::ProviderSettings::Graph(graph) => {
                Self::Graph(GraphSettings { user: graph.user, endpoint: graph.endpoint })
            }
            mailbox::ProviderSettings::Imap(imap) => Self::Imap(ImapSettings {
                host: imap.host,
                port: i32::from(imap.port),
                security: imap.security.into(),
                login: imap.login,
            }),
        }
    }
}

/// What outgoing messages leave by.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutgoingVia {
    /// Through Graph or EWS.
    Provider,
    /// Through an SMTP server.
    Smtp,
    /// Sending is refused.
    None,
}

/// Under whose address replies are sent.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendAsPolicy {
    /// From is the agent's address; if the server refuses it, on behalf of (Sender is the mailbox); then as
    /// REPLY_TO; at last the address that the connection logs in with. Answers go to the agent.
    Agent,
    /// From is the mailbox's address, Reply-To the agent's. Answers go to the agent; the mailbox only sees them if
    /// Reply-To names it too.
    ReplyTo,
    /// From is the mailbox's address, and so are replies.
    Mailbox,
}

/// How a mailbox sends.
#[derive(SimpleObject)]
pub struct OutgoingSettings {
    /// PROVIDER sends through Graph or EWS; SMTP through a server; NONE refuses to send.
    pub via: OutgoingVia,
    /// Under whose address replies are sent.
    pub send_as: SendAsPolicy,
    /// With AGENT refused or REPLY_TO: whether the agent stands in Reply-To.
    pub fallback_reply_to: bool,
}

impl OutgoingSettings {
    /// Until mailroom sends: nothing leaves.
    pub const NONE: Self =
        Self { via: OutgoingVia::None, send_as: SendAsPolicy::Mailbox, fallback_reply_to: true };
}
