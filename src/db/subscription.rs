//! What jobs are subscribed to at their providers.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Cond, Expr, ExprTrait, JoinType, OnConflict, Order, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};

use super::entity::{job, mailbox, subscription};
use super::read::keyset::any_of;
use super::{Error, from_json, to_json};
use crate::domain::fault::Fault;
use crate::domain::id::{JobId, MailboxId};
use crate::domain::mailbox::ProviderKind;
use crate::domain::watch::Subscription;

/// Whoever took a job up has this long; then another process may.
const CLAIM: TimeDelta = TimeDelta::seconds(120);

/// A job whose subscription is to be made, renewed or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The job.
    pub job_id: JobId,
    /// Its mailbox.
    pub mailbox_id: MailboxId,
    /// The configuration that it is made for.
    pub versions: Versions,
    /// Whether the job wants one.
    pub is_wanted: bool,
    /// The provider's id of the one that there is.
    pub provider_id: Option<String>,
    /// Whether that one was made for another configuration.
    pub is_outdated: bool,
    /// Failures in a row.
    pub attempts: i32,
}

/// Of a job and its mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// The job's.
    pub job: i32,
    /// The mailbox's.
    pub mailbox: i32,
}

#[derive(FromQueryResult)]
struct Row {
    job_id: uuid::Uuid,
    mailbox_id: uuid::Uuid,
    job_version: i32,
    mailbox_version: i32,
    is_wanted: bool,
    provider_id: Option<String>,
    made_job_version: Option<i32>,
    made_mailbox_version: Option<i32>,
    attempts: Option<i32>,
}

/// Jobs of that kind of mail system whose subscription is missing, due, outdated, or no longer wanted.
pub async fn due(
    db: &impl ConnectionTrait,
    kind: ProviderKind,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Due>, Error> {
    use {job::Column as J, mailbox::Column as M, subscription::Column as S};
    let wanted = Cond::all()
        .add(Expr::col((job::Entity, J::Watch)).eq(true))
        .add(Expr::col((job::Entity, J::Enabled)).eq(true))
        .add(Expr::col((mailbox::Entity, M::Paused)).eq(false))
        .add(Expr::col((mailbox::Entity, M::Provider)).eq(kind.as_str()));
    let missing = Expr::col((subscription::Entity, S::JobId)).is_null();
    let outdated =
        Expr::col((subscription::Entity, S::JobVersion))
            .ne(Expr::col((job::Entity, J::Version)))
            .or(Expr::col((subscription::Entity, S::MailboxVersion))
                .ne(Expr::col((mailbox::Entity, M::Version))));
    let is_due = Expr::col((subscription::Entity, S::DueAt)).lte(now);
    // One that is claimed is due within the claim's time.
    let outdated = outdated.and(Expr::col((subscription::Entity, S::DueAt)).gt(now + CLAIM));
    let unwanted = Cond::all()
        .add(wanted.clone().not())
        .add(Expr::col((subscription::Entity, S::JobId)).is_not_null())
        .add(is_due.clone().or(outdated.clone()));
    let to_do = Cond::all().add(wanted.clone()).add(missing.or(outdated).or(is_due));
    let mut select = Query::select();
    select
        .expr_as(Expr::col((job::Entity, J::Id)), "job_id")
        .expr_as(Expr::col((job::Entity, J::MailboxId)), "mailbox_id")
        .expr_as(Expr::col((job::Entity, J::Version)), "job_version")
        .expr_as(Expr::col((mailbox::Entity, M::Version)), "mailbox_version")
        .expr_as(Expr::case(wanted, Expr::val(true)).finally(Expr::val(false)), "is_wanted")
        .expr_as(Expr::col((subscription::Entity, S::ProviderId)), "provider_id")
        .expr_as(Expr::col((subscription::Entity, S::JobVersion)), "made_job_version")
        .expr_as(Expr::col((subscription::Entity, S::MailboxVersion)), "made_mailbox_version")
        .expr_as(Expr::col((subscription::Entity, S::Attempts)), "attempts")
        .from(job::Entity)
        .join(
            JoinType::InnerJoin,
            mailbox::Entity,
            Expr::col((job::Entity, J::MailboxId)).equals((mailbox::Entity, M::Id)),
        )
        .join(
            JoinType::LeftJoin,
            subscription::Entity,
            Expr::col((subscription::Entity, S::JobId)).equals((job::Entity, J::Id)),
        )
        .cond_where(Cond::any().add(to_do).add(unwanted))
        .order_by((job::Entity, J::Id), Order::Asc)
        .limit(limit);
    let rows = db.query_all(&select).await?;
    rows.iter()
        .map(|row| {
            let row = Row::from_query_result(row, "")?;
            let versions = Versions { job: row.job_version, mailbox: row.mailbox_version };
            Ok(Due {
                job_id: row.job_id.into(),
                mailbox_id: row.mailbox_id.into(),
                versions,
                is_wanted: row.is_wanted,
                is_outdated: row.made_job_version.is_some_and(|made| made != versions.job)
                    || row.made_mailbox_version.is_some_and(|made| made != versions.mailbox),
                provider_id: row.provider_id,
                attempts: row.attempts.unwrap_or_default(),
            })
        })
        .collect()
}

/// Takes a job up, so that no other process does; answers whether it was free.
pub async fn claim(db: &impl ConnectionTrait, due: &Due, now: DateTime<Utc>) -> Result<bool, Error> {
    let until = now + CLAIM;
    let first = subscription::ActiveModel {
        job_id: Set(due.job_id.0),
        due_at: Set(until),
        attempts: Set(0),
        // Of no configuration yet.
        job_version: Set(0),
        mailbox_version: Set(0),
        ..Default::default()
    };
    let nothing = OnConflict::column(subscription::Column::JobId).do_nothing().to_owned();
    let made = subscription::Entity::insert(first).on_conflict(nothing).exec_without_returning(db).await?;
    if made == 1 {
        return Ok(true);
    }
    let outdated = subscription::Column::JobVersion
        .ne(due.versions.job)
        .or(subscription::Column::MailboxVersion.ne(due.versions.mailbox))
        .and(subscription::Column::DueAt.gt(until));
    let taken = subscription::Entity::update_many()
        .set(subscription::ActiveModel { due_at: Set(until), ..Default::default() })
        .filter(subscription::Column::JobId.eq(due.job_id.0))
        .filter(subscription::Column::DueAt.lte(now).or(outdated))
        .exec(db)
        .await?;
    Ok(taken.rows_affected == 1)
}

/// What came of a subscription that was made or renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The provider's id.
    pub provider_id: String,
    /// Hash of what it proves itself by; None: as before.
    pub state_hash: Option<Vec<u8>>,
    /// When it lapses.
    pub expires_at: DateTime<Utc>,
    /// When it is to be renewed.
    pub renew_at: DateTime<Utc>,
    /// When that was written.
    pub now: DateTime<Utc>,
}

/// Writes a subscription that was made or renewed. One that the provider told of meanwhile stays due.
pub async fn made(db: &impl ConnectionTrait, due: &Due, made: &Made) -> Result<(), Error> {
    let mut row = subscription::ActiveModel {
        job_version: Set(due.versions.job),
        mailbox_version: Set(due.versions.mailbox),
        provider_id: Set(Some(made.provider_id.clone())),
        expires_at: Set(Some(made.expires_at)),
        attempts: Set(0),
        fault: Set(None),
        ..Default::default()
    };
    if let Some(hash) = &made.state_hash {
        row.state_hash = Set(Some(hash.clone()));
    }
    let due_at = || Expr::col((subscription::Entity, subscription::Column::DueAt));
    let hurried = Expr::case(due_at().lte(made.now), due_at()).finally(Expr::val(made.renew_at));
    subscription::Entity::update_many()
        .set(row)
        .col_expr(subscription::Column::DueAt, hurried.into())
        .filter(subscription::Column::JobId.eq(due.job_id.0))
        .exec(db)
        .await?;
    Ok(())
}

/// Writes before it is asked for what a new one proves itself by: its first notification may come before the answer.
pub async fn expect(db: &impl ConnectionTrait, job_id: JobId, state_hash: Vec<u8>) -> Result<(), Error> {
    let row = subscription::ActiveModel {
        provider_id: Set(None),
        expires_at: Set(None),
        state_hash: Set(Some(state_hash)),
        ..Default::default()
    };
    set(db, job_id, row).await
}

/// Writes that an attempt failed, once more.
pub async fn failed(
    db: &impl ConnectionTrait,
    due: &Due,
    fault: Option<&Fault>,
    again_at: DateTime<Utc>,
) -> Result<(), Error> {
    let row = subscription::ActiveModel {
        due_at: Set(again_at),
        attempts: Set(due.attempts.saturating_add(1)),
        job_version: Set(due.versions.job),
        mailbox_version: Set(due.versions.mailbox),
        fault: Set(fault.map(to_json).transpose()?),
        ..Default::default()
    };
    set(db, due.job_id, row).await
}

/// Nothing is subscribed to any more.
pub async fn forget(db: &impl ConnectionTrait, job_id: JobId) -> Result<(), Error> {
    subscription::Entity::delete_by_id(job_id.0).exec(db).await?;
    Ok(())
}

/// They are made anew, or renewed, at once.
pub async fn hurry(
    db: &impl ConnectionTrait,
    jobs: &[JobId],
    now: DateTime<Utc>,
    is_gone: bool,
) -> Result<(), Error> {
    let mut row = subscription::ActiveModel { due_at: Set(now), ..Default::default() };
    if is_gone {
        row.provider_id = Set(None);
    }
    subscription::Entity::update_many()
        .set(row)
        .filter(subscription::Column::JobId.is_in(jobs.iter().map(|id| id.0)))
        .exec(db)
        .await?;
    Ok(())
}

async fn set(db: &impl ConnectionTrait, job_id: JobId, row: subscription::ActiveModel) -> Result<(), Error> {
    subscription::Entity::update_many()
        .set(row)
        .filter(subscription::Column::JobId.eq(job_id.0))
        .exec(db)
        .await?;
    Ok(())
}

/// The jobs of subscriptions, with what proves a notification of each; by the provider's id, in one statement.
pub async fn known(
    db: &impl ConnectionTrait,
    provider_ids: &[&str],
) -> Result<HashMap<String, (JobId, Vec<u8>)>, Error> {
    let rows = subscription::Entity::find()
        .filter(subscription::Column::ProviderId.is_in(provider_ids.iter().copied()))
        .all(db)
        .await?;
    let known =
        rows.into_iter().filter_map(|row| Some((row.provider_id?, (row.job_id.into(), row.state_hash?))));
    Ok(known.collect())
}

/// Which of the jobs are subscribed now.
pub async fn live(
    db: &impl ConnectionTrait,
    jobs: &[JobId],
    now: DateTime<Utc>,
) -> Result<HashMap<JobId, bool>, Error> {
    let rows = subscription::Entity::find()
        .filter(subscription::Column::JobId.is_in(jobs.iter().map(|id| id.0)))
        .all(db)
        .await?;
    let is_live =
        |row: &subscription::Model| row.provider_id.is_some() && row.expires_at.is_some_and(|at| at > now);
    Ok(rows.into_iter().map(|row| (row.job_id.into(), is_live(&row))).collect())
}

/// What is known of the jobs' subscriptions.
pub async fn of_jobs(
    db: &impl ConnectionTrait,
    jobs: &[JobId],
) -> Result<HashMap<JobId, Subscription>, Error> {
    let rows =
        subscription::Entity::find().filter(any_of(db, subscription::Column::JobId, jobs)).all(db).await?;
    rows.into_iter()
        .map(|row| {
            let fault = row.fault.map(|fault| from_json("subscription", fault)).transpose()?;
            let known = Subscription {
                is_made: row.provider_id.is_some(),
                expires_at: row.expires_at,
                due_at: row.due_at,
                fault,
            };
            Ok((row.job_id.into(), known))
        })
        .collect()
}
