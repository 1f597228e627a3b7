//! Full-text search: the index of words, filled by one more reader of the event log.
//!
//! PostgreSQL holds a row a message with its words as a tsvector under a GIN index. SQLite holds the words in FTS5,
//! by a row id that grows with the time of receipt, and beside it which message that is. Neither holds the texts.
//!
//! | file | holds |
//! |---|---|
//! | `state` | how far the indexer has come, and how far it is behind |
//! | `source` | what the log and the messages give to be indexed |
//! | `step` | one batch: read, fold, write, move on |
//! | `rows` | writing and removing rows of the index |
//! | `matching` | a query in the words of each database |

mod matching;
mod rows;
mod source;
mod state;
mod step;

pub(super) use matching::Index;
pub(super) use rows::created_millis;
pub use rows::remove;
pub use state::{Behind, behind};
pub use step::{Step, step};

/// Row ids of SQLite's index grow with the milliseconds since 1970; these many bits tell apart what has the same.
pub(super) const RANK_BITS: u32 = 20;

/// The first row id of that millisecond, and the last.
pub(super) const fn ranks_of(millis: i64) -> (i64, i64) {
    (millis << RANK_BITS, (millis << RANK_BITS) | ((1 << RANK_BITS) - 1))
}
