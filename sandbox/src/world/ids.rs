//! Ids as Exchange gives them: opaque, case-sensitive, in two kinds for messages.
//!
//! A mutable id names a message at its place and dies when it moves; an immutable one names it wherever it is in the
//! mailbox (learn.microsoft.com/graph/outlook-immutable-id). Folders have one id.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use uuid::Uuid;

/// A message's number within its mailbox; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct MessageKey(pub u64);

/// A folder's number within its mailbox; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct FolderKey(pub u32);

/// Which kind of message id a client asked for, by `Prefer: IdType="ImmutableId"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IdKind {
    /// Changes with every move.
    #[default]
    Mutable,
    /// Stays while the message is in its mailbox.
    Immutable,
}

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A message at a place: its number, and how often it had moved.
    Mutable(MessageKey, u32),
    /// A message.
    Immutable(MessageKey),
    /// A folder.
    Folder(FolderKey),
}

const MUTABLE: [u8; 3] = [0x00, 0x03, 0x24];
const IMMUTABLE: [u8; 3] = [0x00, 0x09, 0x00];
const FOLDER: [u8; 3] = [0x01, 0x03, 0x24];
/// In base64 `+/+/`, or `-_-_`: what a client forgets to encode in a path.
const AWKWARD: [u8; 3] = [0xfb, 0xff, 0xbf];

/// How ids are written: with `-` and `_`, or, where `awkward`, with `+` and `/`.
#[derive(Debug, Clone, Copy)]
pub struct Writer {
    /// Whose ids.
    pub mailbox: Uuid,
    /// Whether mutable ids have `+` and `/` in them.
    pub awkward: bool,
}

impl Writer {
    /// A message's id of that kind.
    pub fn message(&self, kind: IdKind, key: MessageKey, moves: u32) -> String {
        match kind {
            IdKind::Immutable => self.write(&IMMUTABLE, &key.0.to_be_bytes(), &[], false),
            IdKind::Mutable => {
                // Two bytes more, so that the awkward ones fall on four letters.
                let place = [&moves.to_be_bytes()[..], &[0, 0], &AWKWARD].concat();
                self.write(&MUTABLE, &key.0.to_be_bytes(), &place, self.awkward)
            }
        }
    }

    /// A folder's id.
    pub fn folder(&self, key: FolderKey) -> String {
        self.write(&FOLDER, &key.0.to_be_bytes(), &[0], false)
    }

    /// What an id of this mailbox names; None where it is none. It is read in either alphabet.
    pub fn read(&self, id: &str) -> Option<Named> {
        let id: String = id.trim_end_matches('=').replace('+', "-").replace('/', "_");
        let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
        let (kind, rest) = bytes.split_first_chunk::<3>()?;
        let (mailbox, rest) = rest.split_first_chunk::<16>()?;
        if Uuid::from_bytes(*mailbox) != self.mailbox {
            return None;
        }
        match *kind {
            FOLDER => Some(Named::Folder(FolderKey(u32::from_be_bytes(*rest.first_chunk()?)))),
            IMMUTABLE => Some(Named::Immutable(MessageKey(u64::from_be_bytes(*rest.first_chunk()?)))),
            MUTABLE => {
                let (key, rest) = rest.split_first_chunk::<8>()?;
                let moves = u32::from_be_bytes(*rest.first_chunk()?);
                Some(Named::Mutable(MessageKey(u64::from_be_bytes(*key)), moves))
            }
            _ => None,
        }
    }

    fn write(&self, kind: &[u8], key: &[u8], place: &[u8], awkward: bool) -> String {
        let bytes = [kind, self.mailbox.as_bytes(), key, place].concat();
        if awkward { STANDARD_NO_PAD.encode(bytes) } else { URL_SAFE_NO_PAD.encode(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written() {
        let writer = Writer { mailbox: Uuid::from_u128(7), awkward: true };
        let (key, folder) = (MessageKey(42), FolderKey(3));
        let id = writer.message(IdKind::Mutable, key, 9);
        assert!(id.starts_with("AAMk") && id.contains("+/+/"), "{id}");
        assert_eq!(writer.read(&id), Some(Named::Mutable(key, 9)));
        assert_eq!(writer.read(&id.replace('+', "-").replace('/', "_")), Some(Named::Mutable(key, 9)));
        let id = writer.message(IdKind::Immutable, key, 9);
        assert!(id.starts_with("AAkA"), "{id}");
        assert_eq!(writer.read(&id), Some(Named::Immutable(key)));
        assert_eq!(writer.read(&writer.folder(folder)), Some(Named::Folder(folder)));
    }

    #[test]
    fn what_is_no_id_of_the_mailbox_names_nothing() {
        let writer = Writer { mailbox: Uuid::from_u128(7), awkward: false };
        let other = Writer { mailbox: Uuid::from_u128(8), awkward: false };
        let id = writer.message(IdKind::Immutable, MessageKey(1), 0);
        for id in ["", "inbox", "AAMk", "AAkA=", "ü", &id.to_lowercase(), &id[..id.len() - 4]] {
            assert_eq!(writer.read(id), None, "{id}");
        }
        assert_eq!(other.read(&id), None);
    }
}
