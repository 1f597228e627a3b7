//! `[events]`: the event log.

use serde::Deserialize;

use super::rule::Rule;

/// The event log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsConfig {
    /// How long it is kept.
    pub retention_days: u32,
}

pub(super) const RULES: &[Rule] = &[Rule::Range("events.retention_days", 1, 36_500)];
