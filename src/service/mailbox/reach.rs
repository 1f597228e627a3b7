//! Reaching a mailbox at its provider on a person's behalf, reading only: connection tests, and its folders.

use super::draft;
use super::input::{CredentialChoice, TestMailbox};
use crate::db;
use crate::domain::connection::ConnectionTest;
use crate::domain::credential::Credential;
use crate::domain::fault::FaultCode;
use crate::domain::folder::Folder;
use crate::domain::id::{CredentialId, MailboxId};
use crate::domain::mailbox::Mailbox;
use crate::identity::Secrets;
use crate::provider::{self, Access};
use crate::service::error::Problems;
use crate::service::permit::ConfigWrite;
use crate::service::{Context, Error, Path, Permit, UserError, UserErrorCode, connection, credential, text};

/// Tries a connection without changing anything. Uniqueness is not checked.
pub async fn test(
    cx: &Context,
    _permit: &Permit<ConfigWrite>,
    input: TestMailbox,
) -> Result<ConnectionTest, Error> {
    let saved = match input.id {
        Some(id) => Some(require(cx, id, &Path::of("id")).await?),
        None => None,
    };
    let mut problems = Problems::new();
    let address = input.address.as_deref().or(saved.as_ref().map(|saved| saved.address.as_str()));
    let address = text::address(&mut problems, &Path::of("address"), address.unwrap_or_default());
    let settings = match (input.provider, &saved) {
        (Some(given), _) => draft::settings(&mut problems, &Path::of("provider"), given),
        (None, Some(saved)) => Some(saved.settings.clone()),
        (None, None) => {
            let message = "Without a saved mailbox the test needs the provider.";
            problems.add(UserErrorCode::Required, &Path::of("provider"), message);
            None
        }
    };
    let folder = input.folder.unwrap_or_else(|| "INBOX".to_owned());
    let folder = text::folder(&mut problems, &Path::of("folder"), &folder);
    let saved_credential = saved.as_ref().map(|saved| saved.credential_id);
    let chosen = chosen(cx, &mut problems, input.credential, saved_credential).await?;
    problems.finish()?;
    let (Some(settings), Some(chosen)) = (settings, chosen) else {
        return Err(Error::NotFound);
    };
    let login = match &chosen.credential {
        Whose::Saved(saved) => connection::login(cx, &settings, &address, saved, chosen.secrets),
        Whose::Tried(tried) => connection::login_apart(cx, &settings, &address, tried, chosen.secrets),
    };
    let login = match login {
        Ok(login) => login,
        Err(error) => return Err(unopened(cx, &Path::of("credential"), error)),
    };
    let roles = saved.map(|saved| saved.folder_roles).unwrap_or_default();
    Ok(provider::probe(&settings, login, roles, &cx.reach, &folder, &*cx.clock).await)
}

/// The folders at the provider, now.
pub async fn folders(
    cx: &Context,
    _permit: &Permit<ConfigWrite>,
    id: MailboxId,
) -> Result<Vec<Folder>, Error> {
    let path = Path::of("mailboxId");
    let mailbox = require(cx, id, &path).await?;
    let provider = match connection::provider(cx, &mailbox).await {
        Ok(provider) => provider,
        Err(error) => return Err(unopened(cx, &path, error)),
    };
    let refused = |error: provider::Error| {
        Error::Refused(vec![UserError::provider(&path, error.fault(cx.clock.now()))])
    };
    let mut session = provider.open(Access::Look).await.map_err(refused)?;
    let folders = session.folders().await.map_err(refused)?;
    session.close().await;
    Ok(folders)
}

/// The refusal that a mailbox which can't be opened is.
fn unopened(cx: &Context, path: &Path, error: connection::Error) -> Error {
    if let connection::Error::Database(error) = error {
        return error.into();
    }
    let mut fault = error.fault(cx.clock.now());
    if fault.code == FaultCode::Internal {
        fault.code = FaultCode::Authentication;
    }
    Error::Refused(vec![UserError::provider(path, fault)])
}

async fn require(cx: &Context, id: MailboxId, path: &Path) -> Result<Mailbox, Error> {
    db::mailbox::get(cx.db.read(), id).await?.ok_or_else(|| Error::unknown(path, "mailbox"))
}

/// What is logged in with.
struct Chosen {
    credential: Whose,
    secrets: Secrets,
}

enum Whose {
    Saved(Credential),
    /// Not as it is saved.
    Tried(Credential),
}

/// The credential that is tried, and its secrets: what is given, what is absent from the saved one.
async fn chosen(
    cx: &Context,
    problems: &mut Problems,
    choice: Option<CredentialChoice>,
    of_mailbox: Option<CredentialId>,
) -> Result<Option<Chosen>, Error> {
    let path = Path::of("credential");
    let choice = choice.unwrap_or(CredentialChoice { id: None, config: None });
    // Changes without an id are changes of the mailbox's own credential, if it has one.
    let saved = match choice.id.or(of_mailbox) {
        Some(id) => match db::credential::get(cx.db.read(), id).await? {
            Some(saved) => Some(saved),
            None => {
                problems.add(UserErrorCode::NotFound, &path.field("id"), "There is no such credential.");
                return Ok(None);
            }
        },
        None => None,
    };
    let Some(config) = choice.config else {
        let Some(saved) = saved else {
            let message = "Without a saved mailbox the test needs a credential: give its id or its config.";
            problems.add(UserErrorCode::Required, &path, message);
            return Ok(None);
        };
        let secrets = saved_secrets(cx, &saved).await?;
        if secrets.secret.is_none() && saved.settings.kind().needs_secret() {
            problems.add(UserErrorCode::Required, &path, "The saved credential has no secret: give one.");
            return Ok(None);
        }
        return Ok(Some(Chosen { credential: Whose::Saved(saved), secrets }));
    };
    let Some(checked) = credential::check(problems, &path.field("config"), config) else { return Ok(None) };
    let saved = saved.filter(|saved| credential::takes_kept(&saved.settings, &checked.settings));
    let kept = match &saved {
        Some(saved) => saved_secrets(cx, saved).await?,
        None => Secrets::default(),
    };
    if checked.secret.is_none() && kept.secret.is_none() && checked.settings.kind().needs_secret() {
        let message = "A credential that is not saved needs its secret.";
        problems.add(UserErrorCode::Required, &checked.secret_path, message);
        return Ok(None);
    }
    let (tried, secrets) = credential::tried(saved, checked, kept, cx.clock.now());
    Ok(Some(Chosen { credential: Whose::Tried(tried), secrets }))
}

async fn saved_secrets(cx: &Context, saved: &Credential) -> Result<Secrets, Error> {
    match connection::secrets(cx, saved).await {
        Ok(secrets) => Ok(secrets),
        Err(connection::Error::Database(error)) => Err(error.into()),
        Err(connection::Error::Sealed(error)) => Err(error.into()),
        Err(_) => Ok(Secrets::default()),
    }
}
