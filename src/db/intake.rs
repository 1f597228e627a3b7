//! The job's ledger: what a listing showed, and what became of it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::entity::{intake, job_position, message_source};
use super::{Error, hash_key, parse};
use crate::domain::id::{JobId, MailboxId, MessageId};
use crate::domain::intake::{IntakeState, ListingPhase};

/// The key that makes a repeat a no-op: mailbox, generation, folder, source id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceKey(pub Vec<u8>);

impl SourceKey {
    /// The key of a source id.
    pub fn of(mailbox_id: MailboxId, generation: &str, folder: &str, source_id: &str) -> Self {
        Self(hash_key(&[
            mailbox_id.0.as_bytes(),
            generation.as_bytes(),
            folder.as_bytes(),
            source_id.as_bytes(),
        ]))
    }
}

/// How far a job has listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobPosition {
    /// Epoch of the source ids.
    pub generation: String,
    /// Where the provider goes on.
    pub token: String,
    /// What kind of listing is under way.
    pub phase: ListingPhase,
}

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeRow {
    /// Its key.
    pub key: SourceKey,
    /// Epoch of the source id.
    pub generation: String,
    /// Its id at the provider.
    pub source_id: String,
    /// When the provider received it.
    pub arrived_at: DateTime<Utc>,
    /// Raw bytes, as listed.
    pub size: i64,
    /// What became of it.
    pub state: IntakeState,
    /// Attempts to fetch it so far.
    pub attempts: i32,
    /// Ids were renumbered, and only its content can tell whether it is known.
    pub pair: bool,
    /// The stored message that it is fetched for once more, because it could not be fetched before.
    pub message_id: Option<MessageId>,
    /// Someone marked it unread after it was taken in: it is treated once more.
    pub again: bool,
}

/// How far the job has listed; None before its first page.
pub async fn position(db: &impl ConnectionTrait, job_id: JobId) -> Result<Option<JobPosition>, Error> {
    let row = job_position::Entity::find_by_id(job_id.0).one(db).await?;
    row.map(|row| {
        Ok(JobPosition {
            generation: row.generation,
            token: row.token,
            phase: parse("job_position", &row.listing)?,
        })
    })
    .transpose()
}

/// Writes a page's ids and the new position: one small transaction, led by [`super::lease::check`]. A line that is there
/// stays as it is, unless it says GONE: its message was moved away and is back under the same id.
pub async fn record_page(
    tx: &impl ConnectionTrait,
    job_id: JobId,
    rows: &[IntakeRow],
    position: &JobPosition,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for chunk in rows.chunks(500) {
        intake::Entity::delete_many()
            .filter(intake::Column::JobId.eq(job_id.0))
            .filter(intake::Column::SourceKey.is_in(chunk.iter().map(|row| row.key.0.clone())))
            .filter(intake::Column::State.eq(IntakeState::Gone.as_str()))
            .exec(tx)
            .await?;
        let models = chunk.iter().map(|row| intake::ActiveModel {
            job_id: Set(job_id.0),
            source_key: Set(row.key.0.clone()),
            generation: Set(row.generation.clone()),
            source_id: Set(row.source_id.clone()),
            arrived_at: Set(row.arrived_at),
            size: Set(row.size),
            internet_message_id: Set(None),
            state: Set(row.state.as_str().to_owned()),
            attempts: Set(row.attempts),
            next_try_at: Set(None),
            pair: Set(row.pair),
            message_id: Set(row.message_id.map(Into::into)),
            again: Set(row.again),
        });
        intake::Entity::insert_many(models)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?;
    }
    let model = job_position::ActiveModel {
        job_id: Set(job_id.0),
        generation: Set(position.generation.clone()),
        token: Set(position.token.clone()),
        listing: Set(position.phase.as_str().to_owned()),
        updated_at: Set(now),
    };
    let columns = [
        job_position::Column::Generation,
        job_position::Column::Token,
        job_position::Column::Listing,
        job_position::Column::UpdatedAt,
    ];
    job_position::Entity::insert(model)
        .on_conflict(OnConflict::column(job_position::Column::JobId).update_columns(columns).to_owned())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// What waits to be fetched and is due, oldest arrival first, after the given line.
pub async fn waiting(
    db: &impl ConnectionTrait,
    job_id: JobId,
    after: Option<&IntakeRow>,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<IntakeRow>, Error> {
    let due =
        Condition::any().add(intake::Column::NextTryAt.is_null()).add(intake::Column::NextTryAt.lte(now));
    let mut select = intake::Entity::find()
        .filter(intake::Column::JobId.eq(job_id.0))
        .filter(Expr::cust("state = 'LISTED'"))
        .filter(due);
    if let Some(after) = after {
        select = select.filter(
            Expr::tuple([Expr::col(intake::Column::ArrivedAt), Expr::col(intake::Column::SourceKey)])
                .gt(Expr::tuple([Expr::val(after.arrived_at), Expr::val(after.key.0.clone())])),
        );
    }
    let rows = select
        .order_by_asc(intake::Column::ArrivedAt)
        .order_by_asc(intake::Column::SourceKey)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(IntakeRow::try_from).collect()
}

/// Whether anything waits to be fetched and is due.
pub async fn has_waiting(
    db: &impl ConnectionTrait,
    job_id: JobId,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    Ok(!waiting(db, job_id, None, now, 1).await?.is_empty())
}

/// Writes what became of lines of the ledger.
pub async fn settle(
    tx: &impl ConnectionTrait,
    job_id: JobId,
    keys: &[SourceKey],
    state: IntakeState,
) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    intake::Entity::update_many()
        .col_expr(intake::Column::State, Expr::val(state.as_str()))
        .filter(intake::Column::JobId.eq(job_id.0))
        .filter(intake::Column::SourceKey.is_in(keys.iter().map(|key| key.0.clone())))
        .exec(tx)
        .await?;
    Ok(())
}

/// A message could not be fetched yet: counts the attempt, and says when the next one is due.
pub async fn defer(
    tx: &impl ConnectionTrait,
    job_id: JobId,
    key: &SourceKey,
    next_try_at: DateTime<Utc>,
) -> Result<(), Error> {
    intake::Entity::update_many()
        .col_expr(intake::Column::Attempts, Expr::col(intake::Column::Attempts).add(1))
        .col_expr(intake::Column::NextTryAt, Expr::val(next_try_at))
        .filter(intake::Column::JobId.eq(job_id.0))
        .filter(intake::Column::SourceKey.eq(key.0.clone()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Ids were renumbered: what still waited under an earlier generation can't be fetched by its id any more.
/// The new listing shows it again.
pub async fn void_earlier(tx: &impl ConnectionTrait, job_id: JobId, generation: &str) -> Result<(), Error> {
    intake::Entity::update_many()
        .col_expr(intake::Column::State, Expr::val(IntakeState::Gone.as_str()))
        .filter(intake::Column::JobId.eq(job_id.0))
        .filter(intake::Column::State.eq(IntakeState::Listed.as_str()))
        .filter(intake::Column::Generation.ne(generation))
        .exec(tx)
        .await?;
    Ok(())
}

/// Which of the keys name a stored message already: a job that is new on a folder finds what an earlier one took in.
pub async fn known(db: &impl ConnectionTrait, keys: &[SourceKey]) -> Result<HashSet<SourceKey>, Error> {
    let mut known = HashSet::new();
    for chunk in keys.chunks(500) {
        let found: Vec<Vec<u8>> = message_source::Entity::find()
            .select_only()
            .column(message_source::Column::SourceKey)
            .filter(message_source::Column::SourceKey.is_in(chunk.iter().map(|key| key.0.clone())))
            .into_tuple()
            .all(db)
            .await?;
        known.extend(found.into_iter().map(SourceKey));
    }
    Ok(known)
}

impl TryFrom<intake::Model> for IntakeRow {
    type Error = Error;

    fn try_from(row: intake::Model) -> Result<Self, Error> {
        Ok(Self {
            key: SourceKey(row.source_key),
            generation: row.generation,
            source_id: row.source_id,
            arrived_at: row.arrived_at,
            size: row.size,
            state: parse("intake", &row.state)?,
            attempts: row.attempts,
            pair: row.pair,
            message_id: row.message_id.map(Into::into),
            again: row.again,
        })
    }
}
