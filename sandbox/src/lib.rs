//! A Microsoft 365 tenant on your laptop: Entra ID's token endpoint and Microsoft Graph's mail surface, in memory,
//! with faults on demand. docs/sandbox.md shows how to use it.
//!
//! | module | holds |
//! |---|---|
//! | [`world`] | tenants, apps, mailboxes, folders, messages; pure, no I/O |
//! | [`server`] | the listeners, http and https |
//! | [`entra`] | Entra ID: tokens and what describes them |
//! | [`graph`] | Microsoft Graph's mail surface |
//! | [`notify`] | outgoing notifications |
//! | [`mime`] | raw messages: what is shown of them, and `$value` |
//! | [`clock`] | time that can be moved |
//! | [`switches`] | what the documents leave open |
//! | [`input`] | mail that comes in: from files, made up, by SMTP |
//! | [`control`] | the control endpoint, under `/sandbox` |
//! | [`faults`] | what becomes of which calls |
//! | [`log`] | what was asked of late, as a table |
//! | [`dice`] | chance that repeats itself |
//! | [`snapshot`] | the state in a file and back |
//! | [`state`] | what all parts of a running sandbox share |
//! | [`sample`] | a small tenant for a first try and for tests |
//! | [`path`] | paths in one form before they are routed |
//! | [`tls`] | the certificate for https |
//! | [`random`] | fresh ids |

// The tests of the handlers share it with those over http.
#[cfg(test)]
#[path = "../tests/contract/mod.rs"]
mod contract;
#[cfg(test)]
extern crate self as sandbox;

pub mod clock;
pub mod control;
pub mod dice;
pub mod entra;
pub mod faults;
pub mod graph;
pub mod input;
pub mod log;
pub mod mime;
pub mod notify;
pub mod path;
pub mod random;
pub mod sample;
pub mod server;
pub mod snapshot;
pub mod state;
pub mod switches;
pub mod tls;
pub mod world;
