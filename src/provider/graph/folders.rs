//! All folders of a mailbox, level by level, with their roles and counts.

use std::collections::{HashMap, HashSet, VecDeque};

use super::address::id;
use super::ask::Ask;
use super::open::{FIELDS, is_absent};
use super::reply::{MailFolder, Page};
use super::{GraphSession, names};
use crate::domain::folder::{Folder, FolderRole};
use crate::provider::Error;

/// Folders of a page.
const PAGE: &str = "100";
/// A page that is longer is none of Graph's.
const MOST: usize = 1_000;
/// Pages of one mailbox; no mailbox of people has so many.
const PAGES: usize = 2_000;
/// Levels below one another.
const LEVELS: usize = 50;

impl GraphSession {
    /// All that people see; search folders show what lies elsewhere and are left out.
    pub(super) async fn list_folders(&mut self) -> Result<Vec<Folder>, Error> {
        let roles = self.role_ids().await?;
        let mut folders = Vec::new();
        let mut levels: VecDeque<(String, Option<String>, usize)> =
            VecDeque::from([(String::new(), None, 0)]);
        let mut pages = 0;
        let mut known = HashSet::new();
        while let Some((above, parent, level)) = levels.pop_front() {
            if pages >= PAGES {
                break;
            }
            for found in self.level(parent.as_deref(), &mut pages).await? {
                // One that comes again is not gone down into: no tree has it twice.
                if !known.insert(found.id.clone()) || found.is_search() || found.is_hidden == Some(true) {
                    continue;
                }
                let Some(name) = found.display_name.clone() else { continue };
                let role = roles.get(&found.id).copied();
                let path = if role == Some(FolderRole::Inbox) {
                    "INBOX".to_owned()
                } else {
                    names::below(&above, &name)
                };
                if found.child_folder_count.unwrap_or(0) > 0 && level < LEVELS {
                    levels.push_back((path.clone(), Some(found.id.clone()), level + 1));
                }
                self.folder_ids.insert(path.clone(), found.id);
                let (total, unread) = (found.total_item_count, found.unread_item_count);
                folders.push(Folder { path, name, role, total, unread });
            }
        }
        self.assign(&mut folders);
        folders.sort_by(|a, b| {
            (a.role != Some(FolderRole::Inbox), &a.path).cmp(&(b.role != Some(FolderRole::Inbox), &b.path))
        });
        Ok(folders)
    }

    /// What lies directly below a folder, or at the top.
    async fn level(&self, parent: Option<&str>, pages: &mut usize) -> Result<Vec<MailFolder>, Error> {
        let query = [("$top", PAGE), ("$select", FIELDS)];
        let parent = parent.map(id);
        let path = match &parent {
            None => self.wire.address.path(&["mailFolders"], &query),
            Some(parent) => self.wire.address.path(&["mailFolders", parent, "childFolders"], &query),
        };
        let mut url = self.wire.address.url(&path)?;
        let mut followed = HashSet::new();
        let mut folders = Vec::new();
        loop {
            *pages += 1;
            let page: Page<MailFolder> = self.wire.json(&Ask::read(url)).await?;
            if page.value.len() > MOST {
                return Err(Error::Malformed { what: "a page of folders is far longer than was asked for" });
            }
            folders.extend(page.value);
            match page.next {
                Some(next) if *pages < PAGES && followed.insert(next.clone()) => {
                    url = self.wire.address.follow(&next)?;
                }
                _ => return Ok(folders),
            }
        }
    }

    /// Which ids play which role; an archive, for one, need not be there.
    async fn role_ids(&mut self) -> Result<HashMap<String, FolderRole>, Error> {
        let mut roles = HashMap::new();
        for (_, role) in names::ROLES {
            if self.assigned(role).is_some() {
                continue;
            }
            match self.with_role(role).await {
                Ok((_, id)) => {
                    roles.insert(id, role);
                }
                Err(Error::FolderNotFound { .. }) => {}
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(roles)
    }

    fn assign(&self, folders: &mut [Folder]) {
        for assigned in &self.folder_roles {
            for folder in folders.iter_mut().filter(|folder| folder.path == assigned.path) {
                folder.role = Some(assigned.role);
            }
        }
    }
}
