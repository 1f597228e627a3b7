//! Process instances: what messages create and update.

mod loader;
mod object;
mod query;

pub use loader::InstanceLoader;
pub use object::ProcessInstance;
pub use query::InstanceQuery;
