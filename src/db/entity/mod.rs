//! Rows as the tables hold them; private to `db`.

pub mod attachment;
pub mod correlation_key;
pub mod credential;
pub mod event;
pub mod installation;
pub mod intake;
pub mod job;
pub mod job_position;
pub mod lease;
pub mod listener;
pub mod listening;
pub mod mailbox;
pub mod mapping;
pub mod message;
pub mod message_address;
pub mod message_raw;
pub mod message_source;
pub mod process_instance;
pub mod reprocess;
pub mod run;
pub mod shared_key;
pub mod subscription;
