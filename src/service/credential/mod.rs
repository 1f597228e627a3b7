//! Credentials: how a provider is told who we are. Secrets go in and never come out.

mod config;
mod draft;
mod input;
mod keeper;
mod sign_in;
mod trial;

pub use input::{CreateCredential, CredentialConfig, UpdateCredential};
pub use keeper::Keeper;
pub use sign_in::{SignIn, Unfinished, finish as finish_sign_in, start as start_sign_in};

use super::permit::ConfigWrite;
use super::{Context, Error, Patch, Path, Permit, UserErrorCode};
use crate::db::{self, credential::Secrets};
use crate::domain::credential::{Credential, CredentialKind};
use crate::domain::id::CredentialId;
use crate::secret::SecretString;

pub(super) use config::check;
pub(super) use draft::{NewCredential, takes_kept, tried};

/// Makes a credential.
pub async fn create(
    cx: &Context,
    _permit: &Permit<ConfigWrite>,
    input: CreateCredential,
) -> Result<Credential, Error> {
    let new = NewCredential::check(input, &Path::root())?;
    new.insert(cx, cx.db.write(), &Path::root()).await
}

/// Changes a credential. A secret that is absent is kept; a new one is tried first, and a refusal changes nothing. Its mailboxes that wait for it are tried at once.
pub async fn update(
    cx: &Context,
    _permit: &Permit<ConfigWrite>,
    input: UpdateCredential,
) -> Result<Credential, Error> {
    let kind_path = match &input.config {
        Patch::Set(config) => Path::of("config").field(config.member()),
        _ => Path::of("config"),
    };
    let mut change = draft::Change::check(input.name, input.config)?;
    if let Some(checked) = &mut change.config {
        // Outside of the transaction: it may take a while.
        let saved = db::credential::get(cx.db.read(), input.id).await?;
        let current =
            |saved: &Credential| input.expected_version.is_none_or(|version| version == saved.version);
        if let Some(saved) = saved.filter(current) {
            draft::require_secret_of(&saved, checked)?;
            trial::run(cx, &saved, checked).await?;
        }
    }
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
    let mut secrets = Secrets::Keep;
    if let Some(checked) = change.config {
        let same_kind = checked.settings.kind() == saved.settings.kind();
        draft::require_secret_of(&saved, &checked)?;
        changed.settings = draft::merged(&saved.settings, &checked);
        let is_certificate = checked.settings.kind() == CredentialKind::EntraClientCertificate;
        if !same_kind || checked.secret.is_some() || checked.expires_at.is_some() && !is_certificate {
            changed.expires_at = checked.expires_at;
        }
        let seal = |secret: &SecretString| cx.keys.seal(db::credential::TABLE, input.id.0, secret);
        let secret = checked.secret.as_ref().map(seal).transpose()?;
        let refresh_token = checked.refresh_token.as_ref().map(seal).transpose()?;
        if secret.is_some() || refresh_token.is_some() {
            changed.secret_updated_at = Some(now);
        }
        let same_client = draft::same_client(&saved.settings, &checked.settings);
        secrets = match (same_kind, same_client, refresh_token) {
            (true, false, None) => Secrets::Forget { secret },
            (_, _, refresh_token) => Secrets::new(same_kind, secret, refresh_token),
        };
        changed.has_secret = secrets.has_secret(saved.has_secret);
        changed.has_refresh_token = secrets.has_refresh_token(saved.has_refresh_token);
    }
    let is_elsewhere = changed.settings.cloud() != saved.settings.cloud();
    if is_elsewhere || changed.settings.kind() != saved.settings.kind() {
        draft::still_fits(&tx, &changed, &kind_path).await?;
    }
    let is_other = !secrets.is_keep() || changed.settings != saved.settings;
    db::credential::update(&tx, &changed, secrets, was)
        .await
        .map_err(|error| draft::name_taken(error, &Path::of("name")))?;
    if changed.settings.username() != saved.settings.username() {
        draft::move_identities(&tx, &changed).await?;
    }
    if is_other {
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
