//! The integration tests: one binary, one module a subject.
#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect ends there")]
#![expect(clippy::expect_used, reason = "a test that meets what it does not expect ends there")]

mod api;
mod api_data;
mod architecture;
#[cfg(feature = "failpoints")]
mod concurrent_person;
mod contract;
#[path = "../benches/corpus/mod.rs"]
mod corpus;
#[cfg(feature = "failpoints")]
mod crash;
mod harness;
mod identical_mails;
mod migrations;
mod pipeline;
mod provider;
mod service;
