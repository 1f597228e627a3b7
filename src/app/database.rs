//! The database, made ready: its folder, its one process on SQLite, its schema.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;

use super::Error;
use crate::config::Config;
use crate::db::migrate::{self, Status};
use crate::db::{self, Database};

/// Connects to the configured database; makes the data folder first, for nobody else to read.
pub async fn connect(config: &Config) -> Result<Database, Error> {
    if sqlite_path(config).is_some() {
        make_private(&config.data_dir)?;
    }
    let options = db::Options {
        url: config.database.url.expose_secret().to_owned(),
        max_connections: config.database.max_connections,
        statement_cache: config.database.statement_cache,
    };
    Ok(Database::connect(&options).await?)
}

/// Connects to change the schema: past a pooler, which may not pass on what that needs.
pub async fn connect_to_migrate(config: &Config) -> Result<Database, Error> {
    if sqlite_path(config).is_some() {
        return connect(config).await;
    }
    let url = config.database.listen_url.expose_secret().to_owned();
    Ok(Database::connect(&db::Options { url, max_connections: 2, statement_cache: 100 }).await?)
}

/// Connects, and makes sure of the schema: SQLite is migrated, PostgreSQL only looked at, because other replicas
/// may still run on it.
pub(super) async fn ready(config: &Config) -> Result<Database, Error> {
    let database = connect(config).await?;
    let mut status = migrate::status(&database).await?;
    if sqlite_path(config).is_some() && status.unknown.is_empty() && !status.pending.is_empty() {
        migrate::up(&database).await?;
        status = migrate::status(&database).await?;
    }
    match status {
        Status { unknown, .. } if !unknown.is_empty() => Err(Error::Newer(unknown.join(", "))),
        Status { pending, .. } if !pending.is_empty() => Err(Error::Pending(pending.len())),
        _ => Ok(database),
    }
}

/// On SQLite: makes sure that no other process serves from the same file, until the answer is dropped.
pub(super) fn claim(config: &Config) -> Result<Option<File>, Error> {
    let Some(path) = sqlite_path(config) else { return Ok(None) };
    make_private(&config.data_dir)?;
    let path = path.with_added_extension("lock");
    let unusable = |source| Error::Folder { path: path.clone(), source };
    let file = File::create(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(path.with_extension(""))),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

fn sqlite_path(config: &Config) -> Option<PathBuf> {
    let path = config.database.url.expose_secret().strip_prefix("sqlite:")?;
    let path = path.split('?').next().unwrap_or(path);
    Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
}

fn make_private(folder: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| Error::Folder { path: folder.to_owned(), source })
}
