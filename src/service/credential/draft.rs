//! What is given of a credential, checked.

use super::input::{CreateCredential, CredentialConfig};
use crate::db::{self, Connection};
use crate::domain::credential::{Credential, CredentialKind};
use crate::domain::id::CredentialId;
use crate::secret::{ExposeSecret, SecretString};
use crate::service::error::Problems;
use crate::service::{Context, Error, Patch, Path, UserErrorCode, text};

/// Characters of a user name and bytes of a password.
const MAX_SECRET: usize = 1_000;

/// A new credential that may be written.
pub(in crate::service) struct NewCredential {
    name: String,
    pub username: String,
    password: SecretString,
}

impl NewCredential {
    /// Checks what is given at `path`.
    pub(in crate::service) fn check(input: CreateCredential, path: &Path) -> Result<Self, Error> {
        let mut problems = Problems::new();
        let name = text::name(&mut problems, &path.field("name"), &input.name);
        let config = path.field("config");
        let basic = basic(&mut problems, &config, input.config);
        if let Some((_, None)) = &basic {
            let password = config.field("basic").field("password");
            problems.add(UserErrorCode::Required, &password, "A new credential needs its password.");
        }
        problems.finish()?;
        match basic {
            Some((username, Some(password))) => Ok(Self { name, username, password }),
            _ => Err(Error::refused(UserErrorCode::Required, &config, "A new credential needs its secret.")),
        }
    }

    /// Seals the secret and writes the row.
    pub(in crate::service) async fn insert(
        self,
        cx: &Context,
        db: &impl Connection,
        path: &Path,
    ) -> Result<Credential, Error> {
        let (id, now) = (CredentialId::new(), cx.clock.now());
        let sealed = cx.keys.seal(db::credential::TABLE, id.0, &self.password)?;
        let credential = Credential {
            id,
            name: self.name,
            kind: CredentialKind::Basic,
            username: Some(self.username),
            has_secret: true,
            secret_updated_at: Some(now),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        db::credential::insert(db, &credential, Some(sealed))
            .await
            .map_err(|error| name_taken(error, &path.field("name")))?;
        Ok(credential)
    }
}

/// What an update changes.
pub(super) struct Change {
    pub name: Option<String>,
    pub username: Option<String>,
    pub password: Option<SecretString>,
}

impl Change {
    pub(super) fn check(name: Patch<String>, config: Patch<CredentialConfig>) -> Result<Self, Error> {
        let mut problems = Problems::new();
        let mut change = Self { name: None, username: None, password: None };
        match name {
            Patch::Keep => {}
            Patch::Clear => {
                problems.add(UserErrorCode::Required, &Path::of("name"), "A credential has a name.")
            }
            Patch::Set(name) => change.name = Some(text::name(&mut problems, &Path::of("name"), &name)),
        }
        let at = Path::of("config");
        match config {
            Patch::Keep => {}
            Patch::Clear => {
                problems.add(UserErrorCode::Required, &at, "A credential says how it proves who we are.");
            }
            Patch::Set(given) => {
                if let Some((username, password)) = basic(&mut problems, &at, given) {
                    change.username = Some(username);
                    change.password = password;
                }
            }
        }
        problems.finish()?;
        Ok(change)
    }
}

/// User name and password, where the kind has them.
pub(in crate::service) fn basic(
    problems: &mut Problems,
    path: &Path,
    config: CredentialConfig,
) -> Option<(String, Option<SecretString>)> {
    let path = path.field(config.member());
    let CredentialConfig::Basic { username, password } = config else {
        let message = format!("Credentials of kind {} are not supported yet: use BASIC.", config.kind());
        problems.add(UserErrorCode::Unsupported, &path, message);
        return None;
    };
    // Verbatim: blanks and backslashes may belong to it.
    if username.is_empty() {
        problems.add(UserErrorCode::Required, &path.field("username"), "The user name is empty: give one.");
    } else if username.chars().any(char::is_control) || username.chars().count() > MAX_SECRET {
        let message = format!("A user name is one line of at most {MAX_SECRET} characters.");
        problems.add(UserErrorCode::Invalid, &path.field("username"), message);
    }
    if let Some(password) = &password {
        let password = password.expose_secret();
        if password.is_empty() {
            let message =
                "The password is empty: give one, or leave it out of an update to keep the saved one.";
            problems.add(UserErrorCode::Required, &path.field("password"), message);
        } else if password.contains(['\0', '\r', '\n']) || password.len() > MAX_SECRET {
            let message = format!("A password is one line of at most {MAX_SECRET} bytes.");
            problems.add(UserErrorCode::Invalid, &path.field("password"), message);
        }
    }
    Some((username, password))
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
        let login = mailbox.settings.login(credential.username.as_deref(), &mailbox.address);
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
