//! A saved mailbox as a provider that can be opened: its settings, and the secret of its credential unsealed.

use super::Context;
use crate::domain::mailbox::{Mailbox, ProviderSettings};
use crate::provider::{self, Provider};
use crate::{db, secret};

/// Why a saved mailbox can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its credential is gone.
    #[error("The mailbox's credential is gone.")]
    NoCredential,
    /// Its credential has no password.
    #[error("The mailbox's credential has no password.")]
    NoSecret,
    /// The password can't be unsealed.
    #[error("The password of the mailbox's credential can't be unsealed: {0}.")]
    Sealed(#[from] secret::Error),
    /// The database can't be asked.
    #[error("The mailbox's credential can't be read.")]
    Database(#[from] db::Error),
}

impl Error {
    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NoCredential => "Give the mailbox another credential.",
            Self::NoSecret => "Update the credential with its password.",
            Self::Sealed(_) => {
                "Bring back the key that sealed it into MAILROOM_SECRETS__KEYS, or update the credential with its password."
            }
            Self::Database(_) => {
                "Look at the service's log and at the database; it is tried again by itself."
            }
        }
    }
}

/// The provider of a saved mailbox.
pub async fn provider(cx: &Context, mailbox: &Mailbox) -> Result<Box<dyn Provider>, Error> {
    let db = cx.db.read();
    let credential = db::credential::get(db, mailbox.credential_id).await?.ok_or(Error::NoCredential)?;
    let sealed = db::credential::sealed_secret(db, credential.id).await?.ok_or(Error::NoSecret)?;
    let password = cx.keys.open(db::credential::TABLE, credential.id.0, &sealed)?;
    let own = match &mailbox.settings {
        ProviderSettings::Imap(imap) => imap.login.clone(),
    };
    let username = own.or(credential.username).unwrap_or_else(|| mailbox.address.clone());
    let login = provider::Login { username, password };
    Ok(provider::connect(&mailbox.settings, login, mailbox.folder_roles.clone(), &cx.net))
}
