//! Mailboxes: as configured, and how they fare.

mod health;
mod list;
mod row;
mod silence;

use std::collections::HashMap;

use sea_orm::sea_query::LockType;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::entity::{lease, mailbox};
use super::read::keyset::any_of;
use super::{Error, hash_key};
use crate::domain::id::{CredentialId, MailboxId, MappingId};
use crate::domain::mailbox::Mailbox;

pub use health::{
    retry_at_once, retry_of_credential, set_health, set_paused, set_unread_count, wait_no_longer,
};
pub use list::{MailboxFilter, count, count_of_credentials, list, list_of_credentials};
pub use silence::{Silent, count_silent, mail_arrived, silent, tell_silence, weeks_before};

/// The mailbox, if there is one.
pub async fn get(db: &impl ConnectionTrait, id: MailboxId) -> Result<Option<Mailbox>, Error> {
    mailbox::Entity::find_by_id(id.0).one(db).await?.map(Mailbox::try_from).transpose()
}

/// The mailbox, locked until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, id: MailboxId) -> Result<Option<Mailbox>, Error> {
    mailbox::Entity::find_by_id(id.0)
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?
        .map(Mailbox::try_from)
        .transpose()
}

/// The mailbox of an address, in any case.
pub async fn by_address(db: &impl ConnectionTrait, address: &str) -> Result<Option<Mailbox>, Error> {
    mailbox::Entity::find()
        .filter(mailbox::Column::AddressKey.eq(address_key(address)))
        .one(db)
        .await?
        .map(Mailbox::try_from)
        .transpose()
}

/// Those of the mailboxes that there are.
pub async fn by_ids(
    db: &impl ConnectionTrait,
    ids: &[MailboxId],
) -> Result<HashMap<MailboxId, Mailbox>, Error> {
    let rows = mailbox::Entity::find().filter(any_of(db, mailbox::Column::Id, ids)).all(db).await?;
    rows.into_iter().map(|row| Ok((row.id.into(), row.try_into()?))).collect()
}

/// The mailboxes that use the mappings, by mapping.
pub async fn by_mapping_ids(
    db: &impl ConnectionTrait,
    ids: &[MappingId],
) -> Result<HashMap<MappingId, Mailbox>, Error> {
    let ids = ids.iter().map(|id| id.0);
    let rows = mailbox::Entity::find().filter(mailbox::Column::MappingId.is_in(ids)).all(db).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let mailbox = Mailbox::try_from(row)?;
        if let Some(mapping_id) = mailbox.mapping_id {
            found.insert(mapping_id, mailbox);
        }
    }
    Ok(found)
}

/// Writes a new mailbox, and its lease. `identity` is the provider's own. [`Error::Taken`] when title, address, identity or mapping
/// are; see [`Taken`].
pub async fn insert(db: &impl ConnectionTrait, new: &Mailbox, identity: &str) -> Result<(), Error> {
    let row = mailbox::ActiveModel {
        id: Set(new.id.0),
        created_at: Set(new.created_at),
        ..row::columns(new, identity)?
    };
    mailbox::Entity::insert(row).exec_without_returning(db).await?;
    super::lease::make(db, new.id).await
}

/// Writes what a mailbox has become, over version `was`: [`Error::Stale`] when it has another.
pub async fn update(
    db: &impl ConnectionTrait,
    changed: &Mailbox,
    identity: &str,
    was: i32,
) -> Result<(), Error> {
    let done = mailbox::Entity::update_many()
        .set(row::columns(changed, identity)?)
        .filter(mailbox::Column::Id.eq(changed.id.0))
        .filter(mailbox::Column::Version.eq(was))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// The mailboxes that log in with the credential.
pub async fn of_credential(db: &impl ConnectionTrait, id: CredentialId) -> Result<Vec<Mailbox>, Error> {
    let rows = mailbox::Entity::find().filter(mailbox::Column::CredentialId.eq(id.0)).all(db).await?;
    rows.into_iter().map(Mailbox::try_from).collect()
}

/// Writes another identity of a mailbox, when its credential's login changed.
pub async fn set_identity(db: &impl ConnectionTrait, id: MailboxId, identity: &str) -> Result<(), Error> {
    mailbox::Entity::update_many()
        .set(mailbox::ActiveModel { identity: Set(identity_key(identity)), ..Default::default() })
        .filter(mailbox::Column::Id.eq(id.0))
        .exec(db)
        .await?;
    Ok(())
}

/// Deletes it with its jobs and their runs; answers whether there was one. Messages and instances stay.
pub async fn delete(tx: &impl ConnectionTrait, id: MailboxId) -> Result<bool, Error> {
    // Without its lease row, nothing that a worker still holds of it can be committed.
    lease::Entity::delete_by_id(id.0).exec(tx).await?;
    Ok(mailbox::Entity::delete_by_id(id.0).exec(tx).await?.rows_affected == 1)
}

/// What of a mailbox is unique, and was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The title.
    Title,
    /// The address.
    Address,
    /// The physical mailbox at the provider.
    Identity,
    /// The mapping is another mailbox's.
    Mapping,
}

/// What an [`Error::Taken`] of this table is about.
pub fn taken(error: &Error) -> Option<Taken> {
    [
        ("title", Taken::Title),
        ("address_key", Taken::Address),
        ("identity", Taken::Identity),
        ("mapping_id", Taken::Mapping),
    ]
    .into_iter()
    .find_map(|(column, taken)| error.is_taken("mailbox", column).then_some(taken))
}

/// Addresses are compared without regard to case: no mail system in use tells mailboxes apart by it.
fn address_key(address: &str) -> String {
    address.trim().to_lowercase()
}

fn identity_key(identity: &str) -> Vec<u8> {
    hash_key(&[identity.as_bytes()])
}
