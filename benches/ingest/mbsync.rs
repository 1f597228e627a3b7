//! The yardstick: mbsync (isync) pulls the same mailbox into a Maildir.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::USER;
use crate::harness::dovecot::{Dovecot, PASSWORD};

/// Pulls everything into an empty Maildir; how long it took. With `fsync` as by default each message is synced.
pub fn pull(dovecot: &Dovecot, fsync: bool, messages: usize) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().display();
    let configuration = format!(
        "FSync {fsync}\n\n\
         IMAPAccount here\nHost 127.0.0.1\nPort {port}\nUser {USER}\nPass {PASSWORD}\nSSLType None\nAuthMechs LOGIN\n\n\
         IMAPStore far\nAccount here\n\n\
         MaildirStore near\nPath {home}/mail/\nInbox {home}/mail/INBOX\n\n\
         Channel pull\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\nSyncState {home}/state/\n",
        fsync = if fsync { "yes" } else { "no" },
        port = dovecot.port,
    );
    std::fs::create_dir_all(folder.path().join("mail")).unwrap();
    std::fs::create_dir_all(folder.path().join("state")).unwrap();
    std::fs::write(folder.path().join("mbsyncrc"), configuration).unwrap();
    let began = Instant::now();
    let output = Command::new("mbsync")
        .args(["-q", "-c"])
        .arg(folder.path().join("mbsyncrc"))
        .arg("pull")
        .stdin(Stdio::null())
        .output()
        .expect("mbsync is installed: apt-get install isync");
    let took = began.elapsed();
    assert!(output.status.success(), "mbsync: {}", String::from_utf8_lossy(&output.stderr));
    let inbox = folder.path().join("mail/INBOX");
    let pulled: usize =
        ["cur", "new"].iter().map(|part| std::fs::read_dir(inbox.join(part)).unwrap().count()).sum();
    assert_eq!(pulled, messages, "mbsync pulled all");
    took
}
