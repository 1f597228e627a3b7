//! `[mail]`: the bounds of one message, and of all that are in memory.

use serde::Deserialize;

use super::rule::Rule;

/// The bounds of one message, and of all that are in memory.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// A bigger message is not downloaded.
    pub max_bytes: u64,
    /// All raw messages in memory, together.
    pub memory_bytes: u64,
    /// Parts of one message that are read.
    pub max_parts: usize,
    /// A bigger raw message goes to the blob store.
    pub raw_in_database_bytes: u64,
}

pub(super) const RULES: &[Rule] = &[
    Rule::Range("mail.max_bytes", 1024, 1 << 40),
    Rule::Range("mail.memory_bytes", 1024 * 1024, 1 << 40),
    Rule::Range("mail.max_parts", 1, 100_000),
    Rule::Range("mail.raw_in_database_bytes", 0, 1 << 30),
];
