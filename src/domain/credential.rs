//! How a provider is told who we are. Secrets are not here: they stay encrypted in `db` until `secret` opens them.

use chrono::{DateTime, Utc};

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

/// A credential without its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// Unique among credentials.
    pub name: String,
    /// How it proves who we are.
    pub kind: CredentialKind,
    /// BASIC: the login name, verbatim (`company\support`).
    pub username: Option<String>,
    /// Whether a secret is stored.
    pub has_secret: bool,
    /// When the secret was last set.
    pub secret_updated_at: Option<DateTime<Utc>>,
    /// Counts changes, for `expectedVersion`.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}
