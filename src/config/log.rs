//! `[log]`: what is told about the work, and how.

use serde::Deserialize;

use super::rule::Rule;

/// What is told about the work, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// A level, or directives such as `info,mailroom::worker=debug`.
    pub level: String,
    /// For whom it is written.
    pub format: LogFormat,
}

/// For whom a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors: one JSON object a line.
    Json,
}

pub(super) const RULES: &[Rule] = &[Rule::OneOf("log.format", &["text", "json"])];
