//! What is said of a mailbox.

use crate::domain::folder::FolderAssignment;
use crate::domain::id::{CredentialId, MailboxId, MappingId};
use crate::domain::mailbox::{MailboxKind, MailboxMode, ProviderKind, Security};
use crate::service::Patch;
use crate::service::credential::{CreateCredential, CredentialConfig};
use crate::service::job::FirstJob;

/// Input of `createMailbox`.
pub struct CreateMailbox {
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
    pub provider: ProviderInput,
    /// A saved credential; exactly one of this and the next.
    pub credential_id: Option<CredentialId>,
    /// A credential made in the same step.
    pub new_credential: Option<CreateCredential>,
    /// What its messages become; bound to at most one mailbox.
    pub mapping_id: Option<MappingId>,
    /// Its first job, made in the same step.
    pub job: Option<FirstJob>,
    /// Appended to outgoing messages; HTML, sanitised here.
    pub signature: Option<String>,
    /// Other addresses that deliver here.
    pub aliases: Vec<String>,
    /// Hours without mail that are unusual; 0: never.
    pub expect_mail_within_hours: Option<i32>,
    /// Who is told by mail when it stops.
    pub alert_to: Vec<String>,
    /// Roles that are not the provider's own choice.
    pub folder_roles: Vec<FolderAssignment>,
    /// Whether it opts into the unified inbox.
    pub unified_inbox: bool,
}

/// Input of `updateMailbox`. Lists are replaced as a whole; null empties them.
pub struct UpdateMailbox {
    /// Which one.
    pub id: MailboxId,
    /// See [`CreateMailbox::title`].
    pub title: Patch<String>,
    /// See [`CreateMailbox::address`].
    pub address: Patch<String>,
    /// See [`CreateMailbox::display_name`].
    pub display_name: Patch<String>,
    /// See [`CreateMailbox::kind`].
    pub kind: Patch<MailboxKind>,
    /// See [`CreateMailbox::owner`].
    pub owner: Patch<String>,
    /// To CHECK_ONLY its jobs lose their handling; back to INGEST they get the default one.
    pub mode: Patch<MailboxMode>,
    /// See [`CreateMailbox::provider`].
    pub provider: Patch<ProviderInput>,
    /// See [`CreateMailbox::credential_id`].
    pub credential_id: Patch<CredentialId>,
    /// See [`CreateMailbox::mapping_id`].
    pub mapping_id: Patch<MappingId>,
    /// See [`CreateMailbox::signature`].
    pub signature: Patch<String>,
    /// See [`CreateMailbox::aliases`].
    pub aliases: Patch<Vec<String>>,
    /// See [`CreateMailbox::expect_mail_within_hours`].
    pub expect_mail_within_hours: Patch<i32>,
    /// See [`CreateMailbox::alert_to`].
    pub alert_to: Patch<Vec<String>>,
    /// See [`CreateMailbox::folder_roles`].
    pub folder_roles: Patch<Vec<FolderAssignment>>,
    /// See [`CreateMailbox::unified_inbox`].
    pub unified_inbox: Patch<bool>,
    /// Refused with CONFLICT when it is not the current version.
    pub expected_version: Option<i32>,
}

/// Where a mailbox is, as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderInput {
    /// Microsoft Graph.
    Graph(GraphInput),
    /// IMAP4rev1.
    Imap(ImapInput),
    /// A kind of mail system that this version does not reach.
    Unsupported(ProviderKind),
}

impl ProviderInput {
    /// The member of `ProviderInput` in the API that it was given as.
    pub const fn member(&self) -> &'static str {
        match self {
            Self::Imap(_) | Self::Unsupported(ProviderKind::Imap) => "imap",
            Self::Graph(_) | Self::Unsupported(ProviderKind::Graph) => "graph",
            Self::Unsupported(ProviderKind::Ews) => "ews",
            Self::Unsupported(ProviderKind::Pop3) => "pop3",
        }
    }
}

/// A mailbox of Exchange Online, as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphInput {
    /// User principal name or object id.
    pub user: String,
    /// Override of the cloud's Graph endpoint.
    pub endpoint: Option<String>,
}

/// An IMAP4 server, as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImapInput {
    /// Host name or address.
    pub host: String,
    /// 1 to 65535; by default the protocol's own for the security chosen.
    pub port: Option<i32>,
    /// How the connection is secured.
    pub security: Security,
    /// Login name, if it is neither the credential's nor the address.
    pub login: Option<String>,
}

/// Input of `testMailbox`. With `id`, what else is given takes the place of its saved value; without it address,
/// provider and credential are needed. Uniqueness is not checked.
pub struct TestMailbox {
    /// The saved mailbox.
    pub id: Option<MailboxId>,
    /// Its address.
    pub address: Option<String>,
    /// Where it is.
    pub provider: Option<ProviderInput>,
    /// How it is logged in to.
    pub credential: Option<CredentialChoice>,
    /// The folder that is opened; default: INBOX.
    pub folder: Option<String>,
}

/// A saved credential (`id`), a new one (`config`), or a saved one with changes (both: absent secrets come from
/// the saved one).
pub struct CredentialChoice {
    /// The saved one.
    pub id: Option<CredentialId>,
    /// The new one, or the changes.
    pub config: Option<CredentialConfig>,
}
