//! `[blob]`: where big raw messages go.

use serde::Deserialize;

use super::rule::Rule;

/// Where big raw messages go.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobConfig {
    /// `file:///…`, `s3://…`, `az://…` or `gs://…`; a folder in `data_dir` when it was not set.
    pub url: String,
    /// Whether a `file://` folder is the same one for all processes.
    pub shared: bool,
}

pub(super) const RULES: &[Rule] = &[Rule::Url("blob.url", &["file:///", "s3://", "az://", "gs://"])];
