//! What is said of a job.

use chrono::{DateTime, Utc};

use crate::domain::handling::OriginalFate;
use crate::domain::id::{JobId, MailboxId};
use crate::domain::job::Selection;
use crate::domain::schedule::Schedule;
use crate::service::Patch;

/// Input of `createJob`.
#[derive(Debug, Clone)]
pub struct CreateJob {
    /// The mailbox it reads.
    pub mailbox_id: MailboxId,
    /// The rest; its name is REQUIRED here.
    pub job: FirstJob,
}

/// What a new job is: input of `createMailbox` as `job`, and all but the mailbox of `createJob`.
#[derive(Debug, Clone)]
pub struct FirstJob {
    /// Unique among jobs; default of a first job: the mailbox's title.
    pub name: Option<String>,
    /// With `/`, whatever the server's own delimiter is.
    pub folder: String,
    /// Whether it runs by itself.
    pub enabled: bool,
    /// When it runs by itself. Absent: as it is configured; null: by hand only, or by watching.
    pub schedule: Patch<Schedule>,
    /// Whether it reacts at once to new mail.
    pub watch: bool,
    /// Which messages it takes.
    pub selection: Selection,
    /// Absent: its creation. Null: everything is taken in.
    pub since: Patch<DateTime<Utc>>,
    /// None: the default of the provider. Not with CHECK_ONLY.
    pub handling: Option<HandlingInput>,
    /// At most this many messages a run; None: no bound.
    pub max_messages_per_run: Option<i32>,
}

/// Input of `updateJob`.
#[derive(Debug, Clone)]
pub struct UpdateJob {
    /// Which one.
    pub id: JobId,
    /// See [`FirstJob::name`].
    pub name: Patch<String>,
    /// Another folder is listed from its start.
    pub folder: Patch<String>,
    /// See [`FirstJob::enabled`].
    pub enabled: Patch<bool>,
    /// Null: by hand only, or by watching.
    pub schedule: Patch<Schedule>,
    /// See [`FirstJob::watch`].
    pub watch: Patch<bool>,
    /// See [`FirstJob::selection`].
    pub selection: Patch<Selection>,
    /// Null: everything is taken in.
    pub since: Patch<DateTime<Utc>>,
    /// Replaced as a whole; null: the default of the provider.
    pub handling: Patch<HandlingInput>,
    /// Null: no bound.
    pub max_messages_per_run: Patch<i32>,
    /// Refused with CONFLICT when it is not the current version.
    pub expected_version: Option<i32>,
}

/// What happens to the originals, as it is given; an outcome that is not given has its default.
#[derive(Debug, Clone, Default)]
pub struct HandlingInput {
    /// Of PROCESSED messages; default: marked read and kept.
    pub on_success: Option<DispositionInput>,
    /// Of IGNORED messages; default: left alone.
    pub on_ignored: Option<DispositionInput>,
    /// Of FAILED messages; default: left alone.
    pub on_failure: Option<DispositionInput>,
    /// Remove for good, at the end of the run, what mailroom deleted.
    pub purge_at_end_of_run: bool,
    /// Moving and deleting wait this long.
    pub grace_hours: i32,
}

/// What is done with one original, as it is given.
#[derive(Debug, Clone)]
pub struct DispositionInput {
    /// Mark it read.
    pub mark_read: bool,
    /// Where it ends.
    pub original: OriginalFate,
    /// With MOVE: the target, with `/`.
    pub folder: Option<String>,
    /// Categories (IMAP: keywords) to add.
    pub categories: Vec<String>,
}
