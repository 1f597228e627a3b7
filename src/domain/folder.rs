//! Folders of a mailbox and the roles they play.

use serde::{Deserialize, Serialize};

use super::named::named_enum;

named_enum! {
    /// The role a folder plays (RFC 6154 and Graph's well-known names).
    pub enum FolderRole {
        Inbox = "INBOX",
        Sent = "SENT",
        Drafts = "DRAFTS",
        Trash = "TRASH",
        Junk = "JUNK",
        Archive = "ARCHIVE",
    }
}

/// A folder at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Written with `/`, whatever the server's own delimiter is.
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// Its role, by the provider's word or by assignment.
    pub role: Option<FolderRole>,
    /// Messages in it, where the provider tells.
    pub total: Option<u32>,
    /// Unread messages in it, where the provider tells.
    pub unread: Option<u32>,
}

/// Which folder plays a role, where it isn't the provider's own choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderAssignment {
    /// The role.
    pub role: FolderRole,
    /// The folder's path, with `/`.
    pub path: String,
}

/// A place of a message at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The folder, with `/`.
    pub folder: String,
    /// Epoch of the source id there, where known.
    pub generation: Option<String>,
    /// The id there, where the server told (IMAP: COPYUID).
    pub source_id: Option<String>,
}
