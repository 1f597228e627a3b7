//! The small words of a mailbox.

use async_graphql::Enum;

use crate::domain::mailbox;

/// Whose mailbox it is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mailbox::MailboxKind")]
pub enum MailboxKind {
    /// A company or service address, read by several people with different rights.
    Group,
    /// One person's address, which others may be given rights to.
    Personal,
}

/// What is done with a mailbox's mail.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mailbox::MailboxMode")]
pub enum MailboxMode {
    /// Fetch, map and handle messages.
    Ingest,
    /// Only watch for unread mail: publish MAILBOX_UNREAD events, fetch and change nothing. Its jobs have no
    /// handling.
    CheckOnly,
}

/// The kinds of mail system.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mailbox::ProviderKind")]
pub enum MailProvider {
    /// Microsoft Graph: Office 365 / Exchange Online.
    Graph,
    /// Exchange Web Services: on-premises Exchange, and Exchange Online tenants that still allow it.
    Ews,
    /// IMAP4rev1 (RFC 3501).
    Imap,
    /// POP3 (RFC 1939).
    #[graphql(name = "POP3")]
    Pop3,
}

/// How a connection is secured.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mailbox::Security")]
pub enum ServerSecurity {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS; a server that does not offer it is refused.
    Starttls,
    /// STARTTLS where the server offers it, else in the clear: inside a trusted network only.
    StarttlsIfOffered,
    /// In the clear: inside a trusted network only.
    None,
}
