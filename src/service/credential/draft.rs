//! A credential as it will be.

use chrono::{DateTime, Utc};

use super::config::{self, Checked};
use super::input::{CreateCredential, CredentialConfig};
use crate::db::{self, Connection};
use crate::domain::credential::{Credential, CredentialSettings};
use crate::domain::id::CredentialId;
use crate::identity::Secrets;
use crate::provider::unfit;
use crate::secret::SecretString;
use crate::service::error::Problems;
use crate::service::{Context, Error, Patch, Path, UserErrorCode, job, text};

/// A new credential that may be written. No `Debug`: it holds secrets.
pub(in crate::service) struct NewCredential {
    name: String,
    checked: Checked,
}

impl NewCredential {
    /// Checks what is given at `path`.
    pub(in crate::service) fn check(input: CreateCredential, path: &Path) -> Result<Self, Error> {
        let mut problems = Problems::new();
        let name = text::name(&mut problems, &path.field("name"), &input.name);
        let config = path.field("config");
        let checked = config::check(&mut problems, &config, input.config);
        if let Some(checked) = &checked {
            require_secret(&mut problems, checked);
        }
        problems.finish()?;
        let checked = checked.ok_or_else(|| {
            Error::refused(UserErrorCode::Required, &config, "A new credential needs its secret.")
        })?;
        Ok(Self { name, checked })
    }

    /// Seals the secrets and writes the row.
    pub(in crate::service) async fn insert(
        self,
        cx: &Context,
        db: &impl Connection,
        path: &Path,
    ) -> Result<Credential, Error> {
        let (id, now) = (CredentialId::new(), cx.clock.now());
        let seal = |secret: &SecretString| cx.keys.seal(db::credential::TABLE, id.0, secret);
        let secret = self.checked.secret.as_ref().map(seal).transpose()?;
        let refresh_token = self.checked.refresh_token.as_ref().map(seal).transpose()?;
        let credential = Credential {
            id,
            name: self.name,
            settings: self.checked.settings,
            has_secret: secret.is_some(),
            has_refresh_token: refresh_token.is_some(),
            expires_at: self.checked.expires_at,
            secret_updated_at: (secret.is_some() || refresh_token.is_some()).then_some(now),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        db::credential::insert(db, &credential, secret, refresh_token)
            .await
            .map_err(|error| name_taken(error, &path.field("name")))?;
        Ok(credential)
    }
}

/// The kinds that can't work without a secret of ours.
pub(super) fn require_secret(problems: &mut Problems, checked: &Checked) {
    if checked.secret.is_none() && checked.settings.kind().needs_secret() {
        let message = match &checked.settings {
            CredentialSettings::Basic { .. } => "A new credential needs its password.",
            CredentialSettings::EntraClientCertificate { .. } => {
                "A new credential needs its certificate with the private key."
            }
            _ => "A new credential needs its client secret: the secret's value, not its id.",
        };
        problems.add(UserErrorCode::Required, &checked.secret_path, message);
    }
}

/// Another kind needs its own, and another token endpoint is not sent what was meant for the old one.
pub(super) fn require_secret_of(saved: &Credential, checked: &Checked) -> Result<(), Error> {
    let mut problems = Problems::new();
    if checked.settings.kind() != saved.settings.kind() {
        require_secret(&mut problems, checked);
    } else if !takes_kept(&saved.settings, &checked.settings) && saved.has_secret && checked.secret.is_none()
    {
        let message =
            "The saved secret was given for another token endpoint: give it again with the new tokenUrl.";
        problems.add(UserErrorCode::Required, &checked.secret_path, message);
    }
    problems.finish()
}

/// Whether saved secrets may be used with the other settings: not of another kind, and not at another token endpoint,
/// whose operator would get to know them.
pub(in crate::service) fn takes_kept(saved: &CredentialSettings, given: &CredentialSettings) -> bool {
    match (saved, given) {
        (CredentialSettings::Oauth2(saved), CredentialSettings::Oauth2(given)) => {
            saved.token_url == given.token_url
        }
        (saved, given) => saved.kind() == given.kind(),
    }
}

/// What an update changes.
pub(super) struct Change {
    pub name: Option<String>,
    pub config: Option<Checked>,
}

impl Change {
    pub(super) fn check(name: Patch<String>, config: Patch<CredentialConfig>) -> Result<Self, Error> {
        let mut problems = Problems::new();
        let mut change = Self { name: None, config: None };
        match name {
            Patch::Keep => {}
            Patch::Clear => {
                problems.add(UserErrorCode::Required, &Path::of("name"), "A credential has a name.");
            }
            Patch::Set(name) => change.name = Some(text::name(&mut problems, &Path::of("name"), &name)),
        }
        let at = Path::of("config");
        match config {
            Patch::Keep => {}
            Patch::Clear => {
                problems.add(UserErrorCode::Required, &at, "A credential says how it proves who we are.");
            }
            Patch::Set(given) => change.config = config::check(&mut problems, &at, given),
        }
        problems.finish()?;
        Ok(change)
    }
}

/// What the saved settings become: who signed in and the certificate's thumbprint stay with the secret that is kept.
pub(super) fn merged(saved: &CredentialSettings, checked: &Checked) -> CredentialSettings {
    let mut settings = checked.settings.clone();
    match (&mut settings, saved) {
        (
            CredentialSettings::EntraClientCertificate { thumbprint, .. },
            CredentialSettings::EntraClientCertificate { thumbprint: kept, .. },
        ) if checked.secret.is_none() => thumbprint.clone_from(kept),
        (
            CredentialSettings::EntraDelegated { signed_in_as, .. },
            CredentialSettings::EntraDelegated { signed_in_as: kept, .. },
        ) if same_client(saved, &checked.settings) => signed_in_as.clone_from(kept),
        (CredentialSettings::Oauth2(oauth2), CredentialSettings::Oauth2(was))
            if same_client(saved, &checked.settings) && checked.refresh_token.is_none() =>
        {
            oauth2.signed_in_as.clone_from(&was.signed_in_as);
        }
        _ => {}
    }
    settings
}

/// Whether a refresh token that one was given is good for the other: it belongs to a client at its provider.
pub(super) fn same_client(one: &CredentialSettings, other: &CredentialSettings) -> bool {
    match (one, other) {
        (
            CredentialSettings::EntraDelegated { app, .. },
            CredentialSettings::EntraDelegated { app: other, .. },
        ) => app == other,
        (CredentialSettings::Oauth2(one), CredentialSettings::Oauth2(other)) => {
            (&one.client_id, &one.token_url) == (&other.client_id, &other.token_url)
        }
        (one, other) => one.kind() == other.kind(),
    }
}

/// A credential that is not saved, to be tried: what is given, what is absent from the saved one.
pub(in crate::service) fn tried(
    saved: Option<Credential>,
    checked: Checked,
    kept: Secrets,
    now: DateTime<Utc>,
) -> (Credential, Secrets) {
    let settings =
        saved.as_ref().map_or_else(|| checked.settings.clone(), |saved| merged(&saved.settings, &checked));
    let kept_from = saved.as_ref().filter(|saved| same_client(&saved.settings, &checked.settings));
    // The refresh token that is kept is used up by a trial: under its lock, its successor kept.
    let id = kept_from.filter(|_| checked.refresh_token.is_none()).map(|saved| saved.id);
    let secrets = Secrets {
        secret: checked.secret.or(kept.secret),
        refresh_token: checked.refresh_token.or(kept.refresh_token.filter(|_| kept_from.is_some())),
    };
    let credential = Credential {
        id: id.unwrap_or_else(CredentialId::new),
        name: saved.map(|saved| saved.name).unwrap_or_default(),
        settings,
        has_secret: secrets.secret.is_some(),
        has_refresh_token: secrets.refresh_token.is_some(),
        expires_at: checked.expires_at,
        secret_updated_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    (credential, secrets)
}

/// The refusal that a taken name is.
pub(super) fn name_taken(error: db::Error, path: &Path) -> Error {
    if error.is_taken("credential", "name") {
        Error::refused(UserErrorCode::Taken, path, "Another credential has this name: choose another one.")
    } else {
        error.into()
    }
}

/// The credential's user name changed, and with it the physical mailboxes of those that have no login of their own.
pub(super) async fn move_identities(tx: &impl Connection, credential: &Credential) -> Result<(), Error> {
    for mailbox in db::mailbox::of_credential(tx, credential.id).await? {
        let login = mailbox.settings.login(credential.settings.username(), &mailbox.address);
        let identity = mailbox.settings.identity(login);
        db::lease::revoke(tx, mailbox.id).await?;
        db::mailbox::set_identity(tx, mailbox.id, &identity).await.map_err(|error| {
            if db::mailbox::taken(&error) == Some(db::mailbox::Taken::Identity) {
                Error::refused(
                    UserErrorCode::Taken,
                    &Path::of("config").field("basic").field("username"),
                    "With this user name two mailboxes would read the same mailbox at the provider.",
                )
            } else {
                error.into()
            }
        })?;
    }
    Ok(())
}

/// The credential became one of another kind or cloud: all its mailboxes, and their jobs, must be able to work with it.
pub(super) async fn still_fits(
    tx: &impl Connection,
    credential: &Credential,
    path: &Path,
) -> Result<(), Error> {
    for mailbox in db::mailbox::of_credential(tx, credential.id).await? {
        if let Some(message) = unfit(&mailbox.settings, credential.settings.kind()) {
            let message = format!("The mailbox '{}' uses this credential. {message}", mailbox.title);
            return Err(Error::refused(UserErrorCode::Unsupported, path, message));
        }
        job::still_fit(tx, &mailbox, credential.settings.cloud(), &path.field("cloud")).await?;
    }
    Ok(())
}
