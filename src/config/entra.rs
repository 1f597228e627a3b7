//! `[entra]`: where tokens of Entra ID come from.

use serde::Deserialize;

use super::rule::Rule;

/// Where tokens of Entra ID come from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntraConfig {
    /// Instead of where the credential's cloud has it; empty when it was not set.
    pub authority: String,
}

pub(super) const RULES: &[Rule] = &[Rule::Url("entra.authority", &["https://"])];
