//! Messages: what was taken in, what it consists of, and what became of it.

mod attachment;
mod details;
mod input;
mod kinds;
mod loader;
mod mutation;
mod nested;
mod object;
mod query;

pub use attachment::Attachment;
pub use details::Match;
pub use input::{MessageFilter, ids, query};
pub use kinds::MessageState;
pub use loader::MessageLoader;
pub use mutation::MessageMutation;
pub use nested::{Wanted, messages_of};
pub use object::Message;
pub use query::MessageQuery;
