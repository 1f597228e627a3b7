//! The folders of a mailbox: found, made, changed, taken away.

use super::folder::Folder;
use super::ids::{FolderKey, MessageKey};
use super::mailbox::{Mailbox, Refused};

impl Mailbox {
    /// The folder of a well-known name.
    pub fn well_known(&self, name: &str) -> Option<&Folder> {
        let name = name.to_lowercase();
        self.folders.values().find(|folder| folder.well_known == Some(name.as_str()))
    }

    /// A folder by its number.
    pub fn folder(&self, key: FolderKey) -> Option<&Folder> {
        self.folders.get(&key)
    }

    /// All folders, in the order in which they were made.
    pub fn folders(&self) -> impl Iterator<Item = &Folder> {
        self.folders.values()
    }

    /// What lies directly in a folder.
    pub fn children(&self, parent: FolderKey) -> impl Iterator<Item = &Folder> {
        self.folders.values().filter(move |folder| folder.parent == Some(parent))
    }

    /// Makes a folder.
    pub fn create_folder(
        &mut self,
        parent: FolderKey,
        name: &str,
        hidden: bool,
    ) -> Result<FolderKey, Refused> {
        self.folders.get(&parent).ok_or(Refused::NoFolder)?;
        self.free_name(parent, name, None)?;
        Ok(self.insert_folder(Some(parent), name, hidden))
    }

    /// Gives a folder another name, another place, or both.
    pub fn change_folder(
        &mut self,
        key: FolderKey,
        name: Option<&str>,
        parent: Option<FolderKey>,
    ) -> Result<(), Refused> {
        let folder = self.folders.get(&key).ok_or(Refused::NoFolder)?;
        if folder.well_known.is_some() {
            return Err(Refused::Distinguished);
        }
        let name = name.unwrap_or(&folder.name).to_owned();
        let place = parent.or(folder.parent).ok_or(Refused::Distinguished)?;
        self.folders.get(&place).ok_or(Refused::NoFolder)?;
        if self.lies_in(place, key) {
            return Err(Refused::Distinguished);
        }
        self.free_name(place, &name, Some(key))?;
        if let Some(folder) = self.folders.get_mut(&key) {
            folder.name = name;
            folder.parent = Some(place);
        }
        Ok(())
    }

    /// Takes a folder away with all that lies in it.
    pub fn remove_folder(&mut self, key: FolderKey) -> Result<(), Refused> {
        let folder = self.folders.get(&key).ok_or(Refused::NoFolder)?;
        if folder.well_known.is_some() {
            return Err(Refused::Distinguished);
        }
        let within: Vec<FolderKey> =
            self.folders.keys().copied().filter(|at| self.lies_in(*at, key)).collect();
        for folder in within.into_iter().rev() {
            let keys: Vec<MessageKey> = self
                .folders
                .get(&folder)
                .into_iter()
                .flat_map(|at| at.messages.iter().map(|(_, key)| *key))
                .collect();
            for key in keys {
                self.remove(key)?;
            }
            self.folders.remove(&folder);
        }
        Ok(())
    }

    /// Makes a folder where the name is known to be free.
    pub(super) fn insert_folder(&mut self, parent: Option<FolderKey>, name: &str, hidden: bool) -> FolderKey {
        let key = FolderKey(self.next_folder);
        self.next_folder += 1;
        let folder = Folder {
            key,
            parent,
            name: name.to_owned(),
            well_known: None,
            hidden,
            messages: Default::default(),
            unread: 0,
            changes: Default::default(),
        };
        self.folders.insert(key, folder);
        key
    }

    fn free_name(&self, parent: FolderKey, name: &str, but: Option<FolderKey>) -> Result<(), Refused> {
        let wanted = name.to_lowercase();
        let mut siblings = self.children(parent).filter(|folder| Some(folder.key) != but);
        if siblings.any(|folder| folder.name.to_lowercase() == wanted) {
            return Err(Refused::NameTaken);
        }
        Ok(())
    }

    /// Whether a folder is another one or lies somewhere within it.
    fn lies_in(&self, folder: FolderKey, within: FolderKey) -> bool {
        let mut at = Some(folder);
        while let Some(key) = at {
            if key == within {
                return true;
            }
            at = self.folders.get(&key).and_then(|folder| folder.parent);
        }
        false
    }
}
