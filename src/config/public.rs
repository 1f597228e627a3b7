//! `[public]`: how browsers reach us.

use serde::Deserialize;

use super::rule::Rule;

/// How browsers reach us.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicConfig {
    /// What signed links begin with, without a slash at the end.
    pub url: String,
}

pub(super) const RULES: &[Rule] = &[Rule::Url("public.url", &["http://", "https://"])];
