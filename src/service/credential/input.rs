//! What is said of a credential.

use chrono::{DateTime, Utc};

use crate::domain::credential::{CredentialKind, Oauth2Settings};
use crate::domain::entra::{EntraApp, EntraIdentity};
use crate::domain::id::CredentialId;
use crate::secret::SecretString;
use crate::service::Patch;

/// Input of `createCredential`, and of `createMailbox` as `newCredential`.
pub struct CreateCredential {
    /// Unique among credentials.
    pub name: String,
    /// How it proves who we are, with its secrets.
    pub config: CredentialConfig,
}

/// Input of `updateCredential`.
pub struct UpdateCredential {
    /// Which one.
    pub id: CredentialId,
    /// Its name.
    pub name: Patch<String>,
    /// How it proves who we are; a secret that is absent is kept.
    pub config: Patch<CredentialConfig>,
    /// Refused with CONFLICT when it is not the current version.
    pub expected_version: Option<i32>,
}

/// How a credential proves who we are, one variant a kind. Secrets are REQUIRED on creation; absent in an update, they
/// are kept. No `Debug`: it holds secrets.
pub enum CredentialConfig {
    /// OAuth2 client credentials with a client secret.
    EntraClientSecret {
        /// The application.
        app: EntraApp,
        /// Its secret's value.
        secret: Option<SecretString>,
        /// When the secret lapses: Entra ID does not tell us.
        expires_at: Option<DateTime<Utc>>,
    },
    /// OAuth2 client credentials with a certificate.
    EntraClientCertificate {
        /// The application.
        app: EntraApp,
        /// Certificate and private key: PEM, or base64 of PKCS#12.
        certificate: Option<SecretString>,
        /// What opens them.
        password: Option<SecretString>,
    },
    /// Kubernetes workload identity federation.
    EntraWorkloadIdentity(EntraIdentity),
    /// Azure managed identity.
    EntraManagedIdentity(EntraIdentity),
    /// A person signs in once.
    EntraDelegated {
        /// The application.
        app: EntraApp,
        /// Its secret's value; public clients have none.
        secret: Option<SecretString>,
    },
    /// Any other OAuth2 provider.
    Oauth2 {
        /// Where, who and what for.
        settings: Oauth2Settings,
        /// The client's secret.
        secret: Option<SecretString>,
        /// A refresh token that was got elsewhere.
        refresh_token: Option<SecretString>,
    },
    /// User name and password.
    Basic {
        /// The login name, verbatim (`company\support`).
        username: String,
        /// The password.
        password: Option<SecretString>,
    },
}

impl CredentialConfig {
    /// Its kind.
    pub const fn kind(&self) -> CredentialKind {
        match self {
            Self::EntraClientSecret { .. } => CredentialKind::EntraClientSecret,
            Self::EntraClientCertificate { .. } => CredentialKind::EntraClientCertificate,
            Self::EntraWorkloadIdentity(_) => CredentialKind::EntraWorkloadIdentity,
            Self::EntraManagedIdentity(_) => CredentialKind::EntraManagedIdentity,
            Self::EntraDelegated { .. } => CredentialKind::EntraDelegated,
            Self::Oauth2 { .. } => CredentialKind::Oauth2,
            Self::Basic { .. } => CredentialKind::Basic,
        }
    }

    /// The member of `CredentialConfigInput` that it was given as.
    pub const fn member(&self) -> &'static str {
        match self.kind() {
            CredentialKind::EntraClientSecret => "entraClientSecret",
            CredentialKind::EntraClientCertificate => "entraClientCertificate",
            CredentialKind::EntraWorkloadIdentity => "entraWorkloadIdentity",
            CredentialKind::EntraManagedIdentity => "entraManagedIdentity",
            CredentialKind::EntraDelegated => "entraDelegated",
            CredentialKind::Oauth2 => "oauth2",
            CredentialKind::Basic => "basic",
        }
    }
}
