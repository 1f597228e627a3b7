//! A credential, as clients see it.

use async_graphql::{Context, Enum, ID, Object};

use crate::api::graphql::Result;
use crate::api::graphql::mailbox::{Mailbox, mailboxes_of_credential};
use crate::api::graphql::node;
use crate::api::graphql::paging::{Connection, PageArgs, repeats};
use crate::api::graphql::scalar::DateTime;
use crate::domain::{credential, entra};

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

/// The national clouds; a tenant lives in exactly one.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "entra::EntraCloud")]
pub enum EntraCloud {
    /// Worldwide.
    Global,
    /// US Government L4 (GCC High).
    #[graphql(name = "US_GOV_L4")]
    UsGovL4,
    /// US Government L5 (DoD).
    #[graphql(name = "US_GOV_L5")]
    UsGovL5,
    /// China, operated by 21Vianet.
    China,
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
        self.0.settings.kind().into()
    }

    /// BASIC: the login name, e.g. `company\support`.
    async fn username(&self) -> Option<&str> {
        self.0.settings.username()
    }

    /// Entra ID: the directory (tenant) id or domain.
    async fn tenant_id(&self) -> Option<&str> {
        let settings = &self.0.settings;
        let app = settings.app().map(|app| app.tenant_id.as_str());
        app.or_else(|| settings.identity().and_then(|identity| identity.tenant_id.as_deref()))
    }

    /// Entra ID and OAUTH2: the application (client) id.
    async fn client_id(&self) -> Option<&str> {
        let settings = &self.0.settings;
        let app = settings.app().map(|app| app.client_id.as_str());
        app.or_else(|| settings.identity().and_then(|identity| identity.client_id.as_deref()))
            .or_else(|| settings.oauth2().map(|oauth2| oauth2.client_id.as_str()))
    }

    /// Entra ID: where the tenant lives.
    async fn cloud(&self) -> Option<EntraCloud> {
        let settings = &self.0.settings;
        let app = settings.app().map(|app| app.cloud);
        app.or_else(|| settings.identity().map(|identity| identity.cloud)).map(Into::into)
    }

    /// OAUTH2: the token endpoint.
    async fn token_url(&self) -> Option<&str> {
        self.0.settings.oauth2().map(|oauth2| oauth2.token_url.as_str())
    }

    /// OAUTH2: what is asked for.
    async fn scopes(&self) -> &[String] {
        self.0.settings.oauth2().map_or(&[], |oauth2| &oauth2.scopes)
    }

    /// OAUTH2: the authorization endpoint, where a person signs in.
    async fn authorize_url(&self) -> Option<&str> {
        self.0.settings.oauth2()?.authorize_url.as_deref()
    }

    /// Delegated sign-in: who signed in.
    async fn signed_in_as(&self) -> Option<&str> {
        self.0.settings.signed_in_as()
    }

    /// ENTRA_CLIENT_CERTIFICATE: SHA-1 of the certificate in hex, as Entra ID's portal shows it.
    async fn certificate_thumbprint(&self) -> Option<&str> {
        match &self.0.settings {
            credential::CredentialSettings::EntraClientCertificate { thumbprint, .. } => Some(thumbprint),
            _ => None,
        }
    }

    /// Whether a refresh token is stored.
    async fn has_refresh_token(&self) -> bool {
        self.0.has_refresh_token
    }

    /// When the client secret or certificate lapses, where known.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
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
