//! Writing messages: sources first, and only what they let in has effects.

use std::collections::HashSet;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::entity::{attachment, message, message_address, message_raw, message_source};
use super::intake::SourceKey;
use super::pairing::{NewSource, internet_message_id_hash, source_row};
use super::{Error, PLAIN_HASH, to_json};
use crate::domain::handling::DispositionState;
use crate::domain::id::MessageId;
use crate::domain::mapping::Piece;
use crate::domain::message::{AddressRole, Attachment, Message};
use crate::domain::parsed::{Address, ForwardingKind};

/// Where the raw bytes of a message are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawPlace {
    /// Nowhere: they were never fetched.
    Nowhere,
    /// In the row, compressed with zstd.
    Row(Vec<u8>),
    /// In the blob store, under this key, compressed with zstd.
    Blob(String),
}

/// A message about to be stored, with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The message.
    pub message: Message,
    /// The source id that names it.
    pub source: NewSource,
    /// Content fingerprint; None where it could not be read.
    pub fingerprint: Option<[u8; 32]>,
    /// Its addresses, in order.
    pub addresses: Vec<(AddressRole, Address)>,
    /// Its attachments, in order.
    pub attachments: Vec<Attachment>,
    /// Its raw bytes.
    pub raw: RawPlace,
    /// Decoded text.
    pub text: String,
    /// The text the author added, where it differs from the text.
    pub new_text: Option<String>,
    /// Limits hit and repairs made while it was parsed and mapped.
    pub notes: Vec<String>,
    /// What it appended to its instance; None where that is not known.
    pub appended: Option<Vec<Piece>>,
}

/// Writes source ids; answers with the keys that were not there before. Only those have effects.
pub async fn insert_sources(
    tx: &impl ConnectionTrait,
    sources: &[&NewSource],
) -> Result<HashSet<SourceKey>, Error> {
    if sources.is_empty() {
        return Ok(HashSet::new());
    }
    let keys = message_source::Entity::insert_many(sources.iter().map(|source| source_row(source)))
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_with_returning_keys(tx)
        .await?;
    Ok(keys.into_iter().map(SourceKey).collect())
}

/// Writes messages with their addresses, attachments and raw bytes.
pub async fn insert_messages(tx: &impl ConnectionTrait, messages: Vec<NewMessage>) -> Result<(), Error> {
    let mut rows = Vec::with_capacity(messages.len());
    let mut addresses = Vec::new();
    let mut attachments = Vec::new();
    let mut raws = Vec::new();
    for mut new in messages {
        let id = new.message.id.0;
        addresses.extend(address_rows(new.message.id, std::mem::take(&mut new.addresses)));
        attachments.extend(std::mem::take(&mut new.attachments).into_iter().map(attachment_row));
        match std::mem::replace(&mut new.raw, RawPlace::Nowhere) {
            RawPlace::Nowhere => {}
            RawPlace::Row(content) => raws.push(message_raw::ActiveModel {
                message_id: Set(id),
                blob_key: Set(None),
                content: Set(Some(content)),
            }),
            RawPlace::Blob(key) => raws.push(message_raw::ActiveModel {
                message_id: Set(id),
                blob_key: Set(Some(key)),
                content: Set(None),
            }),
        }
        rows.push(message_row(new)?);
    }
    if rows.is_empty() {
        return Ok(());
    }
    message::Entity::insert_many(rows).exec_without_returning(tx).await?;
    // PostgreSQL's limit on parameters is 65,535 a statement, SQLite's 32,766.
    for chunk in addresses.chunks(2000) {
        message_address::Entity::insert_many(chunk.iter().cloned()).exec_without_returning(tx).await?;
    }
    for chunk in attachments.chunks(2000) {
        attachment::Entity::insert_many(chunk.iter().cloned()).exec_without_returning(tx).await?;
    }
    if !raws.is_empty() {
        message_raw::Entity::insert_many(raws).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Writes the raw bytes of a message that had none, or a stub in their place.
pub async fn write_raw(tx: &impl ConnectionTrait, id: MessageId, raw: RawPlace) -> Result<(), Error> {
    let (blob_key, content) = match raw {
        RawPlace::Nowhere => return Ok(()),
        RawPlace::Row(content) => (None, Some(content)),
        RawPlace::Blob(key) => (Some(key), None),
    };
    let row =
        message_raw::ActiveModel { message_id: Set(id.0), blob_key: Set(blob_key), content: Set(content) };
    use message_raw::Column;
    let replace =
        OnConflict::column(Column::MessageId).update_columns([Column::BlobKey, Column::Content]).to_owned();
    message_raw::Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await?;
    Ok(())
}

/// Which of the messages have their raw bytes in the blob store.
pub async fn with_blobs(
    db: &impl ConnectionTrait,
    messages: &[MessageId],
) -> Result<HashSet<MessageId>, Error> {
    let found: Vec<uuid::Uuid> = message_raw::Entity::find()
        .select_only()
        .column(message_raw::Column::MessageId)
        .filter(message_raw::Column::MessageId.is_in(messages.iter().map(|id| id.0)))
        .filter(message_raw::Column::BlobKey.is_not_null())
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().map(Into::into).collect())
}

/// Addresses in order, as rows.
pub(super) fn address_rows(
    id: MessageId,
    addresses: Vec<(AddressRole, Address)>,
) -> Vec<message_address::ActiveModel> {
    let row = |(position, (role, address)): (usize, (AddressRole, Address))| message_address::ActiveModel {
        message_id: Set(id.0),
        role: Set(role as i16),
        position: Set(i16::try_from(position).unwrap_or(i16::MAX)),
        name: Set(address.name),
        address: Set(address.address),
    };
    addresses.into_iter().enumerate().map(row).collect()
}

/// An attachment as a row.
pub(super) fn attachment_row(attachment: Attachment) -> attachment::ActiveModel {
    attachment::ActiveModel {
        id: Set(attachment.id.0),
        message_id: Set(attachment.message_id.0),
        part: Set(i32::try_from(attachment.part).unwrap_or(i32::MAX)),
        filename: Set(attachment.filename),
        content_type: Set(attachment.content_type),
        size: Set(attachment.size),
        inline: Set(attachment.inline),
        content_id: Set(attachment.content_id),
        sha256: Set(attachment.sha256.to_vec()),
    }
}

/// The message's own row; addresses, attachments and raw bytes have rows of their own.
pub(super) fn message_row(new: NewMessage) -> Result<message::ActiveModel, Error> {
    let NewMessage { message, source, fingerprint, text, new_text, notes, appended, .. } = new;
    let disposition = message.disposition;
    // What is not idempotent may have been tried when a later attempt finds it pending.
    let tried = disposition.state == DispositionState::Pending;
    Ok(message::ActiveModel {
        id: Set(message.id.0),
        mailbox_id: Set(message.mailbox_id.0),
        mapping_id: Set(message.mapping_id.map(Into::into)),
        job_id: Set(message.job_id.map(Into::into)),
        run_id: Set(message.run_id.map(Into::into)),
        instance_id: Set(message.instance_id.map(Into::into)),
        folder: Set(message.folder),
        generation: Set(source.generation),
        source_id: Set(message.source_id),
        internet_message_id_hash: Set(message.internet_message_id.as_deref().map(internet_message_id_hash)),
        internet_message_id: Set(message.internet_message_id),
        conversation_id: Set(message.conversation_id),
        fingerprint: Set(fingerprint.map(short)),
        sent_at: Set(message.sent_at),
        received_at: Set(message.received_at),
        ingested_at: Set(message.ingested_at),
        importance: Set(message.importance.as_str().to_owned()),
        automatic: Set(message.automatic.map(|kind| kind.as_str().to_owned())),
        forwarding: Set(Some(message.forwarding)
            .filter(|kind| *kind != ForwardingKind::None)
            .map(|kind| kind.as_str().to_owned())),
        oddity: Set(message.oddity.map(|oddity| oddity.as_str().to_owned())),
        size: Set(message.size),
        attachment_count: Set(message.attachment_count),
        has_raw: Set(message.has_raw),
        state: Set(message.state.as_str().to_owned()),
        reason: Set(message.reason),
        failure: Set(message.failure.as_ref().map(to_json).transpose()?),
        matched: Set(message.matched.as_ref().map(to_json).transpose()?),
        disposition_state: Set(disposition.state.as_str().to_owned()),
        disposition: Set(to_json(&disposition.wanted)?),
        disposition_attempts: Set(disposition.attempts),
        disposition_due_at: Set(disposition.due_at),
        disposition_done_at: Set(disposition.done_at),
        disposition_note: Set(disposition.note),
        disposition_fault: Set(disposition.fault.as_ref().map(to_json).transpose()?),
        disposition_tried: Set(tried),
        disposition_early: Set(disposition.early.map(|early| early.as_str().to_owned())),
        moved_to: Set(None),
        purge: Set(None),
        provider_version: Set(None),
        emptied_at: Set(None),
        notes: Set(if notes.is_empty() { None } else { Some(to_json(&notes)?) }),
        subject: Set(message.subject),
        snippet: Set(message.snippet),
        text: Set(text),
        new_text: Set(new_text),
        appended: Set(appended.as_ref().map(to_json).transpose()?),
    })
}

/// A content fingerprint as it is kept: its first 16 bytes tell apart what a folder holds.
pub fn short(fingerprint: [u8; 32]) -> Vec<u8> {
    fingerprint.iter().take(PLAIN_HASH).copied().collect()
}
