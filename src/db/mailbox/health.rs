//! How a mailbox fares: written by the worker, apart from the configuration and without a new version.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::row;
use crate::db::Error;
use crate::db::entity::{job, mailbox};
use crate::domain::health::MailboxHealth;
use crate::domain::id::{CredentialId, MailboxId};

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

/// Pauses the mailbox, or lets it go on, and writes how it fares then. No new version: nothing was configured.
pub async fn set_paused(
    tx: &impl ConnectionTrait,
    id: MailboxId,
    paused: bool,
    health: &MailboxHealth,
) -> Result<(), Error> {
    mailbox::Entity::update_many()
        .set(mailbox::ActiveModel { paused: Set(paused), ..row::health(health)? })
        .filter(mailbox::Column::Id.eq(id.0))
        .exec(tx)
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

/// The mailboxes that waited for this credential are tried at once.
pub async fn retry_of_credential(
    tx: &impl ConnectionTrait,
    id: CredentialId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let theirs = mailbox::Column::CredentialId.eq(id.0);
    let mut mailboxes = Query::select();
    mailboxes.column(mailbox::Column::Id).from(mailbox::Entity).and_where(theirs.clone());
    retry(tx, theirs, mailboxes.to_owned(), now).await
}

/// The mailbox is tried at once, whatever it waited for.
pub async fn retry_at_once(
    tx: &impl ConnectionTrait,
    id: MailboxId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let this = mailbox::Column::Id.eq(id.0);
    let mut mailboxes = Query::select();
    mailboxes.column(mailbox::Column::Id).from(mailbox::Entity).and_where(this.clone());
    retry(tx, this, mailboxes.to_owned(), now).await
}

async fn retry(
    tx: &impl ConnectionTrait,
    which: Expr,
    ids: SelectStatement,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    mailbox::Entity::update_many()
        .set(mailbox::ActiveModel {
            waits_for_person: Set(false),
            next_attempt_at: Set(None),
            ..Default::default()
        })
        .filter(which)
        .exec(tx)
        .await?;
    job::Entity::update_many()
        .set(job::ActiveModel { next_run_at: Set(Some(now)), ..Default::default() })
        .filter(job::Column::MailboxId.in_subquery(ids))
        .filter(job::Column::Enabled.eq(true))
        // What runs by hand only is not made to run by this.
        .filter(job::Column::NextRunAt.is_not_null())
        .exec(tx)
        .await?;
    Ok(())
}

/// No mailbox waits longer than until then for its next attempt, unless it waits for a person.
pub async fn wait_no_longer(db: &impl ConnectionTrait, until: DateTime<Utc>) -> Result<u64, Error> {
    let brought = mailbox::Entity::update_many()
        .set(mailbox::ActiveModel { next_attempt_at: Set(Some(until)), ..Default::default() })
        .filter(mailbox::Column::WaitsForPerson.eq(false))
        .filter(mailbox::Column::NextAttemptAt.gt(until))
        .exec(db)
        .await?;
    Ok(brought.rows_affected)
}
