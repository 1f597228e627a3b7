//! Tokens of Entra ID, fetched from the sandbox over https.
//!
//! | file | holds |
//! |---|---|
//! | `secret` `certificate` `machine` `oauth2` | each way to a token by itself |
//! | `kinds` `delegated` | the real service takes mail in with each of them |
//! | `lapsed` `renewed` `expiring` | secrets and tokens at the end of their lives |
//! | `unsound` | what no token can be |
//! | `callback` | where people come back to |
//! | `silence` | no log holds a secret |

mod callback;
mod certificate;
mod delegated;
mod expiring;
mod http;
mod kinds;
mod lapsed;
mod machine;
mod oauth2;
mod renewed;
mod secret;
mod silence;
mod unsound;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use mailroom::config::{Config, NetConfig};
use mailroom::domain::clock::{Clock as _, ManualClock, SystemClock};
use mailroom::domain::credential::{Credential, CredentialSettings};
use mailroom::domain::entra::{EntraApp, EntraCloud};
use mailroom::domain::id::CredentialId;
use mailroom::identity::{Bearer, Error, Identities, Secrets, Tokens};
use mailroom::net::Net;
use sandbox::sample;
use sandbox::server::{Options, Running, Sandbox};
use secrecy::ExposeSecret as _;

const SCOPE: &str = "https://graph.microsoft.com/.default";

/// A tenant, and what asks it for tokens by a clock of its own.
pub struct House {
    pub tenant: Running,
    pub clock: Arc<ManualClock>,
    pub net: Net,
    pub identities: Identities,
}

impl House {
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut NetConfig)) -> Self {
        let tenant = Sandbox::start(Options::default(), sample::state()).await.unwrap();
        let mut ca = tempfile::NamedTempFile::new().unwrap();
        ca.write_all(tenant.ca_pem.as_ref().unwrap().as_bytes()).unwrap();
        let mut config = Config::defaults().unwrap().net;
        config.ca_file = ca.path().to_owned();
        change(&mut config);
        let net = Net::new(&config).unwrap();
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let authority = tenant.https_url.clone().unwrap();
        let identities = Identities::new(&net, &authority, clock.clone());
        Self { tenant, clock, net, identities }
    }

    pub fn tokens(&self, credential: &Credential, secret: &str) -> Tokens {
        let secrets = Secrets { secret: Some(secret.to_owned().into()), ..Secrets::default() };
        self.identities.tokens(credential, secrets).unwrap()
    }

    /// What a fresh credential with that app and secret gets.
    pub async fn ask(&self, app: EntraApp, secret: &str) -> Result<Bearer, Error> {
        self.tokens(&credential(CredentialSettings::EntraClientSecret(app)), secret).bearer(SCOPE).await
    }

    /// How many token requests the tenant saw.
    pub fn asked(&self) -> usize {
        let lines = self.tenant.state.log.last(1_000);
        lines.iter().filter(|line| line.path.ends_with("/oauth2/v2.0/token")).count()
    }

    /// Lets the tenant treat token requests like that.
    pub fn fault(&self, rule: sandbox::faults::Rule) {
        let rule = sandbox::faults::Rule { path: Some("/*/oauth2/v2.0/token".to_owned()), ..rule };
        self.tenant.state.faults.add(rule).unwrap();
    }
}

pub fn app() -> EntraApp {
    EntraApp {
        tenant_id: sample::DOMAIN.to_owned(),
        client_id: sample::CLIENT_ID.to_string(),
        cloud: EntraCloud::Global,
    }
}

pub fn credential(settings: CredentialSettings) -> Credential {
    Credential {
        id: CredentialId::new(),
        name: "test".to_owned(),
        settings,
        has_secret: true,
        has_refresh_token: false,
        expires_at: None,
        secret_updated_at: None,
        version: 1,
        created_at: SystemClock.now(),
        updated_at: SystemClock.now(),
    }
}

pub fn text(bearer: &Bearer) -> String {
    bearer.token.expose_secret().to_owned()
}

/// Waits until it holds.
pub async fn until(holds: impl Fn() -> bool) {
    tokio::time::timeout(Duration::from_secs(10), async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("it never held");
}

/// The same of what has to be asked for, with time for a process of its own.
pub async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    tokio::time::timeout(Duration::from_secs(60), async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
}
