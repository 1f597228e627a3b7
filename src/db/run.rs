//! Runs: a job has at most one that takes in mail and one that maps messages again and is not finished.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, SimpleExpr};
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, TryInsertResult,
};

use super::entity::run;
use super::{Error, from_json, parse, to_json};
use crate::domain::fault::Fault;
use crate::domain::id::{JobId, MailboxId, RunId};
use crate::domain::run::{Run, RunProgress, RunState, RunTrigger};

/// As the partial indices have it: a parameter in its place would keep them from being used.
const UNFINISHED: &str = "state IN ('QUEUED', 'RUNNING')";

/// Writes a new run, unless the job has one that is not finished; answers with the one there is.
pub async fn open(
    db: &impl ConnectionTrait,
    job_id: JobId,
    mailbox_id: MailboxId,
    trigger: RunTrigger,
    now: DateTime<Utc>,
) -> Result<Run, Error> {
    loop {
        let active = match trigger {
            RunTrigger::Reprocess => reprocessing(db, job_id).await?,
            _ => active(db, job_id).await?,
        };
        if let Some(active) = active {
            return Ok(active);
        }
        let row = run::ActiveModel {
            id: Set(RunId::new().0),
            job_id: Set(job_id.0),
            mailbox_id: Set(mailbox_id.0),
            trigger: Set(trigger.as_str().to_owned()),
            state: Set(RunState::Queued.as_str().to_owned()),
            queued_at: Set(now),
            started_at: Set(None),
            finished_at: Set(None),
            expected: Set(None),
            found: Set(0),
            processed: Set(0),
            ignored: Set(0),
            failed: Set(0),
            duplicates: Set(0),
            disposed: Set(0),
            purged: Set(0),
            bytes: Set(0),
            fault: Set(None),
            worker: Set(None),
            cancel_requested: Set(false),
        };
        // Lost the race for the one active run: the winner's is read at the next turn.
        let insert = run::Entity::insert(row).on_conflict(OnConflict::new().do_nothing().to_owned());
        if let TryInsertResult::Inserted(_) = insert.try_insert().exec(db).await? {
            continue;
        }
    }
}

/// The job's run that takes in mail and is not finished.
pub async fn active(db: &impl ConnectionTrait, job_id: JobId) -> Result<Option<Run>, Error> {
    one(db, job_id, run::Column::Trigger.ne(RunTrigger::Reprocess.as_str())).await
}

/// The job's run that maps messages again and is not finished: beside it the job takes in mail.
pub async fn reprocessing(db: &impl ConnectionTrait, job_id: JobId) -> Result<Option<Run>, Error> {
    one(db, job_id, run::Column::Trigger.eq(RunTrigger::Reprocess.as_str())).await
}

async fn one(
    db: &impl ConnectionTrait,
    job_id: JobId,
    trigger: impl sea_orm::sea_query::IntoCondition,
) -> Result<Option<Run>, Error> {
    let row = run::Entity::find()
        .filter(run::Column::JobId.eq(job_id.0))
        .filter(run::Column::State.is_in([RunState::Queued.as_str(), RunState::Running.as_str()]))
        .filter(trigger)
        .one(db)
        .await?;
    row.map(Run::try_from).transpose()
}

/// The runs of the mailboxes that are not finished, oldest first.
pub async fn unfinished_of(db: &impl ConnectionTrait, ids: &[MailboxId]) -> Result<Vec<Run>, Error> {
    let rows = run::Entity::find()
        .filter(run::Column::MailboxId.is_in(ids.iter().map(|id| id.0)))
        .filter(Expr::cust(UNFINISHED))
        .order_by_asc(run::Column::QueuedAt)
        .all(db)
        .await?;
    rows.into_iter().map(Run::try_from).collect()
}

/// The runs that someone asked to stop, and that have not.
pub async fn to_stop(db: &impl ConnectionTrait) -> Result<Vec<Run>, Error> {
    let rows = run::Entity::find()
        .filter(Expr::cust(UNFINISHED))
        .filter(run::Column::CancelRequested.eq(true))
        .all(db)
        .await?;
    rows.into_iter().map(Run::try_from).collect()
}

/// A worker takes the run, or goes on with one that a dead worker left.
pub async fn start(
    db: &impl ConnectionTrait,
    id: RunId,
    worker: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let done = run::Entity::update_many()
        .set(run::ActiveModel {
            state: Set(RunState::Running.as_str().to_owned()),
            started_at: Set(Some(now)),
            worker: Set(Some(worker.to_owned())),
            ..Default::default()
        })
        .filter(run::Column::Id.eq(id.0))
        .filter(run::Column::State.is_in([RunState::Queued.as_str(), RunState::Running.as_str()]))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Writes how far the run has come.
pub async fn progress(db: &impl ConnectionTrait, id: RunId, progress: &RunProgress) -> Result<(), Error> {
    run::Entity::update_many()
        .set(counters(progress))
        .filter(run::Column::Id.eq(id.0))
        .filter(run::Column::State.eq(RunState::Running.as_str()))
        .exec(db)
        .await?;
    Ok(())
}

/// Writes how far the run has come, but for how many are expected: others may add to that.
pub async fn count(db: &impl ConnectionTrait, id: RunId, progress: &RunProgress) -> Result<(), Error> {
    run::Entity::update_many()
        .set(run::ActiveModel { expected: NotSet, ..counters(progress) })
        .filter(run::Column::Id.eq(id.0))
        .filter(run::Column::State.eq(RunState::Running.as_str()))
        .exec(db)
        .await?;
    Ok(())
}

/// Ends the run; answers whether this call did it. Counters only grow: a batch may have been committed whose answer was
/// lost, and which the caller does not know of.
pub async fn finish(
    db: &impl ConnectionTrait,
    id: RunId,
    state: RunState,
    progress: &RunProgress,
    fault: Option<&Fault>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = run::Entity::update_many()
        .set(run::ActiveModel {
            state: Set(state.as_str().to_owned()),
            finished_at: Set(Some(now)),
            fault: Set(fault.map(to_json).transpose()?),
            expected: Set(progress.expected),
            ..Default::default()
        })
        .col_expr(run::Column::Found, at_least(run::Column::Found, progress.found))
        .col_expr(run::Column::Processed, at_least(run::Column::Processed, progress.processed))
        .col_expr(run::Column::Ignored, at_least(run::Column::Ignored, progress.ignored))
        .col_expr(run::Column::Failed, at_least(run::Column::Failed, progress.failed))
        .col_expr(run::Column::Duplicates, at_least(run::Column::Duplicates, progress.duplicates))
        .col_expr(run::Column::Disposed, at_least(run::Column::Disposed, progress.disposed))
        .col_expr(run::Column::Purged, at_least(run::Column::Purged, progress.purged))
        .col_expr(run::Column::Bytes, at_least(run::Column::Bytes, progress.bytes))
        .filter(run::Column::Id.eq(id.0))
        .filter(run::Column::State.is_in([RunState::Queued.as_str(), RunState::Running.as_str()]))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Ends a run that no worker has taken yet; answers whether this call did it.
pub async fn cancel_queued(db: &impl ConnectionTrait, id: RunId, now: DateTime<Utc>) -> Result<bool, Error> {
    let done = run::Entity::update_many()
        .set(run::ActiveModel {
            state: Set(RunState::Cancelled.as_str().to_owned()),
            finished_at: Set(Some(now)),
            cancel_requested: Set(true),
            ..Default::default()
        })
        .filter(run::Column::Id.eq(id.0))
        .filter(run::Column::State.eq(RunState::Queued.as_str()))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Asks the run to stop; answers whether it was still going.
pub async fn request_cancel(db: &impl ConnectionTrait, id: RunId) -> Result<bool, Error> {
    let done = run::Entity::update_many()
        .set(run::ActiveModel { cancel_requested: Set(true), ..Default::default() })
        .filter(run::Column::Id.eq(id.0))
        .filter(run::Column::State.is_in([RunState::Queued.as_str(), RunState::Running.as_str()]))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// The run, if there is one.
pub async fn get(db: &impl ConnectionTrait, id: RunId) -> Result<Option<Run>, Error> {
    run::Entity::find_by_id(id.0).one(db).await?.map(Run::try_from).transpose()
}

fn at_least(column: run::Column, known: impl Into<sea_orm::Value>) -> SimpleExpr {
    let known = Expr::val(known.into());
    Expr::case(Expr::col(column).lt(known.clone()), known).finally(Expr::col(column)).into()
}

fn counters(progress: &RunProgress) -> run::ActiveModel {
    run::ActiveModel {
        expected: Set(progress.expected),
        found: Set(progress.found),
        processed: Set(progress.processed),
        ignored: Set(progress.ignored),
        failed: Set(progress.failed),
        duplicates: Set(progress.duplicates),
        disposed: Set(progress.disposed),
        purged: Set(progress.purged),
        bytes: Set(progress.bytes),
        ..Default::default()
    }
}

impl TryFrom<run::Model> for Run {
    type Error = Error;

    fn try_from(row: run::Model) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.into(),
            job_id: row.job_id.into(),
            mailbox_id: row.mailbox_id.into(),
            trigger: parse("run", &row.trigger)?,
            state: parse("run", &row.state)?,
            queued_at: row.queued_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            progress: RunProgress {
                expected: row.expected,
                found: row.found,
                processed: row.processed,
                ignored: row.ignored,
                failed: row.failed,
                duplicates: row.duplicates,
                disposed: row.disposed,
                purged: row.purged,
                bytes: row.bytes,
            },
            fault: row.fault.map(|fault| from_json("run", fault)).transpose()?,
            worker: row.worker,
            cancel_requested: row.cancel_requested,
        })
    }
}
