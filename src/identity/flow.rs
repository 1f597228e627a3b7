//! How the token of a credential is fetched, by its kind; what passes by itself is tried again at once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::entra::Entra;
use super::oauth2::{Oauth2, Scopes};
use super::refresh::RefreshTokens;
use super::{Bearer, Certificate, Error, Secrets};
use crate::domain::credential::{Credential, CredentialSettings};
use crate::domain::entra::{EntraApp, EntraIdentity};
use crate::net;

/// So often a request is sent that fails by something that passes.
const TRIES: u32 = 3;
/// The pause before the second one; doubled before each other.
const PAUSE: Duration = Duration::from_millis(500);
/// A wait that the endpoint asks for is waited for on the spot if it is no longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How the token of a credential is fetched.
pub(super) struct Flow {
    entra: Entra,
    way: Way,
}

enum Way {
    Secret { app: EntraApp, secret: SecretString },
    Certificate { app: EntraApp, certificate: Box<Certificate> },
    Workload(EntraIdentity),
    Machine(EntraIdentity),
    Oauth2(Box<Oauth2>),
}

impl Flow {
    /// The way of a credential; refused when it lacks what it needs.
    pub(super) fn new(
        entra: &Entra,
        kept: Option<Arc<dyn RefreshTokens>>,
        credential: &Credential,
        secrets: Secrets,
    ) -> Result<Self, Error> {
        let way = match &credential.settings {
            CredentialSettings::EntraClientSecret(app) => {
                Way::Secret { app: app.clone(), secret: secrets.secret.ok_or_else(no_secret)? }
            }
            CredentialSettings::EntraClientCertificate { app, .. } => {
                let pem = secrets.secret.ok_or_else(no_certificate)?;
                let certificate =
                    Certificate::read(pem.expose_secret(), None).map_err(|_| no_certificate())?;
                Way::Certificate { app: app.clone(), certificate: Box::new(certificate) }
            }
            CredentialSettings::EntraWorkloadIdentity(identity) => Way::Workload(identity.clone()),
            CredentialSettings::EntraManagedIdentity(identity) => Way::Machine(identity.clone()),
            CredentialSettings::EntraDelegated { .. } | CredentialSettings::Oauth2(_) => {
                let (scopes, by_person) = match &credential.settings {
                    CredentialSettings::Oauth2(oauth2) => {
                        (Scopes::These(oauth2.scopes.clone()), oauth2.authorize_url.is_some())
                    }
                    _ => (Scopes::Asked, true),
                };
                let endpoint = entra.endpoint(&credential.settings, secrets.secret)?;
                let own = Mutex::new(secrets.refresh_token);
                let oauth2 = Oauth2 { endpoint, scopes, by_person, credential: credential.id, kept, own };
                Way::Oauth2(Box::new(oauth2))
            }
            CredentialSettings::Basic { .. } => return Err(Error::Unsupported(credential.settings.kind())),
        };
        Ok(Self { entra: entra.clone(), way })
    }

    /// Whether its tokens are the same whatever is asked for.
    pub(super) const fn has_one_scope(&self) -> bool {
        match &self.way {
            Way::Oauth2(oauth2) => matches!(oauth2.scopes, Scopes::These(_)),
            _ => false,
        }
    }

    /// The tenant that the tokens are of, as the credential names it; empty where it names none.
    pub(super) fn tenant(&self) -> &str {
        match &self.way {
            Way::Secret { app, .. } | Way::Certificate { app, .. } => &app.tenant_id,
            Way::Workload(identity) | Way::Machine(identity) => {
                identity.tenant_id.as_deref().unwrap_or_default()
            }
            Way::Oauth2(_) => "",
        }
    }

    /// The refresh token of a credential that is not saved, as the last refresh left it.
    pub(super) fn refresh_token(&self) -> Option<SecretString> {
        match &self.way {
            Way::Oauth2(oauth2) => oauth2.own(),
            _ => None,
        }
    }

    /// Fetches a token.
    pub(super) async fn fetch(&self, scope: &str) -> Result<Bearer, Error> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            let error = match self.once(scope).await {
                Err(error) if passes(&error) => error,
                ended => return ended,
            };
            let wait = error.retry_after().unwrap_or(pause);
            if wait > PATIENCE {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
        self.once(scope).await
    }

    async fn once(&self, scope: &str) -> Result<Bearer, Error> {
        let limit = self.entra.limit;
        match &self.way {
            Way::Secret { app, secret } => within(limit, self.entra.by_secret(app, secret, scope)).await,
            Way::Certificate { app, certificate } => {
                within(limit, self.entra.by_certificate(app, certificate, scope)).await
            }
            Way::Workload(identity) => within(limit, self.entra.by_workload(identity, scope)).await,
            Way::Machine(identity) => within(limit, self.entra.by_machine(identity, scope)).await,
            // What it does beside asking takes its own time, and is not broken off.
            Way::Oauth2(oauth2) => oauth2.fetch(scope, limit).await,
        }
    }
}

/// Gives up what is asked of a token endpoint after so long.
pub(super) async fn within<T>(
    limit: Duration,
    asked: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let silent = |_| net::Error::Silent { host: "the token endpoint".to_owned(), after: limit };
    tokio::time::timeout(limit, asked).await.map_err(silent)?
}

/// What another try on the spot may help.
fn passes(error: &Error) -> bool {
    match error {
        Error::Net(error) => matches!(**error, net::Error::Cut { .. }),
        Error::Refused(_) => error.is_transient(),
        _ => false,
    }
}

const fn no_secret() -> Error {
    Error::Incomplete { what: "client secret", hint: "Update the credential with its secret." }
}

const fn no_certificate() -> Error {
    Error::Incomplete {
        what: "usable certificate with its key",
        hint: "Update the credential with its certificate.",
    }
}
