//! What is left of a deleted message: what recognises it, so that it is not taken in again by itself.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
};

use super::entity::{attachment, message, message_address, message_raw};
use super::{Error, PLAIN_HASH};
use crate::domain::id::MessageId;
use crate::domain::tombstone::TombstoneKey;

/// Empties messages that are held; answers with the keys of their blobs, which are to be deleted after the commit.
///
/// What stays: ids, folder, generation and source id, the hashes of Message-ID and content under `key`, the times, the
/// state, the instance, the size, and how far the disposition has come. While that is not done, the Message-ID stays
/// too: the original is recognised by it. The keys by which the instance is found are the instance's, and stay.
pub async fn empty(
    tx: &impl ConnectionTrait,
    key: &TombstoneKey,
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
    key_hashes(tx, key, ids).await?;
    Ok(blobs.into_iter().flatten().collect())
}

async fn key_hashes(tx: &impl ConnectionTrait, key: &TombstoneKey, ids: &[MessageId]) -> Result<(), Error> {
    use message::Column;
    type Row = (uuid::Uuid, Option<Vec<u8>>, Option<Vec<u8>>);
    let rows: Vec<Row> = message::Entity::find()
        .select_only()
        .columns([Column::Id, Column::InternetMessageIdHash, Column::Fingerprint])
        .filter(Column::Id.is_in(ids.iter().map(|id| id.0)))
        .into_tuple()
        .all(tx)
        .await?;
    for (id, of_id, of_content) in rows {
        let row = message::ActiveModel {
            internet_message_id_hash: Set(of_id.map(|hash| kept(key, hash))),
            fingerprint: Set(of_content.map(|hash| kept(key, hash))),
            ..Default::default()
        };
        message::Entity::update_many().set(row).filter(Column::Id.eq(id)).exec(tx).await?;
    }
    Ok(())
}

/// A message's hash as its tombstone has it, and of a tombstone as it is: so a stored one is compared with a new one,
/// whether it was deleted or not. The two tell apart by their length.
pub fn kept(key: &TombstoneKey, hash: Vec<u8>) -> Vec<u8> {
    if hash.len() == PLAIN_HASH { key.hash(&hash).into() } else { hash }
}
