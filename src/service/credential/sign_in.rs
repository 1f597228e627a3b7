//! Delegated sign-in. What has to be remembered between its two halves travels in the state, sealed: who began it, for
//! which credential in which version, until when, and the PKCE verifier. So any replica can end what another began.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::{self, credential::Secrets};
use crate::domain::credential::{Credential, CredentialSettings};
use crate::domain::id::CredentialId;
use crate::identity::{self, SignedIn};
use crate::secret::{ExposeSecret as _, SecretString};
use crate::service::permit::ConfigWrite;
use crate::service::{Context, Error, Path, Permit, UserError, UserErrorCode, connection};

/// How long a person has to sign in.
const PATIENCE: TimeDelta = TimeDelta::minutes(15);
/// What the state is sealed for; no table is called so.
const PURPOSE: &str = "sign-in";

/// Where a person signs in.
pub struct SignIn {
    /// To be handed to the person.
    pub authorize_url: String,
    /// Until then.
    pub expires_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct State {
    credential: Uuid,
    version: i32,
    caller: String,
    until: DateTime<Utc>,
    verifier: String,
}

/// Why a person who came back from signing in was not let in.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// The state is not ours, too old, used, or the credential was changed in the meantime.
    #[error("this sign-in is not valid any more")]
    Stale,
    /// The person, or the sign-in service, said no.
    #[error("the sign-in was not completed at the sign-in service")]
    Denied,
    /// The code was not redeemed.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// It could not be kept.
    #[error("the sign-in could not be kept")]
    Service(#[from] Error),
}

/// Where the person whose mailbox it is signs in.
pub async fn start(cx: &Context, permit: &Permit<ConfigWrite>, id: CredentialId) -> Result<SignIn, Error> {
    let path = Path::of("credentialId");
    let saved = db::credential::get(cx.db.read(), id).await?;
    let saved = saved.ok_or_else(|| Error::unknown(&path, "credential"))?;
    let by_person = match &saved.settings {
        CredentialSettings::EntraDelegated { .. } => true,
        CredentialSettings::Oauth2(oauth2) => oauth2.authorize_url.is_some(),
        _ => false,
    };
    if !by_person {
        let message = "Nobody signs in with this credential: that is for ENTRA_DELEGATED, and for OAUTH2 with an authorizeUrl.";
        return Err(Error::refused(UserErrorCode::Unsupported, &path, message));
    }
    let expires_at = cx.clock.now() + PATIENCE;
    let seal = |verifier: &SecretString| -> Result<String, Failed> {
        let state = State {
            credential: id.0,
            version: saved.version,
            caller: permit.caller().subject.clone(),
            until: expires_at,
            verifier: verifier.expose_secret().to_owned(),
        };
        let state = serde_json::to_string(&state).unwrap_or_default();
        let sealed = cx.keys.seal(PURPOSE, Uuid::nil(), &SecretString::from(state))?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    };
    match cx.identities.sign_in(&saved, &redirect(cx), seal) {
        Ok(authorize_url) => Ok(SignIn { authorize_url, expires_at }),
        Err(Failed::Secret(error)) => Err(error.into()),
        Err(Failed::Identity(error)) => {
            Err(Error::Refused(vec![UserError::provider(&path, error.fault(cx.clock.now()))]))
        }
    }
}

enum Failed {
    Secret(crate::secret::Error),
    Identity(identity::Error),
}

impl From<crate::secret::Error> for Failed {
    fn from(error: crate::secret::Error) -> Self {
        Self::Secret(error)
    }
}

impl From<identity::Error> for Failed {
    fn from(error: identity::Error) -> Self {
        Self::Identity(error)
    }
}

/// The person came back: redeems the code, and keeps the refresh token with the credential. The state is the permit:
/// only [`start`] makes one, it is good for one credential in one version, and so it is good once.
pub async fn finish(cx: &Context, state: &str, code: Option<&SecretString>) -> Result<(), Unfinished> {
    let now = cx.clock.now();
    let sealed = URL_SAFE_NO_PAD.decode(state).map_err(|_| Unfinished::Stale)?;
    let opened = cx.keys.open(PURPOSE, Uuid::nil(), &sealed).map_err(|_| Unfinished::Stale)?;
    let state: State = serde_json::from_str(opened.expose_secret()).map_err(|_| Unfinished::Stale)?;
    let saved =
        db::credential::get(cx.db.read(), CredentialId(state.credential)).await.map_err(Error::from)?;
    let saved = saved.filter(|saved| saved.version == state.version && now < state.until);
    let saved = saved.ok_or(Unfinished::Stale)?;
    let code = code.ok_or(Unfinished::Denied)?;
    let secrets = match connection::secrets(cx, &saved).await {
        Ok(secrets) => secrets,
        Err(connection::Error::Database(error)) => return Err(Error::from(error).into()),
        Err(connection::Error::Sealed(error)) => return Err(Error::from(error).into()),
        Err(_) => return Err(Unfinished::Stale),
    };
    let verifier = SecretString::from(state.verifier);
    let signed_in = cx.identities.signed_in(&saved, secrets.secret, code, &verifier, &redirect(cx)).await?;
    keep(cx, saved, signed_in, now).await?;
    tracing::info!(credential = %state.credential, started_by = %state.caller, "a person signed in for a credential");
    Ok(())
}

async fn keep(
    cx: &Context,
    saved: Credential,
    signed_in: SignedIn,
    now: DateTime<Utc>,
) -> Result<(), Unfinished> {
    let was = saved.version;
    let mut changed = Credential {
        version: was + 1,
        updated_at: now,
        secret_updated_at: Some(now),
        has_refresh_token: true,
        ..saved
    };
    match &mut changed.settings {
        CredentialSettings::EntraDelegated { signed_in_as, .. } => *signed_in_as = signed_in.person,
        CredentialSettings::Oauth2(oauth2) => oauth2.signed_in_as = signed_in.person,
        _ => return Err(Unfinished::Stale),
    }
    let sealed = cx.keys.seal(db::credential::TABLE, changed.id.0, &signed_in.refresh_token);
    let secrets = Secrets::Change { secret: None, refresh_token: Some(sealed.map_err(Error::from)?) };
    let tx = cx.db.begin().await.map_err(Error::from)?;
    match db::credential::update(&tx, &changed, secrets, was).await {
        Ok(()) => {}
        Err(db::Error::Stale) => return Err(Unfinished::Stale),
        Err(error) => return Err(Error::from(error).into()),
    }
    db::mailbox::retry_of_credential(&tx, changed.id, now).await.map_err(Error::from)?;
    tx.commit().await.map_err(|error| Error::from(db::Error::from(error)))?;
    cx.wake.ring();
    Ok(())
}

/// Where people come back to: what the sign-in service has to know as the redirect URI.
fn redirect(cx: &Context) -> String {
    format!("{}/oauth/callback", cx.public_url)
}
