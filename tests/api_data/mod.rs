//! What lists, loaders and downloads read of messages, instances and runs.

mod messages;
mod seed;
