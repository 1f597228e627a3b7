//! Folder names: a path has `/` between them; within one, `~` is `~0` and `/` is `~1` (RFC 6901, section 3).

use crate::domain::folder::FolderRole;

/// The well-known names that stand for a role, in the order in which they are asked for.
pub(super) const ROLES: [(&str, FolderRole); 6] = [
    ("inbox", FolderRole::Inbox),
    ("sentitems", FolderRole::Sent),
    ("drafts", FolderRole::Drafts),
    ("deleteditems", FolderRole::Trash),
    ("junkemail", FolderRole::Junk),
    ("archive", FolderRole::Archive),
];

/// Further names that stand for a folder in any language.
/// Source: Microsoft Graph documentation, "mailFolder resource type".
const FURTHER: [&str; 10] = [
    "clutter",
    "conflicts",
    "conversationhistory",
    "localfailures",
    "outbox",
    "recoverableitemsdeletions",
    "scheduled",
    "serverfailures",
    "syncissues",
    "msgfolderroot",
];

/// The well-known name that someone wrote in any case.
pub(super) fn well_known(written: &str) -> Option<&'static str> {
    let mut known = ROLES.iter().map(|(name, _)| *name).chain(FURTHER);
    known.find(|name| name.eq_ignore_ascii_case(written))
}

/// The path in one spelling: Exchange tells no names apart by their case, and has its own folders under names of its own.
pub(super) fn canonical(path: &str) -> String {
    let lower = path.to_lowercase();
    let (first, rest) =
        lower.split_once('/').map_or((lower.as_str(), None), |(first, rest)| (first, Some(rest)));
    let unspaced = first.replace(' ', "");
    let first = well_known(&unspaced).unwrap_or(first);
    rest.map_or_else(|| first.to_owned(), |rest| format!("{first}/{rest}"))
}

/// A name as a part of a path.
pub(super) fn part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The name that a part of a path stands for.
pub(super) fn name(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// A folder's path below another's.
pub(super) fn below(parent: &str, name: &str) -> String {
    if parent.is_empty() { part(name) } else { format!("{parent}/{}", part(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_from_its_part() {
        for original in ["Done", "A/B", "~", "~1", "~0/~", "/", "Größe & Länge", "a~1/b~01"] {
            assert_eq!(name(&part(original)), original);
            assert!(!part(original).contains('/'), "{original}");
        }
        assert_eq!(below("INBOX", "A/B"), "INBOX/A~1B");
        assert_eq!(below("", "Done"), "Done");
    }

    #[test]
    fn one_folder_has_one_spelling() {
        for (written, one) in [
            ("INBOX", "inbox"),
            ("Inbox/Done", "inbox/done"),
            ("Deleted Items", "deleteditems"),
            ("DeletedItems", "deleteditems"),
            ("Junk Email/2026", "junkemail/2026"),
            ("My Folder", "my folder"),
        ] {
            assert_eq!(canonical(written), one);
        }
    }

    #[test]
    fn well_known_names_are_taken_in_any_case() {
        assert_eq!(well_known("INBOX"), Some("inbox"));
        assert_eq!(well_known("DeletedItems"), Some("deleteditems"));
        assert_eq!(well_known("Support"), None);
    }
}
