//! What messages consist of, by their ids: texts, addresses, attachments, raw bytes.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::keyset::any_of;
use super::structure_or_none;
use crate::db::Error;
use crate::db::entity::{attachment, message, message_address, message_raw};
use crate::domain::id::{AttachmentId, MessageId};
use crate::domain::message::{AddressRole, Attachment, MessageAddress};
use crate::domain::parsed::Address;

/// The texts of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// Decoded text; made from the HTML where there is no text part.
    pub text: String,
    /// What the author added.
    pub new_text: String,
    /// What was recognised, repaired or left out, in sentences.
    pub notes: Vec<String>,
}

/// The raw bytes of a message, where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredRaw {
    /// Here, zstd-compressed.
    Compressed(Vec<u8>),
    /// In the blob store under this key, zstd-compressed.
    Blob(String),
}

/// The number that stands for a role in a row; roles are only ever added at the end.
pub fn role_number(role: AddressRole) -> i16 {
    match role {
        AddressRole::From => 0,
        AddressRole::Sender => 1,
        AddressRole::ReplyTo => 2,
        AddressRole::To => 3,
        AddressRole::Cc => 4,
        AddressRole::OriginalSender => 5,
        AddressRole::OriginalRecipient => 6,
    }
}

fn role(number: i16) -> Result<AddressRole, Error> {
    AddressRole::ALL.iter().copied().find(|role| role_number(*role) == number).ok_or_else(|| Error::Corrupt {
        table: "message_address",
        reason: format!("no role has the number {number}"),
    })
}

/// The texts of those messages that exist.
pub async fn texts(db: &impl ConnectionTrait, ids: &[MessageId]) -> Result<HashMap<MessageId, Texts>, Error> {
    use message::Column;
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        text: String,
        new_text: Option<String>,
        notes: Option<serde_json::Value>,
    }
    let rows: Vec<Row> = message::Entity::find()
        .select_only()
        .columns([Column::Id, Column::Text, Column::NewText, Column::Notes])
        .filter(any_of(db, Column::Id, ids))
        .filter(Column::EmptiedAt.is_null())
        .into_model()
        .all(db)
        .await?;
    // A new text that is the whole text is not stored twice.
    let texts = rows.into_iter().map(|row| {
        let new_text = row.new_text.unwrap_or_else(|| row.text.clone());
        let notes = structure_or_none("message", row.notes)?.unwrap_or_default();
        Ok((MessageId(row.id), Texts { text: row.text, new_text, notes }))
    });
    texts.collect()
}

/// All addresses of those messages, by role and as they stood.
pub async fn addresses(
    db: &impl ConnectionTrait,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Vec<MessageAddress>>, Error> {
    use message_address::Column;
    let rows = message_address::Entity::find()
        .filter(any_of(db, Column::MessageId, ids))
        .order_by_asc(Column::Role)
        .order_by_asc(Column::Position)
        .all(db)
        .await?;
    let mut addresses: HashMap<MessageId, Vec<MessageAddress>> = HashMap::new();
    for row in rows {
        let message_id = MessageId(row.message_id);
        addresses.entry(message_id).or_default().push(MessageAddress {
            message_id,
            role: role(row.role)?,
            address: Address { name: row.name, address: row.address },
        });
    }
    Ok(addresses)
}

/// All attachments of those messages, as they stood.
pub async fn attachments(
    db: &impl ConnectionTrait,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Vec<Attachment>>, Error> {
    use attachment::Column;
    let rows = attachment::Entity::find()
        .filter(any_of(db, Column::MessageId, ids))
        .order_by_asc(Column::Part)
        .order_by_asc(Column::Id)
        .all(db)
        .await?;
    let mut attachments: HashMap<MessageId, Vec<Attachment>> = HashMap::new();
    for row in rows {
        let attachment = Attachment::try_from(row)?;
        attachments.entry(attachment.message_id).or_default().push(attachment);
    }
    Ok(attachments)
}

/// The attachments of these ids that exist.
pub async fn attachments_by_ids(
    db: &impl ConnectionTrait,
    ids: &[AttachmentId],
) -> Result<HashMap<AttachmentId, Attachment>, Error> {
    let rows = attachment::Entity::find().filter(any_of(db, attachment::Column::Id, ids)).all(db).await?;
    rows.into_iter().map(|row| Ok((row.id.into(), row.try_into()?))).collect()
}

/// The raw bytes of those messages that have any.
pub async fn raws(
    db: &impl ConnectionTrait,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, StoredRaw>, Error> {
    let rows =
        message_raw::Entity::find().filter(any_of(db, message_raw::Column::MessageId, ids)).all(db).await?;
    let stored = rows.into_iter().filter_map(|row| {
        let raw = row.content.map(StoredRaw::Compressed).or(row.blob_key.map(StoredRaw::Blob))?;
        Some((row.message_id.into(), raw))
    });
    Ok(stored.collect())
}

/// Which of those messages have their raw bytes in the blob store.
pub async fn with_blobs(db: &impl ConnectionTrait, ids: &[MessageId]) -> Result<HashSet<MessageId>, Error> {
    use message_raw::Column;
    let found: Vec<Uuid> = message_raw::Entity::find()
        .select_only()
        .column(Column::MessageId)
        .filter(any_of(db, Column::MessageId, ids))
        .filter(Column::BlobKey.is_not_null())
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().map(MessageId).collect())
}

impl TryFrom<attachment::Model> for Attachment {
    type Error = Error;

    fn try_from(row: attachment::Model) -> Result<Self, Error> {
        let corrupt = |reason: &str| Error::Corrupt { table: "attachment", reason: reason.to_owned() };
        Ok(Self {
            id: row.id.into(),
            message_id: row.message_id.into(),
            part: u32::try_from(row.part).map_err(|_| corrupt("its part is negative"))?,
            filename: row.filename,
            content_type: row.content_type,
            size: row.size,
            inline: row.inline,
            content_id: row.content_id,
            sha256: row.sha256.try_into().map_err(|_| corrupt("its hash is not 32 bytes long"))?,
        })
    }
}
