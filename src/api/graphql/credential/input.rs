//! What is said of a credential.

use async_graphql::{ID, InputObject, MaybeUndefined, OneofObject};
use secrecy::SecretString;

use crate::api::graphql::input::patch;
use crate::domain::id::CredentialId;
use crate::service::credential::{CreateCredential, CredentialConfig, UpdateCredential};
use crate::service::mailbox::CredentialChoice;

/// How the credential proves who we are: exactly one member. In an update an absent secret is kept; on creation it
/// is REQUIRED.
#[derive(OneofObject)]
pub enum CredentialConfigInput {
    /// User name and password.
    Basic(BasicInput),
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
        match input {
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
