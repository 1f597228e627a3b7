//! A mailbox as a provider that can be opened: its settings, and what its credential logs in with.

use chrono::{DateTime, Utc};

use super::Context;
use crate::domain::credential::{Credential, CredentialSettings};
use crate::domain::fault::{Fault, FaultCode, Halted, Verdict};
use crate::domain::mailbox::{Mailbox, ProviderSettings};
use crate::identity::{self, Secrets};
use crate::provider::{self, Login, Provider};
use crate::secret::SecretString;
use crate::{db, secret};

/// Why a saved mailbox can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its credential is gone.
    #[error("The mailbox's credential is gone.")]
    NoCredential,
    /// Its credential has no secret.
    #[error("The mailbox's credential has no secret.")]
    NoSecret,
    /// The secret can't be unsealed.
    #[error("The secret of the mailbox's credential can't be unsealed: {0}.")]
    Sealed(#[from] secret::Error),
    /// The credential gives no tokens.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// The provider can't work with this kind of credential.
    #[error(transparent)]
    Provider(#[from] provider::Error),
    /// The database can't be asked.
    #[error("The mailbox's credential can't be read.")]
    Database(#[from] db::Error),
}

impl Error {
    /// What follows from it.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Identity(error) => error.verdict(),
            Self::Provider(error) => error.verdict(),
            Self::Database(_) => Verdict::Retry { after: None, throttled: false },
            Self::NoCredential | Self::NoSecret | Self::Sealed(_) => Verdict::Halt(Halted::Mailbox),
        }
    }

    /// The same, as it is stored and shown.
    pub fn fault(&self, now: DateTime<Utc>) -> Fault {
        match self {
            Self::Identity(error) => error.fault(now),
            Self::Provider(error) => error.fault(now),
            _ => Fault {
                code: FaultCode::Internal,
                message: self.to_string(),
                hint: Some(self.hint().to_owned()),
                retryable: false,
                provider_code: None,
                request_id: None,
                occurred_at: now,
            },
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoCredential => "Give the mailbox another credential.",
            Self::NoSecret => "Update the credential with its secret.",
            Self::Sealed(_) => {
                "Bring back the key that sealed it into MAILROOM_SECRETS__KEYS, or update the credential with its secret."
            }
            Self::Identity(error) => error.hint(),
            Self::Provider(_) => "Give the mailbox a credential of a kind that its provider takes.",
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
    let secrets = secrets(cx, &credential).await?;
    let login = login(cx, &mailbox.settings, &mailbox.address, &credential, secrets)?;
    Ok(provider::connect(&mailbox.settings, login, mailbox.folder_roles.clone(), &cx.reach)?)
}

/// What is logged in with at those settings.
pub(super) fn login(
    cx: &Context,
    settings: &ProviderSettings,
    address: &str,
    credential: &Credential,
    secrets: Secrets,
) -> Result<Login, Error> {
    login_by(settings, address, credential, secrets, |secrets| cx.identities.tokens(credential, secrets))
}

/// The same with a credential that is only tried: its tokens are nobody else's.
pub(super) fn login_apart(
    cx: &Context,
    settings: &ProviderSettings,
    address: &str,
    credential: &Credential,
    secrets: Secrets,
) -> Result<Login, Error> {
    login_by(settings, address, credential, secrets, |secrets| cx.identities.apart(credential, secrets))
}

fn login_by(
    settings: &ProviderSettings,
    address: &str,
    credential: &Credential,
    secrets: Secrets,
    tokens: impl FnOnce(Secrets) -> Result<identity::Tokens, identity::Error>,
) -> Result<Login, Error> {
    let username = settings.login(credential.settings.username(), address).to_owned();
    if let CredentialSettings::Basic { .. } = credential.settings {
        return Ok(Login::Password { username, password: secrets.secret.ok_or(Error::NoSecret)? });
    }
    let cloud = credential.settings.cloud();
    Ok(Login::Token { username, tokens: tokens(secrets)?, cloud })
}

/// The secrets of a saved credential, opened.
pub(super) async fn secrets(cx: &Context, credential: &Credential) -> Result<Secrets, Error> {
    let sealed = db::credential::sealed(cx.db.read(), credential.id).await?;
    let open = |sealed: Vec<u8>| -> Result<SecretString, secret::Error> {
        cx.keys.open(db::credential::TABLE, credential.id.0, &sealed)
    };
    Ok(Secrets {
        secret: sealed.secret.map(open).transpose()?,
        refresh_token: sealed.refresh_token.map(open).transpose()?,
    })
}
