//! Grants of RFC 6749, by the `oauth2` crate: client credentials, refresh token, authorization code.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    TokenResponse as _, TokenUrl,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::capture::{Answer, answer};
use super::{Bearer, Error};
use crate::domain::clock::Clock;
use crate::net::{self, Http};

/// An answer without `expires_in` is believed so long.
const UNTOLD: TimeDelta = TimeDelta::minutes(10);
/// No token is believed to live longer.
const LONGEST: TimeDelta = TimeDelta::days(7);

/// A client at its token endpoint. No `Debug`: it holds a secret.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub http: Http,
    pub clock: Arc<dyn Clock>,
    pub token_url: String,
    pub client_id: String,
    pub secret: Option<SecretString>,
    /// Whether the secret goes into the body instead of the header.
    pub in_body: bool,
}

/// What a grant gave.
pub(super) struct Granted {
    pub bearer: Bearer,
    pub refresh_token: Option<SecretString>,
    /// Who signed in (OpenID Connect); only with an authorization code.
    pub id_token: Option<String>,
}

type Client = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;
type Ended = Result<BasicTokenResponse, RequestTokenError<net::Error, BasicErrorResponse>>;

impl Endpoint {
    /// RFC 6749, 4.4.
    pub(super) async fn client_credentials(&self, scopes: &[String]) -> Result<Granted, Error> {
        let (client, sender) = (self.client()?, self.sender());
        let request = client.exchange_client_credentials().add_scopes(scopes.iter().cloned().map(Scope::new));
        let ended = request.request_async(&sender).await;
        self.granted(ended, &sender)
    }

    /// RFC 6749, 6. Without scopes: those that were granted.
    pub(super) async fn refresh(&self, token: &SecretString, scopes: &[String]) -> Result<Granted, Error> {
        let (client, sender) = (self.client()?, self.sender());
        let token = RefreshToken::new(token.expose_secret().to_owned());
        let request =
            client.exchange_refresh_token(&token).add_scopes(scopes.iter().cloned().map(Scope::new));
        let ended = request.request_async(&sender).await;
        self.granted(ended, &sender)
    }

    /// RFC 6749, 4.1.3, with PKCE (RFC 7636).
    pub(super) async fn code(
        &self,
        code: &SecretString,
        verifier: &SecretString,
        redirect: &str,
    ) -> Result<Granted, Error> {
        let (client, sender) = (self.client()?, self.sender());
        let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|_| address())?;
        let request = client
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()))
            .set_redirect_uri(std::borrow::Cow::Owned(redirect));
        let ended = request.request_async(&sender).await;
        self.granted(ended, &sender)
    }

    fn client(&self) -> Result<Client, Error> {
        let mut client = BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_token_uri(TokenUrl::new(self.token_url.clone()).map_err(|_| address())?)
            .set_auth_type(if self.in_body { AuthType::RequestBody } else { AuthType::BasicAuth });
        if let Some(secret) = &self.secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
        }
        Ok(client)
    }

    fn sender(&self) -> Sender {
        Sender { http: self.http.clone(), token_url: self.token_url.clone(), heard: Mutex::default() }
    }

    fn granted(&self, ended: Ended, sender: &Sender) -> Result<Granted, Error> {
        let now = self.clock.now();
        match ended {
            Ok(_) if sender.is_unsound() => Err(sender.refusal()),
            Ok(granted) => {
                let token = SecretString::from(granted.access_token().secret().clone());
                let lives = granted.expires_in().map(TimeDelta::from_std);
                let expires_at = expires(now, lives.map(|lives| lives.unwrap_or(LONGEST)));
                // An empty one takes the place of none.
                let refresh_token = granted.refresh_token().map(|token| token.secret().clone());
                let refresh_token = refresh_token.filter(|token| !token.is_empty()).map(Into::into);
                Ok(Granted {
                    bearer: Bearer { token, expires_at },
                    refresh_token,
                    id_token: sender.id_token(),
                })
            }
            Err(RequestTokenError::Request(error)) => Err(error.into()),
            Err(_) => Err(sender.refusal()),
        }
    }
}

fn expires(now: DateTime<Utc>, lives: Option<TimeDelta>) -> DateTime<Utc> {
    now + lives.unwrap_or(UNTOLD).min(LONGEST)
}

const fn address() -> Error {
    Error::Incomplete {
        what: "usable address of a token endpoint",
        hint: "Check the addresses of the credential.",
    }
}

/// Sends what the crate makes, and keeps what was answered: the crate makes prose of it.
struct Sender {
    http: Http,
    token_url: String,
    heard: Mutex<Option<Answer>>,
}

impl<'c> AsyncHttpClient<'c> for Sender {
    type Error = net::Error;
    type Future = BoxFuture<'c, Result<HttpResponse, net::Error>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let lost = || net::Error::NotAHost { host: self.token_url.clone() };
            let request = reqwest::Request::try_from(request).map_err(|_| lost())?;
            let answer = answer(&self.http, request).await?;
            let mut response = HttpResponse::new(answer.body.to_vec());
            *response.status_mut() = answer.status.try_into().map_err(|_| lost())?;
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            Ok(response)
        })
    }
}

#[derive(serde::Deserialize)]
struct IdToken {
    id_token: String,
}

impl Sender {
    fn id_token(&self) -> Option<String> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let body: IdToken = serde_json::from_slice(&heard.as_ref()?.body).ok()?;
        Some(body.id_token)
    }

    fn is_unsound(&self) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.as_ref().is_some_and(Answer::is_unsound)
    }

    fn refusal(&self) -> Error {
        let answer = self.heard.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.map_or_else(address, |answer| answer.refusal())
    }
}
