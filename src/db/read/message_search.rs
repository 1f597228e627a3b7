//! Messages by their words: when the index of words begins, and what is asked of the messages besides.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, DatabaseBackend};
use uuid::Uuid;

use super::message::Parent;
use super::message_filter;
use super::search::Search;
use crate::db::entity::message::Column;
use crate::db::search::Index;
use crate::domain::filter::MessageFilter;

/// How the filter's search is answered from the index; None where there is none to answer, or where the messages
/// begin: there are few of one instance, of one run, or by one id, and each is looked up in the index.
pub(super) fn by_index(
    backend: DatabaseBackend,
    filter: &MessageFilter,
    parent: Option<(Parent, Uuid)>,
) -> Option<Search<'_>> {
    let query = filter.search.as_ref()?;
    let by_id = filter.instance_id.is_some()
        || filter.run_id.is_some()
        || filter.source_id.is_some()
        || filter.internet_message_id.is_some();
    let mailbox = match parent {
        Some((Parent::Mailbox, id)) => Some(id),
        Some(_) => return None,
        None => None,
    };
    if by_id {
        return None;
    }
    let mut rest = MessageFilter { search: None, ..filter.clone() };
    let among: Option<Vec<Uuid>> = rest.mailbox_ids.as_ref().map(|ids| ids.iter().map(|id| id.0).collect());
    let mailboxes = match (among, mailbox) {
        (Some(among), Some(id)) => Some(among.into_iter().filter(|one| *one == id).collect()),
        (among, id) => among.or(id.map(|id| vec![id])),
    };
    // No mailbox at all can't be said in words: the condition stays, and is false.
    match &mailboxes {
        Some(mailboxes) if mailboxes.is_empty() => rest.mailbox_ids = Some(Vec::new()),
        _ => rest.mailbox_ids = None,
    }
    let mut of_index = Condition::all();
    if backend == DatabaseBackend::Postgres {
        let received = || Expr::col(("message_search", "received_at"));
        of_index = of_index
            .add_option(rest.received_since.take().map(|instant| received().gte(instant)))
            .add_option(rest.received_before.take().map(|instant| received().lt(instant)));
    }
    let millis = (
        rest.received_since.map(|instant| instant.timestamp_millis()),
        rest.received_before.map(|instant| instant.timestamp_millis()),
    );
    Some(Search {
        index: Index::MESSAGES,
        query,
        mailboxes: mailboxes.filter(|mailboxes| !mailboxes.is_empty()),
        table: "message",
        order: &["received_at", "id"],
        index_answers: rest == MessageFilter::default(),
        rest: Condition::all()
            .add(Column::EmptiedAt.is_null())
            .add(message_filter::condition(backend, &rest)),
        of_index,
        millis,
    })
}
