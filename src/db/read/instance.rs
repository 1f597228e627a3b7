//! Process instances: by id, reference or external id, and by filter.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, Iterable, QueryFilter, QueryTrait,
};
use uuid::Uuid;

use super::keyset::{self, Keyset};
use super::search::Search;
use crate::db::Error;
use crate::db::entity::process_instance::{Column, Entity, Model};
use crate::db::search::{Index, created_millis};
use crate::domain::filter::InstanceFilter;
use crate::domain::id::InstanceId;
use crate::domain::instance::ProcessInstance;
use crate::domain::page::{Order, Page, PageRequest};

/// Ids sort by creation.
struct ByCreation;

impl Keyset for ByCreation {
    type Key = InstanceId;

    fn columns(&self) -> Vec<SimpleExpr> {
        vec![Column::Id.into_expr()]
    }

    fn values(&self, key: &InstanceId) -> Vec<SimpleExpr> {
        vec![Expr::val(key.0)]
    }
}

/// The instances of these ids that exist.
pub async fn by_ids(
    db: &impl ConnectionTrait,
    ids: &[InstanceId],
) -> Result<HashMap<InstanceId, ProcessInstance>, Error> {
    let select = Entity::find().filter(keyset::any_of(db, Column::Id, ids));
    let rows = rows(db, &select.into_query()).await?;
    Ok(rows.into_iter().map(|instance| (instance.id, instance)).collect())
}

/// The instance with that reference. Upper and lower case are one: people type references.
pub async fn by_reference(
    db: &impl ConnectionTrait,
    reference: &str,
) -> Result<Option<ProcessInstance>, Error> {
    let select = Entity::find().filter(Column::Reference.eq(reference.to_ascii_uppercase()));
    Ok(rows(db, &select.into_query()).await?.pop())
}

/// The instance with that id of the owning system. It is unique within a process only; of several, the newest.
pub async fn by_external_id(
    db: &impl ConnectionTrait,
    external_id: &str,
) -> Result<Option<ProcessInstance>, Error> {
    let filter = InstanceFilter { external_id: Some(external_id.to_owned()), ..InstanceFilter::default() };
    let page = PageRequest { limit: 1, ..PageRequest::default() };
    Ok(list(db, &filter, Order::NewestFirst, &page).await?.items.pop())
}

/// A slice of the instances that match.
pub async fn list(
    db: &impl ConnectionTrait,
    filter: &InstanceFilter,
    order: Order,
    page: &PageRequest<InstanceId>,
) -> Result<Page<ProcessInstance>, Error> {
    let backend = db.get_database_backend();
    let select = match by_index(filter) {
        Some(search) => {
            let millis = |id: &InstanceId| created_millis(id.0);
            let columns: Vec<Column> = Column::iter().collect();
            search.slice(backend, &columns, &ByCreation, order, page, millis)
        }
        None => {
            let mut select = matching(filter);
            keyset::slice(&mut select, &ByCreation, order, page);
            select
        }
    };
    Ok(Page::from_rows(rows(db, &select).await?, page))
}

/// How many match, up to [`super::COUNT_BOUND`].
pub async fn count(db: &impl ConnectionTrait, filter: &InstanceFilter) -> Result<u64, Error> {
    let backend = db.get_database_backend();
    let all = by_index(filter).map_or_else(|| matching(filter), |search| search.all(backend));
    let row = db.query_one(&keyset::capped(all)).await?;
    let count = row.map(|row| row.try_get("", "count")).transpose()?;
    Ok(count.map_or(0, super::counted))
}

fn matching(filter: &InstanceFilter) -> SelectStatement {
    Entity::find().filter(condition(filter)).into_query()
}

/// How the filter's search is answered from the index of words.
fn by_index(filter: &InstanceFilter) -> Option<Search<'_>> {
    let query = filter.search.as_ref()?;
    let rest = InstanceFilter { search: None, ..filter.clone() };
    Some(Search {
        index: Index::INSTANCES,
        query,
        mailboxes: None,
        table: "process_instance",
        order: &["id"],
        index_answers: rest == InstanceFilter::default(),
        rest: condition(&rest),
        of_index: Condition::all(),
        millis: (None, None),
    })
}

fn condition(filter: &InstanceFilter) -> Condition {
    Condition::all()
        .add_option(filter.process.as_deref().map(|process| Column::Process.eq(process)))
        .add_option(filter.reference.as_deref().map(|it| Column::Reference.eq(it.to_ascii_uppercase())))
        .add_option(filter.external_id.as_deref().map(|id| Column::ExternalId.eq(id)))
        .add_option(filter.mapping_id.map(|id| Column::MappingId.eq(id.0)))
        .add_option(
            filter
                .mailbox_ids
                .as_ref()
                .map(|ids| Column::MailboxId.is_in(ids.iter().copied().map(Into::<Uuid>::into))),
        )
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
}

async fn rows(db: &impl ConnectionTrait, select: &SelectStatement) -> Result<Vec<ProcessInstance>, Error> {
    let rows = Model::find_by_statement(db.get_database_backend().build(select)).all(db).await?;
    rows.into_iter().map(ProcessInstance::try_from).collect()
}
