//! Query options as Graph's mail surface understands them.
//!
//! | file | holds |
//! |---|---|
//! | `options` | the options of a request, each at most once |
//! | `here` | the address that was asked, and the links made from it |
//! | `select` | which properties are shown |
//! | `expand` | what is shown besides |
//! | `property` | the properties of a message that can be compared |
//! | `token`, `parse` | `$filter` from text |
//! | `filter` | what a filter says of a message |
//! | `orderby` | in which order, and when that is too much |
//! | `search` | `$search` |
//! | `found` | the messages of a folder or mailbox, newest first, without sorting them |

mod expand;
mod filter;
mod found;
mod here;
mod options;
mod orderby;
mod parse;
mod property;
mod search;
mod select;
mod token;

pub use expand::Expand;
pub use filter::Filter;
pub use found::{messages, places, visible};
pub use here::{Here, encoded};
pub use options::Options;
pub use orderby::Order;
pub use property::conversation_id;
pub use search::{Candidate, Search};
pub use select::{ATTACHMENT, FOLDER, MESSAGE, Select};
