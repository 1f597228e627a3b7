//! Schedules: when jobs run by themselves.

mod input;
mod object;
mod query;

pub use input::ScheduleInput;
pub use object::Schedule;
pub use query::ScheduleQuery;
