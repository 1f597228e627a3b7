//! Jobs: what is fetched from one folder of a mailbox, when, and what then happens to the originals.

mod handling;
mod input;
mod loader;
mod mutation;
mod object;
mod payload;
mod query;
mod watch;

pub use input::FirstJobInput;
pub use loader::{JobLoader, JobsOfMailboxLoader};
pub use mutation::JobMutation;
pub use object::Job;
pub use query::JobQuery;
pub use watch::WatchLoader;
