//! The standing order for one folder of a mailbox.

use chrono::{DateTime, Utc};

use super::handling::Handling;
use super::id::{JobId, MailboxId};
use super::named::named_enum;
use super::schedule::Schedule;

named_enum! {
    /// Which messages a job takes.
    pub enum Selection { New = "NEW", Unread = "UNREAD" }
}

/// When, which, and what then happens to the originals. A folder has at most one job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Unique among jobs.
    pub name: String,
    /// The mailbox it reads.
    pub mailbox_id: MailboxId,
    /// The folder it reads, with `/`.
    pub folder: String,
    /// Whether it runs by itself.
    pub enabled: bool,
    /// When it runs by itself; None: it doesn't, unless it watches.
    pub schedule: Option<Schedule>,
    /// Whether it reacts at once to new mail; its schedule stays as the safety net.
    pub watch: bool,
    /// Which messages it takes.
    pub selection: Selection,
    /// Mail of the first listing that arrived before is OLD; None: everything is taken in.
    pub since: Option<DateTime<Utc>>,
    /// What happens to the originals; None with CHECK_ONLY.
    pub handling: Option<Handling>,
    /// At most this many messages a run.
    pub max_messages_per_run: Option<i32>,
    /// When it runs next by itself.
    pub next_run_at: Option<DateTime<Utc>>,
    /// When a watch last told that there may be something new.
    pub noted_at: Option<DateTime<Utc>>,
    /// When it last looked.
    pub last_checked_at: Option<DateTime<Utc>>,
    /// Counts changes, for `expectedVersion`.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}
