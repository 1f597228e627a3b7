//! Builds everything once, serves, and drains. The only place that knows all parts.

use secrecy::ExposeSecret as _;

use crate::config::Config;
use crate::db::{self, Database};

/// Connects to the configured database; makes the data folder first, for nobody else to read.
pub async fn connect(config: &Config) -> Result<Database, Error> {
    let url = config.database.url.expose_secret();
    if url.starts_with("sqlite:") {
        make_private(&config.data_dir)?;
    }
    let options = db::Options {
        url: url.to_owned(),
        max_connections: config.database.max_connections,
        statement_cache: config.database.statement_cache,
    };
    Ok(Database::connect(&options).await?)
}

fn make_private(folder: &std::path::Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| Error::DataFolder { path: folder.to_owned(), source })
}

/// Why the service did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What mailroom writes has no place.
    #[error("data_dir {} can't be made", path.display())]
    DataFolder {
        /// The folder.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database can't be used.
    #[error("the database can't be used")]
    Database(#[from] db::Error),
}
