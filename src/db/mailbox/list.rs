//! Lists of mailboxes.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Select};

use crate::db::Error;
use crate::db::entity::mailbox;
use crate::db::paging::{self, NameKey};
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
