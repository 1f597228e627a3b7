//! Builds everything once, serves, and drains. The only place that knows all parts.

mod database;
mod error;
mod listen;
mod serve;
mod work;

use std::fs::File;
use std::sync::Arc;

use base64::Engine as _;
use secrecy::ExposeSecret as _;

pub use database::{connect, connect_to_migrate};
pub use error::Error;

use crate::api::token::LocalKey;
use crate::blob::Blobs;
use crate::config::Config;
use crate::domain::clock::SystemClock;
use crate::event::hub::RunHub;
use crate::event::wake::Wake;
use crate::identity::Identities;
use crate::net::Net;
use crate::provider::Reach;
use crate::secret::KeyRing;
use crate::service;

/// All parts, connected, before any of them runs.
pub struct App {
    config: Config,
    services: service::Context,
    local_key: LocalKey,
    /// Held as long as the process may write to SQLite.
    _only_process: Option<File>,
}

impl App {
    /// Connects to the database, refuses a schema that this build doesn't know, and reads the keys.
    pub async fn build(config: Config) -> Result<Self, Error> {
        config.require_keys()?;
        let only_process = database::claim(&config)?;
        let db = database::ready(&config).await?;
        let keys = Arc::new(KeyRing::parse(&config.secrets.joined())?);
        let clock = Arc::new(SystemClock);
        let installation = service::installation::open(&db, &keys, clock.as_ref()).await?;
        let net = Net::new(&config.net)?;
        let identities = Identities::new(&net, &config.entra.authority, Arc::clone(&clock) as _)
            .keeping(Arc::new(service::credential::Keeper::new(db.clone(), Arc::clone(&keys))));
        let services = service::Context {
            db,
            keys,
            clock: Arc::clone(&clock) as _,
            blobs: Blobs::open(&config.blob.url)?,
            runs: RunHub::default(),
            wake: Wake::default(),
            public_url: config.public.url.as_str().into(),
            installation: Arc::new(installation),
            identities,
            reach: Reach::new(net),
            default_schedule: Arc::new(work::default_schedule(&config)),
            limits: Arc::new(work::mail_limits(&config)),
        };
        let local_key = local_key(&config)?;
        Ok(Self { config, services, local_key, _only_process: only_process })
    }

    /// What the services work with, for a command that does its part before serving.
    pub const fn services(&self) -> &service::Context {
        &self.services
    }

    /// How it is configured.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Signs tokens.
    pub const fn local_key(&self) -> &LocalKey {
        &self.local_key
    }
}

/// The key that `auth.local_key` holds.
pub fn local_key(config: &Config) -> Result<LocalKey, Error> {
    let text = config.auth.local_key.expose_secret();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default();
    Ok(LocalKey::new(&bytes)?)
}
