//! What a person changes of an instance that is locked: what intake never writes.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::entity::process_instance;
use super::read::structure_or_none;
use super::{Error, to_json};
use crate::domain::id::InstanceId;

/// The attributes that a person set.
pub async fn attributes(tx: &impl ConnectionTrait, id: InstanceId) -> Result<Vec<String>, Error> {
    let found: Option<Option<serde_json::Value>> = process_instance::Entity::find_by_id(id.0)
        .select_only()
        .column(process_instance::Column::ByHand)
        .into_tuple()
        .one(tx)
        .await?;
    Ok(structure_or_none("process_instance", found.flatten())?.unwrap_or_default())
}

/// Writes which attributes a person set, and the owning system's id. [`Error::Taken`] when another instance of the
/// process has it: see [`is_external_id_taken`].
pub async fn write(
    tx: &impl ConnectionTrait,
    id: InstanceId,
    attributes: &[String],
    external_id: Option<&str>,
) -> Result<(), Error> {
    let row = process_instance::ActiveModel {
        by_hand: Set(if attributes.is_empty() { None } else { Some(to_json(&attributes)?) }),
        external_id: Set(external_id.map(str::to_owned)),
        ..Default::default()
    };
    process_instance::Entity::update_many()
        .set(row)
        .filter(process_instance::Column::Id.eq(id.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// Whether another instance of the process has the owning system's id.
pub fn is_external_id_taken(error: &Error) -> bool {
    error.is_taken("process_instance", "external_id") || error.is_taken("process_instance", "external")
}
