//! A person signs in once: authorization code with PKCE (RFC 6749, 4.1; RFC 7636).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, RedirectUrl, Scope, basic::BasicClient};
use secrecy::SecretString;
use serde::Deserialize;

use super::{Error, Identities};
use crate::domain::credential::{Credential, CredentialSettings};

/// Characters of who signed in.
const MAX_NAME: usize = 320;

/// A person who signed in. No `Debug`.
pub struct SignedIn {
    /// What tokens are fetched with from now on.
    pub refresh_token: SecretString,
    /// Who it is, where the sign-in service says so.
    pub person: Option<String>,
}

impl Identities {
    /// Where a person signs in for the credential. `state` makes the state that the answer brings back, from the
    /// verifier.
    pub fn sign_in<E: From<Error>>(
        &self,
        credential: &Credential,
        redirect: &str,
        state: impl FnOnce(&SecretString) -> Result<String, E>,
    ) -> Result<String, E> {
        let (url, scopes) = match &credential.settings {
            CredentialSettings::EntraDelegated { app, .. } => {
                let authority = self.0.entra.authority(app.cloud);
                let url = format!("{authority}/{}/oauth2/v2.0/authorize", app.tenant_id);
                // What the app registration lists, and a refresh token.
                let graph = format!("{}/.default", app.cloud.graph());
                let scopes = ["openid", "profile", "offline_access"].map(str::to_owned);
                (url, [vec![graph], scopes.to_vec()].concat())
            }
            CredentialSettings::Oauth2(oauth2) => match &oauth2.authorize_url {
                Some(url) => (url.clone(), oauth2.scopes.clone()),
                None => return Err(NO_ADDRESS.into()),
            },
            other => return Err(Error::Unsupported(other.kind()).into()),
        };
        let client_id = match &credential.settings {
            CredentialSettings::Oauth2(oauth2) => oauth2.client_id.clone(),
            settings => settings.app().map(|app| app.client_id.clone()).unwrap_or_default(),
        };
        let client = BasicClient::new(ClientId::new(client_id))
            .set_auth_uri(AuthUrl::new(url).map_err(|_| NO_ADDRESS)?)
            .set_redirect_uri(RedirectUrl::new(redirect.to_owned()).map_err(|_| NO_ADDRESS)?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = state(&SecretString::from(verifier.into_secret()))?;
        let (url, _) = client
            .authorize_url(|| CsrfToken::new(state))
            .add_scopes(scopes.into_iter().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        Ok(url.into())
    }

    /// Redeems the code that the person brought back.
    pub async fn signed_in(
        &self,
        credential: &Credential,
        client_secret: Option<SecretString>,
        code: &SecretString,
        verifier: &SecretString,
        redirect: &str,
    ) -> Result<SignedIn, Error> {
        let endpoint = self.0.entra.endpoint(&credential.settings, client_secret)?;
        let granted = endpoint.code(code, verifier, redirect).await?;
        let person = granted.id_token.as_deref().and_then(person);
        let refresh_token = granted.refresh_token.ok_or(NO_REFRESH_TOKEN)?;
        Ok(SignedIn { refresh_token, person })
    }
}

#[derive(Deserialize)]
struct Claims {
    preferred_username: Option<String>,
    email: Option<String>,
}

/// Who an id token is about. It came from the token endpoint itself, over TLS, so its signature proves nothing more
/// (OpenID Connect Core, 3.1.3.7).
fn person(id_token: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(id_token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    let name = claims.preferred_username.or(claims.email)?;
    (!name.is_empty() && name.chars().count() <= MAX_NAME && !name.contains(char::is_control)).then_some(name)
}

const NO_ADDRESS: Error = Error::Incomplete {
    what: "usable address where people sign in",
    hint: "Give the credential its authorizeUrl.",
};
const NO_REFRESH_TOKEN: Error = Error::Incomplete {
    what: "refresh token: the sign-in service gave none",
    hint: "Let the credential's scopes ask for one, usually by offline_access, and sign in again.",
};
