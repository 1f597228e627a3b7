//! Runs: by id, by filter, and those of many jobs at once.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryTrait,
};
use uuid::Uuid;

use super::keyset::{self, Keyset};
use super::names;
use crate::db::Error;
use crate::db::entity::run::{Column, Entity, Model};
use crate::domain::filter::RunFilter;
use crate::domain::id::{JobId, RunId};
use crate::domain::page::{Order, Page, PageRequest};
use crate::domain::run::{Run, RunState, RunTrigger};

const ACTIVE: [RunState; 2] = [RunState::Queued, RunState::Running];

/// Ids sort by creation.
struct ByCreation;

impl Keyset for ByCreation {
    type Key = RunId;

    fn columns(&self) -> Vec<SimpleExpr> {
        vec![Column::Id.into_expr()]
    }

    fn values(&self, key: &RunId) -> Vec<SimpleExpr> {
        vec![Expr::val(key.0)]
    }
}

/// The runs of these ids that exist.
pub async fn by_ids(db: &impl ConnectionTrait, ids: &[RunId]) -> Result<HashMap<RunId, Run>, Error> {
    let select = Entity::find().filter(keyset::any_of(db, Column::Id, ids));
    Ok(rows(db, &select.into_query()).await?.into_iter().map(|run| (run.id, run)).collect())
}

/// A slice of the runs that match.
pub async fn list(
    db: &impl ConnectionTrait,
    filter: &RunFilter,
    order: Order,
    page: &PageRequest<RunId>,
) -> Result<Page<Run>, Error> {
    let mut select = matching(filter);
    keyset::slice(&mut select, &ByCreation, order, page);
    Ok(Page::from_rows(rows(db, &select).await?, page))
}

/// How many match, up to [`super::COUNT_BOUND`].
pub async fn count(db: &impl ConnectionTrait, filter: &RunFilter) -> Result<u64, Error> {
    let row = db.query_one(&keyset::capped(matching(filter))).await?;
    let count = row.map(|row| row.try_get("", "count")).transpose()?;
    Ok(count.map_or(0, super::counted))
}

/// The same slice of the runs of each job, in one statement.
pub async fn list_of_jobs(
    db: &impl ConnectionTrait,
    jobs: &[JobId],
    order: Order,
    page: &PageRequest<RunId>,
) -> Result<HashMap<JobId, Page<Run>>, Error> {
    let parts = jobs.iter().map(|job| {
        let mut select = matching(&RunFilter { job_id: Some(*job), ..RunFilter::default() });
        keyset::slice(&mut select, &ByCreation, order, page);
        select
    });
    let Some(select) = keyset::each(parts) else { return Ok(HashMap::new()) };
    let mut slices: HashMap<JobId, Vec<Run>> = jobs.iter().map(|job| (*job, Vec::new())).collect();
    for run in rows(db, &select).await? {
        slices.entry(run.job_id).or_default().push(run);
    }
    Ok(slices
        .into_iter()
        .map(|(job, mut slice)| {
            slice.sort_by_key(|run| run.id);
            if (order == Order::NewestFirst) != page.from_end {
                slice.reverse();
            }
            (job, Page::from_rows(slice, page))
        })
        .collect())
}

/// How many runs each job has, in one statement, up to [`super::COUNT_BOUND`].
pub async fn count_of_jobs(db: &impl ConnectionTrait, jobs: &[JobId]) -> Result<HashMap<JobId, u64>, Error> {
    #[derive(FromQueryResult)]
    struct Counted {
        position: i32,
        count: i64,
    }
    let parts = (0_i32..).zip(jobs).map(|(position, job)| {
        let mut count = keyset::capped(matching(&RunFilter { job_id: Some(*job), ..RunFilter::default() }));
        count.expr_as(Expr::val(position), "position");
        count
    });
    let Some(select) = keyset::each(parts) else { return Ok(HashMap::new()) };
    let counted = Counted::find_by_statement(db.get_database_backend().build(&select)).all(db).await?;
    Ok(counted
        .into_iter()
        .filter_map(|row| Some((*jobs.get(usize::try_from(row.position).ok()?)?, super::counted(row.count))))
        .collect())
}

/// The run of each job that is queued or running: the one that takes in mail, else the one that maps again.
pub async fn active_of_jobs(db: &impl ConnectionTrait, jobs: &[JobId]) -> Result<HashMap<JobId, Run>, Error> {
    let select = Entity::find()
        .filter(keyset::any_of(db, Column::JobId, jobs))
        .filter(Column::State.is_in(names(&ACTIVE, RunState::as_str)));
    let mut active = rows(db, &select.into_query()).await?;
    // The one that takes in mail counts, where messages are mapped again beside it.
    active.sort_by_key(|run| run.trigger != RunTrigger::Reprocess);
    Ok(active.into_iter().map(|run| (run.job_id, run)).collect())
}

/// The newest finished run of each job.
pub async fn last_of_jobs(db: &impl ConnectionTrait, jobs: &[JobId]) -> Result<HashMap<JobId, Run>, Error> {
    let newest = PageRequest { limit: 1, ..PageRequest::default() };
    let parts = jobs.iter().map(|job| {
        let mut select = Entity::find()
            .filter(Column::JobId.eq(job.0))
            .filter(Column::State.is_not_in(names(&ACTIVE, RunState::as_str)))
            .into_query();
        keyset::slice(&mut select, &ByCreation, Order::NewestFirst, &newest);
        select.limit(1).to_owned()
    });
    let Some(select) = keyset::each(parts) else { return Ok(HashMap::new()) };
    Ok(rows(db, &select).await?.into_iter().map(|run| (run.job_id, run)).collect())
}

fn matching(filter: &RunFilter) -> SelectStatement {
    let condition = Condition::all()
        .add_option(filter.job_id.map(|id| Column::JobId.eq(Uuid::from(id))))
        .add_option(filter.mailbox_id.map(|id| Column::MailboxId.eq(Uuid::from(id))))
        .add_option(filter.states.as_deref().map(|are| Column::State.is_in(names(are, RunState::as_str))));
    Entity::find().filter(condition).into_query()
}

async fn rows(db: &impl ConnectionTrait, select: &SelectStatement) -> Result<Vec<Run>, Error> {
    let rows = Model::find_by_statement(db.get_database_backend().build(select)).all(db).await?;
    rows.into_iter().map(Run::try_from).collect()
}
