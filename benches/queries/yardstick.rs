//! The yardstick: the same rows as one statement that makes the JSON within PostgreSQL, run by pgbench.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// The page of the first case in one statement, as programs that turn GraphQL into SQL write it.
const STATEMENT: &str = "SELECT json_agg(page) FROM (
  SELECT m.id, m.subject, m.snippet, m.received_at AS \"receivedAt\", m.state,
    (SELECT json_build_object('name', a.name, 'address', a.address) FROM message_address a
      WHERE a.message_id = m.id AND a.role = 0 ORDER BY a.position LIMIT 1) AS \"from\",
    (SELECT coalesce(json_agg(json_build_object('name', a.name, 'address', a.address) ORDER BY a.position), '[]')
      FROM message_address a WHERE a.message_id = m.id AND a.role = 3) AS \"to\",
    (SELECT json_build_object('id', b.id, 'title', b.title, 'address', b.address)
      FROM mailbox b WHERE b.id = m.mailbox_id) AS mailbox,
    (SELECT coalesce(json_agg(json_build_object('id', t.id, 'filename', t.filename,
        'contentType', t.content_type, 'size', t.size) ORDER BY t.part), '[]')
      FROM attachment t WHERE t.message_id = m.id) AS attachments,
    (SELECT json_build_object('id', i.id, 'reference', i.reference, 'process', i.process, 'open', i.open)
      FROM process_instance i WHERE i.id = m.instance_id) AS \"processInstance\"
  FROM message m WHERE m.emptied_at IS NULL ORDER BY m.received_at DESC, m.id DESC LIMIT 50) page";

/// How pgbench sends the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Parsed and planned each time: pgbench's default.
    Simple,
    /// Prepared once a connection.
    Prepared,
}

impl Protocol {
    /// Its name in the figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Prepared => "prepared",
        }
    }
}

/// Pages a second over 16 connections.
pub fn pages_per_second(url: &str, protocol: Protocol, seconds: u64) -> f64 {
    let mut script = tempfile::NamedTempFile::new().unwrap();
    writeln!(script, "{};", STATEMENT.replace('\n', " ")).unwrap();
    let output = Command::new("pgbench")
        .args(["-n", "-c", "16", "-j", "1", "-T", &seconds.to_string(), "-M", protocol.name(), "-f"])
        .arg(script.path())
        .arg(url)
        .stdin(Stdio::null())
        .output()
        .expect("pgbench is installed: apt-get install postgresql");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "pgbench: {told}{}", String::from_utf8_lossy(&output.stderr));
    let rate = told.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.unwrap_or_else(|| panic!("pgbench says no tps: {told}"))
}
