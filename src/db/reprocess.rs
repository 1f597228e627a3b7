//! Orders to map messages again: which ones, and how far a run has come with them.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entity::{intake, message, reprocess, run};
use super::read::message::condition;
use super::read::structure_or_none;
use super::{Error, intake::SourceKey, to_json};
use crate::domain::filter::MessageFilter;
use crate::domain::id::{JobId, MailboxId, MessageId, ReprocessId, RunId};
use crate::domain::intake::IntakeState;
use crate::domain::run::RunState;

/// Which messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These.
    Ids(Vec<MessageId>),
    /// Those of the mailbox that one of these jobs took in and that match, at the time when the run comes to them.
    Matching {
        /// Which ones.
        filter: Box<MessageFilter>,
        /// The mailbox.
        mailbox_id: MailboxId,
        /// The jobs: the run's own, and those that are gone.
        jobs: Vec<JobId>,
    },
}

/// An order of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id; a run works its orders off in this order.
    pub id: ReprocessId,
    /// The run.
    pub run_id: RunId,
    /// Which messages.
    pub selection: Selection,
    /// None that was stored after the order was given.
    pub until: MessageId,
    /// The last one that was seen to.
    pub after: Option<MessageId>,
    /// Who gave it.
    pub actor: String,
}

/// Messages that match, by the mailbox that they came to and the job that took them in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// The mailbox.
    pub mailbox_id: MailboxId,
    /// The job.
    pub job_id: Option<JobId>,
    /// How many.
    pub count: i64,
}

/// How many match, by mailbox and job.
pub async fn count(db: &impl ConnectionTrait, filter: &MessageFilter) -> Result<Vec<Matching>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        mailbox_id: Uuid,
        job_id: Option<Uuid>,
        count: i64,
    }
    use message::Column;
    let rows: Vec<Row> = message::Entity::find()
        .select_only()
        .columns([Column::MailboxId, Column::JobId])
        .column_as(Column::Id.count(), "count")
        .filter(Column::EmptiedAt.is_null())
        .filter(condition(db.get_database_backend(), filter))
        .group_by(Column::MailboxId)
        .group_by(Column::JobId)
        .order_by_asc(Column::MailboxId)
        .order_by_asc(Column::JobId)
        .into_model()
        .all(db)
        .await?;
    let found = rows.into_iter().map(|row| Matching {
        mailbox_id: row.mailbox_id.into(),
        job_id: row.job_id.map(Into::into),
        count: row.count,
    });
    Ok(found.collect())
}

/// The next messages of the order, in the order in which they were stored.
pub async fn next(db: &impl ConnectionTrait, order: &Order, limit: u64) -> Result<Vec<MessageId>, Error> {
    use message::Column;
    let mut select = message::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::EmptiedAt.is_null())
        .filter(Column::Id.lte(order.until.0));
    if let Some(after) = order.after {
        select = select.filter(Column::Id.gt(after.0));
    }
    select = match &order.selection {
        Selection::Ids(ids) => select.filter(Column::Id.is_in(ids.iter().map(|id| id.0))),
        Selection::Matching { filter, mailbox_id, jobs } => select
            .filter(Column::MailboxId.eq(mailbox_id.0))
            .filter(Column::JobId.is_in(jobs.iter().map(|id| id.0)))
            .filter(condition(db.get_database_backend(), filter)),
    };
    let ids: Vec<Uuid> = select.order_by_asc(Column::Id).limit(limit).into_tuple().all(db).await?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// Holds the run, if it is still going, so that it can't end meanwhile; answers whether it is.
pub async fn hold_run(tx: &impl ConnectionTrait, run_id: RunId) -> Result<bool, Error> {
    let mut select = run::Entity::find_by_id(run_id.0)
        .filter(run::Column::State.is_in([RunState::Queued.as_str(), RunState::Running.as_str()]))
        .select_only()
        .column(run::Column::Id);
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        select = select.lock_exclusive();
    }
    let found: Option<Uuid> = select.into_tuple().one(tx).await?;
    Ok(found.is_some())
}

/// More of them are expected than the run knew.
pub async fn expect(tx: &impl ConnectionTrait, run_id: RunId, more: i32) -> Result<(), Error> {
    let sql = "UPDATE run SET expected = COALESCE(expected, 0) + $1 WHERE id = $2";
    let values = [more.into(), run_id.0.into()];
    tx.execute_raw(sea_orm::Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Writes a new order of a run that is held.
pub async fn add(tx: &impl ConnectionTrait, order: &Order) -> Result<(), Error> {
    let row = reprocess::ActiveModel {
        id: Set(order.id.0),
        run_id: Set(order.run_id.0),
        selection: Set(Some(to_json(&order.selection)?)),
        until: Set(order.until.0),
        after: Set(order.after.map(Into::into)),
        actor: Set(order.actor.clone()),
    };
    reprocess::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// The order that the run is at; None when it has seen to all.
pub async fn first(db: &impl ConnectionTrait, run_id: RunId) -> Result<Option<Order>, Error> {
    let row = reprocess::Entity::find()
        .filter(reprocess::Column::RunId.eq(run_id.0))
        .order_by_asc(reprocess::Column::Id)
        .one(db)
        .await?;
    row.map(|row| {
        let missing = || Error::Corrupt { table: "reprocess", reason: "it selects nothing".to_owned() };
        Ok(Order {
            id: row.id.into(),
            run_id: row.run_id.into(),
            selection: structure_or_none("reprocess", row.selection)?.ok_or_else(missing)?,
            until: row.until.into(),
            after: row.after.map(Into::into),
            actor: row.actor,
        })
    })
    .transpose()
}

/// The message was seen to: in the transaction of what became of it.
pub async fn advance(tx: &impl ConnectionTrait, id: ReprocessId, after: MessageId) -> Result<(), Error> {
    reprocess::Entity::update_many()
        .set(reprocess::ActiveModel { after: Set(Some(after.0)), ..Default::default() })
        .filter(reprocess::Column::Id.eq(id.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// The order was seen to.
pub async fn remove(tx: &impl ConnectionTrait, id: ReprocessId) -> Result<(), Error> {
    reprocess::Entity::delete_by_id(id.0).exec(tx).await?;
    Ok(())
}

/// Nothing more of the run's orders is done.
pub async fn remove_of_run(tx: &impl ConnectionTrait, run_id: RunId) -> Result<(), Error> {
    reprocess::Entity::delete_many().filter(reprocess::Column::RunId.eq(run_id.0)).exec(tx).await?;
    Ok(())
}

/// Puts the line of a message that was never fetched back into the job's ledger, to be fetched for that message;
/// answers whether the ledger has it under the given source id.
pub async fn fetch_again(
    tx: &impl ConnectionTrait,
    job_id: JobId,
    key: &SourceKey,
    message_id: MessageId,
) -> Result<bool, Error> {
    let done = intake::Entity::update_many()
        .set(intake::ActiveModel {
            state: Set(IntakeState::Listed.as_str().to_owned()),
            attempts: Set(0),
            next_try_at: Set(None),
            pair: Set(false),
            message_id: Set(Some(message_id.0)),
            again: Set(false),
            ..Default::default()
        })
        .filter(intake::Column::JobId.eq(job_id.0))
        .filter(intake::Column::SourceKey.eq(key.0.clone()))
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Whether a message waits in the job's ledger to be fetched again.
pub async fn waits_for_bytes(db: &impl ConnectionTrait, job_id: JobId) -> Result<bool, Error> {
    let line = intake::Entity::find()
        .filter(intake::Column::JobId.eq(job_id.0))
        .filter(intake::Column::State.eq(IntakeState::Listed.as_str()))
        .filter(intake::Column::MessageId.is_not_null())
        .one(db)
        .await?;
    Ok(line.is_some())
}
