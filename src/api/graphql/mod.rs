//! GraphQL: one folder a resource; `schema.rs` lists them.
//!
//! | file | holds |
//! |---|---|
//! | `schema` | the list of resources; where a new one is added |
//! | `executor` `document` | one way to run an operation, whatever brought it, within limits |
//! | `error` | errors with codes, and what is not told |
//! | `user_error` `provider_error` | refusals that a caller can mend; what a provider answered |
//! | `http` `sse` `ws` | the transports |
//! | `context` | what resolvers find: the caller, the services, the loaders |
//! | `paging` `cursor` | Relay connections over keyset paging |
//! | `node/` | global ids and refetching |
//! | `input` `payload` `loader` | what resources share: ids and patches, deletions, loading for all parents |
//! | `scalar` | DateTime, JSON |
//! | `credential/` `mailbox/` `mapping/` `job/` `viewer` | the resources |

pub mod context;
pub mod credential;
pub mod cursor;
pub mod document;
pub mod error;
pub mod executor;
pub mod http;
pub mod input;
pub mod instance;
pub mod job;
pub mod loader;
pub mod mailbox;
pub mod mapping;
pub mod message;
pub mod node;
pub mod paging;
pub mod payload;
pub mod provider_error;
pub mod reader;
pub mod run;
pub mod scalar;
pub mod schedule;
pub mod schema;
pub mod server;
pub mod sse;
pub mod user_error;
pub mod viewer;
pub mod ws;

pub use context::{Backend, ContextExt};
pub use error::{Error, Result};
pub use executor::{Executor, Limits};
