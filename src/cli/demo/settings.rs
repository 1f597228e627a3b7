//! How the demo is configured: all in its folder, whatever the environment says.

use std::net::{SocketAddr, TcpListener};

use toml::Table;

use super::folder::{Folder, Settled};
use crate::cli::failure::Failure;

/// The demo's configuration, over the defaults.
pub(super) fn of(folder: &Folder, settled: &Settled, listen: SocketAddr) -> Result<Table, Failure> {
    let listen = free_or_other(listen)?;
    let metrics = free_or_other(SocketAddr::new(listen.ip(), 0))?;
    let text = toml::toml! {
        [log]
        level = "warn"
        [worker]
        poll_interval_seconds = 1
        default_interval_seconds = 10
        [http]
        drain_seconds = 10
    };
    let mut table = text;
    table.insert("data_dir".into(), folder.data().display().to_string().into());
    let mut set = |section: &str, key: &str, value: toml::Value| {
        let section = table.entry(section).or_insert_with(|| Table::new().into());
        if let Some(section) = section.as_table_mut() {
            section.insert(key.into(), value);
        }
    };
    set("http", "listen", listen.to_string().into());
    set("http", "metrics_listen", metrics.to_string().into());
    set("secrets", "keys", vec![format!("demo:{}", settled.secrets_key)].into());
    set("http", "cors_origins", vec!["http://localhost:*"].into());
    set("auth", "local_key", settled.local_key.clone().into());
    set("entra", "authority", format!("https://127.0.0.1:{}", settled.entra_port).into());
    set("net", "ca_file", folder.authority().display().to_string().into());
    Ok(table)
}

/// The address, or the same with a free port if that one is taken.
fn free_or_other(address: SocketAddr) -> Result<SocketAddr, Failure> {
    let free = |address| TcpListener::bind(address).and_then(|listener| listener.local_addr());
    Ok(free(address).or_else(|_| free(SocketAddr::new(address.ip(), 0)))?)
}
