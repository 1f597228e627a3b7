//! `[secrets]`: the keys that encrypt stored credentials.

use secrecy::SecretString;
use serde::Deserialize;

use super::rule::Rule;

/// The keys that encrypt stored credentials.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretsConfig {
    /// Each `name:key`, the key being 32 bytes in base64; the first encrypts what is new.
    pub keys: Vec<SecretString>,
}

pub(super) const RULES: &[Rule] = &[Rule::NamedKeys("secrets.keys")];
