//! Opening the database: pools, and what SQLite must be told.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database as SeaOrm};
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};

use super::{Door, Error};

/// A connection that was idle for so long is asked for a sign of life before it is used.
const IDLE: Duration = Duration::from_secs(1);

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct Options {
    /// `sqlite:///path/to/file` or `postgres://user:password@host/name`.
    pub url: String,
    /// Connections at most; SQLite: readers.
    pub max_connections: u32,
    /// PostgreSQL: prepared statements kept per connection; 0: a pooler in transaction mode is between.
    pub statement_cache: usize,
}

impl Options {
    /// Whether it is the embedded database.
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

/// Opens the doors for reading and for writing; on PostgreSQL they are the same pool.
pub(super) async fn open(options: &Options) -> Result<(Door, Door), Error> {
    if options.is_sqlite() {
        let door = |pool| Door { pool, is_pooled: false };
        let write = SeaOrm::connect(sqlite(options, 1)).await?;
        let read = SeaOrm::connect(sqlite(options, options.max_connections.max(1))).await?;
        return Ok((door(read), door(write)));
    }
    let cache = options.statement_cache;
    let mut pool = ConnectOptions::new(&options.url);
    pool.max_connections(options.max_connections.max(2))
        .acquire_timeout(Duration::from_secs(15))
        // A connection used a moment ago is taken as it is: asking first doubles the way of a short statement.
        .test_before_acquire_if_idle_for(IDLE)
        .sqlx_logging_level(tracing::log::LevelFilter::Trace)
        // PgBouncer refuses the parameter unless it is told otherwise, and it says what PostgreSQL does by itself since 12.
        .map_sqlx_postgres_opts(move |pg| pg.statement_cache_capacity(cache).extra_float_digits(None));
    let door = Door { pool: SeaOrm::connect(pool).await?, is_pooled: cache == 0 };
    Ok((door.clone(), door))
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
