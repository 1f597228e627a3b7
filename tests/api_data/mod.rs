//! What lists, loaders, downloads and subscriptions give of messages, instances and runs.

mod fields;
mod files;
pub mod house;
mod messages;
mod runs;
mod schedules;
pub mod seed;
mod statements;
mod watch;
