//! The only sea-orm code: rows stay private to it, domain types go in and out.
//!
//! Functions take `&impl ConnectionTrait`, so that they work inside and outside of a transaction. Configuration:
//! `credential` `mailbox` `mapping` `job`. The intake: `claim` `lease` `intake` `correlation` `key` `instance` `store` `unread` `run` `event`. Lists and loaders: `read`.
//! Full-text search: `search`.

pub mod by_hand;
pub mod claim;
mod connect;
pub mod correlation;
pub mod credential;
pub mod disposition;
mod door;
mod entity;
pub mod error;
pub mod event;
pub mod installation;
pub mod instance;
pub mod intake;
pub mod job;
pub mod key;
pub mod lease;
pub mod listening;
pub mod mailbox;
pub mod mapping;
pub mod migrate;
pub mod notify;
pub mod paging;
pub mod pairing;
pub mod pass;
pub mod read;
pub mod reprocess;
pub mod run;
pub mod search;
pub mod store;
pub mod subscription;
pub mod tombstone;
pub mod unread;

use std::sync::Arc;

use sea_orm::{DatabaseBackend, DatabaseTransaction};

pub use connect::Options;
pub use door::Door;
pub use error::Error;
/// The database itself, or a transaction of it.
pub use sea_orm::ConnectionTrait as Connection;

/// A transaction: dropped, it rolls back.
pub type Transaction = DatabaseTransaction;

/// The database, by two doors: many readers, and writers one at a time on SQLite.
#[derive(Clone)]
pub struct Database(Arc<Doors>);

struct Doors {
    read: Door,
    write: Door,
    /// Rung after a commit that appended to the log.
    appended: tokio::sync::watch::Sender<()>,
}

impl Database {
    /// Connects. Does not migrate: see [`migrate`].
    pub async fn connect(options: &Options) -> Result<Self, Error> {
        let (read, write) = connect::open(options).await?;
        Ok(Self(Arc::new(Doors { read, write, appended: tokio::sync::watch::Sender::new(()) })))
    }

    /// Which kind of database it is.
    pub fn backend(&self) -> DatabaseBackend {
        self.0.write.get_database_backend()
    }

    /// The name of that kind, for people.
    pub fn kind(&self) -> &'static str {
        match self.backend() {
            DatabaseBackend::Sqlite => "SQLite",
            DatabaseBackend::Postgres => "PostgreSQL",
            _ => "another",
        }
    }

    /// Whether transactions that write come one after the other, each with the whole database to itself.
    pub fn has_one_writer(&self) -> bool {
        self.backend() == DatabaseBackend::Sqlite
    }

    /// How many connections write at most.
    pub fn writers(&self) -> u32 {
        if self.has_one_writer() {
            return 1;
        }
        self.0.write.pool.get_postgres_connection_pool().options().get_max_connections()
    }

    /// For single statements that read.
    pub fn read(&self) -> &Door {
        &self.0.read
    }

    /// For single statements that write.
    pub fn write(&self) -> &Door {
        &self.0.write
    }

    /// A transaction that may write. On SQLite it takes the write lock at once (`BEGIN IMMEDIATE`): a deferred one
    /// that reads first can be refused later, whatever its busy timeout. Dropped, it rolls back.
    pub async fn begin(&self) -> Result<Transaction, Error> {
        Ok(self.0.write.begin().await?)
    }

    /// The same pools, with every statement told when it ends: what it was and how long it took.
    pub fn observed(&self, told: impl Fn(&str, std::time::Duration) + Clone + Send + Sync + 'static) -> Self {
        let observe = |mut door: Door| {
            let told = told.clone();
            door.pool.set_metric_callback(move |info| told(&info.statement.sql, info.elapsed));
            door
        };
        let appended = self.0.appended.clone();
        Self(Arc::new(Doors {
            read: observe(self.0.read.clone()),
            write: observe(self.0.write.clone()),
            appended,
        }))
    }

    /// Tells this process's readers of the log that there is more: call it after the commit. Readers look again by
    /// themselves too: forgetting it costs them a second.
    pub fn log_has_more(&self) {
        self.0.appended.send_replace(());
    }

    /// Changes whenever [`Self::log_has_more`] is called.
    pub fn log_watch(&self) -> tokio::sync::watch::Receiver<()> {
        self.0.appended.subscribe()
    }

    /// Answers, or says why not.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.0.read.pool.ping().await?)
    }
}

/// The database's own clock, as SQL: lease times are never a replica's.
pub(crate) const fn now_sql(backend: DatabaseBackend) -> &'static str {
    match backend {
        DatabaseBackend::Sqlite => "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')",
        _ => "clock_timestamp()",
    }
}

/// Bytes of a hash that is indexed.
pub(crate) const PLAIN_HASH: usize = 16;

/// The first 16 bytes of the SHA-256 of the parts, each led by its length: how text from outside is indexed.
pub fn hash_key(parts: &[&[u8]]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().take(PLAIN_HASH).copied().collect()
}

/// A value as a JSON column holds it.
pub(crate) fn to_json(value: &impl serde::Serialize) -> Result<serde_json::Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::Corrupt { table: "json", reason: error.to_string() })
}

/// A value from a JSON column.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    value: serde_json::Value,
) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| Error::Corrupt { table, reason: error.to_string() })
}

/// A named value from a text column.
pub(crate) fn parse<T: std::str::FromStr<Err = crate::domain::UnknownName>>(
    table: &'static str,
    name: &str,
) -> Result<T, Error> {
    name.parse()
        .map_err(|error: crate::domain::UnknownName| Error::Corrupt { table, reason: error.to_string() })
}
