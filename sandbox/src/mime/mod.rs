//! Raw messages: what Graph shows of them, and how `$value` gives them back.
//!
//! | file | holds |
//! |---|---|
//! | `compose` | a draft as a message |
//! | `read` | the envelope, the text, the attachments of a raw message |
//! | `rebuild` | the same message in other bytes, as Exchange makes them at each read |

mod compose;
mod read;
mod rebuild;

pub use compose::{completed, compose};
pub use read::{Body, Part, PartKind, body, envelope, headers, is_deeper, parts, plain, preview, received};
pub use rebuild::rebuild;

/// Messages lie at most so deep within one that a client sends.
pub const DEEPEST: usize = 64;
