//! What is said of a credential.

use async_graphql::{ID, InputObject, MaybeUndefined, OneofObject};
use secrecy::SecretString;

use super::EntraCloud;
use crate::api::graphql::input::patch;
use crate::api::graphql::scalar::DateTime;
use crate::domain::credential::Oauth2Settings;
use crate::domain::entra::{EntraApp, EntraIdentity};
use crate::domain::id::CredentialId;
use crate::service::credential::{CreateCredential, CredentialConfig, UpdateCredential};
use crate::service::mailbox::CredentialChoice;

/// How the credential proves who we are: exactly one member. In an update an absent secret is kept; on creation it
/// is REQUIRED.
#[derive(OneofObject)]
pub enum CredentialConfigInput {
    /// OAuth2 client credentials with a client secret.
    EntraClientSecret(EntraClientSecretInput),
    /// OAuth2 client credentials with a certificate.
    EntraClientCertificate(EntraClientCertificateInput),
    /// Kubernetes workload identity federation.
    EntraWorkloadIdentity(EntraIdentityInput),
    /// Azure managed identity.
    EntraManagedIdentity(EntraIdentityInput),
    /// A person signs in once.
    EntraDelegated(EntraDelegatedInput),
    /// Any other OAuth2 provider.
    Oauth2(OAuth2Input),
    /// User name and password.
    Basic(BasicInput),
}

/// An application at Entra ID with a client secret.
#[derive(InputObject)]
pub struct EntraClientSecretInput {
    /// The directory (tenant) id or domain.
    pub tenant_id: String,
    /// The application (client) id.
    pub client_id: String,
    /// The secret's value, not its id. REQUIRED on creation; absent in an update, it is kept.
    pub client_secret: Option<String>,
    /// Where the tenant lives.
    #[graphql(default_with = "EntraCloud::Global")]
    pub cloud: EntraCloud,
    /// When the secret lapses: Entra ID does not tell us.
    pub expires_at: Option<DateTime>,
}

/// An application at Entra ID with a certificate.
#[derive(InputObject)]
pub struct EntraClientCertificateInput {
    /// The directory (tenant) id or domain.
    pub tenant_id: String,
    /// The application (client) id.
    pub client_id: String,
    /// Certificate and private key: PEM, or base64 PKCS#12. REQUIRED on creation; absent in an update, it is kept.
    pub certificate: Option<String>,
    /// What opens them.
    pub password: Option<String>,
    /// Where the tenant lives.
    #[graphql(default_with = "EntraCloud::Global")]
    pub cloud: EntraCloud,
}

/// The identity of the machine that mailroom runs on. What is absent comes from its environment.
#[derive(InputObject)]
pub struct EntraIdentityInput {
    /// The directory (tenant) id.
    pub tenant_id: Option<String>,
    /// The application (client) id.
    pub client_id: Option<String>,
    /// Where the tenant lives.
    #[graphql(default_with = "EntraCloud::Global")]
    pub cloud: EntraCloud,
}

/// An application at Entra ID where a person signs in.
#[derive(InputObject)]
pub struct EntraDelegatedInput {
    /// The directory (tenant) id or domain.
    pub tenant_id: String,
    /// The application (client) id.
    pub client_id: String,
    /// The secret's value; public clients have none.
    pub client_secret: Option<String>,
    /// Where the tenant lives.
    #[graphql(default_with = "EntraCloud::Global")]
    pub cloud: EntraCloud,
}

/// Any other OAuth2 provider.
#[derive(InputObject)]
#[graphql(name = "OAuth2Input")]
pub struct OAuth2Input {
    /// The token endpoint.
    pub token_url: String,
    /// The authorization endpoint, where a person signs in.
    pub authorize_url: Option<String>,
    /// Our id there.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Option<String>,
    /// A refresh token that was got elsewhere.
    pub refresh_token: Option<String>,
    /// What is asked for.
    pub scopes: Vec<String>,
}

/// User name and password.
#[derive(InputObject)]
pub struct BasicInput {
    /// The login name, verbatim, e.g. `company\support`.
    pub username: String,
    /// REQUIRED on creation; absent in an update, it is kept.
    pub password: Option<String>,
}

/// A new credential.
#[derive(InputObject)]
pub struct CreateCredentialInput {
    /// Unique among credentials.
    pub name: String,
    /// How it proves who we are.
    pub config: CredentialConfigInput,
}

/// A change of a credential: what is absent stays as it is.
#[derive(InputObject)]
pub struct UpdateCredentialInput {
    /// The credential's id.
    pub id: ID,
    /// Its name, unique among credentials.
    pub name: MaybeUndefined<String>,
    /// How it proves who we are; an absent secret is kept.
    pub config: MaybeUndefined<CredentialConfigInput>,
    /// Refused with CONFLICT when it is not the current version.
    pub expected_version: Option<i32>,
}

/// A saved credential, a new one, or a saved one with changes (absent secrets come from the saved one).
#[derive(InputObject)]
pub struct CredentialChoiceInput {
    /// The saved credential.
    pub id: Option<ID>,
    /// A new one; with `id`, changes to the saved one.
    pub config: Option<CredentialConfigInput>,
}

impl From<CredentialConfigInput> for CredentialConfig {
    fn from(input: CredentialConfigInput) -> Self {
        let secret = |given: Option<String>| given.map(SecretString::from);
        let app =
            |tenant_id, client_id, cloud: EntraCloud| EntraApp { tenant_id, client_id, cloud: cloud.into() };
        let identity = |input: EntraIdentityInput| EntraIdentity {
            tenant_id: input.tenant_id,
            client_id: input.client_id,
            cloud: input.cloud.into(),
        };
        match input {
            CredentialConfigInput::EntraClientSecret(input) => Self::EntraClientSecret {
                app: app(input.tenant_id, input.client_id, input.cloud),
                secret: secret(input.client_secret),
                expires_at: input.expires_at.map(|at| at.0),
            },
            CredentialConfigInput::EntraClientCertificate(input) => Self::EntraClientCertificate {
                app: app(input.tenant_id, input.client_id, input.cloud),
                certificate: secret(input.certificate),
                password: secret(input.password),
            },
            CredentialConfigInput::EntraWorkloadIdentity(input) => {
                Self::EntraWorkloadIdentity(identity(input))
            }
            CredentialConfigInput::EntraManagedIdentity(input) => Self::EntraManagedIdentity(identity(input)),
            CredentialConfigInput::EntraDelegated(input) => Self::EntraDelegated {
                app: app(input.tenant_id, input.client_id, input.cloud),
                secret: secret(input.client_secret),
            },
            CredentialConfigInput::Oauth2(input) => Self::Oauth2 {
                settings: Oauth2Settings {
                    token_url: input.token_url,
                    authorize_url: input.authorize_url,
                    client_id: input.client_id,
                    scopes: input.scopes,
                    signed_in_as: None,
                },
                secret: secret(input.client_secret),
                refresh_token: secret(input.refresh_token),
            },
            CredentialConfigInput::Basic(basic) => {
                Self::Basic { username: basic.username, password: basic.password.map(SecretString::from) }
            }
        }
    }
}

impl From<CreateCredentialInput> for CreateCredential {
    fn from(input: CreateCredentialInput) -> Self {
        Self { name: input.name, config: input.config.into() }
    }
}

impl UpdateCredentialInput {
    /// For the credential that its id names.
    pub fn of(self, id: CredentialId) -> UpdateCredential {
        UpdateCredential {
            id,
            name: patch(self.name),
            config: patch(self.config),
            expected_version: self.expected_version,
        }
    }
}

impl CredentialChoiceInput {
    /// With the saved credential that its id names.
    pub fn of(self, id: Option<CredentialId>) -> CredentialChoice {
        CredentialChoice { id, config: self.config.map(CredentialConfig::from) }
    }
}
