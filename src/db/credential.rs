//! Credentials. Secrets are here as they are sealed; only `secret` opens them.

mod expiry;

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, LockType, SimpleExpr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Select,
};

use super::entity::credential;
use super::paging::{self, NameKey};
use super::{Error, from_json, to_json};
use crate::domain::credential::{Credential, CredentialSettings};
use crate::domain::id::CredentialId;
use crate::domain::page::{Page, PageRequest};

pub use expiry::{Lapsing, lapsing, tell};

/// The table, as part of what a secret is sealed with.
pub const TABLE: &str = "credential";

/// What becomes of the sealed secrets of a credential that is changed.
pub enum Secrets {
    /// They stay.
    Keep,
    /// Those given take the place of the saved ones.
    Change {
        /// Password, client secret or private key.
        secret: Option<Vec<u8>>,
        /// The refresh token.
        refresh_token: Option<Vec<u8>>,
    },
    /// The client is another one: the refresh token was the old one's. A secret that is given takes the place of the saved
    /// one.
    Forget {
        /// Password, client secret or private key.
        secret: Option<Vec<u8>>,
    },
    /// The kind is another one: only those given stay.
    Replace {
        /// Password, client secret or private key.
        secret: Option<Vec<u8>>,
        /// The refresh token.
        refresh_token: Option<Vec<u8>>,
    },
}

impl Secrets {
    /// From what is given, to a credential of the same kind or of another one.
    pub fn new(same_kind: bool, secret: Option<Vec<u8>>, refresh_token: Option<Vec<u8>>) -> Self {
        match (same_kind, &secret, &refresh_token) {
            (true, None, None) => Self::Keep,
            (true, ..) => Self::Change { secret, refresh_token },
            (false, ..) => Self::Replace { secret, refresh_token },
        }
    }

    /// Whether all stay.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// Whether there is a secret then.
    pub const fn has_secret(&self, had: bool) -> bool {
        match self {
            Self::Keep => had,
            Self::Change { secret, .. } | Self::Forget { secret } => had || secret.is_some(),
            Self::Replace { secret, .. } => secret.is_some(),
        }
    }

    /// Whether there is a refresh token then.
    pub const fn has_refresh_token(&self, had: bool) -> bool {
        match self {
            Self::Keep => had,
            Self::Change { refresh_token, .. } => had || refresh_token.is_some(),
            Self::Forget { .. } => false,
            Self::Replace { refresh_token, .. } => refresh_token.is_some(),
        }
    }
}

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

/// The user name, or the client id: what a person looks for.
fn looked_for(settings: &CredentialSettings) -> Option<String> {
    let client = || settings.app().map(|app| app.client_id.as_str());
    let identity = || settings.identity().and_then(|identity| identity.client_id.as_deref());
    let oauth2 = || settings.oauth2().map(|oauth2| oauth2.client_id.as_str());
    settings.username().or_else(client).or_else(identity).or_else(oauth2).map(str::to_owned)
}

/// The secrets of a credential, sealed.
#[derive(Default)]
pub struct Sealed {
    /// Password, client secret or private key.
    pub secret: Option<Vec<u8>>,
    /// The refresh token.
    pub refresh_token: Option<Vec<u8>>,
}

/// The sealed secrets; none of a credential that is gone.
pub async fn sealed(db: &impl ConnectionTrait, id: CredentialId) -> Result<Sealed, Error> {
    let row = credential::Entity::find_by_id(id.0).one(db).await?;
    let secrets = row.map(|row| Sealed { secret: row.secret, refresh_token: row.refresh_token });
    Ok(secrets.unwrap_or_default())
}

/// Writes a new credential with its sealed secrets. [`Error::Taken`] when the name is.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: &Credential,
    secret: Option<Vec<u8>>,
    refresh_token: Option<Vec<u8>>,
) -> Result<(), Error> {
    let row = credential::ActiveModel {
        id: Set(new.id.0),
        name: Set(new.name.clone()),
        kind: Set(new.settings.kind().as_str().to_owned()),
        username: Set(looked_for(&new.settings)),
        settings: Set(to_json(&new.settings)?),
        secret: Set(secret),
        refresh_token: Set(refresh_token),
        expires_at: Set(new.expires_at),
        expiry_told: Set(None),
        secret_updated_at: Set(new.secret_updated_at),
        version: Set(new.version),
        created_at: Set(new.created_at),
        updated_at: Set(new.updated_at),
    };
    credential::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Writes what a credential has become, over version `was`, with what becomes of its secrets.
/// [`Error::Stale`] when it has another version, [`Error::Taken`] when the name is.
pub async fn update(
    db: &impl ConnectionTrait,
    changed: &Credential,
    secrets: Secrets,
    was: i32,
) -> Result<(), Error> {
    let mut row = credential::ActiveModel {
        name: Set(changed.name.clone()),
        kind: Set(changed.settings.kind().as_str().to_owned()),
        username: Set(looked_for(&changed.settings)),
        settings: Set(to_json(&changed.settings)?),
        expires_at: Set(changed.expires_at),
        secret_updated_at: Set(changed.secret_updated_at),
        version: Set(changed.version),
        updated_at: Set(changed.updated_at),
        ..Default::default()
    };
    let told = told_after(changed, &secrets);
    match secrets {
        Secrets::Keep => {}
        Secrets::Change { secret, refresh_token } => {
            row.secret = secret.map_or(row.secret, |secret| Set(Some(secret)));
            row.refresh_token = refresh_token.map_or(row.refresh_token, |token| Set(Some(token)));
        }
        Secrets::Forget { secret } => {
            row.secret = secret.map_or(row.secret, |secret| Set(Some(secret)));
            row.refresh_token = Set(None);
        }
        Secrets::Replace { secret, refresh_token } => {
            row.secret = Set(secret);
            row.refresh_token = Set(refresh_token);
        }
    }
    let done = credential::Entity::update_many()
        .set(row)
        .col_expr(credential::Column::ExpiryTold, told)
        .filter(credential::Column::Id.eq(changed.id.0))
        .filter(credential::Column::Version.eq(was))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// What was told of the end of its secret: nothing yet of another secret, or of another end.
fn told_after(changed: &Credential, secrets: &Secrets) -> SimpleExpr {
    let nothing = Expr::val(Option::<i32>::None);
    match changed.expires_at {
        Some(end) if secrets.is_keep() => {
            let same_end = credential::Column::ExpiresAt.eq(end);
            Expr::case(same_end, Expr::col(credential::Column::ExpiryTold)).finally(nothing).into()
        }
        _ => nothing,
    }
}

/// Puts a new refresh token, sealed, in the place of the one that was; not if it is another one by now. Nothing that a
/// person sees changes, and so does not the version.
pub async fn rotate(
    db: &impl ConnectionTrait,
    id: CredentialId,
    was: &[u8],
    new: Vec<u8>,
) -> Result<(), Error> {
    let row = credential::ActiveModel { refresh_token: Set(Some(new)), ..Default::default() };
    credential::Entity::update_many()
        .set(row)
        .filter(credential::Column::Id.eq(id.0))
        .filter(credential::Column::RefreshToken.eq(was))
        .exec(db)
        .await?;
    Ok(())
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
            name: row.name,
            settings: from_json(TABLE, row.settings)?,
            has_secret: row.secret.is_some(),
            has_refresh_token: row.refresh_token.is_some(),
            expires_at: row.expires_at,
            secret_updated_at: row.secret_updated_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
