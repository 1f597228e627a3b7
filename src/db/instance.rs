//! Process instances: finding, locking, making and changing them in the intake's transaction.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, Statement,
};
use serde_json::{Map, Value};

use super::Error;
use super::entity::process_instance;
use crate::domain::id::InstanceId;
use crate::domain::instance::{InstanceState, ProcessInstance};

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

/// The ids of the instances of a process with these externalIds.
pub async fn ids_by_external_ids(
    tx: &impl ConnectionTrait,
    process: &str,
    external_ids: &[String],
) -> Result<Vec<InstanceId>, Error> {
    if external_ids.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<uuid::Uuid> = process_instance::Entity::find()
        .select_only()
        .column(process_instance::Column::Id)
        .filter(process_instance::Column::Process.eq(process))
        .filter(process_instance::Column::ExternalId.is_in(external_ids.iter().cloned()))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(found.into_iter().map(InstanceId::from).collect())
}

/// Locks instances by id, in the order of their ids, and reads them as they are now.
pub async fn lock(tx: &impl ConnectionTrait, ids: &[InstanceId]) -> Result<Vec<InstanceState>, Error> {
    let mut select = states(ids);
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        select = select.lock_exclusive();
    }
    select.all(tx).await?.into_iter().map(InstanceState::try_from).collect()
}

/// Reads instances by id, as they are now.
pub async fn look(db: &impl ConnectionTrait, ids: &[InstanceId]) -> Result<Vec<InstanceState>, Error> {
    states(ids).all(db).await?.into_iter().map(InstanceState::try_from).collect()
}

fn states(ids: &[InstanceId]) -> Select<process_instance::Entity> {
    process_instance::Entity::find()
        .filter(process_instance::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .order_by_asc(process_instance::Column::Id)
}

/// The last number given; 0 for a prefix that nobody uses yet.
pub async fn last_number(db: &impl ConnectionTrait, prefix: &str) -> Result<i64, Error> {
    let sql = "SELECT last_number FROM reference_prefix WHERE prefix = $1";
    let select = Statement::from_sql_and_values(db.get_database_backend(), sql, [prefix.into()]);
    let row = db.query_one_raw(select).await?;
    Ok(row.map(|row| row.try_get("", "last_number")).transpose()?.unwrap_or_default())
}

/// The last number given of a prefix of the process. Holds all prefixes of the process, in their order, until the
/// transaction ends: who makes an instance of the process waits for whoever makes one now.
pub async fn lock_numbers(tx: &impl ConnectionTrait, process: &str, prefix: &str) -> Result<i64, Error> {
    let lock = if tx.get_database_backend() == DatabaseBackend::Postgres { " FOR UPDATE" } else { "" };
    let sql = format!(
        "SELECT prefix, last_number FROM reference_prefix WHERE process = $1 OR prefix = $2 ORDER BY prefix{lock}"
    );
    let values = [process.into(), prefix.into()];
    let select = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    for row in tx.query_all_raw(select).await? {
        if row.try_get::<String>("", "prefix")? == prefix {
            return Ok(row.try_get("", "last_number")?);
        }
    }
    Err(missing(prefix))
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
pub async fn insert(tx: &impl ConnectionTrait, instances: &[InstanceState]) -> Result<(), Error> {
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
            by_hand: Set(None),
        }
    });
    process_instance::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

/// Writes a locked instance back, as its next version.
pub async fn update(tx: &impl ConnectionTrait, locked: &InstanceState) -> Result<(), Error> {
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

impl TryFrom<process_instance::Model> for InstanceState {
    type Error = Error;

    fn try_from(row: process_instance::Model) -> Result<Self, Error> {
        Ok(Self {
            closed_at: row.closed_at,
            last_message_id: row.last_message_id.map(Into::into),
            instance: row.try_into()?,
        })
    }
}
