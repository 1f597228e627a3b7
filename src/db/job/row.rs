//! A job as its row holds it.

use sea_orm::ActiveValue::Set;

use super::folder_key;
use crate::db::entity::job;
use crate::db::{Error, from_json, parse, to_json};
use crate::domain::job::Job;

/// What a person says of a job.
pub(super) fn columns(job: &Job) -> Result<job::ActiveModel, Error> {
    Ok(job::ActiveModel {
        name: Set(job.name.clone()),
        folder: Set(job.folder.clone()),
        folder_key: Set(folder_key(&job.folder)),
        enabled: Set(job.enabled),
        schedule: Set(job.schedule.as_ref().map(to_json).transpose()?),
        watch: Set(job.watch),
        selection: Set(job.selection.as_str().to_owned()),
        since: Set(job.since),
        handling: Set(job.handling.as_ref().map(to_json).transpose()?),
        max_messages_per_run: Set(job.max_messages_per_run),
        next_run_at: Set(job.next_run_at),
        version: Set(job.version),
        updated_at: Set(job.updated_at),
        ..Default::default()
    })
}

impl TryFrom<job::Model> for Job {
    type Error = Error;

    fn try_from(row: job::Model) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.into(),
            name: row.name,
            mailbox_id: row.mailbox_id.into(),
            folder: row.folder,
            enabled: row.enabled,
            schedule: row.schedule.map(|schedule| from_json("job", schedule)).transpose()?,
            watch: row.watch,
            selection: parse("job", &row.selection)?,
            since: row.since,
            handling: row.handling.map(|handling| from_json("job", handling)).transpose()?,
            max_messages_per_run: row.max_messages_per_run,
            next_run_at: row.next_run_at,
            noted_at: row.noted_at,
            last_checked_at: row.last_checked_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
