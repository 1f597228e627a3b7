//! Mail that was taken in or left alone, and that someone has marked unread since.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Statement,
    Value,
};

use super::entity::intake;
use super::intake::SourceKey;
use super::{Error, from_json};
use crate::domain::handling::Disposition;
use crate::domain::id::{JobId, MessageId};
use crate::domain::intake::IntakeState;

/// A line of the ledger that is taken up again once its message is unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Its key.
    pub key: SourceKey,
    /// The message that it became; None where it was read when it was listed, and left alone.
    pub message_id: Option<MessageId>,
    /// The original's version after our own change.
    pub version: Option<String>,
}

/// Those of the job's lines that wait for being unread: left alone because they were read; or taken in, marked read by us,
/// and where they were. What still waits to be fetched or handled is not among them, nor what a person deleted here.
pub async fn left(db: &impl ConnectionTrait, job_id: JobId, keys: &[SourceKey]) -> Result<Vec<Left>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        source_key: Vec<u8>,
        state: String,
        id: Option<uuid::Uuid>,
        disposition: Option<serde_json::Value>,
        provider_version: Option<String>,
    }
    let mut found = Vec::new();
    for chunk in keys.chunks(500) {
        let mut values: Vec<Value> = vec![job_id.0.into()];
        let marks: Vec<String> = chunk
            .iter()
            .map(|key| {
                values.push(key.0.clone().into());
                format!("${}", values.len())
            })
            .collect();
        let sql = format!(
            "SELECT i.source_key, i.state, m.id, m.disposition, m.provider_version FROM intake i \
             LEFT JOIN message_source s ON s.source_key = i.source_key LEFT JOIN message m ON m.id = s.message_id \
             WHERE i.job_id = $1 AND i.source_key IN ({}) AND (i.state = 'READ' OR (i.state <> 'LISTED' \
             AND m.job_id = $1 AND m.disposition_state = 'DONE' AND m.moved_to IS NULL AND m.emptied_at IS NULL))",
            marks.join(", ")
        );
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        for row in Row::find_by_statement(statement).all(db).await? {
            let key = SourceKey(row.source_key);
            if row.state == IntakeState::Read.as_str() {
                found.push(Left { key, message_id: None, version: None });
                continue;
            }
            let done: Option<Disposition> =
                row.disposition.map(|disposition| from_json("message", disposition)).transpose()?;
            if done.is_some_and(|done| done.mark_read) {
                found.push(Left { key, message_id: row.id.map(Into::into), version: row.provider_version });
            }
        }
    }
    Ok(found)
}

/// They are unread: their lines wait to be fetched.
pub async fn take_again(tx: &impl ConnectionTrait, job_id: JobId, lines: &[Left]) -> Result<(), Error> {
    for line in lines {
        intake::Entity::update_many()
            .set(intake::ActiveModel {
                state: Set(IntakeState::Listed.as_str().to_owned()),
                attempts: Set(0),
                next_try_at: Set(None),
                pair: Set(false),
                message_id: Set(line.message_id.map(Into::into)),
                again: Set(line.message_id.is_some()),
                ..Default::default()
            })
            .filter(intake::Column::JobId.eq(job_id.0))
            .filter(intake::Column::SourceKey.eq(line.key.0.clone()))
            .exec(tx)
            .await?;
    }
    Ok(())
}
