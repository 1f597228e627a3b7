//! What a renumbered folder is compared with: stored messages and old lines that have no id of the new generation yet.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult, Statement, sea_query::OnConflict,
};

use super::entity::message_source;
use super::intake::SourceKey;
use super::tombstone::kept;
use super::{Error, from_json, hash_key};
use crate::domain::folder::Place;
use crate::domain::id::{JobId, MailboxId, MessageId};
use crate::domain::tombstone::TombstoneKey;

/// A stored message of the folder without an id of the new generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The message.
    pub message_id: MessageId,
    /// Its delivery instant, as listed then.
    pub arrived_at: DateTime<Utc>,
    /// Of its Message-ID, if it has one; as [`kept`].
    pub internet_message_id_hash: Option<Vec<u8>>,
    /// Of its content, if it could be read; as [`kept`].
    pub fingerprint: Option<Vec<u8>>,
}

/// A source id about to name a message.
#[derive(Debug, Clone)]
pub struct NewSource {
    /// Its key.
    pub key: SourceKey,
    /// The mailbox.
    pub mailbox_id: MailboxId,
    /// The message it names.
    pub message_id: MessageId,
    /// The folder.
    pub folder: String,
    /// Epoch of the source id.
    pub generation: String,
    /// The id at the provider.
    pub source_id: String,
    /// When the provider received it.
    pub arrived_at: DateTime<Utc>,
}

/// How a Message-ID is compared and indexed.
pub fn internet_message_id_hash(id: &str) -> Vec<u8> {
    hash_key(&[id.as_bytes()])
}

/// Stored messages of the folder, deleted ones among them, that have ids of other generations only. What we moved away is not among them: it
/// can't be what the folder shows.
pub async fn candidates(
    db: &impl ConnectionTrait,
    key: &TombstoneKey,
    mailbox_id: MailboxId,
    folder: &str,
    generation: &str,
) -> Result<Vec<Candidate>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        message_id: uuid::Uuid,
        arrived_at: DateTime<Utc>,
        internet_message_id_hash: Option<Vec<u8>>,
        fingerprint: Option<Vec<u8>>,
    }
    // Once, however often the folder was renumbered.
    let sql = "SELECT s.message_id, MAX(s.arrived_at) AS arrived_at, m.internet_message_id_hash, m.fingerprint \
               FROM message_source s JOIN message m ON m.id = s.message_id \
               WHERE s.mailbox_id = $1 AND s.folder = $2 AND s.generation <> $3 AND m.moved_to IS NULL \
               AND NOT EXISTS (SELECT 1 FROM message_source n WHERE n.message_id = s.message_id \
                               AND n.folder = $2 AND n.generation = $3) \
               GROUP BY s.message_id, m.internet_message_id_hash, m.fingerprint \
               ORDER BY MAX(s.arrived_at), s.message_id";
    let values = [mailbox_id.0.into(), folder.into(), generation.into()];
    let rows = Row::find_by_statement(Statement::from_sql_and_values(db.get_database_backend(), sql, values))
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Candidate {
            message_id: row.message_id.into(),
            arrived_at: row.arrived_at,
            internet_message_id_hash: row.internet_message_id_hash.map(|hash| kept(key, hash)),
            fingerprint: row.fingerprint.map(|hash| kept(key, hash)),
        })
        .collect())
}

/// A stored message of the folder that we moved away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departed {
    /// The message.
    pub message_id: MessageId,
    /// Its delivery instant, as listed then.
    pub arrived_at: DateTime<Utc>,
    /// Of its Message-ID; as [`kept`].
    pub internet_message_id_hash: Vec<u8>,
    /// Where we put it.
    pub place: Place,
}

/// Stored messages of the folder that arrived within the span and that we moved away, or deleted.
pub async fn departed(
    db: &impl ConnectionTrait,
    key: &TombstoneKey,
    mailbox_id: MailboxId,
    folder: &str,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Departed>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: uuid::Uuid,
        received_at: DateTime<Utc>,
        internet_message_id_hash: Vec<u8>,
        moved_to: serde_json::Value,
    }
    let sql = "SELECT id, received_at, internet_message_id_hash, moved_to FROM message \
               WHERE mailbox_id = $1 AND folder = $2 AND received_at BETWEEN $3 AND $4 \
               AND moved_to IS NOT NULL AND (purge IS NULL OR purge = 'WANTED') \
               AND internet_message_id_hash IS NOT NULL ORDER BY id";
    let values = [mailbox_id.0.into(), folder.into(), from.into(), until.into()];
    let rows = Row::find_by_statement(Statement::from_sql_and_values(db.get_database_backend(), sql, values))
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Departed {
                message_id: row.id.into(),
                arrived_at: row.received_at,
                internet_message_id_hash: kept(key, row.internet_message_id_hash),
                place: from_json("message", row.moved_to)?,
            })
        })
        .collect()
}

/// How many OLD lines of earlier generations have no OLD line of the new one, by delivery instant and size.
pub async fn old_lines(
    db: &impl ConnectionTrait,
    job_id: JobId,
    generation: &str,
) -> Result<HashMap<(DateTime<Utc>, i64), i64>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        arrived_at: DateTime<Utc>,
        size: i64,
        balance: i64,
    }
    // Each earlier generation has them all.
    let sql = "SELECT arrived_at, size, CAST(MAX(CASE WHEN generation = $2 THEN 0 ELSE count END) \
               - MAX(CASE WHEN generation = $2 THEN count ELSE 0 END) AS BIGINT) AS balance \
               FROM (SELECT arrived_at, size, generation, COUNT(*) AS count FROM intake \
                     WHERE job_id = $1 AND state = 'OLD' GROUP BY arrived_at, size, generation) AS lines \
               GROUP BY arrived_at, size";
    let values = [job_id.0.into(), generation.into()];
    let rows = Row::find_by_statement(Statement::from_sql_and_values(db.get_database_backend(), sql, values))
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .filter(|row| row.balance > 0)
        .map(|row| ((row.arrived_at, row.size), row.balance))
        .collect())
}

/// Writes new source ids of messages that are stored already; those that exist are left alone. The messages are from
/// now on known by them, so that what is pending can be done.
pub async fn add_sources(tx: &impl ConnectionTrait, sources: &[NewSource]) -> Result<(), Error> {
    for chunk in sources.chunks(500) {
        message_source::Entity::insert_many(chunk.iter().map(source_row))
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?;
        let marks: Vec<String> = (1..=chunk.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "UPDATE message SET generation = s.generation, source_id = s.source_id FROM message_source s \
             WHERE s.message_id = message.id AND s.source_key IN ({})",
            marks.join(", ")
        );
        let values = chunk.iter().map(|source| source.key.0.clone().into());
        tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    }
    Ok(())
}

/// A source id as its row.
pub(super) fn source_row(source: &NewSource) -> message_source::ActiveModel {
    message_source::ActiveModel {
        source_key: Set(source.key.0.clone()),
        mailbox_id: Set(source.mailbox_id.0),
        message_id: Set(source.message_id.0),
        folder: Set(source.folder.clone()),
        generation: Set(source.generation.clone()),
        source_id: Set(source.source_id.clone()),
        arrived_at: Set(source.arrived_at),
        gone: Set(false),
    }
}
