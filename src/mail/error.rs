//! Why bytes could not be made into a message.

/// Only what makes a message hopeless: everything else is parsed as well as it goes, with a note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More raw bytes than `Limits::max_bytes`.
    #[error(
        "the message has {size} bytes; at most {limit} are parsed: raise mail.max_bytes or parse its headers alone"
    )]
    TooLarge {
        /// Raw bytes.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// A fault of ours, or of a library: one message that meets it holds up no other.
    #[error("reading it met a fault of mailroom; its raw bytes are kept")]
    Fault,
}
