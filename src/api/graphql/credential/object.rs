//! A credential, as clients see it.

use async_graphql::{Context, Enum, ID, Object};

use crate::api::graphql::Result;
use crate::api::graphql::mailbox::{Mailbox, mailboxes_of_credential};
use crate::api::graphql::node;
use crate::api::graphql::paging::{Connection, PageArgs, repeats};
use crate::api::graphql::scalar::DateTime;
use crate::domain::credential;

/// The ways to prove who we are.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "credential::CredentialKind")]
pub enum CredentialKind {
    /// OAuth2 client credentials with a client secret.
    EntraClientSecret,
    /// OAuth2 client credentials with a certificate (signed client assertion).
    EntraClientCertificate,
    /// Kubernetes workload identity federation: no secret is stored.
    EntraWorkloadIdentity,
    /// Azure managed identity: no secret is stored.
    EntraManagedIdentity,
    /// A person signs in once (authorization code with PKCE); the refresh token is kept.
    EntraDelegated,
    /// Any other OAuth2 provider: client credentials, a refresh token, or a sign-in.
    #[graphql(name = "OAUTH2")]
    Oauth2,
    /// User name and password, for legacy IMAP4, POP3, SMTP and on-premises Exchange.
    Basic,
}

/// How mailroom proves itself to a mail provider. One credential serves any number of mailboxes; its secrets are
/// write-only.
pub struct Credential(pub credential::Credential);

/// How mailroom proves itself to a mail provider. One credential serves any number of mailboxes; its secrets are
/// write-only.
#[Object]
impl Credential {
    /// Its globally unique, opaque id.
    pub async fn id(&self) -> ID {
        node::encode(self.0.id)
    }

    /// Unique among credentials.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// How it proves who we are.
    async fn kind(&self) -> CredentialKind {
        self.0.kind.into()
    }

    /// BASIC: the login name, e.g. `company\support`.
    async fn username(&self) -> Option<&str> {
        self.0.username.as_deref()
    }

    /// Whether a secret is stored.
    async fn has_secret(&self) -> bool {
        self.0.has_secret
    }

    /// When the secret was last set.
    async fn secret_updated_at(&self) -> Option<DateTime> {
        self.0.secret_updated_at.map(DateTime)
    }

    /// The mailboxes that log in with it, by title.
    #[graphql(complexity = "repeats(first, last) * child_complexity")]
    async fn mailboxes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Mailbox>> {
        mailboxes_of_credential(ctx, self.0.id, &PageArgs::new(first, after, last, before)).await
    }

    /// Counts changes, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

impl From<credential::Credential> for Credential {
    fn from(credential: credential::Credential) -> Self {
        Self(credential)
    }
}
