//! A folder as JSON.

use serde_json::{Map, Value};

use crate::graph::odata::Select;
use crate::world::{Folder, Mailbox};

/// As much of a folder as is selected.
pub fn folder(mailbox: &Mailbox, folder: &Folder, select: Option<&Select>) -> Map<String, Value> {
    let ids = mailbox.ids();
    let children = mailbox.children(folder.key).filter(|child| !child.hidden).count();
    // A root lies in a folder that nobody sees; Graph gives an id for it all the same.
    let parent = folder.parent.unwrap_or(crate::world::FolderKey(0));
    let fields: [(&str, Value); 6] = [
        ("displayName", folder.name.as_str().into()),
        ("parentFolderId", ids.folder(parent).into()),
        ("childFolderCount", children.into()),
        ("unreadItemCount", folder.unread.into()),
        ("totalItemCount", folder.messages.len().into()),
        ("isHidden", folder.hidden.into()),
    ];
    let mut shown = Map::new();
    shown.insert("id".to_owned(), ids.folder(folder.key).into());
    for (name, value) in fields {
        if select.is_none_or(|select| select.has(name)) {
            shown.insert(name.to_owned(), value);
        }
    }
    shown
}
