//! The post: puts a letter into the inbox every few seconds.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::folder::Folder;
use super::letter::Envelope;
use super::letters::CONVERSATIONS;
use crate::cli::failure::Failure;
use crate::cli::output::{Style, line, note, styled};
use crate::domain::clock::{Clock as _, SystemClock};

/// A Maildir: a mail is written to `tmp` and moved to `new`, so that nobody reads half of it.
#[derive(Clone)]
pub(super) struct Inbox {
    path: PathBuf,
    mail_user: Option<(u32, u32)>,
}

impl Inbox {
    /// Makes the Maildir of a home where it is missing.
    pub(super) fn make(folder: &Folder, home: &Path) -> Result<Self, Failure> {
        let path = home.join("Maildir");
        for folder_path in [home, &path, &path.join("tmp"), &path.join("new"), &path.join("cur")] {
            std::fs::create_dir_all(folder_path)?;
            folder.give_to_mail_user(folder_path)?;
        }
        let mail_user = if folder.is_root() { Some(folder.mail_user()?) } else { None };
        Ok(Self { path, mail_user })
    }

    fn put(&self, name: &str, raw: &[u8]) -> std::io::Result<()> {
        let tmp = self.path.join("tmp").join(name);
        std::fs::write(&tmp, raw)?;
        if let Some((uid, gid)) = self.mail_user {
            std::os::unix::fs::chown(&tmp, Some(uid), Some(gid))?;
        }
        std::fs::rename(&tmp, self.path.join("new").join(name))
    }
}

/// Delivers until `stop`: new cases, and between them answers to those that are open.
pub(super) async fn deliver(inbox: Inbox, every: Duration, stop: CancellationToken) {
    let mut open: Vec<Open> = Vec::new();
    let mut next_case = 0;
    for step in 0_usize.. {
        let answer = if step % 3 == 0 { None } else { take_answer(&mut open) };
        let current = answer.unwrap_or_else(|| {
            next_case += 1;
            Open { conversation: (next_case - 1) % CONVERSATIONS.len(), letter: 0, ids: Vec::new() }
        });
        if let Err(error) = send(&inbox, current, &mut open) {
            note(format_args!("The post did not deliver: {error}"));
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// A conversation, and how far it has come.
struct Open {
    conversation: usize,
    letter: usize,
    /// Message-IDs so far, oldest first.
    ids: Vec<String>,
}

/// The conversation that has waited longest for an answer.
fn take_answer(open: &mut Vec<Open>) -> Option<Open> {
    (open.len() > 1).then(|| open.remove(0))
}

fn send(inbox: &Inbox, mut current: Open, open: &mut Vec<Open>) -> std::io::Result<()> {
    let letters = CONVERSATIONS.get(current.conversation).copied().unwrap_or_default();
    let Some(letter) = letters.get(current.letter) else { return Ok(()) };
    let now: DateTime<Utc> = SystemClock.now();
    let name = uuid::Uuid::now_v7().simple().to_string();
    let envelope = Envelope { id: format!("{name}@post.example"), date: now, answers: current.ids.clone() };
    inbox.put(&format!("{}.{name}.demo", now.timestamp()), &letter.raw(&envelope))?;
    let clock = styled(now.format("%H:%M:%S"), Style::Dim);
    line(format_args!("{clock} {} {}: {}", styled("mail", Style::Green), letter.from.name, letter.subject));
    current.ids.push(envelope.id);
    current.letter += 1;
    if current.letter < letters.len() {
        open.push(current);
    }
    Ok(())
}
