//! A new secret, tried before the old one is let go of.

use std::time::Duration;

use super::config::Checked;
use super::draft;
use crate::db;
use crate::domain::credential::{Credential, CredentialSettings};
use crate::domain::fault::{Fault, Halted, Verdict};
use crate::domain::id::CredentialId;
use crate::identity::Secrets;
use crate::provider::{self, Access};
use crate::service::{Context, Error, UserError, connection};

/// A person waits for it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Tries the secret that an update gives, if it gives one: an identity of the machine may be that of another machine than
/// this one. Only a refusal is one: while nobody answers, a secret can still be changed. What a rotating refresh token became by the trial takes the place of what was given.
pub(super) async fn run(cx: &Context, saved: &Credential, checked: &mut Checked) -> Result<(), Error> {
    if checked.secret.is_none() && checked.refresh_token.is_none() {
        return Ok(());
    }
    let kept = match connection::secrets(cx, saved).await {
        Ok(kept) if draft::takes_kept(&saved.settings, &checked.settings) => kept,
        // The key that sealed the old one may be lost: that is a reason to give a new one.
        Ok(_) | Err(connection::Error::Sealed(_)) => Secrets::default(),
        Err(connection::Error::Database(error)) => return Err(error.into()),
        Err(_) => Secrets::default(),
    };
    let kept_token = kept.refresh_token.filter(|_| draft::same_client(&saved.settings, &checked.settings));
    let secrets = Secrets {
        secret: checked.secret.clone().or(kept.secret),
        refresh_token: checked.refresh_token.clone().or(kept_token),
    };
    // A refresh token that is kept is used up by the trial as by any other use: under its lock, its successor kept.
    let is_kept = checked.refresh_token.is_none() && secrets.refresh_token.is_some();
    let id = if is_kept { saved.id } else { CredentialId::new() };
    let tried = Credential { id, settings: checked.settings.clone(), ..saved.clone() };
    let outcome = async {
        match tried.settings {
            CredentialSettings::Basic { .. } => log_in(cx, saved, &tried, secrets).await,
            _ => Ok(fetch(cx, &tried, secrets, checked).await),
        }
    };
    // Who keeps silent for so long is nobody who answers.
    let fault = tokio::time::timeout(PATIENCE, outcome).await.unwrap_or(Ok(None))?;
    match fault {
        Some(fault) => Err(Error::Refused(vec![UserError::provider(&checked.secret_path, fault)])),
        None => Ok(()),
    }
}

/// A token is fetched; where a person has to sign in first, there is nothing to try.
async fn fetch(cx: &Context, tried: &Credential, secrets: Secrets, checked: &mut Checked) -> Option<Fault> {
    let by_person = match &tried.settings {
        CredentialSettings::EntraDelegated { .. } => true,
        CredentialSettings::Oauth2(oauth2) => oauth2.authorize_url.is_some(),
        _ => false,
    };
    if by_person && secrets.refresh_token.is_none() {
        return None;
    }
    let cloud = tried.settings.app().map(|app| app.cloud).or(tried.settings.identity().map(|who| who.cloud));
    let scope = cloud.map(|cloud| format!("{}/.default", cloud.graph())).unwrap_or_default();
    let tokens = match cx.identities.apart(tried, secrets) {
        Ok(tokens) => tokens,
        Err(error) => return Some(error.fault(cx.clock.now())),
    };
    let ended = tokens.bearer(&scope).await;
    if checked.refresh_token.is_some() {
        checked.refresh_token = tokens.refresh_token();
    }
    match ended {
        Err(error) if !error.is_transient() => Some(error.fault(cx.clock.now())),
        _ => None,
    }
}

/// One of the mailboxes is opened, once: a password that is tried often locks the account.
async fn log_in(
    cx: &Context,
    saved: &Credential,
    tried: &Credential,
    secrets: Secrets,
) -> Result<Option<Fault>, Error> {
    let mailboxes = db::mailbox::of_credential(cx.db.read(), saved.id).await?;
    let Some(mailbox) = mailboxes.into_iter().find(|mailbox| !mailbox.paused) else { return Ok(None) };
    let Ok(login) = connection::login_apart(cx, &mailbox.settings, &mailbox.address, tried, secrets) else {
        return Ok(None);
    };
    let opened = match provider::connect(&mailbox.settings, login, mailbox.folder_roles, &cx.reach) {
        Ok(provider) => provider.open(Access::Look).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(session) => session.close().await,
        Err(error) if error.verdict() == Verdict::Halt(Halted::Credential) => {
            return Ok(Some(error.fault(cx.clock.now())));
        }
        Err(_) => {}
    }
    Ok(None)
}
