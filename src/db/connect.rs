//! Opening the database: pools, and what SQLite must be told.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database as SeaOrm, DatabaseConnection};
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};

use super::Error;

/// A connection that was idle for so long is asked for a sign of life before it is used.
const IDLE: Duration = Duration::from_secs(1);

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct Options {
    /// `sqlite:///path/to/file` or `postgres://user:password@host/name`.
    pub url: String,
    /// Connections at most; SQLite: readers.
    pub max_connections: u32,
    /// PostgreSQL: prepared statements kept per connection; 0 behind PgBouncer in transaction mode.
    pub statement_cache: usize,
}

impl Options {
    /// Whether it is the embedded database.
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

/// Opens the doors for reading and for writing; on PostgreSQL they are the same pool.
pub(super) async fn open(options: &Options) -> Result<(DatabaseConnection, DatabaseConnection), Error> {
    if options.is_sqlite() {
        let write = SeaOrm::connect(sqlite(options, 1)).await?;
        let read = SeaOrm::connect(sqlite(options, options.max_connections.max(1))).await?;
        return Ok((read, write));
    }
    let cache = options.statement_cache;
    let mut pool = ConnectOptions::new(&options.url);
    pool.max_connections(options.max_connections.max(2))
        .acquire_timeout(Duration::from_secs(15))
        // A connection used a moment ago is taken as it is: asking first doubles the way of a short statement.
        .test_before_acquire_if_idle_for(IDLE)
        .sqlx_logging_level(tracing::log::LevelFilter::Trace)
        .map_sqlx_postgres_opts(move |pg| pg.statement_cache_capacity(cache));
    let pool = SeaOrm::connect(pool).await?;
    Ok((pool.clone(), pool))
}

fn sqlite(options: &Options, connections: u32) -> ConnectOptions {
    let url =
        if options.url.contains('?') { options.url.clone() } else { format!("{}?mode=rwc", options.url) };
    let mut pool = ConnectOptions::new(url);
    pool.max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(60))
        // A file does not go away.
        .test_before_acquire(false)
        .sqlx_logging_level(tracing::log::LevelFilter::Trace)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                // FULL: a committed message survives a power cut, as the original is marked read right after.
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(30))
                .statement_cache_capacity(200)
                .pragma("cache_size", "-16000")
        });
    pool
}
