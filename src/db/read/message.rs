//! Messages without their texts: by id, by filter, and those of many parents at once.

use std::collections::HashMap;
use std::hash::Hash;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseBackend, EntityTrait, FromQueryResult, QueryFilter,
    QuerySelect, QueryTrait, Select,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keyset::{self, Keyset};
use super::{message_filter, message_search, structure_or_none};
use crate::db::entity::message::{Column, Entity};
use crate::db::{Error, from_json, parse};
use crate::domain::filter::MessageFilter;
use crate::domain::handling::DispositionStatus;
use crate::domain::id::{InstanceId, MailboxId, MessageId, RunId};
use crate::domain::message::Message;
use crate::domain::page::{Order, Page, PageRequest};
use crate::domain::parsed::ForwardingKind;

const TABLE: &str = "message";

/// Everything but the texts, which are big.
const COLUMNS: [Column; 33] = [
    Column::Id,
    Column::MailboxId,
    Column::MappingId,
    Column::JobId,
    Column::RunId,
    Column::InstanceId,
    Column::Folder,
    Column::SourceId,
    Column::InternetMessageId,
    Column::ConversationId,
    Column::SentAt,
    Column::ReceivedAt,
    Column::IngestedAt,
    Column::Importance,
    Column::Automatic,
    Column::Forwarding,
    Column::Oddity,
    Column::Size,
    Column::AttachmentCount,
    Column::HasRaw,
    Column::State,
    Column::Reason,
    Column::Failure,
    Column::Matched,
    Column::DispositionState,
    Column::Disposition,
    Column::DispositionAttempts,
    Column::DispositionDueAt,
    Column::DispositionDoneAt,
    Column::DispositionNote,
    Column::DispositionFault,
    Column::Subject,
    Column::Snippet,
];

/// Where a message stands in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MessageKey {
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// Its id.
    pub id: MessageId,
}

impl MessageKey {
    /// Of that message.
    pub const fn of(message: &Message) -> Self {
        Self { received_at: message.received_at, id: message.id }
    }
}

struct ByReceipt;

impl Keyset for ByReceipt {
    type Key = MessageKey;

    fn columns(&self) -> Vec<SimpleExpr> {
        vec![Column::ReceivedAt.into_expr(), Column::Id.into_expr()]
    }

    fn values(&self, key: &MessageKey) -> Vec<SimpleExpr> {
        vec![Expr::val(key.received_at), Expr::val(key.id.0)]
    }
}

/// What messages are asked for by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// The mailbox they came to.
    Mailbox,
    /// The instance they belong to.
    Instance,
    /// The run that took them in.
    Run,
}

/// A parent that has messages.
pub trait HasMessages: Copy + Eq + Hash + Into<Uuid> + From<Uuid> {
    /// Which kind of parent it is.
    const PARENT: Parent;
}

impl HasMessages for MailboxId {
    const PARENT: Parent = Parent::Mailbox;
}
impl HasMessages for InstanceId {
    const PARENT: Parent = Parent::Instance;
}
impl HasMessages for RunId {
    const PARENT: Parent = Parent::Run;
}

impl Parent {
    const fn column(self) -> Column {
        match self {
            Self::Mailbox => Column::MailboxId,
            Self::Instance => Column::InstanceId,
            Self::Run => Column::RunId,
        }
    }
}

/// The messages of these ids that exist.
pub async fn by_ids(
    db: &impl ConnectionTrait,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Message>, Error> {
    let select = shown().filter(keyset::any_of(db, Column::Id, ids));
    let rows = rows(db, &select.into_query()).await?;
    Ok(rows.into_iter().map(|message| (message.id, message)).collect())
}

/// A slice of the messages that match.
pub async fn list(
    db: &impl ConnectionTrait,
    filter: &MessageFilter,
    order: Order,
    page: &PageRequest<MessageKey>,
) -> Result<Page<Message>, Error> {
    let select = slice(db, filter, None, order, page);
    Ok(Page::from_rows(rows(db, &select).await?, page))
}

/// How many match, up to [`super::COUNT_BOUND`].
pub async fn count(db: &impl ConnectionTrait, filter: &MessageFilter) -> Result<u64, Error> {
    let row = db.query_one(&keyset::capped(matching(db, filter, None))).await?;
    let count = row.map(|row| row.try_get("", "count")).transpose()?;
    Ok(count.map_or(0, super::counted))
}

/// The same slice of the messages of each parent, in one statement.
pub async fn list_of<P: HasMessages>(
    db: &impl ConnectionTrait,
    parents: &[P],
    filter: &MessageFilter,
    order: Order,
    page: &PageRequest<MessageKey>,
) -> Result<HashMap<P, Page<Message>>, Error> {
    let parts =
        parents.iter().map(|parent| slice(db, filter, Some((P::PARENT, (*parent).into())), order, page));
    let Some(select) = keyset::each(parts) else { return Ok(HashMap::new()) };
    let mut slices: HashMap<P, Vec<Message>> = parents.iter().map(|parent| (*parent, Vec::new())).collect();
    for message in rows(db, &select).await? {
        let parent = match P::PARENT {
            Parent::Mailbox => Some(message.mailbox_id.into()),
            Parent::Instance => message.instance_id.map(Into::into),
            Parent::Run => message.run_id.map(Into::into),
        };
        if let Some(slice) = parent.and_then(|parent: Uuid| slices.get_mut(&P::from(parent))) {
            slice.push(message);
        }
    }
    Ok(slices
        .into_iter()
        .map(|(parent, mut slice)| {
            // A statement of many parts promises no order, not even within a part.
            slice.sort_by_key(|message| (message.received_at, message.id));
            if (order == Order::NewestFirst) != page.from_end {
                slice.reverse();
            }
            (parent, Page::from_rows(slice, page))
        })
        .collect())
}

/// How many messages of each parent match, in one statement, up to [`super::COUNT_BOUND`].
pub async fn count_of<P: HasMessages>(
    db: &impl ConnectionTrait,
    parents: &[P],
    filter: &MessageFilter,
) -> Result<HashMap<P, u64>, Error> {
    #[derive(FromQueryResult)]
    struct Counted {
        position: i32,
        count: i64,
    }
    let parts = (0_i32..).zip(parents).map(|(position, parent)| {
        let mut count = keyset::capped(matching(db, filter, Some((P::PARENT, (*parent).into()))));
        count.expr_as(Expr::val(position), "position");
        count
    });
    let Some(select) = keyset::each(parts) else { return Ok(HashMap::new()) };
    let counted = Counted::find_by_statement(db.get_database_backend().build(&select)).all(db).await?;
    Ok(counted
        .into_iter()
        .filter_map(|row| {
            let parent = parents.get(usize::try_from(row.position).ok()?)?;
            Some((*parent, super::counted(row.count)))
        })
        .collect())
}

/// Messages that were emptied are tombstones: they exist for the intake alone.
fn shown() -> Select<Entity> {
    Entity::find().select_only().columns(COLUMNS).filter(Column::EmptiedAt.is_null())
}

fn matching(
    db: &impl ConnectionTrait,
    filter: &MessageFilter,
    parent: Option<(Parent, Uuid)>,
) -> SelectStatement {
    let backend = db.get_database_backend();
    if let Some(search) = message_search::by_index(backend, filter, parent) {
        return search.all(backend);
    }
    let mut select = shown().filter(message_filter::condition(backend, filter)).into_query();
    if let Some((parent, id)) = parent {
        select.and_where(parent.column().eq(id));
    }
    select
}

/// That a message matches, as a condition on its row.
pub(in crate::db) fn condition(backend: DatabaseBackend, filter: &MessageFilter) -> Condition {
    let Some(search) = message_search::by_index(backend, filter, None) else {
        return message_filter::condition(backend, filter);
    };
    let of_index = backend == DatabaseBackend::Postgres && search.index_answers;
    let table = if of_index { search.index.rows } else { search.table };
    let found = search.all(backend).expr(Expr::col((table, "id"))).to_owned();
    Condition::all().add(Column::Id.in_subquery(found))
}

fn slice(
    db: &impl ConnectionTrait,
    filter: &MessageFilter,
    parent: Option<(Parent, Uuid)>,
    order: Order,
    page: &PageRequest<MessageKey>,
) -> SelectStatement {
    let backend = db.get_database_backend();
    if let Some(search) = message_search::by_index(backend, filter, parent) {
        let millis = |key: &MessageKey| key.received_at.timestamp_millis();
        return search.slice(backend, &COLUMNS, &ByReceipt, order, page, millis);
    }
    let mut select = matching(db, filter, parent);
    keyset::slice(&mut select, &ByReceipt, order, page);
    select
}

async fn rows(db: &impl ConnectionTrait, select: &SelectStatement) -> Result<Vec<Message>, Error> {
    let rows = Row::find_by_statement(db.get_database_backend().build(select)).all(db).await?;
    rows.into_iter().map(Message::try_from).collect()
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    mailbox_id: Uuid,
    mapping_id: Option<Uuid>,
    job_id: Option<Uuid>,
    run_id: Option<Uuid>,
    instance_id: Option<Uuid>,
    folder: String,
    source_id: String,
    internet_message_id: Option<String>,
    conversation_id: Option<String>,
    sent_at: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
    ingested_at: DateTime<Utc>,
    importance: String,
    automatic: Option<String>,
    forwarding: Option<String>,
    oddity: Option<String>,
    size: i64,
    attachment_count: i32,
    has_raw: bool,
    state: String,
    reason: Option<String>,
    failure: Option<serde_json::Value>,
    matched: Option<serde_json::Value>,
    disposition_state: String,
    disposition: serde_json::Value,
    disposition_attempts: i32,
    disposition_due_at: Option<DateTime<Utc>>,
    disposition_early: Option<String>,
    disposition_done_at: Option<DateTime<Utc>>,
    disposition_note: Option<String>,
    disposition_fault: Option<serde_json::Value>,
    subject: String,
    snippet: String,
}

impl TryFrom<Row> for Message {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.into(),
            mailbox_id: row.mailbox_id.into(),
            mapping_id: row.mapping_id.map(Into::into),
            job_id: row.job_id.map(Into::into),
            run_id: row.run_id.map(Into::into),
            folder: row.folder,
            source_id: row.source_id,
            internet_message_id: row.internet_message_id,
            conversation_id: row.conversation_id,
            subject: row.subject,
            snippet: row.snippet,
            sent_at: row.sent_at,
            received_at: row.received_at,
            ingested_at: row.ingested_at,
            importance: parse(TABLE, &row.importance)?,
            automatic: row.automatic.map(|name| parse(TABLE, &name)).transpose()?,
            forwarding: row.forwarding.map_or(Ok(ForwardingKind::None), |name| parse(TABLE, &name))?,
            oddity: row.oddity.map(|name| parse(TABLE, &name)).transpose()?,
            size: row.size,
            attachment_count: row.attachment_count,
            has_raw: row.has_raw,
            state: parse(TABLE, &row.state)?,
            reason: row.reason,
            failure: structure_or_none(TABLE, row.failure)?,
            matched: structure_or_none(TABLE, row.matched)?,
            instance_id: row.instance_id.map(Into::into),
            disposition: DispositionStatus {
                state: parse(TABLE, &row.disposition_state)?,
                wanted: from_json(TABLE, row.disposition)?,
                attempts: row.disposition_attempts,
                due_at: row.disposition_due_at,
                early: row.disposition_early.map(|name| parse(TABLE, &name)).transpose()?,
                done_at: row.disposition_done_at,
                note: row.disposition_note,
                fault: structure_or_none(TABLE, row.disposition_fault)?,
            },
        })
    }
}
