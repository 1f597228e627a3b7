//! Tokens: who we are, proved to providers that take OAuth2 (RFC 6749).
//!
//! | file | holds |
//! |---|---|
//! | `cache` | one token a scope, renewed before it lapses, one renewal in flight |
//! | `sources` | one cache a credential, forgotten when nobody asks |
//! | `entra` | Entra ID, by Azure's own library |
//! | `capture` | the transport that library is given, which keeps what was answered |
//! | `machine` | what the machine that we run on is given: a token file, a metadata service |
//! | `oauth2` `grant` | other providers, and people who sign in, by the `oauth2` crate |
//! | `sign_in` | a person signs in: authorization code with PKCE |
//! | `refresh` | refresh tokens: held by one at a time, kept before they are used |
//! | `certificate/` | a certificate with its key, from PEM or PKCS#12 |
//! | `sound` | what can be a token at all |
//! | `refusal` | a refusal of a token endpoint, and what its codes mean |
//! | `error` | why there is no token, said so that a person can act |

mod cache;
mod capture;
mod certificate;
mod entra;
mod error;
mod flow;
mod grant;
mod machine;
mod oauth2;
mod refresh;
mod refusal;
mod sign_in;
mod sound;
mod sources;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use secrecy::SecretString;
use tokio_util::task::TaskTracker;

pub use certificate::{Certificate, CertificateError};
pub use error::Error;
pub use refresh::{HeldRefreshToken, KeepError, RefreshTokens};
pub use refusal::{Refusal, Remedy};
pub use sign_in::SignedIn;

use crate::domain::clock::Clock;
use crate::domain::credential::Credential;
use crate::net::Net;
use cache::Slot;
use entra::Entra;
use flow::Flow;
pub use machine::Environment;
use sources::Sources;

/// Where tokens come from: one source a credential, whoever asks. Clones share them.
#[derive(Clone)]
pub struct Identities(Arc<Inner>);

struct Inner {
    entra: Entra,
    clock: Arc<dyn Clock>,
    kept: Option<Arc<dyn RefreshTokens>>,
    sources: Mutex<Sources<Tokens>>,
    /// Fetches that are under way.
    flights: TaskTracker,
}

/// The secrets of a credential, opened. No `Debug`.
#[derive(Clone, Default)]
pub struct Secrets {
    /// Client secret, or certificate and key in PEM form.
    pub secret: Option<SecretString>,
    /// The refresh token.
    pub refresh_token: Option<SecretString>,
}

impl Identities {
    /// None is asked yet. `authority` is where Entra ID's tokens come from, if not where the credential's cloud has it;
    /// empty for none.
    pub fn new(net: &Net, authority: &str, clock: Arc<dyn Clock>) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a platform tells of its identity there and nowhere else"
        )]
        let environment: Environment = Arc::new(|name: &str| std::env::var(name).ok());
        Self::within(net, authority, clock, environment)
    }

    /// The same, in another environment than the process's own: what Kubernetes sets for a workload identity.
    pub fn within(net: &Net, authority: &str, clock: Arc<dyn Clock>, environment: Environment) -> Self {
        let authority = authority.trim_end_matches('/');
        let entra = Entra {
            http: net.http().clone(),
            clock: Arc::clone(&clock),
            limit: net.read_timeout(),
            environment,
            authority: (!authority.is_empty()).then(|| authority.into()),
        };
        Self(Arc::new(Inner {
            entra,
            clock,
            kept: None,
            sources: Mutex::default(),
            flights: TaskTracker::new(),
        }))
    }

    /// With a place where the refresh tokens of saved credentials are kept. Forgets what was cached.
    pub fn keeping(self, kept: Arc<dyn RefreshTokens>) -> Self {
        let (entra, clock) = (self.0.entra.clone(), Arc::clone(&self.0.clock));
        let flights = self.0.flights.clone();
        Self(Arc::new(Inner { entra, clock, kept: Some(kept), sources: Mutex::default(), flights }))
    }

    /// The tokens of a credential. The same credential in the same version shares them, and one renewal.
    pub fn tokens(&self, credential: &Credential, secrets: Secrets) -> Result<Tokens, Error> {
        let now = self.0.clock.now();
        let mut sources = self.0.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sources.get(credential.id, credential.version, now) {
            return Ok(known);
        }
        let tokens = self.apart(credential, secrets)?;
        sources.keep(credential.id, credential.version, &tokens, now);
        Ok(tokens)
    }

    /// The tokens of a credential that is tried: nobody else gets them, nor does it get those of others. The refresh token
    /// of a saved one, by its id, is held and kept as ever.
    pub fn apart(&self, credential: &Credential, secrets: Secrets) -> Result<Tokens, Error> {
        let flow = Flow::new(&self.0.entra, self.0.kept.clone(), credential, secrets)?;
        let (flow, clock) = (Arc::new(flow), Arc::clone(&self.0.clock));
        let flights = self.0.flights.clone();
        Ok(Tokens(Arc::new(Source { flow, clock, slots: Mutex::default(), flights })))
    }

    /// Waits until no fetch is under way, also of those that nobody waits for: the answer to one may be the only copy of
    /// a refresh token. Call it when nothing new begins any more.
    pub async fn settled(&self) {
        self.0.flights.close();
        self.0.flights.wait().await;
    }
}

/// Tokens of one credential. Clones share them.
#[derive(Clone)]
pub struct Tokens(Arc<Source>);

struct Source {
    flow: Arc<Flow>,
    clock: Arc<dyn Clock>,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    flights: TaskTracker,
}

/// A bearer token (RFC 6750). No `Debug`.
#[derive(Clone)]
pub struct Bearer {
    /// What is sent.
    pub token: SecretString,
    /// When it lapses.
    pub expires_at: DateTime<Utc>,
}

impl Tokens {
    /// A token for the scope, such as `https://graph.microsoft.com/.default`: the cached one, unless it is about to lapse.
    /// However many wait, one is fetched. The scopes of OAUTH2 are those of the credential, whatever is asked for.
    pub async fn bearer(&self, scope: &str) -> Result<Bearer, Error> {
        let scope = if self.0.flow.has_one_scope() { "" } else { scope };
        let slot = {
            let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(scope.to_owned()).or_insert_with(|| Slot::new(&self.0.flights)))
        };
        let (flow, scope) = (Arc::clone(&self.0.flow), scope.to_owned());
        slot.bearer(&self.0.clock, || async move { flow.fetch(&scope).await }.boxed()).await
    }

    /// The tenant of Entra ID that they are of, as the credential names it; empty where it names none.
    pub fn tenant(&self) -> &str {
        self.0.flow.tenant()
    }

    /// The refresh token of a credential that is not saved: the last refresh may have used up the one that was given.
    pub fn refresh_token(&self) -> Option<SecretString> {
        self.0.flow.refresh_token()
    }

    /// The provider refused this one (401): it is not given out again. A provider that refuses all tokens gets a new
    /// one only every few seconds.
    pub fn refused(&self, bearer: &Bearer) {
        let now = self.0.clock.now();
        let slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
        for slot in slots.values() {
            slot.refused(bearer, now);
        }
    }
}
