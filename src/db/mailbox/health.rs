//! How a mailbox fares: written by the worker, apart from the configuration and without a new version.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::row;
use crate::db::Error;
use crate::db::entity::mailbox;
use crate::domain::health::MailboxHealth;
use crate::domain::id::MailboxId;

/// Writes how the mailbox fares, unless it was paused meanwhile.
pub async fn set_health(
    db: &impl ConnectionTrait,
    id: MailboxId,
    health: &MailboxHealth,
) -> Result<(), Error> {
    mailbox::Entity::update_many()
        .set(row::health(health)?)
        .filter(mailbox::Column::Id.eq(id.0))
        .filter(mailbox::Column::Paused.eq(false))
        .exec(db)
        .await?;
    Ok(())
}

/// Writes how many are unread at the provider.
pub async fn set_unread_count(
    db: &impl ConnectionTrait,
    id: MailboxId,
    unread: Option<i32>,
) -> Result<(), Error> {
    mailbox::Entity::update_many()
        .set(mailbox::ActiveModel { unread_count: Set(unread), ..Default::default() })
        .filter(mailbox::Column::Id.eq(id.0))
        .exec(db)
        .await?;
    Ok(())
}
