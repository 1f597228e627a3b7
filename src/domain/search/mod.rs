//! Full-text search, pure: what of a text is looked up, and what a person asks for.
//!
//! Both databases are given words that were cut and folded here, and never a person's own text: so they answer the same.
//!
//! | file | holds |
//! |---|---|
//! | `fold` | one form for each letter: case, accents and widths are gone |
//! | `part` | a folded text cut into words; which of them are joined by a sign |
//! | `script` | which letters are written without blanks between words |
//! | `words` | what the index holds of a message or an instance |
//! | `query` | what a person asks for |

mod fold;
mod part;
mod query;
mod script;
mod words;

pub use query::{Query, Refused, Term};
pub use words::{Words, WordsBuilder};

/// Which way texts are cut and folded. Raised with every change of that: the index is then built anew.
pub const FOLDING: i32 = 1;

/// Joins the two halves of a pair and keeps apart what is not one phrase. No word holds it.
const SIGN: char = '·';

/// Words are cut off at so many letters.
const LETTERS: usize = 64;
