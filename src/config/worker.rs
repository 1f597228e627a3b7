//! `[worker]`: how mailboxes are read.

use serde::Deserialize;

use super::rule::Rule;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Serves requests.
    Api,
    /// Reads mailboxes.
    Worker,
}

/// How mailboxes are read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerConfig {
    /// This process in leases and runs; host name and process id when it was not set.
    pub name: String,
    /// What this process does.
    pub roles: Vec<Role>,
    /// Mailboxes read at the same time.
    pub concurrency: usize,
    /// A worker that stopped renewing loses its mailboxes after this time.
    pub lease_seconds: u64,
    /// How often to look for due work when nobody woke us.
    pub poll_interval_seconds: u64,
    /// How often a job runs that names no schedule.
    pub default_interval_seconds: u64,
    /// Folders of jobs that watch over IMAP, which this process listens to at the same time.
    pub listeners: usize,
    /// A batch is committed at this many messages.
    pub batch_messages: usize,
    /// A batch is committed at this many bytes of raw mail.
    pub batch_bytes: u64,
    /// A batch is committed this time after its first message.
    pub batch_millis: u64,
}

pub(super) const RULES: &[Rule] = &[
    Rule::Each("worker.roles", &["api", "worker"]),
    Rule::Range("worker.concurrency", 1, 1000),
    Rule::Range("worker.lease_seconds", 10, 3600),
    Rule::Range("worker.poll_interval_seconds", 1, 3600),
    Rule::Range("worker.default_interval_seconds", 1, 86_400),
    Rule::Range("worker.listeners", 0, 100_000),
    Rule::Range("worker.batch_messages", 1, 1000),
    Rule::Range("worker.batch_bytes", 1024, 1 << 30),
    Rule::Range("worker.batch_millis", 1, 60_000),
];
