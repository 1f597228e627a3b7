//! Process instances: what messages create and update.

mod loader;
mod mutation;
mod object;
mod query;

pub use loader::InstanceLoader;
pub use mutation::InstanceMutation;
pub use object::ProcessInstance;
pub use query::InstanceQuery;
