//! Writing and removing rows of the index.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, Value};
use uuid::Uuid;

use super::matching::{Index, mailbox_word};
use super::source::{InstanceWords, MessageWords};
use super::{ranks_of, state};
use crate::db::Error;
use crate::domain::id::MessageId;
use crate::domain::search::Words;

/// Row ids that are tried for one row, where others of the same millisecond have them.
const PROBES: i64 = 4096;

/// Takes messages out of the index, in the transaction that empties them. On PostgreSQL it waits for the indexer's
/// batch, if one is being written: call it after the messages were marked as emptied, and before events are appended.
pub async fn remove(tx: &impl ConnectionTrait, messages: &[MessageId]) -> Result<(), Error> {
    if messages.is_empty() {
        return Ok(());
    }
    state::hold(tx).await?;
    let ids: Vec<Uuid> = messages.iter().map(|id| id.0).collect();
    delete(tx, Index::MESSAGES, &ids).await
}

/// Takes rows out of an index.
pub(super) async fn delete(tx: &impl ConnectionTrait, index: Index, ids: &[Uuid]) -> Result<(), Error> {
    let backend = tx.get_database_backend();
    let Index { rows, words } = index;
    for ids in ids.chunks(500) {
        let holders = (1..=ids.len()).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ");
        let values = || ids.iter().map(|id| Value::from(*id)).collect::<Vec<_>>();
        if backend == DatabaseBackend::Sqlite {
            let sql = format!(
                "DELETE FROM {words} WHERE rowid IN (SELECT rank FROM {rows} WHERE id IN ({holders}))"
            );
            tx.execute_raw(Statement::from_sql_and_values(backend, sql, values())).await?;
        }
        let sql = format!("DELETE FROM {rows} WHERE id IN ({holders})");
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, values())).await?;
    }
    Ok(())
}

/// Writes messages that were not emptied meanwhile; what was there of them is replaced.
pub(super) async fn write_messages(
    tx: &impl ConnectionTrait,
    messages: &[MessageWords],
) -> Result<(), Error> {
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        let rows = messages.iter().map(|message| {
            let words = tsvector(&message.words, Some(message.mailbox_id));
            serde_json::json!({ "id": message.id, "received_at": message.received_at, "words": words })
        });
        let sql = "INSERT INTO message_search (id, received_at, words) \
                   SELECT r.id, r.received_at, CAST(r.words AS tsvector) \
                   FROM json_to_recordset(CAST($1 AS json)) AS r (id uuid, received_at timestamptz, words text) \
                   JOIN message ON message.id = r.id WHERE message.emptied_at IS NULL \
                   ON CONFLICT (id) DO UPDATE SET received_at = excluded.received_at, words = excluded.words \
                   WHERE message_search.words IS DISTINCT FROM excluded.words";
        return write_postgres(tx, sql, rows.collect()).await;
    }
    for message in messages {
        let sql = "SELECT 1 FROM message WHERE id = $1 AND emptied_at IS NULL";
        let there = Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql, [message.id.into()]);
        if tx.query_one_raw(there).await?.is_some() {
            let millis = message.received_at.timestamp_millis();
            let mailbox = mailbox_word(message.mailbox_id);
            write_sqlite(tx, Index::MESSAGES, message.id, millis, &message.words, mailbox).await?;
        }
    }
    Ok(())
}

/// Writes instances; what was there of them is replaced.
pub(super) async fn write_instances(
    tx: &impl ConnectionTrait,
    instances: &[InstanceWords],
) -> Result<(), Error> {
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        let rows = instances.iter().map(
            |instance| serde_json::json!({ "id": instance.id, "words": tsvector(&instance.words, None) }),
        );
        let sql = "INSERT INTO instance_search (id, words) SELECT r.id, CAST(r.words AS tsvector) \
                   FROM json_to_recordset(CAST($1 AS json)) AS r (id uuid, words text) \
                   ON CONFLICT (id) DO UPDATE SET words = excluded.words \
                   WHERE instance_search.words IS DISTINCT FROM excluded.words";
        return write_postgres(tx, sql, rows.collect()).await;
    }
    for instance in instances {
        let millis = created_millis(instance.id);
        write_sqlite(tx, Index::INSTANCES, instance.id, millis, &instance.words, String::new()).await?;
    }
    Ok(())
}

/// When an id was made: the first 48 bits of a UUIDv7 (RFC 9562 section 5.7).
pub(in crate::db) fn created_millis(id: Uuid) -> i64 {
    (id.as_u128() >> 80) as i64
}

/// One statement however many rows, so that it is prepared once.
async fn write_postgres(
    tx: &impl ConnectionTrait,
    sql: &str,
    rows: Vec<serde_json::Value>,
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = serde_json::Value::Array(rows).to_string();
    tx.execute_raw(Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, [rows.into()])).await?;
    Ok(())
}

async fn write_sqlite(
    tx: &impl ConnectionTrait,
    index: Index,
    id: Uuid,
    millis: i64,
    words: &Words,
    mailbox: String,
) -> Result<(), Error> {
    let Some(rank) = rank(tx, index.rows, id, millis).await? else {
        tracing::warn!(%id, "too many messages of one millisecond: it is not searchable");
        return Ok(());
    };
    let sql = format!(
        "INSERT OR REPLACE INTO {} (rowid, words, pairs, mailbox) VALUES ($1, $2, $3, $4)",
        index.words
    );
    let values = [rank.into(), words.words.as_str().into(), words.pairs.as_str().into(), mailbox.into()];
    tx.execute_raw(Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql, values)).await?;
    Ok(())
}

/// Its row id: what it has already, or the next free one of its millisecond.
async fn rank(tx: &impl ConnectionTrait, rows: &str, id: Uuid, millis: i64) -> Result<Option<i64>, Error> {
    let (first, last) = ranks_of(millis);
    let own = (id.as_u128() as i64) & (last - first);
    let sql = format!(
        "INSERT INTO {rows} (rank, id) VALUES ($1, $2) \
         ON CONFLICT (id) DO UPDATE SET id = excluded.id ON CONFLICT (rank) DO NOTHING RETURNING rank"
    );
    for probe in 0..PROBES {
        let rank = first + ((own + probe) & (last - first));
        let values = [rank.into(), id.into()];
        let insert = Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql.as_str(), values);
        if let Some(row) = tx.query_one_raw(insert).await? {
            return Ok(Some(row.try_get("", "rank")?));
        }
    }
    Ok(None)
}

/// For PostgreSQL's `tsvector`: each word with its places. Of a word's places, the first 256 are kept.
fn tsvector(words: &Words, mailbox: Option<Uuid>) -> String {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for sequence in [&words.words, &words.pairs] {
        for (place, word) in (1..).zip(sequence.split_ascii_whitespace()).filter(|(_, word)| *word != "·") {
            let of_word = places.entry(word).or_default();
            if of_word.len() < 256 {
                of_word.push(place);
            }
        }
    }
    let mut vector = String::with_capacity((words.words.len() + words.pairs.len()) * 2);
    if let Some(mailbox) = mailbox {
        let _ = write!(vector, "'{}' ", mailbox_word(mailbox));
    }
    for (word, places) in places {
        let _ = write!(vector, "'{word}'");
        for (at, place) in places.iter().enumerate() {
            let _ = write!(vector, "{}{place}", if at == 0 { ':' } else { ',' });
        }
        vector.push(' ');
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::search::WordsBuilder;

    #[test]
    fn a_tsvector_says_each_word_once_with_its_places() {
        let mut words = WordsBuilder::default();
        words.add("fire INC-42 Fire");
        let expected = "'42':3 'fire':1,4 'inc':2 'inc·42':1 ";
        assert_eq!(tsvector(&words.finish(), None), expected);
    }

    #[test]
    fn an_instance_is_as_old_as_its_id() {
        let id = Uuid::parse_str("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
        assert_eq!(id.map(created_millis), Ok(1_645_557_742_000));
    }
}
