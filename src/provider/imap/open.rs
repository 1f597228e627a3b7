//! Opening a folder: SELECT to handle, EXAMINE to look.

use super::reply::{Code, Reply};
use super::{ImapSession, names};
use crate::provider::{Access, Error};

/// The folder that is open, as it was when it was opened.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    /// With `/`.
    pub path: String,
    /// UIDVALIDITY, the generation of its UIDs.
    pub validity: u32,
    /// A lower bound of the next UID; some servers don't tell.
    pub uid_next: Option<u32>,
    /// Messages in it.
    pub exists: u32,
    /// Whether it can't be written to.
    pub read_only: bool,
    /// Flags that can be set for good; None where the server does not tell: all of them (RFC 3501, 7.1).
    pub permanent_flags: Option<Vec<String>>,
}

impl Opened {
    /// The generation of its UIDs.
    pub(super) fn generation(&self) -> String {
        self.validity.to_string()
    }

    /// Whether a flag can be set for good, by its spelling; a keyword also where new ones can be made.
    pub(super) fn keeps(&self, flag: &str) -> bool {
        self.permanent_flags.as_ref().is_none_or(|flags| {
            flags
                .iter()
                .any(|kept| kept.eq_ignore_ascii_case(flag) || (kept == "\\*" && !flag.starts_with('\\')))
        })
    }
}

impl ImapSession {
    /// Opens the folder anew, to see what is new in it.
    pub(super) async fn open(&mut self, folder: &str) -> Result<&Opened, Error> {
        self.opened = None;
        let name = self.argument(folder).await?;
        let command = match self.access {
            Access::Look => format!("EXAMINE {name}"),
            Access::Handle => format!("SELECT {name}"),
        };
        let mut opened = Opened {
            path: folder.to_owned(),
            validity: 0,
            uid_next: None,
            exists: 0,
            read_only: self.access == Access::Look,
            permanent_flags: None,
        };
        let mut sticky = true;
        let answer = self
            .wire
            .ask(&command, |reply| match reply {
                Reply::Exists(count) => opened.exists = count,
                Reply::Status(status) => match status.code {
                    Code::UidValidity(validity) => opened.validity = validity,
                    Code::UidNext(uid) => opened.uid_next = Some(uid),
                    Code::PermanentFlags(flags) => opened.permanent_flags = Some(flags),
                    Code::UidNotSticky => sticky = false,
                    _ => {}
                },
                _ => {}
            })
            .await?;
        if answer.check("to open the folder").is_err() {
            return Err(answer.folder_error(folder));
        }
        opened.read_only |= answer.code == Code::ReadOnly;
        if opened.validity == 0 || !sticky {
            return Err(Error::Unsupported {
                what: "keep message ids from one connection to the next (UIDVALIDITY)",
                hint: "Without lasting ids no mail server can be read safely: use another server or protocol.",
            });
        }
        Ok(self.opened.insert(opened))
    }

    /// The folder, opened if it is not the one that is open.
    pub(super) async fn in_folder(&mut self, folder: &str) -> Result<Opened, Error> {
        match &self.opened {
            Some(opened) if opened.path == folder => Ok(opened.clone()),
            _ => self.open(folder).await.cloned(),
        }
    }

    /// A folder as an argument. Some servers hold names that are not, or not properly, modified UTF-7 (`R&D`): they
    /// must be said as the server said them.
    pub(super) async fn argument(&mut self, folder: &str) -> Result<String, Error> {
        let delimiter = self.delimiter().await?;
        let mut name = names::wire(folder, delimiter.as_deref());
        if name.contains('&') {
            if self.odd_names.is_none() {
                self.named_folders().await?;
            }
            if let Some(odd) = self.odd_names.as_ref().and_then(|odd| odd.get(folder)) {
                name.clone_from(odd);
            }
        }
        names::quoted(&name).ok_or_else(|| Error::FolderNotFound { folder: folder.to_owned() })
    }
}
