//! The one ordered log, written in the transaction of what it tells.

use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, Statement};

use super::entity::event;
use super::{Error, to_json};
use crate::domain::event::NewEvent;

/// Writes the events with the next offsets. The last thing before COMMIT: the head's lock is held until then, so
/// that offsets are visible in order and what is visible is always a prefix.
pub async fn append(tx: &impl ConnectionTrait, events: Vec<NewEvent>) -> Result<(), Error> {
    if events.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let take = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "UPDATE event_head SET head = head + $1 WHERE id = 1 RETURNING head",
        [count.into()],
    );
    let row = tx.query_one_raw(take).await?;
    let row = row.ok_or(Error::Corrupt { table: "event_head", reason: "its row is missing".to_owned() })?;
    let head: i64 = row.try_get("", "head")?;
    let mut rows = Vec::with_capacity(events.len());
    for (offset, new) in (head - count + 1..).zip(events) {
        rows.push(event::ActiveModel {
            log_offset: Set(offset),
            id: Set(new.id.0),
            r#type: Set(new.fact.type_name().to_owned()),
            occurred_at: Set(new.occurred_at),
            actor: Set(new.actor),
            mailbox_id: Set(new.mailbox_id.map(Into::into)),
            data: Set(to_json(&new.fact)?),
        });
    }
    event::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}
