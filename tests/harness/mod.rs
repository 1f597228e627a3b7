//! What the tests start: servers on free ports, in folders of their own, ended with the process.

pub mod database;
pub mod postgres;
