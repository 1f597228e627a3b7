//! What the log and the messages give to be indexed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;
use uuid::Uuid;

use crate::db::Error;
use crate::db::entity::{event, message, message_address, process_instance};
use crate::domain::event::Fact;
use crate::domain::id::{InstanceId, MessageId};
use crate::domain::search::{Words, WordsBuilder};

/// Of a message with more addresses, the others are not indexed: its text would find no room.
const ADDRESSES: usize = 500;

/// What an event says that may have changed what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Concerned {
    pub(super) log_offset: i64,
    pub(super) message: Option<MessageId>,
    pub(super) instance: Option<InstanceId>,
}

/// A message and its words.
pub(super) struct MessageWords {
    pub(super) id: Uuid,
    pub(super) mailbox_id: Uuid,
    pub(super) received_at: DateTime<Utc>,
    pub(super) words: Words,
}

/// An instance and its words.
pub(super) struct InstanceWords {
    pub(super) id: Uuid,
    pub(super) words: Words,
}

/// The events after that one, in order.
pub(super) async fn events(
    db: &impl ConnectionTrait,
    after: i64,
    limit: u64,
) -> Result<Vec<Concerned>, Error> {
    let rows: Vec<(i64, Value)> = event::Entity::find()
        .select_only()
        .columns([event::Column::LogOffset, event::Column::Data])
        .filter(event::Column::LogOffset.gt(after))
        .order_by_asc(event::Column::LogOffset)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?;
    let concerned = rows.into_iter().map(|(log_offset, data)| {
        // What a newer version tells is none of ours: it indexes that itself.
        let fact = serde_json::from_value::<Fact>(data).ok();
        let (message, instance) = fact.map_or((None, None), |fact| fact.makes_searchable());
        Concerned { log_offset, message, instance }
    });
    Ok(concerned.collect())
}

/// The next messages by id.
pub(super) async fn messages_after(
    db: &impl ConnectionTrait,
    after: Uuid,
    limit: u64,
) -> Result<Vec<Uuid>, Error> {
    let select = message::Entity::find().select_only().column(message::Column::Id);
    let select = select.filter(message::Column::Id.gt(after)).order_by_asc(message::Column::Id);
    Ok(select.limit(limit).into_tuple().all(db).await?)
}

/// The next instances by id.
pub(super) async fn instances_after(
    db: &impl ConnectionTrait,
    after: Uuid,
    limit: u64,
) -> Result<Vec<Uuid>, Error> {
    let select = process_instance::Entity::find().select_only().column(process_instance::Column::Id);
    let select =
        select.filter(process_instance::Column::Id.gt(after)).order_by_asc(process_instance::Column::Id);
    Ok(select.limit(limit).into_tuple().all(db).await?)
}

/// The words of those messages that there are and that were not emptied: of subject, addresses and text.
pub(super) async fn message_words(
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<MessageWords>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let texts: Vec<(Uuid, Uuid, DateTime<Utc>, String, String)> = message::Entity::find()
        .select_only()
        .columns([
            message::Column::Id,
            message::Column::MailboxId,
            message::Column::ReceivedAt,
            message::Column::Subject,
        ])
        .expr(Expr::cust("substr(\"text\", 1, 262144)"))
        .filter(message::Column::Id.is_in(ids.iter().copied()))
        .filter(message::Column::EmptiedAt.is_null())
        .into_tuple()
        .all(db)
        .await?;
    let named: Vec<(Uuid, Option<String>, String)> = message_address::Entity::find()
        .select_only()
        .columns([
            message_address::Column::MessageId,
            message_address::Column::Name,
            message_address::Column::Address,
        ])
        .filter(message_address::Column::MessageId.is_in(ids.iter().copied()))
        .order_by_asc(message_address::Column::Role)
        .order_by_asc(message_address::Column::Position)
        .into_tuple()
        .all(db)
        .await?;
    apart(move || {
        let mut addresses: HashMap<Uuid, Vec<(Option<String>, String)>> = HashMap::new();
        for (id, name, address) in named {
            addresses.entry(id).or_default().push((name, address));
        }
        let words = texts.into_iter().map(|(id, mailbox_id, received_at, subject, text)| {
            let mut builder = WordsBuilder::default();
            builder.add(&subject);
            for (name, address) in addresses.get(&id).into_iter().flatten().take(ADDRESSES) {
                if let Some(name) = name {
                    builder.add(name);
                }
                builder.add(address);
            }
            builder.add(&text);
            MessageWords { id, mailbox_id, received_at, words: builder.finish() }
        });
        words.collect()
    })
    .await
}

/// The words of those instances that there are: of reference, external id, and the attributes' texts and numbers.
pub(super) async fn instance_words(
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<InstanceWords>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    use process_instance::Column;
    let rows: Vec<(Uuid, String, Option<String>, Value)> = process_instance::Entity::find()
        .select_only()
        .columns([Column::Id, Column::Reference, Column::ExternalId, Column::Attributes])
        .filter(Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    apart(move || {
        let words = rows.into_iter().map(|(id, reference, external_id, attributes)| {
            let mut builder = WordsBuilder::default();
            builder.add(&reference);
            if let Some(external_id) = external_id {
                builder.add(&external_id);
            }
            add_values(&mut builder, &attributes);
            InstanceWords { id, words: builder.finish() }
        });
        words.collect()
    })
    .await
}

fn add_values(builder: &mut WordsBuilder, value: &Value) {
    match value {
        Value::String(text) => builder.add(text),
        Value::Number(number) => builder.add(&number.to_string()),
        Value::Array(values) => values.iter().for_each(|value| add_values(builder, value)),
        Value::Object(values) => values.values().for_each(|value| add_values(builder, value)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Away from the threads that answer requests.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Vec<T> + Send + 'static) -> Result<Vec<T>, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::Corrupt { table: "message", reason: error.to_string() })
}
