//! What of the world goes into a snapshot, and how it comes back.

use bytes::Bytes;

use super::folder::WELL_KNOWN;
use super::mailbox::Mailbox;
use super::message::Message;

impl Mailbox {
    /// Puts a message back as it was, without telling anyone.
    pub fn put_back(&mut self, message: Message) {
        let key = message.key;
        self.messages.insert(key, message);
        self.enter(key);
    }
}

/// Bytes as base64.
pub(super) mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Bytes;

    pub fn serialize<S: Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        STANDARD.decode(text.as_bytes()).map(Bytes::from).map_err(D::Error::custom)
    }
}

/// A well-known name: one of those that there are, or none.
pub(super) fn well_known<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<&'static str>, D::Error> {
    use serde::Deserialize as _;
    let name = Option::<String>::deserialize(from)?;
    Ok(name.and_then(|name| WELL_KNOWN.iter().map(|(known, _, _)| *known).find(|known| *known == name)))
}
