//! Telling what happened: within the process first, to the world from the event log.

pub mod bell;
pub mod hub;
pub mod wake;
