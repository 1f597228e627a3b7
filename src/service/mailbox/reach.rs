//! Reaching a mailbox at its provider on a person's behalf, reading only: connection tests, and its folders.

use super::draft;
use super::input::{CredentialChoice, TestMailbox};
use crate::db;
use crate::domain::connection::ConnectionTest;
use crate::domain::fault::{Fault, FaultCode};
use crate::domain::folder::Folder;
use crate::domain::id::{CredentialId, MailboxId};
use crate::domain::mailbox::Mailbox;
use crate::provider::{self, Access, Login};
use crate::secret::SecretString;
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
    let login = chosen_login(cx, &mut problems, input.credential, saved_credential).await?;
    problems.finish()?;
    let (Some(settings), Some((username, password))) = (settings, login) else {
        return Err(Error::NotFound);
    };
    let username = settings.login(username.as_deref(), &address).to_owned();
    let login = Login { username, password };
    let roles = saved.map(|saved| saved.folder_roles).unwrap_or_default();
    Ok(provider::probe(&settings, login, roles, &cx.net, &folder, &*cx.clock).await)
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
        Err(connection::Error::Database(error)) => return Err(error.into()),
        Err(error) => {
            let fault = Fault {
                code: FaultCode::Authentication,
                message: error.to_string(),
                hint: Some(error.hint().to_owned()),
                retryable: false,
                provider_code: None,
                request_id: None,
                occurred_at: cx.clock.now(),
            };
            return Err(Error::Refused(vec![UserError::provider(&path, fault)]));
        }
    };
    let refused = |error: provider::Error| {
        Error::Refused(vec![UserError::provider(&path, error.fault(cx.clock.now()))])
    };
    let mut session = provider.open(Access::Look).await.map_err(refused)?;
    let folders = session.folders().await.map_err(refused)?;
    session.close().await;
    Ok(folders)
}

async fn require(cx: &Context, id: MailboxId, path: &Path) -> Result<Mailbox, Error> {
    db::mailbox::get(cx.db.read(), id).await?.ok_or_else(|| Error::unknown(path, "mailbox"))
}

/// User name and password: the ones given, what is absent from the saved credential.
async fn chosen_login(
    cx: &Context,
    problems: &mut Problems,
    choice: Option<CredentialChoice>,
    of_mailbox: Option<CredentialId>,
) -> Result<Option<(Option<String>, SecretString)>, Error> {
    let path = Path::of("credential");
    let choice = choice.unwrap_or(CredentialChoice { id: None, config: None });
    // Changes without an id are changes of the mailbox's own credential, if it has one.
    let id = choice.id.or(of_mailbox);
    let given = match choice.config {
        Some(config) => match credential::basic(problems, &path.field("config"), config) {
            Some(given) => Some(given),
            None => return Ok(None),
        },
        None => None,
    };
    match (given, id) {
        (Some((username, Some(password))), _) => Ok(Some((Some(username), password))),
        (Some((username, None)), Some(id)) => {
            Ok(saved_login(cx, problems, id, &path).await?.map(|(_, password)| (Some(username), password)))
        }
        (Some((_, None)), None) => {
            let at = path.field("config").field("basic").field("password");
            problems.add(UserErrorCode::Required, &at, "A credential that is not saved needs its password.");
            Ok(None)
        }
        (None, Some(id)) => saved_login(cx, problems, id, &path).await,
        (None, None) => {
            let message = "Without a saved mailbox the test needs a credential: give its id or its config.";
            problems.add(UserErrorCode::Required, &path, message);
            Ok(None)
        }
    }
}

async fn saved_login(
    cx: &Context,
    problems: &mut Problems,
    id: CredentialId,
    path: &Path,
) -> Result<Option<(Option<String>, SecretString)>, Error> {
    let db = cx.db.read();
    let Some(saved) = db::credential::get(db, id).await? else {
        problems.add(UserErrorCode::NotFound, &path.field("id"), "There is no such credential.");
        return Ok(None);
    };
    let Some(sealed) = db::credential::sealed_secret(db, id).await? else {
        problems.add(UserErrorCode::Required, path, "The saved credential has no password: give one.");
        return Ok(None);
    };
    Ok(Some((saved.username, cx.keys.open(db::credential::TABLE, id.0, &sealed)?)))
}
