//! A Microsoft 365 tenant on your laptop: Entra ID's token endpoint and Microsoft Graph's mail surface, in memory,
//! with faults on demand. docs/sandbox.md shows how to use it.
//!
//! | module | holds |
//! |---|---|
//! | [`world`] | tenants, apps, mailboxes, folders, messages; pure, no I/O |
//! | [`graph`] | Microsoft Graph's mail surface |
//! | [`mime`] | raw messages: what is shown of them, and `$value` |
//! | [`clock`] | time that can be moved |
//! | [`switches`] | what the documents leave open |
//! | [`state`] | what all parts of a running sandbox share |

pub mod clock;
pub mod graph;
pub mod mime;
pub mod state;
pub mod switches;
pub mod world;
