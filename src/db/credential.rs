//! Credentials. Secrets are here as they are sealed; only `secret` opens them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Select,
};

use super::entity::credential;
use super::paging::{self, NameKey};
use super::{Error, parse};
use crate::domain::credential::Credential;
use crate::domain::id::CredentialId;
use crate::domain::page::{Page, PageRequest};

/// The table, as part of what a secret is sealed with.
pub const TABLE: &str = "credential";

/// The credential, if there is one.
pub async fn get(db: &impl ConnectionTrait, id: CredentialId) -> Result<Option<Credential>, Error> {
    credential::Entity::find_by_id(id.0).one(db).await?.map(Credential::try_from).transpose()
}

/// The credential, locked until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, id: CredentialId) -> Result<Option<Credential>, Error> {
    credential::Entity::find_by_id(id.0)
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?
        .map(Credential::try_from)
        .transpose()
}

/// Those of the credentials that there are.
pub async fn by_ids(
    db: &impl ConnectionTrait,
    ids: &[CredentialId],
) -> Result<HashMap<CredentialId, Credential>, Error> {
    let ids = ids.iter().map(|id| id.0);
    let rows = credential::Entity::find().filter(credential::Column::Id.is_in(ids)).all(db).await?;
    rows.into_iter().map(|row| Ok((row.id.into(), row.try_into()?))).collect()
}

/// A page of the credentials whose name or user name contains the text, by name.
pub async fn list(
    db: &impl ConnectionTrait,
    search: Option<&str>,
    page: &PageRequest<NameKey>,
) -> Result<Page<Credential>, Error> {
    let select = paging::by_name(
        found(db, search),
        db.get_database_backend(),
        credential::Column::Name,
        credential::Column::Id,
        page,
    );
    let rows = select.all(db).await?.into_iter().map(Credential::try_from).collect::<Result<_, _>>()?;
    Ok(Page::from_rows(rows, page))
}

/// How many there are, up to [`paging::COUNT_BOUND`].
pub async fn count(db: &impl ConnectionTrait, search: Option<&str>) -> Result<u64, Error> {
    paging::count(db, found(db, search), credential::Column::Id).await
}

fn found(db: &impl ConnectionTrait, search: Option<&str>) -> Select<credential::Entity> {
    let select = credential::Entity::find();
    match search {
        Some(text) => {
            let columns = [credential::Column::Name, credential::Column::Username];
            select.filter(paging::contains(db.get_database_backend(), &columns, text))
        }
        None => select,
    }
}

/// The sealed secret, if one is stored.
pub async fn sealed_secret(db: &impl ConnectionTrait, id: CredentialId) -> Result<Option<Vec<u8>>, Error> {
    Ok(credential::Entity::find_by_id(id.0).one(db).await?.and_then(|row| row.secret))
}

/// Writes a new credential with its sealed secret. [`Error::Taken`] when the name is.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: &Credential,
    sealed: Option<Vec<u8>>,
) -> Result<(), Error> {
    let row = credential::ActiveModel {
        id: Set(new.id.0),
        name: Set(new.name.clone()),
        kind: Set(new.kind.as_str().to_owned()),
        username: Set(new.username.clone()),
        secret: Set(sealed),
        secret_updated_at: Set(new.secret_updated_at),
        version: Set(new.version),
        created_at: Set(new.created_at),
        updated_at: Set(new.updated_at),
    };
    credential::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Writes what a credential has become, over version `was`; the secret only when a sealed one is given.
/// [`Error::Stale`] when it has another version, [`Error::Taken`] when the name is.
pub async fn update(
    db: &impl ConnectionTrait,
    changed: &Credential,
    sealed: Option<(Vec<u8>, DateTime<Utc>)>,
    was: i32,
) -> Result<(), Error> {
    let mut row = credential::ActiveModel {
        name: Set(changed.name.clone()),
        kind: Set(changed.kind.as_str().to_owned()),
        username: Set(changed.username.clone()),
        version: Set(changed.version),
        updated_at: Set(changed.updated_at),
        ..Default::default()
    };
    if let Some((secret, at)) = sealed {
        row.secret = Set(Some(secret));
        row.secret_updated_at = Set(Some(at));
    }
    let done = credential::Entity::update_many()
        .set(row)
        .filter(credential::Column::Id.eq(changed.id.0))
        .filter(credential::Column::Version.eq(was))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Deletes it; answers whether there was one. [`Error::Referred`] while a mailbox uses it.
pub async fn delete(db: &impl ConnectionTrait, id: CredentialId) -> Result<bool, Error> {
    Ok(credential::Entity::delete_by_id(id.0).exec(db).await?.rows_affected == 1)
}

impl TryFrom<credential::Model> for Credential {
    type Error = Error;

    fn try_from(row: credential::Model) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.into(),
            kind: parse("credential", &row.kind)?,
            name: row.name,
            username: row.username,
            has_secret: row.secret.is_some(),
            secret_updated_at: row.secret_updated_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
