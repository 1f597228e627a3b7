//! What is said of a credential.

use crate::domain::credential::CredentialKind;
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

/// How a credential proves who we are, one variant a kind. No `Debug`: it holds secrets.
pub enum CredentialConfig {
    /// BASIC: user name and password.
    Basic {
        /// The login name, verbatim (`company\support`).
        username: String,
        /// REQUIRED on creation; absent in an update, it is kept.
        password: Option<SecretString>,
    },
    /// A kind that this version does not know how to use.
    Unsupported(CredentialKind),
}

impl CredentialConfig {
    /// Its kind.
    pub const fn kind(&self) -> CredentialKind {
        match self {
            Self::Basic { .. } => CredentialKind::Basic,
            Self::Unsupported(kind) => *kind,
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
