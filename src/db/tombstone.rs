//! What is left of a deleted message: what recognises it, so that it is not taken in again by itself.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
};

use super::Error;
use super::entity::{attachment, message, message_address, message_raw};
use crate::domain::id::MessageId;

/// Empties messages that are held; answers with the keys of their blobs, which are to be deleted after the commit.
///
/// What stays: ids, folder, generation and source id, the hashes of Message-ID and content, the times, the state, the
/// instance, the size, and how far the disposition has come. While that is not done, the Message-ID stays too: the original is
/// recognised by it.
pub async fn empty(
    tx: &impl ConnectionTrait,
    ids: &[MessageId],
    now: DateTime<Utc>,
) -> Result<Vec<String>, Error> {
    let uuids = || ids.iter().map(|id| id.0);
    let blobs: Vec<Option<String>> = message_raw::Entity::find()
        .select_only()
        .column(message_raw::Column::BlobKey)
        .filter(message_raw::Column::MessageId.is_in(uuids()))
        .filter(message_raw::Column::BlobKey.is_not_null())
        .into_tuple()
        .all(tx)
        .await?;
    message_raw::Entity::delete_many().filter(message_raw::Column::MessageId.is_in(uuids())).exec(tx).await?;
    message_address::Entity::delete_many()
        .filter(message_address::Column::MessageId.is_in(uuids()))
        .exec(tx)
        .await?;
    attachment::Entity::delete_many().filter(attachment::Column::MessageId.is_in(uuids())).exec(tx).await?;
    let emptied = message::ActiveModel {
        emptied_at: Set(Some(now)),
        conversation_id: Set(None),
        sent_at: Set(None),
        automatic: Set(None),
        forwarding: Set(None),
        oddity: Set(None),
        attachment_count: Set(0),
        has_raw: Set(false),
        reason: Set(None),
        failure: Set(None),
        matched: Set(None),
        disposition_note: Set(None),
        disposition_fault: Set(None),
        notes: Set(None),
        appended: Set(None),
        subject: Set(String::new()),
        snippet: Set(String::new()),
        text: Set(String::new()),
        new_text: Set(None),
        ..Default::default()
    };
    message::Entity::update_many().set(emptied).filter(message::Column::Id.is_in(uuids())).exec(tx).await?;
    message::Entity::update_many()
        .set(message::ActiveModel { internet_message_id: Set(None), ..Default::default() })
        .filter(message::Column::Id.is_in(uuids()))
        .filter(message::Column::DispositionState.ne("PENDING"))
        .filter(
            Condition::any().add(message::Column::Purge.is_null()).add(message::Column::Purge.ne("WANTED")),
        )
        .exec(tx)
        .await?;
    Ok(blobs.into_iter().flatten().collect())
}
