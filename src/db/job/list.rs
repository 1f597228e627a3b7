//! Lists of jobs.

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Select};

use crate::db::Error;
use crate::db::entity::job;
use crate::db::paging::{self, NameKey};
use crate::domain::id::MailboxId;
use crate::domain::job::Job;
use crate::domain::page::{Page, PageRequest};

/// Which jobs are meant; what is None does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Of this mailbox.
    pub mailbox_id: Option<MailboxId>,
    /// Enabled, or not.
    pub enabled: Option<bool>,
    /// Its name or folder contains the text.
    pub search: Option<String>,
}

/// A page of the jobs that are meant, by name.
pub async fn list(
    db: &impl ConnectionTrait,
    filter: &JobFilter,
    page: &PageRequest<NameKey>,
) -> Result<Page<Job>, Error> {
    let select = paging::by_name(
        found(db, filter),
        db.get_database_backend(),
        job::Column::Name,
        job::Column::Id,
        page,
    );
    let rows = select.all(db).await?.into_iter().map(Job::try_from).collect::<Result<_, _>>()?;
    Ok(Page::from_rows(rows, page))
}

/// How many there are, up to [`paging::COUNT_BOUND`].
pub async fn count(db: &impl ConnectionTrait, filter: &JobFilter) -> Result<u64, Error> {
    paging::count(db, found(db, filter), job::Column::Id).await
}

fn found(db: &impl ConnectionTrait, filter: &JobFilter) -> Select<job::Entity> {
    let mut all = Condition::all()
        .add_option(filter.mailbox_id.map(|id| job::Column::MailboxId.eq(id.0)))
        .add_option(filter.enabled.map(|enabled| job::Column::Enabled.eq(enabled)));
    if let Some(text) = &filter.search {
        let columns = [job::Column::Name, job::Column::Folder];
        all = all.add(paging::contains(db.get_database_backend(), &columns, text));
    }
    job::Entity::find().filter(all)
}
