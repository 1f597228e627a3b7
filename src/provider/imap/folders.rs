//! The folders of a mailbox, with their roles: the server's word (RFC 6154), or as assigned.

use std::collections::HashMap;

use super::reply::{Entry, Reply};
use super::{ImapSession, names};
use crate::domain::folder::{Folder, FolderRole};
use crate::provider::Error;

/// STATUS costs the server a look into each folder: of more than this, none is counted.
const COUNTED: usize = 200;

impl ImapSession {
    /// All that can be opened, counted.
    pub(super) async fn list_folders(&mut self) -> Result<Vec<Folder>, Error> {
        let mut folders = self.named_folders().await?;
        if folders.len() > COUNTED {
            return Ok(folders);
        }
        let delimiter = self.delimiter().await?;
        let mut counts: HashMap<String, (Option<u32>, Option<u32>)> = HashMap::new();
        for folder in &folders {
            let name = self.argument(&folder.path).await?;
            // A folder that refuses is listed all the same, without numbers.
            self.wire
                .ask(&format!("STATUS {name} (MESSAGES UNSEEN)"), |reply| {
                    if let Reply::Counts { name, messages, unseen } = reply {
                        counts.insert(names::path(&name, delimiter.as_deref()), (messages, unseen));
                    }
                })
                .await?;
        }
        for folder in &mut folders {
            if let Some(&(total, unread)) = counts.get(&folder.path) {
                (folder.total, folder.unread) = (total, unread);
            }
        }
        Ok(folders)
    }

    /// All that can be opened, not counted.
    pub(super) async fn named_folders(&mut self) -> Result<Vec<Folder>, Error> {
        let special = self.can("SPECIAL-USE") && self.can("LIST-EXTENDED");
        let command = if special { "LIST \"\" \"*\" RETURN (SPECIAL-USE)" } else { "LIST \"\" \"*\"" };
        let mut entries = self.entries(command).await?;
        if special && entries.is_none() {
            entries = self.entries("LIST \"\" \"*\"").await?;
        }
        let entries = entries.unwrap_or_default();
        if self.delimiter.is_none() {
            self.delimiter = entries.first().map(|entry| entry.delimiter.clone());
        }
        let odd = entries.iter().filter_map(|entry| {
            let path = names::path(&entry.name, entry.delimiter.as_deref());
            let proper = names::wire(&path, entry.delimiter.as_deref());
            (proper != entry.name && path != "INBOX").then(|| (path, entry.name.clone()))
        });
        self.odd_names = Some(odd.collect());
        let mut folders: Vec<Folder> =
            entries.iter().filter(|entry| can_be_opened(entry)).map(folder).collect();
        self.assign(&mut folders);
        folders.sort_by(|a, b| {
            (a.role != Some(FolderRole::Inbox), &a.path).cmp(&(b.role != Some(FolderRole::Inbox), &b.path))
        });
        folders.dedup_by(|a, b| a.path == b.path);
        Ok(folders)
    }

    /// The answer of a LIST; None if the server refuses it.
    async fn entries(&mut self, command: &str) -> Result<Option<Vec<Entry>>, Error> {
        let mut entries = Vec::new();
        let answer = self
            .wire
            .ask(command, |reply| {
                if let Reply::List(entry) = reply {
                    entries.push(entry);
                }
            })
            .await?;
        Ok(answer.check("LIST").is_ok().then_some(entries))
    }

    /// An assigned role is taken from the folder that the server would give it to.
    fn assign(&self, folders: &mut [Folder]) {
        for assigned in &self.folder_roles {
            for folder in folders.iter_mut().filter(|folder| folder.role != Some(FolderRole::Inbox)) {
                if folder.path == assigned.path {
                    folder.role = Some(assigned.role);
                } else if folder.role == Some(assigned.role) {
                    folder.role = None;
                }
            }
        }
    }

    /// The folder with a role.
    pub(super) async fn with_role(&mut self, role: FolderRole) -> Result<Option<String>, Error> {
        if let Some(assigned) = self.folder_roles.iter().find(|assigned| assigned.role == role) {
            return Ok(Some(assigned.path.clone()));
        }
        if role == FolderRole::Trash
            && let Some(known) = &self.trash
        {
            return Ok(known.clone());
        }
        let found = self.named_folders().await?.into_iter().find(|folder| folder.role == Some(role));
        let path = found.map(|folder| folder.path);
        if role == FolderRole::Trash {
            self.trash = Some(path.clone());
        }
        Ok(path)
    }

    /// What stands between the levels of a folder's name; None in a flat mailbox.
    pub(super) async fn delimiter(&mut self) -> Result<Option<String>, Error> {
        if let Some(known) = &self.delimiter {
            return Ok(known.clone());
        }
        let entries = self.entries("LIST \"\" \"\"").await?.unwrap_or_default();
        let delimiter = entries.into_iter().next().and_then(|entry| entry.delimiter);
        self.delimiter = Some(delimiter.clone());
        Ok(delimiter)
    }
}

fn can_be_opened(entry: &Entry) -> bool {
    !entry.attributes.iter().any(|attribute| attribute == "\\noselect" || attribute == "\\nonexistent")
}

fn folder(entry: &Entry) -> Folder {
    let path = names::path(&entry.name, entry.delimiter.as_deref());
    let role = if path == "INBOX" { Some(FolderRole::Inbox) } else { role(&entry.attributes) };
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    Folder { path, name, role, total: None, unread: None }
}

fn role(attributes: &[String]) -> Option<FolderRole> {
    attributes.iter().find_map(|attribute| match attribute.as_str() {
        "\\sent" => Some(FolderRole::Sent),
        "\\drafts" => Some(FolderRole::Drafts),
        "\\trash" => Some(FolderRole::Trash),
        "\\junk" => Some(FolderRole::Junk),
        "\\archive" => Some(FolderRole::Archive),
        _ => None,
    })
}
