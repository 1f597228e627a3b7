//! Mappings, and the process that each reference prefix belongs to.

use std::collections::HashMap;

use sea_orm::sea_query::{LockType, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Select,
    Statement,
};

use super::entity::{mailbox, mapping};
use super::paging::{self, NameKey};
use super::{Error, from_json, to_json};
use crate::domain::id::{MailboxId, MappingId};
use crate::domain::mapping::Mapping;
use crate::domain::page::{Page, PageRequest};

/// Which mappings are meant; what is None does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingFilter {
    /// Whether no mailbox uses it.
    pub available: Option<bool>,
    /// With `available`: this mailbox's own mapping counts as free.
    pub for_mailbox_id: Option<MailboxId>,
    /// Of this process.
    pub process: Option<String>,
    /// Its name, process or prefix contains the text.
    pub search: Option<String>,
}

/// The mapping, if there is one.
pub async fn get(db: &impl ConnectionTrait, id: MappingId) -> Result<Option<Mapping>, Error> {
    mapping::Entity::find_by_id(id.0).one(db).await?.map(Mapping::try_from).transpose()
}

/// The mapping, locked until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, id: MappingId) -> Result<Option<Mapping>, Error> {
    mapping::Entity::find_by_id(id.0)
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?
        .map(Mapping::try_from)
        .transpose()
}

/// Those of the mappings that there are.
pub async fn by_ids(
    db: &impl ConnectionTrait,
    ids: &[MappingId],
) -> Result<HashMap<MappingId, Mapping>, Error> {
    let ids = ids.iter().map(|id| id.0);
    let rows = mapping::Entity::find().filter(mapping::Column::Id.is_in(ids)).all(db).await?;
    rows.into_iter().map(|row| Ok((row.id.into(), row.try_into()?))).collect()
}

/// A page of the mappings that are meant, by name.
pub async fn list(
    db: &impl ConnectionTrait,
    filter: &MappingFilter,
    page: &PageRequest<NameKey>,
) -> Result<Page<Mapping>, Error> {
    let select = paging::by_name(
        found(db, filter),
        db.get_database_backend(),
        mapping::Column::Name,
        mapping::Column::Id,
        page,
    );
    let rows = select.all(db).await?.into_iter().map(Mapping::try_from).collect::<Result<_, _>>()?;
    Ok(Page::from_rows(rows, page))
}

/// How many there are, up to [`paging::COUNT_BOUND`].
pub async fn count(db: &impl ConnectionTrait, filter: &MappingFilter) -> Result<u64, Error> {
    paging::count(db, found(db, filter), mapping::Column::Id).await
}

fn found(db: &impl ConnectionTrait, filter: &MappingFilter) -> Select<mapping::Entity> {
    let mut all = Condition::all();
    if let Some(available) = filter.available {
        let mut bound = Query::select();
        bound.column(mailbox::Column::MappingId).from(mailbox::Entity);
        bound.and_where(mailbox::Column::MappingId.is_not_null());
        if let Some(own) = filter.for_mailbox_id {
            bound.and_where(mailbox::Column::Id.ne(own.0));
        }
        let bound = bound.to_owned();
        all = all.add(if available {
            mapping::Column::Id.not_in_subquery(bound)
        } else {
            mapping::Column::Id.in_subquery(bound)
        });
    }
    if let Some(process) = &filter.process {
        all = all.add(mapping::Column::Process.eq(process));
    }
    if let Some(text) = &filter.search {
        let columns = [mapping::Column::Name, mapping::Column::Process, mapping::Column::ReferencePrefix];
        all = all.add(paging::contains(db.get_database_backend(), &columns, text));
    }
    mapping::Entity::find().filter(all)
}

/// Writes a new mapping. [`Error::Taken`] when the name is.
pub async fn insert(db: &impl ConnectionTrait, new: &Mapping) -> Result<(), Error> {
    let row = mapping::ActiveModel { id: Set(new.id.0), created_at: Set(new.created_at), ..columns(new)? };
    mapping::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Writes what a mapping has become, over version `was`. [`Error::Stale`] when it has another version,
/// [`Error::Taken`] when the name is.
pub async fn update(db: &impl ConnectionTrait, changed: &Mapping, was: i32) -> Result<(), Error> {
    let done = mapping::Entity::update_many()
        .set(columns(changed)?)
        .filter(mapping::Column::Id.eq(changed.id.0))
        .filter(mapping::Column::Version.eq(was))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Deletes it; answers whether there was one. [`Error::Referred`] while a mailbox uses it.
pub async fn delete(db: &impl ConnectionTrait, id: MappingId) -> Result<bool, Error> {
    Ok(mapping::Entity::delete_by_id(id.0).exec(db).await?.rows_affected == 1)
}

/// Claims the mapping's reference prefix for its process and answers whose the prefix is. One that no other mapping
/// uses and no reference was given of changes hands.
pub async fn claim_prefix(tx: &impl ConnectionTrait, mapping: &Mapping) -> Result<String, Error> {
    let claim = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "INSERT INTO reference_prefix (prefix, process, last_number) VALUES ($1, $2, 0) \
         ON CONFLICT (prefix) DO UPDATE SET process = CASE \
         WHEN reference_prefix.last_number = 0 AND NOT EXISTS \
         (SELECT 1 FROM mapping WHERE mapping.reference_prefix = excluded.prefix AND mapping.id <> $3) \
         THEN excluded.process ELSE reference_prefix.process END RETURNING process",
        [mapping.reference_prefix.as_str().into(), mapping.process.as_str().into(), mapping.id.0.into()],
    );
    let row = tx.query_one_raw(claim).await?;
    let row =
        row.ok_or(Error::Corrupt { table: "reference_prefix", reason: "nothing returned".to_owned() })?;
    Ok(row.try_get("", "process")?)
}

fn columns(mapping: &Mapping) -> Result<mapping::ActiveModel, Error> {
    Ok(mapping::ActiveModel {
        name: Set(mapping.name.clone()),
        process: Set(mapping.process.clone()),
        reference_prefix: Set(mapping.reference_prefix.clone()),
        rules: Set(to_json(&mapping.rules)?),
        correlation: Set(to_json(&mapping.correlation)?),
        filters: Set(to_json(&mapping.filters)?),
        loop_protection: Set(to_json(&mapping.loop_protection)?),
        forwarding: Set(to_json(&mapping.forwarding)?),
        attachments: Set(to_json(&mapping.attachments)?),
        version: Set(mapping.version),
        updated_at: Set(mapping.updated_at),
        ..Default::default()
    })
}

impl TryFrom<mapping::Model> for Mapping {
    type Error = Error;

    fn try_from(row: mapping::Model) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.into(),
            name: row.name,
            process: row.process,
            reference_prefix: row.reference_prefix,
            rules: from_json("mapping", row.rules)?,
            correlation: from_json("mapping", row.correlation)?,
            filters: from_json("mapping", row.filters)?,
            loop_protection: from_json("mapping", row.loop_protection)?,
            forwarding: from_json("mapping", row.forwarding)?,
            attachments: from_json("mapping", row.attachments)?,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
