//! The sandbox as its clients see it: over http and https, by hand and by clients that others wrote.
#![expect(clippy::unwrap_used, reason = "tests")]

mod contract;
mod entra;
mod fuzzed;
mod judges;
mod refusals;
mod samples;
mod sdk;
mod watched;
mod writing;
