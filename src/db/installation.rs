//! The one row of what the installation has once: its key for reply tokens, sealed.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::Error;
use super::entity::installation;

/// The table, as secrets of it are sealed.
pub const TABLE: &str = "installation";

/// The row's id and its sealed key; None before the first start.
pub async fn get(db: &impl ConnectionTrait) -> Result<Option<(Uuid, Vec<u8>)>, Error> {
    let row = installation::Entity::find().one(db).await?;
    Ok(row.map(|row| (row.id, row.reply_key)))
}

/// Writes the row, unless another replica was first.
pub async fn insert(
    db: &impl ConnectionTrait,
    id: Uuid,
    sealed: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = installation::ActiveModel {
        id: Set(id),
        place: Set(1),
        reply_key: Set(sealed),
        created_at: Set(now),
    };
    installation::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Writes the key as it is sealed now.
pub async fn seal(db: &impl ConnectionTrait, id: Uuid, sealed: Vec<u8>) -> Result<(), Error> {
    installation::Entity::update_many()
        .col_expr(installation::Column::ReplyKey, Expr::value(sealed))
        .filter(installation::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}
