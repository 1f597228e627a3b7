//! Mailboxes: mail accounts that are read and answered from.

mod folder;
mod health;
mod input;
mod kinds;
mod loader;
mod mutation;
mod object;
mod payload;
mod provider;
mod query;
mod rights;
mod settings;
mod test;

pub use folder::{Folder, FolderRole};
pub use kinds::{MailProvider, MailboxKind, MailboxMode, ServerSecurity};
pub use loader::{MailboxLoader, MailboxesOfCredentialLoader, mailboxes_of_credential};
pub use mutation::MailboxMutation;
pub use object::Mailbox;
pub use provider::ProviderQuery;
pub use query::MailboxQuery;
