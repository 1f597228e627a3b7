//! Credentials: how a provider is told who we are. Secrets go in and never come out.

mod input;

pub use input::{CreateCredential, CredentialConfig, UpdateCredential};

use super::permit::ConfigWrite;
use super::{Context, Error, Permit};
use crate::domain::credential::Credential;
use crate::domain::id::CredentialId;

/// Makes a credential.
pub async fn create(
    _cx: &Context,
    _permit: &Permit<ConfigWrite>,
    _input: CreateCredential,
) -> Result<Credential, Error> {
    Err(Error::NotFound)
}

/// Changes a credential. Secrets that are absent are kept.
pub async fn update(
    _cx: &Context,
    _permit: &Permit<ConfigWrite>,
    _input: UpdateCredential,
) -> Result<Credential, Error> {
    Err(Error::NotFound)
}

/// Deletes a credential that no mailbox uses.
pub async fn delete(_cx: &Context, _permit: &Permit<ConfigWrite>, _id: CredentialId) -> Result<(), Error> {
    Err(Error::NotFound)
}
