//! `[secrets]`: the keys that encrypt stored credentials.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::rule::Rule;

/// The keys that encrypt stored credentials.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretsConfig {
    /// Each `name:key`, the key being 32 bytes in base64; the first encrypts what is new.
    pub keys: Vec<SecretString>,
}

impl SecretsConfig {
    /// All keys as one text, `name:key,name:key`, as the key ring reads them.
    pub fn joined(&self) -> SecretString {
        let keys: Vec<&str> = self.keys.iter().map(ExposeSecret::expose_secret).collect();
        SecretString::from(keys.join(","))
    }
}

pub(super) const RULES: &[Rule] = &[Rule::NamedKeys("secrets.keys")];
