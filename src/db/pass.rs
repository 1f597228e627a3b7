//! What becomes of a stored message after its first pass: by hand, or because it is mapped again.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait,
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::entity::{attachment, message, message_address};
use super::read::structure_or_none;
use super::store::{NewMessage, address_rows, attachment_row, message_row};
use super::{Error, read, to_json};
use crate::domain::folder::Place;
use crate::domain::id::{AttachmentId, InstanceId, MessageId};
use crate::domain::mapping::Piece;
use crate::domain::message::Message;

/// A message as it is, locked until the transaction ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The message.
    pub message: Message,
    /// Epoch of its source id.
    pub generation: String,
    /// Where we put the original.
    pub moved_to: Option<Place>,
    /// What it appended to its instance; None where that is not known.
    pub appended: Option<Vec<Piece>>,
}

/// Locks messages by id, in the order of their ids, and reads them as they are now. Those that were emptied are not
/// among them. After the lease rows of their mailboxes, before instances.
pub async fn hold(tx: &impl ConnectionTrait, ids: &[MessageId]) -> Result<Vec<Held>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        generation: String,
        moved_to: Option<serde_json::Value>,
        appended: Option<serde_json::Value>,
    }
    use message::Column;
    let mut select = message::Entity::find()
        .select_only()
        .columns([Column::Id, Column::Generation, Column::MovedTo, Column::Appended])
        .filter(Column::Id.is_in(ids.iter().map(|id| id.0)))
        .filter(Column::EmptiedAt.is_null())
        .order_by_asc(Column::Id);
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        select = select.lock_exclusive();
    }
    let rows: Vec<Row> = select.into_model().all(tx).await?;
    let mut messages: HashMap<MessageId, Message> = read::message::by_ids(tx, ids).await?;
    rows.into_iter()
        .filter_map(|row| messages.remove(&row.id.into()).map(|message| (row, message)))
        .map(|(row, message)| {
            Ok(Held {
                message,
                generation: row.generation,
                moved_to: structure_or_none("message", row.moved_to)?,
                appended: structure_or_none("message", row.appended)?,
            })
        })
        .collect()
}

/// Writes what became of a held message: state, reason, failure, match, instance and disposition. Its content stays.
pub async fn write_outcome(tx: &impl ConnectionTrait, message: &Message) -> Result<(), Error> {
    update(tx, message.id, outcome(message)?).await
}

/// Writes a held message that was read again: what is made of its raw bytes, and what became of it. Where it was
/// found, when it was taken in and by which run stays, as do the ids of attachments that are still there.
pub async fn rewrite(tx: &impl ConnectionTrait, mut new: NewMessage) -> Result<(), Error> {
    let id = new.message.id;
    let known = read::part::attachments(tx, &[id]).await?.remove(&id).unwrap_or_default();
    let mut ids: HashMap<(u32, [u8; 32]), AttachmentId> =
        known.into_iter().map(|it| ((it.part, it.sha256), it.id)).collect();
    for attachment in &mut new.attachments {
        if let Some(known) = ids.remove(&(attachment.part, attachment.sha256)) {
            attachment.id = known;
        }
    }
    message_address::Entity::delete_many()
        .filter(message_address::Column::MessageId.eq(id.0))
        .exec(tx)
        .await?;
    attachment::Entity::delete_many().filter(attachment::Column::MessageId.eq(id.0)).exec(tx).await?;
    let addresses = address_rows(id, std::mem::take(&mut new.addresses));
    if !addresses.is_empty() {
        message_address::Entity::insert_many(addresses).exec_without_returning(tx).await?;
    }
    let attachments: Vec<_> = std::mem::take(&mut new.attachments).into_iter().map(attachment_row).collect();
    if !attachments.is_empty() {
        attachment::Entity::insert_many(attachments).exec_without_returning(tx).await?;
    }
    let row = message::ActiveModel {
        id: NotSet,
        mailbox_id: NotSet,
        job_id: NotSet,
        run_id: NotSet,
        folder: NotSet,
        generation: NotSet,
        source_id: NotSet,
        received_at: NotSet,
        ingested_at: NotSet,
        disposition_tried: NotSet,
        moved_to: NotSet,
        purge: NotSet,
        provider_version: NotSet,
        emptied_at: NotSet,
        ..message_row(new)?
    };
    update(tx, id, row).await
}

async fn update(tx: &impl ConnectionTrait, id: MessageId, row: message::ActiveModel) -> Result<(), Error> {
    message::Entity::update_many().set(row).filter(message::Column::Id.eq(id.0)).exec(tx).await?;
    Ok(())
}

fn outcome(message: &Message) -> Result<message::ActiveModel, Error> {
    let disposition = &message.disposition;
    Ok(message::ActiveModel {
        mapping_id: Set(message.mapping_id.map(Into::into)),
        instance_id: Set(message.instance_id.map(Into::into)),
        state: Set(message.state.as_str().to_owned()),
        reason: Set(message.reason.clone()),
        failure: Set(message.failure.as_ref().map(to_json).transpose()?),
        matched: Set(message.matched.as_ref().map(to_json).transpose()?),
        disposition_state: Set(disposition.state.as_str().to_owned()),
        disposition: Set(to_json(&disposition.wanted)?),
        disposition_attempts: Set(disposition.attempts),
        disposition_due_at: Set(disposition.due_at),
        disposition_early: Set(disposition.early.map(|early| early.as_str().to_owned())),
        disposition_done_at: Set(disposition.done_at),
        disposition_note: Set(disposition.note.clone()),
        disposition_fault: Set(disposition.fault.as_ref().map(to_json).transpose()?),
        ..Default::default()
    })
}

/// The newest message of the instance but this one, emptied ones among them: whoever changed it last, without it.
pub async fn newest_other(
    tx: &impl ConnectionTrait,
    instance: InstanceId,
    but: MessageId,
) -> Result<Option<MessageId>, Error> {
    use message::Column;
    let found: Option<Uuid> = message::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::InstanceId.eq(instance.0))
        .filter(Column::Id.ne(but.0))
        .order_by_desc(Column::ReceivedAt)
        .order_by_desc(Column::Id)
        .limit(1)
        .into_tuple()
        .one(tx)
        .await?;
    Ok(found.map(Into::into))
}
