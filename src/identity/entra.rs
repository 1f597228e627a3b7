//! Entra ID, by Azure's own library: one credential object a fetch, because the cache is ours
//! (docs/decisions/0010-tokens.md).

use std::sync::Arc;
use std::time::Duration;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientMethodOptions, ClientOptions, RetryOptions, Transport};
use azure_core::time::OffsetDateTime;
use azure_identity::{
    ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions,
};
use chrono::TimeDelta;
use secrecy::ExposeSecret as _;
use secrecy::SecretString;

use super::capture::Capture;
use super::grant::Endpoint;
use super::machine::Environment;
use super::{Bearer, Certificate, Error};
use crate::domain::clock::Clock;
use crate::domain::credential::CredentialSettings;
use crate::domain::entra::{EntraApp, EntraCloud};
use crate::net::Http;

/// Where Entra ID is, and how it is reached.
#[derive(Clone)]
pub(super) struct Entra {
    pub http: Http,
    pub clock: Arc<dyn Clock>,
    /// How long one answer may take, from the first byte to the last.
    pub limit: Duration,
    /// Instead of where the cloud has it.
    pub authority: Option<Arc<str>>,
    /// What the platform says.
    pub environment: Environment,
}

impl Entra {
    /// Where tokens come from, without a slash at the end.
    pub(super) fn authority(&self, cloud: EntraCloud) -> &str {
        self.authority.as_deref().unwrap_or_else(|| cloud.authority())
    }

    /// Client credentials with a client secret.
    pub(super) async fn by_secret(
        &self,
        app: &EntraApp,
        secret: &SecretString,
        scope: &str,
    ) -> Result<Bearer, Error> {
        let capture = Capture::new(self.http.clone());
        let client_options = Self::options(&capture, self.authority(app.cloud));
        let options = ClientSecretCredentialOptions { client_options };
        let secret = Secret::new(secret.expose_secret().to_owned());
        let credential =
            ClientSecretCredential::new(&app.tenant_id, app.client_id.clone(), secret, Some(options));
        self.fetch(&capture, credential.map_err(|_| incomplete())?.as_ref(), scope).await
    }

    /// Client credentials with an assertion that the certificate's key signs.
    pub(super) async fn by_certificate(
        &self,
        app: &EntraApp,
        certificate: &Certificate,
        scope: &str,
    ) -> Result<Bearer, Error> {
        let authority = self.authority(app.cloud);
        let endpoint = format!("{authority}/{}/oauth2/v2.0/token", app.tenant_id);
        let assertion = certificate.assertion(&app.client_id, &endpoint, self.clock.now());
        let assertion = Assertion(SecretString::from(assertion.ok_or_else(incomplete)?));
        let capture = Capture::new(self.http.clone());
        let options = ClientAssertionCredentialOptions { client_options: Self::options(&capture, authority) };
        let (tenant, client) = (app.tenant_id.clone(), app.client_id.clone());
        let credential = ClientAssertionCredential::new(tenant, client, assertion, Some(options));
        self.fetch(&capture, credential.map_err(|_| incomplete())?.as_ref(), scope).await
    }

    /// The token endpoint of a credential with which people sign in.
    pub(super) fn endpoint(
        &self,
        settings: &CredentialSettings,
        secret: Option<SecretString>,
    ) -> Result<Endpoint, Error> {
        let (token_url, client_id, in_body) = match settings {
            CredentialSettings::EntraDelegated { app, .. } => {
                let authority = self.authority(app.cloud);
                let url = format!("{authority}/{}/oauth2/v2.0/token", app.tenant_id);
                (url, app.client_id.clone(), true)
            }
            CredentialSettings::Oauth2(oauth2) => (oauth2.token_url.clone(), oauth2.client_id.clone(), false),
            other => return Err(Error::Unsupported(other.kind())),
        };
        let (http, clock) = (self.http.clone(), Arc::clone(&self.clock));
        Ok(Endpoint { http, clock, token_url, client_id, secret, in_body })
    }

    /// What the library is told: our transport, no tries of its own.
    pub(super) fn options(capture: &Arc<Capture>, authority: &str) -> ClientOptions {
        let mut custom = CustomConfiguration::default();
        authority.clone_into(&mut custom.authority_host);
        ClientOptions {
            retry: RetryOptions::none(),
            transport: Some(Transport::new(Arc::clone(capture) as _)),
            cloud: Some(Arc::new(custom.into())),
            ..ClientOptions::default()
        }
    }

    /// Asks the library; what it refuses is told by what was answered.
    pub(super) async fn fetch(
        &self,
        capture: &Capture,
        credential: &dyn TokenCredential,
        scope: &str,
    ) -> Result<Bearer, Error> {
        let Ok(token) = credential.get_token(&[scope], None).await else {
            return Err(capture.error().unwrap_or_else(incomplete));
        };
        // The library goes by the machine's clock; what is left of the token's life is the same by ours.
        let left = (token.expires_on - OffsetDateTime::now_utc()).whole_milliseconds();
        let left = TimeDelta::milliseconds(i64::try_from(left).unwrap_or(i64::MAX).min(LONGEST));
        if left <= TimeDelta::zero() {
            return Err(Error::Malformed { status: 200, what: "without a token" });
        }
        let token = SecretString::from(token.token.secret().to_owned());
        Ok(Bearer { token, expires_at: self.clock.now() + left })
    }
}

/// An assertion for one request. Its `Debug` says nothing.
struct Assertion(SecretString);

impl std::fmt::Debug for Assertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Assertion")
    }
}

#[async_trait::async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.expose_secret().to_owned())
    }
}

/// No token is believed to live longer than a week, in milliseconds.
const LONGEST: i64 = 7 * 24 * 3_600_000;

/// The library refused to ask at all.
pub(super) const fn incomplete() -> Error {
    Error::Incomplete {
        what: "usable tenant id, client id, secret or authority",
        hint: "Check tenant id and client id of the credential, and that entra.authority begins with https://.",
    }
}
