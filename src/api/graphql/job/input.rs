//! What is said of a job.

use async_graphql::{ID, InputObject, MaybeUndefined};

use super::handling::HandlingInput;
use super::object::MessageSelection;
use crate::api::graphql::input::{Ids, patch};
use crate::api::graphql::scalar::DateTime;
use crate::api::graphql::schedule::ScheduleInput;
use crate::api::graphql::user_error::UserError;
use crate::service::job::{CreateJob, FirstJob, UpdateJob};

/// A new job.
#[derive(InputObject)]
pub struct CreateJobInput {
    /// Unique among jobs.
    pub name: String,
    /// The mailbox it reads.
    pub mailbox_id: ID,
    /// Path of the folder at the provider, with /.
    #[graphql(default = "INBOX")]
    pub folder: String,
    /// Whether it runs by itself.
    #[graphql(default = true)]
    pub enabled: bool,
    /// When it runs by itself. Absent: every five minutes, unless the installation says otherwise, beginning now. null: by
    /// hand only, or by watching.
    pub schedule: MaybeUndefined<ScheduleInput>,
    /// React at once to new mail; the schedule stays as the safety net, without one it looks once an hour.
    #[graphql(default = false)]
    pub watch: bool,
    /// Which messages it takes.
    #[graphql(default_with = "MessageSelection::New")]
    pub selection: MessageSelection,
    /// Mail of the first listing that arrived before is left alone. Absent: the job's creation; null: everything is
    /// taken in.
    pub since: MaybeUndefined<DateTime>,
    /// What happens to the originals.
    pub handling: Option<HandlingInput>,
    /// At most this many messages a run; null: no bound.
    pub max_messages_per_run: Option<i32>,
}

/// A mailbox's first job. Default name: the mailbox's title.
#[derive(InputObject)]
pub struct FirstJobInput {
    /// Unique among jobs; default: the mailbox's title.
    pub name: Option<String>,
    /// Path of the folder at the provider, with /.
    #[graphql(default = "INBOX")]
    pub folder: String,
    /// Whether it runs by itself.
    #[graphql(default = true)]
    pub enabled: bool,
    /// When it runs by itself. Absent: every five minutes, unless the installation says otherwise, beginning now. null: by
    /// hand only, or by watching.
    pub schedule: MaybeUndefined<ScheduleInput>,
    /// React at once to new mail; the schedule stays as the safety net, without one it looks once an hour.
    #[graphql(default = false)]
    pub watch: bool,
    /// Which messages it takes.
    #[graphql(default_with = "MessageSelection::New")]
    pub selection: MessageSelection,
    /// Mail of the first listing that arrived before is left alone. Absent: the job's creation; null: everything is
    /// taken in.
    pub since: MaybeUndefined<DateTime>,
    /// What happens to the originals.
    pub handling: Option<HandlingInput>,
    /// At most this many messages a run; null: no bound.
    pub max_messages_per_run: Option<i32>,
}

/// A change of a job: what is absent stays as it is.
#[derive(InputObject)]
pub struct UpdateJobInput {
    /// The job's id.
    pub id: ID,
    /// Unique among jobs.
    pub name: MaybeUndefined<String>,
    /// Path of the folder at the provider, with /. Another folder is listed from its start.
    pub folder: MaybeUndefined<String>,
    /// Whether it runs by itself.
    pub enabled: MaybeUndefined<bool>,
    /// When it runs by itself; null: by hand only, or by watching.
    pub schedule: MaybeUndefined<ScheduleInput>,
    /// React at once to new mail; the schedule stays as the safety net, without one it looks once an hour.
    pub watch: MaybeUndefined<bool>,
    /// Which messages it takes.
    pub selection: MaybeUndefined<MessageSelection>,
    /// Mail of the first listing that arrived before is left alone; null: everything is taken in.
    pub since: MaybeUndefined<DateTime>,
    /// What happens to the originals; replaced as a whole, null: the default.
    pub handling: MaybeUndefined<HandlingInput>,
    /// At most this many messages a run; null: no bound.
    pub max_messages_per_run: MaybeUndefined<i32>,
    /// Refused with CONFLICT when it is not the current version.
    pub expected_version: Option<i32>,
}

impl FirstJobInput {
    /// For the service; `ids` say what of it can't be read.
    pub fn resolve(self, ids: &mut Ids, path: &str) -> FirstJob {
        FirstJob {
            name: self.name,
            folder: self.folder,
            enabled: self.enabled,
            schedule: ids.schedule(self.schedule, &[path, "schedule"]),
            watch: self.watch,
            selection: self.selection.into(),
            since: patch(self.since),
            handling: self.handling.map(Into::into),
            max_messages_per_run: self.max_messages_per_run,
        }
    }
}

impl CreateJobInput {
    /// For the service, or what of it names nothing or can't be read.
    pub fn resolve(self) -> Result<CreateJob, Vec<UserError>> {
        let mut ids = Ids::default();
        let mailbox_id = ids.get(&self.mailbox_id, &["mailboxId"]);
        let schedule = ids.schedule(self.schedule, &["schedule"]);
        ids.finish()?;
        let job = FirstJob {
            name: Some(self.name),
            folder: self.folder,
            enabled: self.enabled,
            schedule,
            watch: self.watch,
            selection: self.selection.into(),
            since: patch(self.since),
            handling: self.handling.map(Into::into),
            max_messages_per_run: self.max_messages_per_run,
        };
        Ok(CreateJob { mailbox_id, job })
    }
}

impl UpdateJobInput {
    /// For the service, or what of it names nothing or can't be read.
    pub fn resolve(self) -> Result<UpdateJob, Vec<UserError>> {
        let mut ids = Ids::default();
        let id = ids.get(&self.id, &["id"]);
        let schedule = ids.schedule(self.schedule, &["schedule"]);
        ids.finish()?;
        Ok(UpdateJob {
            id,
            name: patch(self.name),
            folder: patch(self.folder),
            enabled: patch(self.enabled),
            schedule,
            watch: patch(self.watch),
            selection: patch(self.selection),
            since: patch(self.since),
            handling: patch(self.handling),
            max_messages_per_run: patch(self.max_messages_per_run),
            expected_version: self.expected_version,
        })
    }
}
