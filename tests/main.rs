//! The integration tests: one binary, one module a subject.
#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect ends there")]
#![expect(clippy::expect_used, reason = "a test that meets what it does not expect ends there")]

mod api;
mod api_data;
mod architecture;
#[cfg(feature = "failpoints")]
mod concurrent_person;
mod contract;
#[expect(dead_code, reason = "shared with the benchmarks, which use what the tests do not")]
#[path = "../benches/corpus/mod.rs"]
mod corpus;
#[cfg(feature = "failpoints")]
mod crash;
mod demo;
mod desk;
mod dry_run;
mod event_log;
mod handling;
#[expect(dead_code, reason = "shared with the benchmarks, which use what the tests do not")]
mod harness;
mod identical_mails;
mod identity;
mod listening;
mod mail;
mod migrations;
mod misconfigured;
mod office;
mod outage;
mod pipeline;
mod provider;
mod recipes;
mod runner;
mod schedule;
mod search;
mod service;
mod tenant;
mod two_mailrooms;
