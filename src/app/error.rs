//! Why the service did not start, or ended.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::{api, blob, config, db, net, secret, service};

/// Why the service did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What mailroom writes has no place.
    #[error("{} can't be used", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite belongs to one process.
    #[error("another mailroom uses {}: SQLite is for one process, PostgreSQL for several", .0.display())]
    InUse(PathBuf),
    /// The configuration lacks what serving needs.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The database can't be used.
    #[error("the database can't be used")]
    Database(#[from] db::Error),
    /// The schema is older than this build.
    #[error("{0} migrations are pending: run `mailroom migrate` first")]
    Pending(usize),
    /// The schema is newer than this build.
    #[error(
        "the database's schema belongs to a newer mailroom (it has {0}): start that one, or restore a backup"
    )]
    Newer(String),
    /// The blob store can't be used.
    #[error("blob.url can't be used")]
    Blobs(#[from] blob::Error),
    /// Outgoing connections can't be made.
    #[error("[net] can't be used")]
    Net(#[from] net::SetupError),
    /// The keys can't be used.
    #[error("secrets.keys can't be used")]
    Keys(#[from] secret::Error),
    /// What the installation has once can't be read or made.
    #[error("the installation's own key can't be used")]
    Installation(#[from] service::Error),
    /// The signing key can't be used.
    #[error("auth.local_key can't be used")]
    LocalKey(#[from] api::token::Error),
    /// An address can't be listened on.
    #[error("{key} = \"{address}\" can't be listened on")]
    Listen {
        /// The key.
        key: &'static str,
        /// Its value.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Metrics can't be recorded.
    #[error("metrics can't be recorded")]
    Metrics(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Serving ended by itself.
    #[error("serving ended")]
    Serve(#[source] std::io::Error),
}
