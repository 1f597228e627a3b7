//! A folder of a mailbox, and the names that every mailbox has.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::changes::Changes;
use super::ids::{FolderKey, MessageKey};

/// Folders that every mailbox has, by the name that stands for their id in any language
/// (learn.microsoft.com/graph/api/resources/mailfolder); with the name that is shown, and the one they lie in.
pub const WELL_KNOWN: [(&str, &str, &str); 16] = [
    ("msgfolderroot", "Top of Information Store", ""),
    ("inbox", "Inbox", "msgfolderroot"),
    ("drafts", "Drafts", "msgfolderroot"),
    ("sentitems", "Sent Items", "msgfolderroot"),
    ("deleteditems", "Deleted Items", "msgfolderroot"),
    ("junkemail", "Junk Email", "msgfolderroot"),
    ("outbox", "Outbox", "msgfolderroot"),
    ("archive", "Archive", "msgfolderroot"),
    ("conversationhistory", "Conversation History", "msgfolderroot"),
    ("syncissues", "Sync Issues", "msgfolderroot"),
    ("conflicts", "Conflicts", "syncissues"),
    ("localfailures", "Local Failures", "syncissues"),
    ("serverfailures", "Server Failures", "syncissues"),
    ("scheduled", "Scheduled", "msgfolderroot"),
    ("recoverableitemsdeletions", "Deletions", ""),
    ("recoverableitemspurges", "Purges", ""),
];

/// Which of them are hidden.
pub const HIDDEN: [&str; 7] = [
    "conversationhistory",
    "syncissues",
    "conflicts",
    "localfailures",
    "serverfailures",
    "scheduled",
    "recoverableitemspurges",
];

/// One of the names in [`WELL_KNOWN`].
pub type WellKnown = &'static str;

/// One folder.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Folder {
    /// Its number.
    pub key: FolderKey,
    /// What it lies in; None of the roots.
    pub parent: Option<FolderKey>,
    /// As it is shown; unique among its siblings, whatever the case.
    pub name: String,
    /// The name that stands for its id.
    #[serde(default, deserialize_with = "super::saved::well_known")]
    pub well_known: Option<WellKnown>,
    /// Whether it is left out unless asked for.
    pub hidden: bool,
    /// What lies in it, oldest first.
    #[serde(skip)]
    pub messages: BTreeSet<(DateTime<Utc>, MessageKey)>,
    /// How many of them nobody read.
    #[serde(skip)]
    pub unread: usize,
    /// What happened in it.
    pub changes: Changes,
}
