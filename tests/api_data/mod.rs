//! What lists, loaders, downloads and subscriptions give of messages, instances and runs.

mod fields;
mod files;
mod house;
mod messages;
mod runs;
mod seed;
mod statements;
