//! A filter of messages as a condition on columns.

use sea_orm::sea_query::extension::postgres::PgExpr;
use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr, Query, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, DatabaseBackend};
use uuid::Uuid;

use super::{names, search};
use crate::db::entity::message::Column;
use crate::db::entity::{mailbox, message_address};
use crate::db::pairing::internet_message_id_hash;
use crate::db::search::Index;
use crate::domain::filter::MessageFilter;
use crate::domain::handling::DispositionState;
use crate::domain::message::{AddressRole, MessageState, Stage};
use crate::domain::parsed::AutomaticKind;

pub(super) fn condition(backend: DatabaseBackend, filter: &MessageFilter) -> Condition {
    Condition::all()
        .add_option(filter.mailbox_ids.as_ref().map(|ids| among(Column::MailboxId, ids)))
        .add_option(filter.unified.map(unified))
        .add_option(filter.mapping_ids.as_ref().map(|ids| among(Column::MappingId, ids)))
        .add_option(filter.states.as_deref().map(|are| Column::State.is_in(names(are, MessageState::as_str))))
        .add_option(filter.stages.as_deref().map(failed_at))
        .add_option(
            filter
                .disposition_states
                .as_deref()
                .map(|are| Column::DispositionState.is_in(names(are, DispositionState::as_str))),
        )
        .add_option(
            filter.automatic.as_deref().map(|are| Column::Automatic.is_in(names(are, AutomaticKind::as_str))),
        )
        .add_option(filter.folder.as_deref().map(|folder| Column::Folder.eq(folder)))
        .add_option(filter.from.as_deref().map(|words| addressed(backend, &[AddressRole::From], words)))
        .add_option(
            filter.to.as_deref().map(|words| addressed(backend, &[AddressRole::To, AddressRole::Cc], words)),
        )
        .add_option(filter.subject.as_deref().map(|words| holds(backend, Column::Subject.into_expr(), words)))
        .add_option(filter.source_id.as_deref().map(|id| Column::SourceId.eq(id)))
        .add_option(filter.internet_message_id.as_deref().map(has_message_id))
        .add_option(
            filter.search.as_ref().map(|query| search::is_found(backend, Index::MESSAGES, query, "message")),
        )
        .add_option(filter.received_since.map(|instant| Column::ReceivedAt.gte(instant)))
        .add_option(filter.received_before.map(|instant| Column::ReceivedAt.lt(instant)))
        .add_option(
            filter
                .has_attachments
                .map(|has| if has { Column::AttachmentCount.gt(0) } else { Column::AttachmentCount.eq(0) }),
        )
        .add_option(filter.linked.map(|linked| {
            if linked { Column::InstanceId.is_not_null() } else { Column::InstanceId.is_null() }
        }))
        .add_option(filter.instance_id.map(|id| Column::InstanceId.eq(id.0)))
        .add_option(filter.run_id.map(|id| Column::RunId.eq(id.0)))
}

fn among<T: Copy + Into<Uuid>>(column: Column, ids: &[T]) -> SimpleExpr {
    column.is_in(ids.iter().copied().map(Into::<Uuid>::into))
}

/// Whether the text holds the words, which stand for themselves, in any case: all of it on PostgreSQL, the ASCII
/// letters' on SQLite.
fn holds(backend: DatabaseBackend, text: SimpleExpr, words: &str) -> SimpleExpr {
    let mut pattern = String::with_capacity(words.len() + 2);
    pattern.push('%');
    for letter in words.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    match backend {
        // A backslash escapes by default.
        DatabaseBackend::Postgres => text.ilike(pattern),
        _ => ExprTrait::like(text, LikeExpr::new(pattern).escape('\\')),
    }
}

fn unified(opted_in: bool) -> SimpleExpr {
    Column::MailboxId.in_subquery(
        Query::select()
            .column(mailbox::Column::Id)
            .from(mailbox::Entity)
            .and_where(mailbox::Column::UnifiedInbox.eq(opted_in))
            .to_owned(),
    )
}

/// Found by the hash, which is indexed. People paste ids with their brackets.
fn has_message_id(id: &str) -> SimpleExpr {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    Column::InternetMessageIdHash.eq(internet_message_id_hash(id)).and(Column::InternetMessageId.eq(id))
}

/// `->>` is the same on both databases.
fn failed_at(stages: &[Stage]) -> SimpleExpr {
    Expr::cust(r#""message"."failure" ->> 'stage'"#).is_in(names(stages, Stage::as_str))
}

fn addressed(backend: DatabaseBackend, roles: &[AddressRole], words: &str) -> SimpleExpr {
    use message_address::Column as Address;
    let matches = Condition::any().add(holds(backend, Address::Address.into_expr(), words)).add(holds(
        backend,
        Address::Name.into_expr(),
        words,
    ));
    // Not EXISTS: SQLite would look up each message's addresses, one by one, where few match.
    let addresses = Query::select()
        .column(Address::MessageId)
        .from(message_address::Entity)
        .and_where(Address::Role.is_in(roles.iter().map(|role| super::part::role_number(*role))))
        .cond_where(matches)
        .to_owned();
    Column::Id.in_subquery(addresses)
}
