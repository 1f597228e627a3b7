//! Process instances: finding, locking, making and changing them in the intake's transaction.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};
use serde_json::{Map, Value};

use super::entity::{correlation_key, process_instance};
use super::{Error, hash_key};
use crate::domain::id::{InstanceId, MessageId};
use crate::domain::instance::ProcessInstance;

/// What a correlation key is to the message that wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyRole {
    /// Its own Message-ID.
    Own = 0,
    /// A Message-ID that it names in In-Reply-To or References.
    Referenced = 1,
}

/// A key that finds an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationKey {
    /// Hash of process and Message-ID.
    pub key: Vec<u8>,
    /// What it is to its message.
    pub role: KeyRole,
    /// The instance found by it.
    pub instance_id: InstanceId,
    /// The message that wrote it.
    pub message_id: MessageId,
}

/// An instance as the intake holds it: locked until its transaction ends.
#[derive(Debug, Clone, PartialEq)]
pub struct LockedInstance {
    /// The instance.
    pub instance: ProcessInstance,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// The message that changed it last.
    pub last_message_id: Option<MessageId>,
}

/// How a Message-ID is found within a process.
pub fn thread_key(process: &str, internet_message_id: &str) -> Vec<u8> {
    hash_key(&[b"thread", process.as_bytes(), internet_message_id.as_bytes()])
}

/// Every line of the given keys.
pub async fn by_keys(tx: &impl ConnectionTrait, keys: &[Vec<u8>]) -> Result<Vec<CorrelationKey>, Error> {
    let mut found = Vec::new();
    for chunk in keys.chunks(1000) {
        let rows = correlation_key::Entity::find()
            .filter(correlation_key::Column::Key.is_in(chunk.iter().cloned()))
            .all(tx)
            .await?;
        found.extend(rows.into_iter().map(|row| CorrelationKey {
            key: row.key,
            role: if row.role == KeyRole::Own as i16 { KeyRole::Own } else { KeyRole::Referenced },
            instance_id: row.instance_id.into(),
            message_id: row.message_id.into(),
        }));
    }
    Ok(found)
}

/// The ids of the instances with these references.
pub async fn ids_by_references(
    tx: &impl ConnectionTrait,
    references: &[String],
) -> Result<Vec<(String, InstanceId)>, Error> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<(String, uuid::Uuid)> = process_instance::Entity::find()
        .select_only()
        .columns([process_instance::Column::Reference, process_instance::Column::Id])
        .filter(process_instance::Column::Reference.is_in(references.iter().cloned()))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(found.into_iter().map(|(reference, id)| (reference, id.into())).collect())
}

/// Locks instances by id, in the order of their ids, and reads them as they are now.
pub async fn lock(tx: &impl ConnectionTrait, ids: &[InstanceId]) -> Result<Vec<LockedInstance>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = process_instance::Entity::find()
        .filter(process_instance::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .order_by_asc(process_instance::Column::Id);
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        select = select.lock_exclusive();
    }
    let rows = select.all(tx).await?;
    rows.into_iter()
        .map(|row| {
            Ok(LockedInstance {
                closed_at: row.closed_at,
                last_message_id: row.last_message_id.map(Into::into),
                instance: row.try_into()?,
            })
        })
        .collect()
}

/// The last number given, held for this transaction until it ends.
pub async fn lock_numbers(tx: &impl ConnectionTrait, prefix: &str) -> Result<i64, Error> {
    let lock = if tx.get_database_backend() == DatabaseBackend::Postgres { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT last_number FROM reference_prefix WHERE prefix = $1{lock}");
    let select = Statement::from_sql_and_values(tx.get_database_backend(), sql, [prefix.into()]);
    let row = tx.query_one_raw(select).await?.ok_or_else(|| missing(prefix))?;
    Ok(row.try_get("", "last_number")?)
}

fn missing(prefix: &str) -> Error {
    Error::Corrupt {
        table: "reference_prefix",
        reason: format!("the prefix {prefix} of a mapping is missing"),
    }
}

/// Takes `count` numbers of the prefix; answers with the first. Holds the prefix until the transaction ends.
pub async fn take_numbers(tx: &impl ConnectionTrait, prefix: &str, count: i64) -> Result<i64, Error> {
    let take = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "UPDATE reference_prefix SET last_number = last_number + $1 WHERE prefix = $2 RETURNING last_number",
        [count.into(), prefix.into()],
    );
    let row = tx.query_one_raw(take).await?;
    let row = row.ok_or_else(|| missing(prefix))?;
    let last: i64 = row.try_get("", "last_number")?;
    Ok(last - count + 1)
}

/// Writes new instances.
pub async fn insert(tx: &impl ConnectionTrait, instances: &[LockedInstance]) -> Result<(), Error> {
    if instances.is_empty() {
        return Ok(());
    }
    let rows = instances.iter().map(|locked| {
        let instance = &locked.instance;
        process_instance::ActiveModel {
            id: Set(instance.id.0),
            process: Set(instance.process.clone()),
            mapping_id: Set(instance.mapping_id.map(Into::into)),
            mailbox_id: Set(instance.mailbox_id.map(Into::into)),
            reference: Set(instance.reference.clone()),
            open: Set(instance.open),
            closed_at: Set(locked.closed_at),
            attributes: Set(Value::Object(instance.attributes.clone())),
            external_id: Set(instance.external_id.clone()),
            last_message_id: Set(locked.last_message_id.map(Into::into)),
            version: Set(instance.version),
            created_at: Set(instance.created_at),
            updated_at: Set(instance.updated_at),
        }
    });
    process_instance::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

/// Writes a locked instance back, as its next version.
pub async fn update(tx: &impl ConnectionTrait, locked: &LockedInstance) -> Result<(), Error> {
    let instance = &locked.instance;
    process_instance::Entity::update_many()
        .set(process_instance::ActiveModel {
            open: Set(instance.open),
            closed_at: Set(locked.closed_at),
            attributes: Set(Value::Object(instance.attributes.clone())),
            last_message_id: Set(locked.last_message_id.map(Into::into)),
            updated_at: Set(instance.updated_at),
            ..Default::default()
        })
        .col_expr(process_instance::Column::Version, Expr::col(process_instance::Column::Version).add(1))
        .filter(process_instance::Column::Id.eq(instance.id.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// Writes keys, sorted; those that are there already stay.
pub async fn add_keys(tx: &impl ConnectionTrait, mut keys: Vec<CorrelationKey>) -> Result<(), Error> {
    keys.sort_by(|a, b| (&a.key, a.role as i16, a.instance_id).cmp(&(&b.key, b.role as i16, b.instance_id)));
    keys.dedup_by(|a, b| a.key == b.key && a.role == b.role && a.instance_id == b.instance_id);
    for chunk in keys.chunks(1000) {
        let rows = chunk.iter().map(|key| correlation_key::ActiveModel {
            key: Set(key.key.clone()),
            role: Set(key.role as i16),
            instance_id: Set(key.instance_id.0),
            message_id: Set(key.message_id.0),
        });
        correlation_key::Entity::insert_many(rows)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

impl TryFrom<process_instance::Model> for ProcessInstance {
    type Error = Error;

    fn try_from(row: process_instance::Model) -> Result<Self, Error> {
        let attributes: Map<String, Value> = super::from_json("process_instance", row.attributes)?;
        Ok(Self {
            id: row.id.into(),
            reference: row.reference,
            process: row.process,
            mapping_id: row.mapping_id.map(Into::into),
            mailbox_id: row.mailbox_id.map(Into::into),
            open: row.open,
            attributes,
            external_id: row.external_id,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
