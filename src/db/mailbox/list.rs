//! Lists of mailboxes.

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    QueryTrait, Select,
};
use uuid::Uuid;

use crate::db::Error;
use crate::db::entity::mailbox;
use crate::db::paging::{self, NameKey};
use crate::db::read::keyset::each;
use crate::domain::health::MailboxState;
use crate::domain::id::{CredentialId, MappingId};
use crate::domain::mailbox::{Mailbox, MailboxKind, MailboxMode, ProviderKind};
use crate::domain::page::{Page, PageRequest};

/// Which mailboxes are meant; what is None does not matter, an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailboxFilter {
    /// Of one of these kinds of mail system.
    pub providers: Option<Vec<ProviderKind>>,
    /// In one of these states.
    pub states: Option<Vec<MailboxState>>,
    /// Of one of these kinds.
    pub kinds: Option<Vec<MailboxKind>>,
    /// In one of these modes.
    pub modes: Option<Vec<MailboxMode>>,
    /// Paused, or not.
    pub paused: Option<bool>,
    /// Its title, address or display name contains the text.
    pub search: Option<String>,
    /// Logged in to with this credential.
    pub credential_id: Option<CredentialId>,
    /// Using this mapping.
    pub mapping_id: Option<MappingId>,
}

/// A page of the mailboxes that are meant, by title.
pub async fn list(
    db: &impl ConnectionTrait,
    filter: &MailboxFilter,
    page: &PageRequest<NameKey>,
) -> Result<Page<Mailbox>, Error> {
    let select = paging::by_name(
        found(db, filter),
        db.get_database_backend(),
        mailbox::Column::Title,
        mailbox::Column::Id,
        page,
    );
    let rows = select.all(db).await?.into_iter().map(Mailbox::try_from).collect::<Result<_, _>>()?;
    Ok(Page::from_rows(rows, page))
}

/// How many there are, up to [`paging::COUNT_BOUND`].
pub async fn count(db: &impl ConnectionTrait, filter: &MailboxFilter) -> Result<u64, Error> {
    paging::count(db, found(db, filter), mailbox::Column::Id).await
}

/// The same slice of the mailboxes of each credential, by title, in one statement.
pub async fn list_of_credentials(
    db: &impl ConnectionTrait,
    ids: &[CredentialId],
    page: &PageRequest<NameKey>,
) -> Result<HashMap<CredentialId, Page<Mailbox>>, Error> {
    let backend = db.get_database_backend();
    let parts = ids.iter().map(|id| {
        let of = mailbox::Entity::find().filter(mailbox::Column::CredentialId.eq(id.0));
        paging::by_name(of, backend, mailbox::Column::Title, mailbox::Column::Id, page).into_query()
    });
    let Some(select) = each(parts) else { return Ok(HashMap::new()) };
    let rows = mailbox::Model::find_by_statement(backend.build(&select)).all(db).await?;
    let mut slices = HashMap::<CredentialId, Vec<Mailbox>>::new();
    for row in rows {
        // A union keeps the order within its parts, but no standard says so.
        slices.entry(row.credential_id.into()).or_default().push(row.try_into()?);
    }
    Ok(slices
        .into_iter()
        .map(|(id, mut slice)| {
            slice.sort_by_cached_key(|mailbox| (paging::folded_key(&mailbox.title), mailbox.id));
            if page.from_end {
                slice.reverse();
            }
            (id, Page::from_rows(slice, page))
        })
        .collect())
}

/// How many mailboxes each credential has, in one statement. One without any is absent.
pub async fn count_of_credentials(
    db: &impl ConnectionTrait,
    ids: &[CredentialId],
) -> Result<HashMap<CredentialId, u64>, Error> {
    let rows: Vec<(Uuid, i64)> = mailbox::Entity::find()
        .select_only()
        .column(mailbox::Column::CredentialId)
        .column_as(mailbox::Column::Id.count(), "mailboxes")
        .filter(mailbox::Column::CredentialId.is_in(ids.iter().map(|id| id.0)))
        .group_by(mailbox::Column::CredentialId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(id, count)| (id.into(), u64::try_from(count).unwrap_or_default())).collect())
}

fn found(db: &impl ConnectionTrait, filter: &MailboxFilter) -> Select<mailbox::Entity> {
    let mut all = Condition::all()
        .add_option(any_of(mailbox::Column::Provider, filter.providers.as_deref(), ProviderKind::as_str))
        .add_option(any_of(mailbox::Column::State, filter.states.as_deref(), MailboxState::as_str))
        .add_option(any_of(mailbox::Column::Kind, filter.kinds.as_deref(), MailboxKind::as_str))
        .add_option(any_of(mailbox::Column::Mode, filter.modes.as_deref(), MailboxMode::as_str))
        .add_option(filter.paused.map(|paused| mailbox::Column::Paused.eq(paused)))
        .add_option(filter.credential_id.map(|id| mailbox::Column::CredentialId.eq(id.0)))
        .add_option(filter.mapping_id.map(|id| mailbox::Column::MappingId.eq(id.0)));
    if let Some(text) = &filter.search {
        let columns = [mailbox::Column::Title, mailbox::Column::Address, mailbox::Column::DisplayName];
        all = all.add(paging::contains(db.get_database_backend(), &columns, text));
    }
    mailbox::Entity::find().filter(all)
}

fn any_of<T: Copy>(
    column: mailbox::Column,
    wanted: Option<&[T]>,
    name: fn(T) -> &'static str,
) -> Option<Expr> {
    wanted.map(|wanted| column.is_in(wanted.iter().map(|value| name(*value))))
}
