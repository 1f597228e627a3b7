//! Credentials: how a provider is told who we are. Secrets go in and never come out.

mod draft;
mod input;

pub use input::{CreateCredential, CredentialConfig, UpdateCredential};

use super::permit::ConfigWrite;
use super::{Context, Error, Path, Permit, UserErrorCode};
use crate::db;
use crate::domain::credential::Credential;
use crate::domain::id::CredentialId;

pub(super) use draft::{NewCredential, basic};

/// Makes a credential.
pub async fn create(
    cx: &Context,
    _permit: &Permit<ConfigWrite>,
    input: CreateCredential,
) -> Result<Credential, Error> {
    let new = NewCredential::check(input, &Path::root())?;
    new.insert(cx, cx.db.write(), &Path::root()).await
}

/// Changes a credential. A secret that is absent is kept. Its mailboxes that wait for it are tried at once.
pub async fn update(
    cx: &Context,
    _permit: &Permit<ConfigWrite>,
    input: UpdateCredential,
) -> Result<Credential, Error> {
    let change = draft::Change::check(input.name, input.config)?;
    let now = cx.clock.now();
    let tx = cx.db.begin().await?;
    let Some(saved) = db::credential::lock(&tx, input.id).await? else {
        return Err(Error::unknown(&Path::of("id"), "credential"));
    };
    if input.expected_version.is_some_and(|expected| expected != saved.version) {
        return Err(Error::conflict("credential", saved.version));
    }
    let was = saved.version;
    let mut changed = Credential { version: was + 1, updated_at: now, ..saved.clone() };
    if let Some(name) = change.name {
        changed.name = name;
    }
    if let Some(username) = change.username {
        changed.username = Some(username);
    }
    let mut sealed = None;
    if let Some(password) = change.password {
        sealed = Some((cx.keys.seal(db::credential::TABLE, input.id.0, &password)?, now));
        changed.has_secret = true;
        changed.secret_updated_at = Some(now);
    }
    let secret_changed = sealed.is_some();
    db::credential::update(&tx, &changed, sealed, was)
        .await
        .map_err(|error| draft::name_taken(error, &Path::of("name")))?;
    if changed.username != saved.username {
        draft::move_identities(&tx, &changed).await?;
    }
    if secret_changed || changed.username != saved.username {
        db::mailbox::retry_of_credential(&tx, input.id, now).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    cx.wake.ring();
    Ok(changed)
}

/// Deletes a credential that no mailbox uses.
pub async fn delete(cx: &Context, _permit: &Permit<ConfigWrite>, id: CredentialId) -> Result<(), Error> {
    match db::credential::delete(cx.db.write(), id).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::unknown(&Path::of("id"), "credential")),
        Err(db::Error::Referred(_)) => Err(Error::refused(
            UserErrorCode::InUse,
            &Path::of("id"),
            "Mailboxes use this credential: give them another one, or delete them first.",
        )),
        Err(error) => Err(error.into()),
    }
}
