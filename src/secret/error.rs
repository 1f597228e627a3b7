//! Why a key ring can't be made, or a secret can't be opened. None of these sentences holds a key or a secret.

/// Why a key ring can't be made, or a secret can't be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no key at all.
    #[error(
        "no encryption key is configured: set MAILROOM_SECRETS__KEYS to `name:key`, \
         with 32 random bytes in base64 as the key"
    )]
    NoKey,
    /// An entry is not `name:base64`.
    #[error("encryption key number {position} is not of the form `name:key`")]
    Shape {
        /// Counted from 1, in the order configured.
        position: usize,
    },
    /// A name that can't be stored beside what it sealed.
    #[error(
        "encryption key number {position}: a name has 1 to 64 characters out of letters, digits, `-`, `_` and `.`"
    )]
    Name {
        /// Counted from 1, in the order configured.
        position: usize,
    },
    /// Two keys bear one name.
    #[error("the encryption key `{name}` is configured twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// Not 32 bytes in base64.
    #[error(
        "the encryption key `{name}` is not 32 bytes in base64 (make one with `openssl rand -base64 32`)"
    )]
    Length {
        /// Its name.
        name: String,
    },
    /// The key that sealed it is not in the ring.
    #[error(
        "a secret of {row} is sealed under the key `{name}`, which is not configured: add it after the others"
    )]
    UnknownKey {
        /// Table and id of the row.
        row: String,
        /// The key that is needed.
        name: String,
    },
    /// Written by a later version of mailroom.
    #[error("a secret of {row} has format {version}, which this version does not know")]
    UnknownFormat {
        /// Table and id of the row.
        row: String,
        /// The format's number.
        version: u8,
    },
    /// Cut short, changed, or moved from another row.
    #[error(
        "a secret of {row} can't be opened: it was cut short, changed, or belongs to another row; set it again"
    )]
    Broken {
        /// Table and id of the row.
        row: String,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandom,
}
