//! Secrets and certificates that lapse soon, and what was told of that.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::db::Error;
use crate::db::entity::credential;
use crate::domain::id::CredentialId;

/// A credential whose secret or certificate lapses soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapsing {
    /// Which one.
    pub id: CredentialId,
    /// As it was read.
    pub version: i32,
    /// When it lapses.
    pub expires_at: DateTime<Utc>,
    /// Days before its end at which it was last told.
    pub told: Option<i32>,
}

#[derive(FromQueryResult)]
struct Row {
    id: uuid::Uuid,
    version: i32,
    expires_at: DateTime<Utc>,
    expiry_told: Option<i32>,
}

/// Those that lapse until then or have lapsed, the first to lapse first.
pub async fn lapsing(db: &impl ConnectionTrait, until: DateTime<Utc>) -> Result<Vec<Lapsing>, Error> {
    use credential::Column as C;
    let rows = credential::Entity::find()
        .select_only()
        .columns([C::Id, C::Version, C::ExpiresAt, C::ExpiryTold])
        .filter(C::ExpiresAt.lte(until))
        .order_by_asc(C::ExpiresAt)
        .order_by_asc(C::Id)
        .into_model::<Row>()
        .all(db)
        .await?;
    let of = |row: Row| Lapsing {
        id: row.id.into(),
        version: row.version,
        expires_at: row.expires_at,
        told: row.expiry_told,
    };
    Ok(rows.into_iter().map(of).collect())
}

/// Writes that it was told so many days before its end; answers whether this call did it. It did not where another was
/// first, or where the credential was changed since it was read.
pub async fn tell(tx: &impl ConnectionTrait, lapsing: &Lapsing, days: i32) -> Result<bool, Error> {
    let as_read = match lapsing.told {
        Some(told) => credential::Column::ExpiryTold.eq(told),
        None => credential::Column::ExpiryTold.is_null(),
    };
    let done = credential::Entity::update_many()
        .set(credential::ActiveModel { expiry_told: Set(Some(days)), ..Default::default() })
        .filter(credential::Column::Id.eq(lapsing.id.0))
        .filter(credential::Column::Version.eq(lapsing.version))
        .filter(as_read)
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}
