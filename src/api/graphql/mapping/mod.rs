//! Mappings: how messages become instances of a business process.

mod correlation;
mod input;
mod loader;
mod mutation;
mod object;
mod payload;
mod policy;
mod query;
mod rule;
mod trial;

pub use loader::{MailboxOfMappingLoader, MappingLoader};
pub use mutation::MappingMutation;
pub use object::Mapping;
pub use query::MappingQuery;
