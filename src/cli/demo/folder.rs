//! The folder of all that the demo writes, and what is settled there once: keys and ports.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::cli::failure::Failure;

/// The folder.
pub(super) struct Folder(PathBuf);

/// What stays the same when the demo is started again.
#[derive(Serialize, Deserialize)]
pub(super) struct Settled {
    /// 32 bytes in base64: encrypts credentials.
    pub(super) secrets_key: String,
    /// 32 bytes in base64: signs tokens.
    pub(super) local_key: String,
    /// Where the tenant's Graph is: it is part of the mailboxes' identities.
    pub(super) graph_port: u16,
    /// Where its tokens come from.
    pub(super) entra_port: u16,
}

impl Folder {
    /// Makes it where it is missing.
    pub(super) fn open(given: Option<PathBuf>) -> Result<Self, Failure> {
        let path = std::path::absolute(given.unwrap_or_else(|| "mailroom-demo".into()))?;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.with_context(|| format!("{} can't be made", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// What mailroom itself writes.
    pub(super) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// The certificate of the tenant's authority.
    pub(super) fn authority(&self) -> PathBuf {
        self.0.join("authority.pem")
    }

    /// Reads what is settled; settles it the first time.
    pub(super) fn settled(&self) -> Result<Settled, Failure> {
        let path = self.0.join("settled.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(toml::from_str(&text).with_context(|| {
                format!("{} can't be read; delete the folder to start afresh", path.display())
            })?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let settled = Settled::new()?;
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
                file.write_all(toml::to_string(&settled)?.as_bytes())?;
                Ok(settled)
            }
            Err(error) => {
                Err(anyhow::Error::new(error).context(format!("{} can't be read", path.display())).into())
            }
        }
    }
}

impl Settled {
    fn new() -> Result<Self, Failure> {
        // Both at once, so that they differ.
        let free = || std::net::TcpListener::bind("127.0.0.1:0");
        let (graph, entra) = (free()?, free()?);
        Ok(Self {
            secrets_key: random()?,
            local_key: random()?,
            graph_port: graph.local_addr()?.port(),
            entra_port: entra.local_addr()?.port(),
        })
    }
}

/// 32 random bytes, in base64.
fn random() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new(format!("no random bytes: {error}")))?;
    Ok(STANDARD.encode(bytes))
}
