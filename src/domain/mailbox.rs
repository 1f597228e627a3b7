//! A mail account that is read and answered from.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::folder::FolderAssignment;
use super::health::MailboxHealth;
use super::id::{CredentialId, MailboxId, MappingId};
use super::named::named_enum;

named_enum! {
    /// Whose mailbox it is.
    pub enum MailboxKind { Group = "GROUP", Personal = "PERSONAL" }
}
named_enum! {
    /// What is done with its mail.
    pub enum MailboxMode { Ingest = "INGEST", CheckOnly = "CHECK_ONLY" }
}
named_enum! {
    /// The kinds of mail system.
    pub enum ProviderKind { Graph = "GRAPH", Ews = "EWS", Imap = "IMAP", Pop3 = "POP3" }
}
named_enum! {
    /// How a connection is secured.
    pub enum Security {
        Tls = "TLS",
        Starttls = "STARTTLS",
        StarttlsIfOffered = "STARTTLS_IF_OFFERED",
        None = "NONE",
    }
}

/// Where a mailbox is, by kind of mail system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProviderSettings {
    /// Microsoft Graph.
    Graph(GraphSettings),
    /// IMAP4rev1.
    Imap(ImapSettings),
}

impl ProviderSettings {
    /// The kind of mail system.
    pub const fn kind(&self) -> ProviderKind {
        match self {
            Self::Graph(_) => ProviderKind::Graph,
            Self::Imap(_) => ProviderKind::Imap,
        }
    }

    /// What the connection logs in with: the mailbox's own login, else the credential's user name, else the address.
    pub fn login<'a>(&'a self, username: Option<&'a str>, address: &'a str) -> &'a str {
        match self {
            Self::Graph(graph) => &graph.user,
            Self::Imap(imap) => imap.login.as_deref().or(username).unwrap_or(address),
        }
    }

    /// The provider's own identity of the mailbox, unique over the installation: the same physical mailbox
    /// twice is TAKEN. `login` is what the connection logs in with.
    pub fn identity(&self, login: &str) -> String {
        match self {
            Self::Graph(graph) => {
                format!(
                    "graph:{}:{}",
                    graph.endpoint.as_deref().unwrap_or_default(),
                    graph.user.to_lowercase()
                )
            }
            Self::Imap(imap) => format!("imap:{}:{}:{login}", imap.host.to_lowercase(), imap.port),
        }
    }
}

/// A mailbox of Exchange Online.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphSettings {
    /// User principal name or object id.
    pub user: String,
    /// Where Graph is, if not where the credential's cloud has it: without the version, without a slash at the end.
    pub endpoint: Option<String>,
}

/// An IMAP4 server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImapSettings {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// Login name, if it is neither the credential's nor the address.
    pub login: Option<String>,
}

/// A mailbox, as configured, and how it fares.
#[derive(Debug, Clone, PartialEq)]
pub struct Mailbox {
    /// Its id.
    pub id: MailboxId,
    /// Unique among mailboxes.
    pub title: String,
    /// The address replies are sent from; unique among mailboxes.
    pub address: String,
    /// The display name replies are sent under.
    pub display_name: Option<String>,
    /// Whose it is.
    pub kind: MailboxKind,
    /// PERSONAL: the subject who holds it.
    pub owner: Option<String>,
    /// What is done with its mail.
    pub mode: MailboxMode,
    /// Where it is.
    pub settings: ProviderSettings,
    /// How it is logged in to.
    pub credential_id: CredentialId,
    /// What its messages become; without one nothing runs.
    pub mapping_id: Option<MappingId>,
    /// Roles that are not the provider's own choice.
    pub folder_roles: Vec<FolderAssignment>,
    /// Appended to outgoing messages; HTML.
    pub signature: Option<String>,
    /// Other addresses that deliver here.
    pub aliases: Vec<String>,
    /// Whether it opted into the unified inbox.
    pub unified_inbox: bool,
    /// Hours without mail that are unusual.
    pub expect_mail_within_hours: Option<i32>,
    /// Who is told by mail when it stops.
    pub alert_to: Vec<String>,
    /// Whether nothing is done on it.
    pub paused: bool,
    /// How it fares.
    pub health: MailboxHealth,
    /// Unread at the provider, as of the last check.
    pub unread_count: Option<i32>,
    /// Tells the mailbox from what it was before it was pointed at another server or login. Empty until it is saved.
    pub epoch: String,
    /// Counts changes of configuration, for `expectedVersion`.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its configuration was last changed.
    pub updated_at: DateTime<Utc>,
}

impl Mailbox {
    /// The generation of source ids that the provider calls `own` (IMAP: UIDVALIDITY). Two servers may use the same.
    pub fn generation(&self, own: &str) -> String {
        format!("{}:{own}", self.epoch)
    }

    /// What the provider calls the generation; None when it is of another server or login.
    pub fn own_generation<'a>(&self, generation: &'a str) -> Option<&'a str> {
        generation.strip_prefix(self.epoch.as_str())?.strip_prefix(':')
    }
}
