//! `[database]`: where rows are kept.

use secrecy::SecretString;
use serde::Deserialize;

use super::rule::Rule;

/// Where rows are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `postgres://…`; a path in `data_dir` when it was not set.
    pub url: SecretString,
    /// Connections to PostgreSQL; readers beside the one writer with SQLite.
    pub max_connections: u32,
    /// PostgreSQL: where to LISTEN; `url` when it was not set.
    pub listen_url: SecretString,
    /// Prepared statements kept by a connection.
    pub statement_cache: usize,
}

pub(super) const RULES: &[Rule] = &[
    Rule::Url("database.url", &["sqlite:", "postgres://", "postgresql://"]),
    Rule::Url("database.listen_url", &["postgres://", "postgresql://"]),
    Rule::Range("database.max_connections", 1, 1000),
    Rule::Range("database.statement_cache", 0, 100_000),
];
