//! How a provider is told who we are. Secrets are not here: they stay encrypted in `db` until `secret` opens them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::entra::{EntraApp, EntraCloud, EntraIdentity};
use super::id::CredentialId;
use super::named::named_enum;

named_enum! {
    /// The ways to prove who we are.
    pub enum CredentialKind {
        EntraClientSecret = "ENTRA_CLIENT_SECRET",
        EntraClientCertificate = "ENTRA_CLIENT_CERTIFICATE",
        EntraWorkloadIdentity = "ENTRA_WORKLOAD_IDENTITY",
        EntraManagedIdentity = "ENTRA_MANAGED_IDENTITY",
        EntraDelegated = "ENTRA_DELEGATED",
        Oauth2 = "OAUTH2",
        Basic = "BASIC",
    }
}

impl CredentialKind {
    /// Whether tokens come from Entra ID.
    pub const fn is_entra(self) -> bool {
        !matches!(self, Self::Oauth2 | Self::Basic)
    }

    /// Whether a secret of ours is needed: a password, a client secret, or a private key.
    pub const fn needs_secret(self) -> bool {
        matches!(self, Self::EntraClientSecret | Self::EntraClientCertificate | Self::Basic)
    }
}

/// What a credential says beside its secrets, by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CredentialSettings {
    /// Client credentials with a client secret.
    EntraClientSecret(EntraApp),
    /// Client credentials with an assertion that the certificate's key signs.
    EntraClientCertificate {
        /// The application.
        #[serde(flatten)]
        app: EntraApp,
        /// SHA-1 of the certificate (DER), upper-case hex, as Entra ID's portal shows it.
        thumbprint: String,
    },
    /// Kubernetes workload identity federation.
    EntraWorkloadIdentity(EntraIdentity),
    /// Azure managed identity.
    EntraManagedIdentity(EntraIdentity),
    /// A person signs in once.
    EntraDelegated {
        /// The application.
        #[serde(flatten)]
        app: EntraApp,
        /// Who signed in.
        signed_in_as: Option<String>,
    },
    /// Any other OAuth2 provider.
    Oauth2(Oauth2Settings),
    /// User name and password.
    Basic {
        /// The login name, verbatim (`company\support`).
        username: String,
    },
}

/// An OAuth2 provider (RFC 6749).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oauth2Settings {
    /// The token endpoint.
    pub token_url: String,
    /// The authorization endpoint, where a person signs in.
    pub authorize_url: Option<String>,
    /// Our id there.
    pub client_id: String,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Who signed in.
    pub signed_in_as: Option<String>,
}

impl CredentialSettings {
    /// The kind.
    pub const fn kind(&self) -> CredentialKind {
        match self {
            Self::EntraClientSecret(_) => CredentialKind::EntraClientSecret,
            Self::EntraClientCertificate { .. } => CredentialKind::EntraClientCertificate,
            Self::EntraWorkloadIdentity(_) => CredentialKind::EntraWorkloadIdentity,
            Self::EntraManagedIdentity(_) => CredentialKind::EntraManagedIdentity,
            Self::EntraDelegated { .. } => CredentialKind::EntraDelegated,
            Self::Oauth2(_) => CredentialKind::Oauth2,
            Self::Basic { .. } => CredentialKind::Basic,
        }
    }

    /// BASIC: the login name.
    pub fn username(&self) -> Option<&str> {
        match self {
            Self::Basic { username } => Some(username),
            _ => None,
        }
    }

    /// The application at Entra ID, of the kinds that name one.
    pub const fn app(&self) -> Option<&EntraApp> {
        match self {
            Self::EntraClientSecret(app)
            | Self::EntraClientCertificate { app, .. }
            | Self::EntraDelegated { app, .. } => Some(app),
            _ => None,
        }
    }

    /// The identity of the machine, of the kinds that have one.
    pub const fn identity(&self) -> Option<&EntraIdentity> {
        match self {
            Self::EntraWorkloadIdentity(identity) | Self::EntraManagedIdentity(identity) => Some(identity),
            _ => None,
        }
    }

    /// Where the tenant lives, of the kinds that get their tokens from Entra ID.
    pub const fn cloud(&self) -> Option<EntraCloud> {
        match (self.app(), self.identity()) {
            (Some(app), _) => Some(app.cloud),
            (None, Some(identity)) => Some(identity.cloud),
            (None, None) => None,
        }
    }

    /// An OAuth2 provider.
    pub const fn oauth2(&self) -> Option<&Oauth2Settings> {
        match self {
            Self::Oauth2(oauth2) => Some(oauth2),
            _ => None,
        }
    }

    /// Who signed in, of the kinds where a person does.
    pub fn signed_in_as(&self) -> Option<&str> {
        match self {
            Self::EntraDelegated { signed_in_as, .. } => signed_in_as.as_deref(),
            Self::Oauth2(oauth2) => oauth2.signed_in_as.as_deref(),
            _ => None,
        }
    }
}

/// A credential without its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// Unique among credentials.
    pub name: String,
    /// How it proves who we are.
    pub settings: CredentialSettings,
    /// Whether a secret is stored.
    pub has_secret: bool,
    /// Whether a refresh token is stored.
    pub has_refresh_token: bool,
    /// When the client secret or certificate lapses, where known.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the secret was last set.
    pub secret_updated_at: Option<DateTime<Utc>>,
    /// Counts changes, for `expectedVersion`.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}
