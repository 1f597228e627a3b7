//! `[auth]`: whose tokens are believed.

use secrecy::SecretString;
use serde::Deserialize;

use super::rule::Rule;

/// Whose tokens are believed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// The key of `mailroom token`: 32 bytes or more in base64; empty when it was not set.
    pub local_key: SecretString,
}

pub(super) const RULES: &[Rule] = &[Rule::Key("auth.local_key")];
