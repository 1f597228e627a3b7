//! The words of mailroom, as types: no I/O, no ORM, no GraphQL. Everything may use it, it uses nothing.
//!
//! | file | holds |
//! |---|---|
//! | `id` | one newtype an id |
//! | `credential` `entra` `mailbox` `health` `folder` `connection` | what is configured to reach mail |
//! | `mapping/` | mapping + message -> outcome, pure |
//! | `schedule/` | when a job runs by itself: days, times of a day, what comes next |
//! | `job` `handling` `run` `intake` | when, which, what then; and what became of it |
//! | `parsed` `message` `instance` | the mail as parsed, as stored, and what it made |
//! | `turn` | when a job runs next, in words too |
//! | `watch` | what a provider tells of a subscription |
//! | `event` | facts that were committed |
//! | `expiry` | when it is told that a secret lapses |
//! | `installation` | what there is once |
//! | `reply_token` | what proves which instance an answer belongs to |
//! | `tombstone` | what a deleted message is recognised by |
//! | `fault` | what went wrong, said so that a person can act, and the verdict |
//! | `filter` `page` | which of a list is asked for, and which slice of it |
//! | `search/` | full-text search: how texts are cut and folded, what is asked for |
//! | `access` | who asks, and what they may |
//! | `clock` | where time comes from |

pub mod access;
pub mod clock;
pub mod connection;
pub mod credential;
pub mod entra;
pub mod event;
pub mod expiry;
pub mod fault;
pub mod filter;
pub mod folder;
pub mod handling;
pub mod health;
pub mod id;
pub mod installation;
pub mod instance;
pub mod intake;
pub mod job;
mod keyed_hash;
pub mod mailbox;
pub mod mapping;
pub mod merge_patch;
pub mod message;
mod named;
pub mod page;
pub mod parsed;
pub mod reply_token;
pub mod run;
pub mod schedule;
pub mod search;
pub mod silence;
pub mod tombstone;
mod turn;
pub mod watch;

pub use named::UnknownName;
