//! Lists of mailboxes.

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Select};

use crate::db::Error;
use crate::db::entity::mailbox;
use crate::db::paging::{self, NameKey};
use crate::domain::health::MailboxState;
use crate::domain::id::{CredentialId, MappingId};
use crate::domain::mailbox::{Mailbox, MailboxKind, MailboxMode, ProviderKind};
use crate::domain::page::{Page, PageRequest};

/// Which mailboxes are meant; an empty list or None does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailboxFilter {
    /// Of one of these kinds of mail system.
    pub providers: Vec<ProviderKind>,
    /// In one of these states.
    pub states: Vec<MailboxState>,
    /// Of one of these kinds.
    pub kinds: Vec<MailboxKind>,
    /// In one of these modes.
    pub modes: Vec<MailboxMode>,
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
    let any_of =
        |column: mailbox::Column, names: Vec<&'static str>| (!names.is_empty()).then(|| column.is_in(names));
    let mut all = Condition::all()
        .add_option(any_of(mailbox::Column::Provider, filter.providers.iter().map(|v| v.as_str()).collect()))
        .add_option(any_of(mailbox::Column::State, filter.states.iter().map(|v| v.as_str()).collect()))
        .add_option(any_of(mailbox::Column::Kind, filter.kinds.iter().map(|v| v.as_str()).collect()))
        .add_option(any_of(mailbox::Column::Mode, filter.modes.iter().map(|v| v.as_str()).collect()))
        .add_option(filter.paused.map(|paused| mailbox::Column::Paused.eq(paused)))
        .add_option(filter.credential_id.map(|id| mailbox::Column::CredentialId.eq(id.0)))
        .add_option(filter.mapping_id.map(|id| mailbox::Column::MappingId.eq(id.0)));
    if let Some(text) = &filter.search {
        let columns = [mailbox::Column::Title, mailbox::Column::Address, mailbox::Column::DisplayName];
        all = all.add(paging::contains(db.get_database_backend(), &columns, text));
    }
    mailbox::Entity::find().filter(all)
}
