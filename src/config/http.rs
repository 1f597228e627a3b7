//! `[http]`: what we listen on, and how much a request may ask.

use std::net::SocketAddr;

use serde::Deserialize;

use super::rule::Rule;

/// What we listen on, and how much a request may ask.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Where the API is served.
    pub listen: SocketAddr,
    /// Where `/metrics` is served.
    pub metrics_listen: SocketAddr,
    /// The biggest request that is read, in bytes.
    pub request_max_bytes: usize,
    /// The time after which a request is given up.
    pub request_timeout_seconds: u64,
    /// How long running work may take to finish after SIGTERM.
    pub drain_seconds: u64,
    /// Origins whose pages may call the API.
    pub cors_origins: Vec<String>,
}

pub(super) const RULES: &[Rule] = &[
    Rule::Socket("http.listen"),
    Rule::Socket("http.metrics_listen"),
    Rule::Range("http.request_max_bytes", 1024, 1 << 30),
    Rule::Range("http.request_timeout_seconds", 1, 3600),
    Rule::Range("http.drain_seconds", 0, 3600),
    Rule::Urls("http.cors_origins", &["http://", "https://"]),
];
