//! Cursors: opaque outside; inside, the list's name and the key of one of its items.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{Error, Result};

/// A longer text is no cursor of ours.
const MAX_CHARS: usize = 2_000;

/// The cursor of an item of the list.
pub fn encode<K: Serialize>(list: &str, key: &K) -> Result<String> {
    serde_json::to_vec(&(list, key)).map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).map_err(Error::internal)
}

/// The key that a cursor of the list names.
pub fn decode<K: DeserializeOwned>(list: &str, cursor: &str) -> Result<K> {
    if cursor.len() > MAX_CHARS {
        return Err(Error::InvalidCursor);
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::InvalidCursor)?;
    let (of, key): (String, K) = serde_json::from_slice(&bytes).map_err(|_| Error::InvalidCursor)?;
    if of == list { Ok(key) } else { Err(Error::InvalidCursor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_gives_back_its_key() {
        let cursor = encode("mailboxes", &("Ärger \"x\"", 7)).unwrap();
        let key: (String, i32) = decode("mailboxes", &cursor).unwrap();
        assert_eq!(key, ("Ärger \"x\"".to_owned(), 7));
    }

    #[test]
    fn a_cursor_of_another_list_or_an_altered_one_is_refused() {
        let cursor = encode("mailboxes", &1).unwrap();
        assert!(matches!(decode::<i32>("jobs", &cursor), Err(Error::InvalidCursor)));
        assert!(matches!(decode::<i32>("mailboxes", &cursor[1..]), Err(Error::InvalidCursor)));
        assert!(matches!(decode::<i32>("mailboxes", "hello, world"), Err(Error::InvalidCursor)));
        assert!(matches!(decode::<i32>("mailboxes", &"A".repeat(5_000)), Err(Error::InvalidCursor)));
    }
}
