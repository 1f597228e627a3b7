//! From a path to a folder: by its well-known name, or level by level by the names that people gave.

use serde_json::json;

use super::address::{id, literal};
use super::ask::Ask;
use super::refusal::{Kind, Refusal};
use super::reply::{MailFolder, Page};
use super::{GraphSession, names};
use crate::domain::folder::FolderRole;
use crate::provider::Error;

/// What is read of a folder.
pub(super) const FIELDS: &str =
    "id,displayName,parentFolderId,childFolderCount,totalItemCount,unreadItemCount,isHidden";

/// Whether a request was refused because what it names is not there.
pub(super) fn is_absent(error: &Error) -> bool {
    matches!(error, Error::Graph(Refusal { kind: Kind::FolderGone | Kind::ItemGone | Kind::BadRequest, .. }))
}

impl GraphSession {
    /// The id of a folder, as first resolved in this session.
    pub(super) async fn folder_id(&mut self, path: &str) -> Result<String, Error> {
        if let Some(known) = self.folder_ids.get(path) {
            return Ok(known.clone());
        }
        let found = self.resolve(path).await?;
        let found = found.ok_or_else(|| Error::FolderNotFound { folder: path.to_owned() })?;
        self.folder_ids.insert(path.to_owned(), found.id.clone());
        Ok(found.id)
    }

    /// The id of a folder that is made if it is not there.
    pub(super) async fn folder_id_or_new(&mut self, path: &str) -> Result<String, Error> {
        match self.folder_id(path).await {
            Err(Error::FolderNotFound { .. }) => {}
            found => return found,
        }
        let mut parent: Option<String> = None;
        let parts: Vec<&str> = path.split('/').collect();
        for depth in 1..=parts.len() {
            let Some((part, above)) = parts.get(..depth).and_then(<[&str]>::split_last) else { continue };
            let prefix =
                if above.is_empty() { (*part).to_owned() } else { format!("{}/{part}", above.join("/")) };
            let here = match self.folder_id(&prefix).await {
                Err(Error::FolderNotFound { .. }) => self.make(parent.as_deref(), part).await?,
                found => found?,
            };
            self.folder_ids.insert(prefix, here.clone());
            parent = Some(here);
        }
        parent.ok_or_else(|| Error::FolderNotFound { folder: path.to_owned() })
    }

    /// The folder with a role: as assigned, else by its well-known name.
    pub(super) async fn with_role(&mut self, role: FolderRole) -> Result<(String, String), Error> {
        if let Some(path) = self.assigned(role) {
            let id = self.folder_id(&path).await?;
            return Ok((path, id));
        }
        if let Some(known) = self.roles.get(&role) {
            return Ok(known.clone());
        }
        let name = names::ROLES.iter().find(|(_, known)| *known == role).map_or("inbox", |(name, _)| *name);
        let folder = self.well_known(name).await?;
        let folder = folder.ok_or_else(|| Error::FolderNotFound { folder: name.to_owned() })?;
        let path = match role {
            FolderRole::Inbox => "INBOX".to_owned(),
            _ => names::part(folder.display_name.as_deref().unwrap_or(name)),
        };
        self.roles.insert(role, (path.clone(), folder.id.clone()));
        self.folder_ids.insert(path.clone(), folder.id.clone());
        Ok((path, folder.id))
    }

    pub(super) fn assigned(&self, role: FolderRole) -> Option<String> {
        self.folder_roles.iter().find(|assigned| assigned.role == role).map(|assigned| assigned.path.clone())
    }

    pub(super) async fn resolve(&self, path: &str) -> Result<Option<MailFolder>, Error> {
        let mut parts = path.split('/');
        let first = parts.next().unwrap_or_default();
        // A mailbox has one inbox, in whatever language it is shown.
        let mut here = if first.eq_ignore_ascii_case("inbox") {
            self.well_known("inbox").await?
        } else {
            match self.child(None, &names::name(first)).await? {
                Some(found) => Some(found),
                None => match names::well_known(first) {
                    Some(name) => self.well_known(name).await?,
                    None => None,
                },
            }
        };
        for part in parts {
            let Some(parent) = here else { return Ok(None) };
            here = self.child(Some(&parent.id), &names::name(part)).await?;
        }
        Ok(here)
    }

    async fn well_known(&self, name: &str) -> Result<Option<MailFolder>, Error> {
        let path = self.wire.address.path(&["mailFolders", name], &[("$select", FIELDS)]);
        match self.wire.json(&Ask::read(self.wire.address.url(&path)?)).await {
            Ok(folder) => Ok(Some(folder)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The folder of that name below another; names are compared as Exchange does, without regard to case.
    async fn child(&self, parent: Option<&str>, name: &str) -> Result<Option<MailFolder>, Error> {
        let filter = format!("displayName eq {}", literal(name));
        let query = [("$filter", filter.as_str()), ("$select", FIELDS), ("$top", "10")];
        let parent = parent.map(id);
        let path = match &parent {
            None => self.wire.address.path(&["mailFolders"], &query),
            Some(parent) => self.wire.address.path(&["mailFolders", parent, "childFolders"], &query),
        };
        let page: Page<MailFolder> = self.wire.json(&Ask::read(self.wire.address.url(&path)?)).await?;
        let named = |folder: &MailFolder| {
            !folder.is_search()
                && folder
                    .display_name
                    .as_deref()
                    .is_some_and(|shown| shown.to_lowercase() == name.to_lowercase())
        };
        Ok(page.value.into_iter().find(named))
    }

    /// Makes a folder. Two that make it at the same time are told that it is there.
    async fn make(&self, parent: Option<&str>, part: &str) -> Result<String, Error> {
        let name = names::name(part);
        let parent_id = parent.map(id);
        let path = match &parent_id {
            None => self.wire.address.path(&["mailFolders"], &[]),
            Some(parent) => self.wire.address.path(&["mailFolders", parent, "childFolders"], &[]),
        };
        let body = json!({ "displayName": name }).to_string();
        let ask = Ask::post(self.wire.address.url(&path)?, body.into(), 1, false);
        let made = self.wire.json::<MailFolder>(&ask).await;
        match made {
            Ok(folder) => Ok(folder.id),
            // There by now, or made although its answer was lost.
            Err(error) => match self.child(parent, &name).await? {
                Some(folder) => Ok(folder.id),
                None => Err(error),
            },
        }
    }
}
