//! Folders at the provider, and the roles they play.

use async_graphql::{Enum, InputObject, SimpleObject};

use crate::domain::folder;

/// The role a folder plays.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "folder::FolderRole")]
pub enum FolderRole {
    /// Where mail arrives.
    Inbox,
    /// What was sent.
    Sent,
    /// What is being written.
    Drafts,
    /// What was deleted.
    Trash,
    /// What is taken for junk.
    Junk,
    /// What was put away.
    Archive,
}

/// A folder at the provider. `path` is written with / whatever the server's own delimiter is.
#[derive(SimpleObject)]
pub struct Folder {
    /// From the root, with /.
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// Its role, by the provider's word or by assignment.
    pub role: Option<FolderRole>,
    /// Messages in it, where the provider tells.
    pub total: Option<i32>,
    /// Unread messages in it, where the provider tells.
    pub unread: Option<i32>,
}

impl From<folder::Folder> for Folder {
    fn from(folder: folder::Folder) -> Self {
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        Self {
            path: folder.path,
            name: folder.name,
            role: folder.role.map(FolderRole::from),
            total: folder.total.map(number),
            unread: folder.unread.map(number),
        }
    }
}

/// Which folder plays a role, where it isn't the provider's own choice.
#[derive(SimpleObject)]
pub struct FolderAssignment {
    /// The role.
    pub role: FolderRole,
    /// The folder's path, with /.
    pub path: String,
}

impl From<folder::FolderAssignment> for FolderAssignment {
    fn from(assignment: folder::FolderAssignment) -> Self {
        Self { role: assignment.role.into(), path: assignment.path }
    }
}

/// Which folder shall play a role.
#[derive(InputObject)]
pub struct FolderAssignmentInput {
    /// The role.
    pub role: FolderRole,
    /// The folder's path, with /.
    pub path: String,
}

impl From<FolderAssignmentInput> for folder::FolderAssignment {
    fn from(input: FolderAssignmentInput) -> Self {
        Self { role: input.role.into(), path: input.path }
    }
}
