//! How an operator tells mailroom what to do: `default.toml`, then a file, then the environment.
//!
//! A key is known if `default.toml` has it, and takes its type from there. A new key is a line there with its
//! explanation, a field in its section's file, and a rule beside it if not every value will do.

mod api;
mod auth;
mod blob;
mod database;
mod entra;
mod error;
mod events;
mod http;
mod known;
mod log;
mod mail;
mod net;
mod overlay;
mod print;
mod public;
mod rule;
mod secrets;
mod source;
#[cfg(test)]
mod tests;
mod worker;

use std::path::PathBuf;

use secrecy::ExposeSecret as _;
use serde::Deserialize;

pub use api::ApiConfig;
pub use auth::AuthConfig;
pub use blob::BlobConfig;
pub use database::DatabaseConfig;
pub use entra::EntraConfig;
pub use error::{Error, Origin, Problem};
pub use events::EventsConfig;
pub use http::HttpConfig;
pub use known::DEFAULT_TOML;
pub use log::{LogConfig, LogFormat};
pub use mail::MailConfig;
pub use net::{NetConfig, Network, NotANetwork};
pub use print::print;
pub use public::PublicConfig;
pub use secrets::SecretsConfig;
pub use source::Sources;
pub use worker::{Role, WorkerConfig};

/// Everything that can be configured, checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder of all that mailroom writes itself, absolute.
    pub data_dir: PathBuf,
    /// Where rows are kept.
    pub database: DatabaseConfig,
    /// What we listen on, and how much a request may ask.
    pub http: HttpConfig,
    /// The keys that encrypt stored credentials.
    pub secrets: SecretsConfig,
    /// Whose tokens are believed.
    pub auth: AuthConfig,
    /// Where big raw messages go.
    pub blob: BlobConfig,
    /// The bounds of one message, and of all that are in memory.
    pub mail: MailConfig,
    /// How browsers reach us.
    pub public: PublicConfig,
    /// How mailboxes are read.
    pub worker: WorkerConfig,
    /// Outgoing connections to what tenants name.
    pub net: NetConfig,
    /// Where tokens of Entra ID come from.
    pub entra: EntraConfig,
    /// What is told about the work, and how.
    pub log: LogConfig,
    /// How much one query may ask.
    pub api: ApiConfig,
    /// The event log.
    pub events: EventsConfig,
}

impl Config {
    /// Reads the sources, in their order. Says all that is wrong at once.
    pub fn load(sources: &Sources) -> Result<Self, Error> {
        source::read(sources).and_then(|entries| source::build(&entries))
    }

    /// The defaults alone, for tests and for `mailroom schema`.
    pub fn defaults() -> Result<Self, Error> {
        Self::load(&Sources::default())
    }

    /// Refuses a configuration with which the service may not start: no key to encrypt with, or none that
    /// tokens are signed with.
    pub fn require_keys(&self) -> Result<(), Error> {
        let problems: Vec<_> =
            [self.missing_keys(), self.missing_local_key()].into_iter().flatten().collect();
        if problems.is_empty() { Ok(()) } else { Err(Error::Problems(problems)) }
    }

    /// Refuses a configuration without the key that tokens are signed with.
    pub fn require_local_key(&self) -> Result<(), Error> {
        self.missing_local_key().map_or(Ok(()), |problem| Err(Error::Problems(vec![problem])))
    }

    fn missing_keys(&self) -> Option<Problem> {
        self.secrets.keys.is_empty().then_some(Problem::Missing {
            key: "secrets.keys",
            hint: "credentials are never stored unencrypted. Make a key and keep it safe: \
                   export MAILROOM_SECRETS__KEYS=\"k1:$(head -c 32 /dev/urandom | base64)\"",
        })
    }

    fn missing_local_key(&self) -> Option<Problem> {
        self.auth.local_key.expose_secret().is_empty().then_some(Problem::Missing {
            key: "auth.local_key",
            hint: "without it no token is valid and nobody gets in. Make one and keep it safe: \
                   export MAILROOM_AUTH__LOCAL_KEY=\"$(head -c 32 /dev/urandom | base64)\"",
        })
    }
}
