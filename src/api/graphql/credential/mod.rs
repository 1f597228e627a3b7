//! Credentials: how mailroom proves itself to a provider. Secrets go in and never come out.

mod input;
mod loader;
mod mutation;
mod object;
mod payload;
mod query;

pub use input::{CreateCredentialInput, CredentialChoiceInput};
pub use loader::CredentialLoader;
pub use mutation::CredentialMutation;
pub use object::{Credential, CredentialKind, EntraCloud};
pub use query::CredentialQuery;
