//! The addresses that are listened on.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::Error;
use crate::config::HttpConfig;

/// Both doors, open.
pub(super) struct Listeners {
    pub(super) api: TcpListener,
    pub(super) metrics: TcpListener,
}

impl Listeners {
    /// Opens them before anything starts, so that a taken port stops the start and nothing else.
    pub(super) async fn open(http: &HttpConfig) -> Result<Self, Error> {
        Ok(Self {
            api: bind("http.listen", http.listen).await?,
            metrics: bind("http.metrics_listen", http.metrics_listen).await?,
        })
    }
}

async fn bind(key: &'static str, address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { key, address, source })
}
