//! Jobs: the standing orders for folders of mailboxes.

mod checked;
mod list;
mod outlook;
mod row;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::entity::{intake, job, job_position};
use super::{Database, Error, hash_key};
use crate::domain::id::{JobId, MailboxId};
use crate::domain::job::Job;

pub use checked::{Checked, set_quiet};
pub use list::{JobFilter, count, list};
pub use outlook::{Outlook, left_until, outlook, outlooks};

/// The job, if there is one.
pub async fn get(db: &impl ConnectionTrait, id: JobId) -> Result<Option<Job>, Error> {
    job::Entity::find_by_id(id.0).one(db).await?.map(Job::try_from).transpose()
}

/// The job, locked until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, id: JobId) -> Result<Option<Job>, Error> {
    job::Entity::find_by_id(id.0).lock(LockType::NoKeyUpdate).one(tx).await?.map(Job::try_from).transpose()
}

/// Those of the jobs that there are.
pub async fn by_ids(db: &impl ConnectionTrait, ids: &[JobId]) -> Result<HashMap<JobId, Job>, Error> {
    let ids = ids.iter().map(|id| id.0);
    let rows = job::Entity::find().filter(job::Column::Id.is_in(ids)).all(db).await?;
    rows.into_iter().map(|row| Ok((row.id.into(), row.try_into()?))).collect()
}

/// The jobs of a mailbox, in the order they were made.
pub async fn of_mailbox(db: &impl ConnectionTrait, id: MailboxId) -> Result<Vec<Job>, Error> {
    Ok(of_mailboxes(db, &[id]).await?.remove(&id).unwrap_or_default())
}

/// The jobs of the mailboxes, each in the order they were made. A mailbox without any is absent.
pub async fn of_mailboxes(
    db: &impl ConnectionTrait,
    ids: &[MailboxId],
) -> Result<HashMap<MailboxId, Vec<Job>>, Error> {
    let rows = job::Entity::find()
        .filter(job::Column::MailboxId.is_in(ids.iter().map(|id| id.0)))
        .order_by_asc(job::Column::Id)
        .all(db)
        .await?;
    let mut jobs = HashMap::<MailboxId, Vec<Job>>::new();
    for row in rows {
        jobs.entry(row.mailbox_id.into()).or_default().push(row.try_into()?);
    }
    Ok(jobs)
}

/// How many jobs a mailbox has.
pub async fn count_of_mailbox(db: &impl ConnectionTrait, id: MailboxId) -> Result<u64, Error> {
    Ok(job::Entity::find().filter(job::Column::MailboxId.eq(id.0)).count(db).await?)
}

/// Writes a new job. [`Error::Taken`] when its name is, or the folder has a job; see [`Taken`].
pub async fn insert(db: &impl ConnectionTrait, new: &Job) -> Result<(), Error> {
    let row = job::ActiveModel {
        id: Set(new.id.0),
        mailbox_id: Set(new.mailbox_id.0),
        created_at: Set(new.created_at),
        last_checked_at: Set(new.last_checked_at),
        ..row::columns(new)?
    };
    job::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Writes what a job has become, over version `was`: [`Error::Stale`] when it has another.
pub async fn update(db: &impl ConnectionTrait, changed: &Job, was: i32) -> Result<(), Error> {
    let done = job::Entity::update_many()
        .set(row::columns(changed)?)
        .filter(job::Column::Id.eq(changed.id.0))
        .filter(job::Column::Version.eq(was))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Forgets how far the job has listed and what its listings showed, because it reads another folder now: source ids
/// of two folders may be equal. What was taken in stays known.
pub async fn forget_listing(tx: &impl ConnectionTrait, id: JobId) -> Result<(), Error> {
    job_position::Entity::delete_by_id(id.0).exec(tx).await?;
    intake::Entity::delete_many().filter(intake::Column::JobId.eq(id.0)).exec(tx).await?;
    Ok(())
}

/// Deletes it with its runs; answers whether there was one. Messages stay.
pub async fn delete(tx: &impl ConnectionTrait, id: JobId) -> Result<bool, Error> {
    Ok(job::Entity::delete_by_id(id.0).exec(tx).await?.rows_affected == 1)
}

/// Of the mailboxes, those with a job that is due by now, each with its due jobs.
pub async fn due_of(
    db: &impl ConnectionTrait,
    ids: &[MailboxId],
    now: DateTime<Utc>,
) -> Result<HashMap<MailboxId, HashSet<JobId>>, Error> {
    let rows: Vec<(sea_orm::prelude::Uuid, sea_orm::prelude::Uuid)> = job::Entity::find()
        .select_only()
        .columns([job::Column::MailboxId, job::Column::Id])
        .filter(job::Column::MailboxId.is_in(ids.iter().map(|id| id.0)))
        .filter(job::Column::Enabled.eq(true))
        .filter(job::Column::NextRunAt.lte(now))
        .into_tuple()
        .all(db)
        .await?;
    let mut due = HashMap::<MailboxId, HashSet<JobId>>::new();
    for (mailbox_id, id) in rows {
        due.entry(mailbox_id.into()).or_default().insert(id.into());
    }
    Ok(due)
}

/// Jobs that run by themselves, though not by now, in the order of their ids: those after `after`.
pub async fn waiting(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    after: Option<JobId>,
    limit: u64,
) -> Result<Vec<Job>, Error> {
    let mut select =
        job::Entity::find().filter(job::Column::Enabled.eq(true)).filter(job::Column::NextRunAt.gt(now));
    if let Some(after) = after {
        select = select.filter(job::Column::Id.gt(after.0));
    }
    let rows = select.order_by_asc(job::Column::Id).limit(limit).all(db).await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// The job runs no later than `until`. No new version: nothing was configured.
pub async fn run_by(db: &impl ConnectionTrait, id: JobId, until: DateTime<Utc>) -> Result<(), Error> {
    job::Entity::update_many()
        .set(job::ActiveModel { next_run_at: Set(Some(until)), ..Default::default() })
        .filter(job::Column::Id.eq(id.0))
        .filter(job::Column::NextRunAt.gt(until))
        .exec(db)
        .await?;
    Ok(())
}

/// Writes when the job looked, and when it runs next by itself: at once, if a watch told of something since it was read
/// as `seen`. No new version: nothing was configured.
pub async fn set_checked(
    db: &impl ConnectionTrait,
    seen: &Job,
    checked_at: Option<DateTime<Utc>>,
    next_run_at: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    if let Some(checked_at) = checked_at {
        let row = job::ActiveModel { last_checked_at: Set(Some(checked_at)), ..Default::default() };
        job::Entity::update_many().set(row).filter(job::Column::Id.eq(seen.id.0)).exec(db).await?;
    }
    let same = match seen.noted_at {
        Some(noted_at) => job::Column::NotedAt.eq(noted_at),
        None => job::Column::NotedAt.is_null(),
    };
    job::Entity::update_many()
        .set(job::ActiveModel { next_run_at: Set(next_run_at), ..Default::default() })
        .filter(job::Column::Id.eq(seen.id.0))
        .filter(same)
        .exec(db)
        .await?;
    Ok(())
}

/// The job runs now, if it runs by itself.
pub async fn run_at_once(tx: &impl ConnectionTrait, id: JobId, now: DateTime<Utc>) -> Result<(), Error> {
    job::Entity::update_many()
        .set(job::ActiveModel { next_run_at: Set(Some(now)), ..Default::default() })
        .filter(job::Column::Id.eq(id.0))
        .filter(job::Column::Enabled.eq(true))
        .exec(tx)
        .await?;
    Ok(())
}

/// Locks the rows, in the order of their ids: two that write many jobs never wait for each other.
async fn lock_in_order(tx: &impl ConnectionTrait, ids: impl Iterator<Item = JobId>) -> Result<(), Error> {
    let rows = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::Id.is_in(ids.map(|id| id.0)))
        .order_by_asc(job::Column::Id)
        .lock(LockType::NoKeyUpdate);
    rows.into_tuple::<sea_orm::prelude::Uuid>().all(tx).await?;
    Ok(())
}

/// Nobody tells the job of new mail now: it looks by then, if it would look later.
pub async fn look_by(db: &impl ConnectionTrait, id: JobId, by: DateTime<Utc>) -> Result<(), Error> {
    job::Entity::update_many()
        .set(job::ActiveModel { next_run_at: Set(Some(by)), ..Default::default() })
        .filter(job::Column::Id.eq(id.0))
        .filter(job::Column::Enabled.eq(true))
        .filter(job::Column::NextRunAt.gt(by))
        .exec(db)
        .await?;
    Ok(())
}

/// Something may be new for the jobs: those that run by themselves run now. Answers how many.
pub async fn note(db: &Database, ids: &[JobId], now: DateTime<Utc>) -> Result<u64, Error> {
    let tx = db.begin().await?;
    lock_in_order(&tx, ids.iter().copied()).await?;
    let row =
        job::ActiveModel { next_run_at: Set(Some(now)), noted_at: Set(Some(now)), ..Default::default() };
    let noted = job::Entity::update_many()
        .set(row)
        .filter(job::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .filter(job::Column::Enabled.eq(true))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(noted.rows_affected)
}

/// What of a job is unique, and was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The name.
    Name,
    /// The folder has another job.
    Folder,
}

/// What an [`Error::Taken`] of this table is about.
pub fn taken(error: &Error) -> Option<Taken> {
    if error.is_taken("job", "name") {
        Some(Taken::Name)
    } else if error.is_taken("job", "folder") || error.is_taken("job", "folder_key") {
        Some(Taken::Folder)
    } else {
        None
    }
}

/// INBOX is the same in any case (RFC 9051 section 5.1), other folders are what their names say.
pub fn same_folder(a: &str, b: &str) -> bool {
    a == b || (a.eq_ignore_ascii_case("INBOX") && b.eq_ignore_ascii_case("INBOX"))
}

fn folder_key(folder: &str) -> Vec<u8> {
    let folder = if folder.eq_ignore_ascii_case("INBOX") { "INBOX" } else { folder };
    hash_key(&[folder.as_bytes()])
}
