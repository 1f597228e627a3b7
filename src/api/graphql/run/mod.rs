//! Runs: what executions of jobs did, and how they come along.

mod loader;
mod mutation;
mod nested;
mod object;
mod progress;
mod query;
mod subscription;

pub use loader::{ActiveOf, LastOf, RunLoader};
pub use mutation::RunMutation;
pub use nested::runs_of;
pub use object::Run;
pub use query::RunQuery;
pub use subscription::RunSubscription;
