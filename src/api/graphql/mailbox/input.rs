//! What is said of a mailbox.

use async_graphql::{ID, InputObject, MaybeUndefined, OneofObject};

use super::folder::FolderAssignmentInput;
use super::{MailboxKind, MailboxMode, ServerSecurity};
use crate::api::graphql::credential::CreateCredentialInput;
use crate::api::graphql::input::{Ids, patch};
use crate::api::graphql::job::FirstJobInput;
use crate::api::graphql::user_error::UserError;
use crate::domain::folder::FolderAssignment;
use crate::service::Patch;
use crate::service::mailbox::{CreateMailbox, GraphInput, ImapInput, ProviderInput as Given, UpdateMailbox};

/// Where the mailbox is: exactly one member.
#[derive(OneofObject)]
pub enum ProviderInput {
    /// Microsoft Graph: Office 365 / Exchange Online.
    Graph(GraphSettingsInput),
    /// IMAP4rev1.
    Imap(ImapSettingsInput),
}

/// A mailbox of Exchange Online.
#[derive(InputObject)]
pub struct GraphSettingsInput {
    /// The mailbox at the provider: user principal name or object id.
    pub user: String,
    /// Override of the cloud's Graph endpoint, for the sandbox and proxies.
    pub endpoint: Option<String>,
}

/// An IMAP4 server. The port defaults to the protocol's own for the chosen security (`providers` lists them).
#[derive(InputObject)]
pub struct ImapSettingsInput {
    /// Host name or address.
    pub host: String,
    /// TCP port, 1 to 65535.
    pub port: Option<i32>,
    /// How the connection is secured.
    #[graphql(default_with = "ServerSecurity::Tls")]
    pub security: ServerSecurity,
    /// Login name, if it is neither the credential's nor the address.
    pub login: Option<String>,
}

/// A new mailbox.
#[derive(InputObject)]
pub struct CreateMailboxInput {
    /// Unique among mailboxes.
    pub title: String,
    /// The address replies are sent from; unique among mailboxes.
    pub address: String,
    /// The display name replies are sent under.
    pub display_name: Option<String>,
    /// Whose it is.
    #[graphql(default_with = "MailboxKind::Group")]
    pub kind: MailboxKind,
    /// PERSONAL: the subject (JWT `sub`) who holds the mailbox.
    pub owner: Option<String>,
    /// What is done with its mail.
    #[graphql(default_with = "MailboxMode::Ingest")]
    pub mode: MailboxMode,
    /// Where it is.
    pub provider: ProviderInput,
    /// A saved credential; exactly one of this and `newCredential`.
    pub credential_id: Option<ID>,
    /// A credential made in the same step.
    pub new_credential: Option<CreateCredentialInput>,
    /// What its messages become; a mapping has at most one mailbox.
    pub mapping_id: Option<ID>,
    /// Its first job, in the same step; without a job nothing is read.
    pub job: Option<FirstJobInput>,
    /// Appended to outgoing messages; HTML, sanitised when saved.
    pub signature: Option<String>,
    /// Other addresses that deliver here.
    pub aliases: Option<Vec<String>>,
    /// Hours without mail after which MAILBOX_SILENT is told; null: learned from the mailbox's rhythm; 0: never.
    pub expect_mail_within_hours: Option<i32>,
    /// Addresses told by mail when something is wrong.
    pub alert_to: Option<Vec<String>>,
    /// Which of the provider's folders plays which role, where it isn't the provider's own choice.
    pub folder_roles: Option<Vec<FolderAssignmentInput>>,
    /// Whether its messages show in `messages(filter: { unified: true })`.
    #[graphql(default = false)]
    pub unified_inbox: bool,
}

/// A change of a mailbox: what is absent stays as it is, null clears, lists are replaced as a whole.
#[derive(InputObject)]
pub struct UpdateMailboxInput {
    /// The mailbox's id.
    pub id: ID,
    /// Unique among mailboxes.
    pub title: MaybeUndefined<String>,
    /// The address replies are sent from; unique among mailboxes.
    pub address: MaybeUndefined<String>,
    /// The display name replies are sent under.
    pub display_name: MaybeUndefined<String>,
    /// Whose it is.
    pub kind: MaybeUndefined<MailboxKind>,
    /// PERSONAL: the subject (JWT `sub`) who holds the mailbox.
    pub owner: MaybeUndefined<String>,
    /// What is done with its mail.
    pub mode: MaybeUndefined<MailboxMode>,
    /// Where it is.
    pub provider: MaybeUndefined<ProviderInput>,
    /// How it is logged in to.
    pub credential_id: MaybeUndefined<ID>,
    /// What its messages become; a mapping has at most one mailbox.
    pub mapping_id: MaybeUndefined<ID>,
    /// Appended to outgoing messages; HTML, sanitised when saved.
    pub signature: MaybeUndefined<String>,
    /// Other addresses that deliver here.
    pub aliases: MaybeUndefined<Vec<String>>,
    /// Hours without mail after which MAILBOX_SILENT is told; null: learned from the mailbox's rhythm; 0: never.
    pub expect_mail_within_hours: MaybeUndefined<i32>,
    /// Addresses told by mail when something is wrong.
    pub alert_to: MaybeUndefined<Vec<String>>,
    /// Which of the provider's folders plays which role, where it isn't the provider's own choice.
    pub folder_roles: MaybeUndefined<Vec<FolderAssignmentInput>>,
    /// Whether its messages show in `messages(filter: { unified: true })`.
    pub unified_inbox: MaybeUndefined<bool>,
    /// Refused with CONFLICT when it is not the current version.
    pub expected_version: Option<i32>,
}

impl From<ProviderInput> for Given {
    fn from(input: ProviderInput) -> Self {
        match input {
            ProviderInput::Graph(graph) => {
                Self::Graph(GraphInput { user: graph.user, endpoint: graph.endpoint })
            }
            ProviderInput::Imap(imap) => Self::Imap(ImapInput {
                host: imap.host,
                port: imap.port,
                security: imap.security.into(),
                login: imap.login,
            }),
        }
    }
}

impl CreateMailboxInput {
    /// For the service, or the ids that name nothing.
    pub fn resolve(self) -> Result<CreateMailbox, Vec<UserError>> {
        let mut ids = Ids::default();
        let input = CreateMailbox {
            title: self.title,
            address: self.address,
            display_name: self.display_name,
            kind: self.kind.into(),
            owner: self.owner,
            mode: self.mode.into(),
            provider: self.provider.into(),
            credential_id: ids.optional(self.credential_id.as_ref(), &["credentialId"]),
            new_credential: self.new_credential.map(Into::into),
            mapping_id: ids.optional(self.mapping_id.as_ref(), &["mappingId"]),
            job: self.job.map(|job| job.resolve(&mut ids, "job")),
            signature: self.signature,
            aliases: self.aliases.unwrap_or_default(),
            expect_mail_within_hours: self.expect_mail_within_hours,
            alert_to: self.alert_to.unwrap_or_default(),
            folder_roles: roles(self.folder_roles.unwrap_or_default()),
            unified_inbox: self.unified_inbox,
        };
        ids.finish().map(|()| input)
    }
}

impl UpdateMailboxInput {
    /// For the service, or the ids that name nothing.
    pub fn resolve(self) -> Result<UpdateMailbox, Vec<UserError>> {
        let mut ids = Ids::default();
        let folder_roles: Patch<Vec<FolderAssignmentInput>> = patch(self.folder_roles);
        let input = UpdateMailbox {
            id: ids.get(&self.id, &["id"]),
            title: patch(self.title),
            address: patch(self.address),
            display_name: patch(self.display_name),
            kind: patch(self.kind),
            owner: patch(self.owner),
            mode: patch(self.mode),
            provider: patch(self.provider),
            credential_id: ids.patch(&self.credential_id, &["credentialId"]),
            mapping_id: ids.patch(&self.mapping_id, &["mappingId"]),
            signature: patch(self.signature),
            aliases: patch(self.aliases),
            expect_mail_within_hours: patch(self.expect_mail_within_hours),
            alert_to: patch(self.alert_to),
            folder_roles: folder_roles.map(roles),
            unified_inbox: patch(self.unified_inbox),
            expected_version: self.expected_version,
        };
        ids.finish().map(|()| input)
    }
}

fn roles(assignments: Vec<FolderAssignmentInput>) -> Vec<FolderAssignment> {
    assignments.into_iter().map(FolderAssignment::from).collect()
}
