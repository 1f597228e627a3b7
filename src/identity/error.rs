//! What a token endpoint refused, said so that a person can act.

use crate::domain::credential::CredentialKind;

/// What a token endpoint refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This kind has no tokens.
    #[error("credentials of kind {0} have no tokens")]
    Unsupported(CredentialKind),
}
