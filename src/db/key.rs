//! Keys that find instances: each stands once for an instance, under the message that gave it first; further messages
//! of the instance that gave it too are kept apart, so that it stays when the first one leaves.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, Statement};
use uuid::Uuid;

use super::entity::{correlation_key, shared_key};
use super::{Error, hash_key};
use crate::domain::id::{InstanceId, MessageId};
use crate::domain::mapping::{CorrelationKey, Key, Role};

/// A key as it is stored: by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Hash of process and key.
    pub hash: Vec<u8>,
    /// What it is to the message that wrote it.
    pub role: Role,
    /// The instance found by it.
    pub instance_id: InstanceId,
    /// The message that wrote it.
    pub message_id: MessageId,
}

/// How a key is found: within its process.
pub fn key_hash(process: &str, key: &Key) -> Vec<u8> {
    match key {
        Key::Thread(id) => hash_key(&[b"thread", process.as_bytes(), id.as_bytes()]),
        Key::Conversation(mailbox, id) => {
            hash_key(&[b"conversation", process.as_bytes(), mailbox.0.as_bytes(), id.as_bytes()])
        }
        Key::Business(key) => hash_key(&[b"key", process.as_bytes(), key.as_bytes()]),
        Key::Participant(address) => hash_key(&[b"participant", process.as_bytes(), address.as_bytes()]),
    }
}

/// The lines of the given keys; of a key that very many instances have, those of the latest.
pub async fn by_keys(tx: &impl ConnectionTrait, hashes: &[Vec<u8>]) -> Result<Vec<StoredKey>, Error> {
    let mut found = Vec::new();
    for chunk in hashes.chunks(1000) {
        let select = tx.get_database_backend().build(&latest(chunk));
        let rows = correlation_key::Entity::find().from_raw_sql(select).all(tx).await?;
        found.extend(rows.into_iter().map(|row| StoredKey {
            hash: row.key,
            role: if row.role == Role::Own as i16 { Role::Own } else { Role::Referenced },
            instance_id: row.instance_id.into(),
            message_id: row.message_id.into(),
        }));
    }
    Ok(found)
}

/// What is repeated without end, such as a Message-ID that a machine puts on all its mail, costs no more than this.
const MAX_LINES: i32 = 50;

fn latest(hashes: &[Vec<u8>]) -> SelectStatement {
    use correlation_key::Column;
    let columns = [Column::Key, Column::Role, Column::InstanceId, Column::MessageId];
    let place = r#"ROW_NUMBER() OVER (PARTITION BY "key", "role" ORDER BY "instance_id" DESC)"#;
    let ranked = Query::select()
        .columns(columns)
        .expr_as(Expr::cust(place), "place")
        .from(correlation_key::Entity)
        .and_where(Column::Key.is_in(hashes.iter().cloned()))
        .to_owned();
    Query::select()
        .columns(columns)
        .from_subquery(ranked, "ranked")
        .and_where(Expr::col("place").lte(MAX_LINES))
        .to_owned()
}

/// A key as a row: hash, role, instance, message.
type Row = (Vec<u8>, i16, Uuid, Uuid);

/// Writes keys of the process, sorted; those that are there already stay, and the message shares them.
pub async fn add(tx: &impl ConnectionTrait, process: &str, keys: Vec<CorrelationKey>) -> Result<(), Error> {
    let mut rows: Vec<Row> = keys
        .into_iter()
        .map(|key| (key_hash(process, &key.key), key.role as i16, key.instance_id.0, key.message_id.0))
        .collect();
    rows.sort();
    rows.dedup();
    for chunk in rows.chunk_by(is_same_key).collect::<Vec<_>>().chunks(1000) {
        let first =
            chunk.iter().filter_map(|givers| givers.first()).map(|row| correlation_key::ActiveModel {
                key: Set(row.0.clone()),
                role: Set(row.1),
                instance_id: Set(row.2),
                message_id: Set(row.3),
            });
        let written: HashSet<(Vec<u8>, i16, Uuid)> = correlation_key::Entity::insert_many(first)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_with_returning_keys(tx)
            .await?
            .into_iter()
            .collect();
        let further = chunk.iter().flat_map(|givers| {
            let is_new = givers.first().is_some_and(|row| written.contains(&(row.0.clone(), row.1, row.2)));
            givers.iter().skip(usize::from(is_new))
        });
        share(tx, further).await?;
    }
    Ok(())
}

fn is_same_key(one: &Row, other: &Row) -> bool {
    (&one.0, one.1, one.2) == (&other.0, other.1, other.2)
}

async fn share(tx: &impl ConnectionTrait, rows: impl Iterator<Item = &Row>) -> Result<(), Error> {
    let rows: Vec<_> = rows
        .map(|row| shared_key::ActiveModel {
            key: Set(row.0.clone()),
            role: Set(row.1),
            instance_id: Set(row.2),
            message_id: Set(row.3),
        })
        .collect();
    for chunk in rows.chunks(1000) {
        shared_key::Entity::insert_many(chunk.iter().cloned())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Takes a message's keys out of the index: later messages don't find its instance by them. Those that another message
/// of the instance gave too go on under that one.
pub async fn remove(tx: &impl ConnectionTrait, message_id: MessageId) -> Result<(), Error> {
    let backend = tx.get_database_backend();
    let heir = "SELECT s.message_id FROM shared_key s WHERE s.\"key\" = correlation_key.\"key\" \
                AND s.role = correlation_key.role AND s.instance_id = correlation_key.instance_id";
    for sql in [
        "DELETE FROM shared_key WHERE message_id = $1",
        // The heir stands in both from then on; that it shares the key matters no more.
        &format!(
            "UPDATE correlation_key SET message_id = ({heir} ORDER BY s.message_id LIMIT 1) \
             WHERE message_id = $1 AND EXISTS ({heir})"
        ),
        "DELETE FROM correlation_key WHERE message_id = $1",
    ] {
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, [message_id.0.into()])).await?;
    }
    Ok(())
}
