//! How far the indexer has come, and how far it is behind.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseBackend, FromQueryResult, Statement};
use uuid::Uuid;

use crate::db::Error;
use crate::domain::search::FOLDING;

/// The indexer's row.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub(super) struct State {
    /// Which way the words were cut and folded.
    pub(super) folding: i32,
    /// The last event that was read.
    pub(super) log_offset: i64,
    /// Whether the index is being built anew, beside the log.
    pub(super) rebuilding: bool,
    /// The last message that was built anew,
    pub(super) message_after: Uuid,
    /// and the last instance.
    pub(super) instance_after: Uuid,
}

impl State {
    /// From the log's head on, and everything that is there already from its first message on.
    pub(super) const fn anew(head: i64) -> Self {
        Self {
            folding: FOLDING,
            log_offset: head,
            rebuilding: true,
            message_after: Uuid::nil(),
            instance_after: Uuid::nil(),
        }
    }
}

/// How far the index is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// Events that were not read yet.
    pub events: i64,
    /// When the first of them happened.
    pub since: Option<DateTime<Utc>>,
    /// Whether what was there before is still being indexed.
    pub rebuilding: bool,
}

/// How far the index is behind the log.
pub async fn behind(db: &impl ConnectionTrait) -> Result<Behind, Error> {
    let (state, head) = load(db).await?;
    let since = if head > state.log_offset {
        let sql = "SELECT occurred_at FROM event WHERE log_offset > $1 ORDER BY log_offset LIMIT 1";
        let first = Statement::from_sql_and_values(db.get_database_backend(), sql, [state.log_offset.into()]);
        db.query_one_raw(first).await?.map(|row| row.try_get("", "occurred_at")).transpose()?
    } else {
        None
    };
    let rebuilding = state.rebuilding || state.folding < FOLDING;
    Ok(Behind { events: (head - state.log_offset).max(0), since, rebuilding })
}

/// The row, and the head of the log.
pub(super) async fn load(db: &impl ConnectionTrait) -> Result<(State, i64), Error> {
    let sql = "SELECT folding, log_offset, rebuilding, message_after, instance_after, head \
               FROM search_indexer CROSS JOIN event_head";
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    let row =
        row.ok_or(Error::Corrupt { table: "search_indexer", reason: "its row is missing".to_owned() })?;
    Ok((State::from_query_result(&row, "")?, row.try_get("", "head")?))
}

/// Takes the row until the transaction ends; false while another replica has it.
pub(super) async fn claim(tx: &impl ConnectionTrait) -> Result<bool, Error> {
    let sql = "SELECT id FROM search_indexer WHERE id = 1 FOR UPDATE SKIP LOCKED";
    let claimed = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    Ok(claimed.is_some())
}

/// Waits until no replica is in the middle of a batch, and lets none begin one before the transaction ends.
pub(super) async fn hold(tx: &impl ConnectionTrait) -> Result<(), Error> {
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        let sql = "SELECT id FROM search_indexer WHERE id = 1 FOR UPDATE";
        tx.query_one_raw(Statement::from_string(DatabaseBackend::Postgres, sql)).await?;
    }
    Ok(())
}

/// Moves on, unless someone else has meanwhile.
pub(super) async fn advance(tx: &impl ConnectionTrait, from: &State, to: &State) -> Result<bool, Error> {
    let sql = "UPDATE search_indexer \
               SET folding = $1, log_offset = $2, rebuilding = $3, message_after = $4, instance_after = $5 \
               WHERE id = 1 AND folding = $6 AND log_offset = $7 AND rebuilding = $8 \
               AND message_after = $9 AND instance_after = $10";
    let values = [to, from].into_iter().flat_map(|state| {
        let State { folding, log_offset, rebuilding, message_after, instance_after } = state.clone();
        [folding.into(), log_offset.into(), rebuilding.into(), message_after.into(), instance_after.into()]
    });
    let update = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    Ok(tx.execute_raw(update).await?.rows_affected() == 1)
}
