//! `[api]`: how much one query may ask.

use serde::Deserialize;

use super::rule::Rule;

/// How much one query may ask.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig {
    /// How deep a query may nest.
    pub max_depth: usize,
    /// How many fields a query may cost.
    pub max_complexity: usize,
    /// Whether `/graphiql` is served.
    pub graphiql: bool,
}

pub(super) const RULES: &[Rule] =
    &[Rule::Range("api.max_depth", 1, 100), Rule::Range("api.max_complexity", 1, 10_000_000)];
