//! The folder of all that the demo writes, and what is settled there once: keys, password, port.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::cli::failure::Failure;

/// Whose mail it is when we are root: the mail server does not deliver as root.
const NOBODY: u32 = 65534;

/// The folder.
pub(super) struct Folder {
    path: PathBuf,
    is_root: bool,
}

/// What stays the same when the demo is started again.
#[derive(Serialize, Deserialize)]
pub(super) struct Settled {
    /// 32 bytes in base64: encrypts credentials.
    pub(super) secrets_key: String,
    /// 32 bytes in base64: signs tokens.
    pub(super) local_key: String,
    /// Of the mailbox's user at the mail server.
    pub(super) password: String,
    /// Where the mail server listens: it is part of the mailbox's identity.
    pub(super) imap_port: u16,
}

impl Folder {
    /// Makes it where it is missing. Root's default is one that the mail server's user can enter.
    pub(super) fn open(given: Option<PathBuf>) -> Result<Self, Failure> {
        let is_root = std::fs::metadata("/proc/self")?.uid() == 0;
        let default = if is_root { "/var/lib/mailroom-demo" } else { "mailroom-demo" };
        let path = std::path::absolute(given.unwrap_or_else(|| default.into()))?;
        let made = DirBuilder::new().recursive(true).mode(0o755).create(&path);
        made.with_context(|| format!("{} can't be made", path.display()))?;
        if let Some(closed) = path.ancestors().find(|folder| is_root && !lets_others_in(folder)) {
            return Err(Failure::new(format!("the mail server's user can't enter {}", closed.display()))
                .hint("it does not run as root: choose a folder with --dir that all may enter")
                .usage());
        }
        Ok(Self { path, is_root })
    }

    /// What mailroom itself writes.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// What the mail server writes, except mail.
    pub(super) fn server(&self) -> PathBuf {
        self.path.join("mail-server")
    }

    /// A folder of the mail server's user, made where it is missing.
    pub(super) fn of_mail_user(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.path.join(name);
        DirBuilder::new().recursive(true).mode(0o755).create(&path)?;
        self.give_to_mail_user(&path)?;
        Ok(path)
    }

    /// Makes a file or folder the mail server's user's.
    pub(super) fn give_to_mail_user(&self, path: &Path) -> std::io::Result<()> {
        if self.is_root { chown(path, Some(NOBODY), Some(NOBODY)) } else { Ok(()) }
    }

    /// User and group ids of the mail server's user.
    pub(super) fn mail_user(&self) -> std::io::Result<(u32, u32)> {
        let me = std::fs::metadata("/proc/self")?;
        Ok(if self.is_root { (NOBODY, NOBODY) } else { (me.uid(), me.gid()) })
    }

    /// Whether the mail server is started by root.
    pub(super) const fn is_root(&self) -> bool {
        self.is_root
    }

    /// Reads what is settled; settles it the first time.
    pub(super) fn settled(&self) -> Result<Settled, Failure> {
        let path = self.path.join("settled.toml");
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
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self { secrets_key: random()?, local_key: random()?, password: random()?, imap_port: port })
    }
}

/// 32 random bytes, in base64.
fn random() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new(format!("no random bytes: {error}")))?;
    Ok(STANDARD.encode(bytes))
}

fn lets_others_in(folder: &Path) -> bool {
    std::fs::metadata(folder).is_ok_and(|folder| folder.mode() & 0o001 != 0)
}
