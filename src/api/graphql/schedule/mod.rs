//! Schedules: when jobs run by themselves.

mod input;
mod object;
mod query;

pub use query::ScheduleQuery;
