//! The bytes behind links, and what is made of raw bytes on the way out: nothing of it is stored twice.

use std::collections::HashMap;
use std::io;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::link::{self, FileRef, Ticket};
use crate::blob::BlobKey;
use crate::db::read::part::{self, StoredRaw};
use crate::domain::id::MessageId;
use crate::domain::message::Attachment;
use crate::domain::parsed::{Header, ParsedMessage};
use crate::mail;
use crate::service::permit::MailRead;
use crate::service::{Context, Error, Permit};

/// Messages that are unpacked at the same time: each may take as much memory as the biggest message, twice.
static UNPACKING: Semaphore = Semaphore::const_new(4);

/// A file on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// All of it.
    pub bytes: Bytes,
    /// As the sender declared it; never to be trusted by a browser.
    pub content_type: String,
    /// As the sender named it.
    pub filename: String,
}

/// The file that a ticket is for; None where it is gone, or past its retention.
pub async fn open(cx: &Context, ticket: Ticket) -> Result<Option<Download>, Error> {
    match ticket.file() {
        FileRef::Raw(id) => {
            let Some(stored) = stored(cx, id).await? else { return Ok(None) };
            let download = move |raw: Vec<u8>| Download {
                bytes: raw.into(),
                content_type: "message/rfc822".to_owned(),
                filename: format!("{id}.eml"),
            };
            unpacked(cx, stored, move |raw| Some(download(raw))).await
        }
        FileRef::Attachment(id) => {
            let found = part::attachments_by_ids(cx.db.read(), &[id]).await?.remove(&id);
            let Some(attachment) = found else { return Ok(None) };
            let Some(stored) = stored(cx, attachment.message_id).await? else { return Ok(None) };
            unpacked(cx, stored, move |raw| {
                mail::part(&raw, attachment.part).map(|part| Download {
                    bytes: part.bytes.into(),
                    content_type: attachment.content_type,
                    filename: attachment.filename,
                })
            })
            .await
        }
    }
}

/// Where the raw bytes of those messages are that have any.
pub async fn raws(
    cx: &Context,
    _permit: &Permit<MailRead>,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, StoredRaw>, Error> {
    Ok(part::raws(cx.db.read(), ids).await?)
}

/// The header fields of a message, in order.
pub async fn headers(
    cx: &Context,
    _permit: &Permit<MailRead>,
    stored: StoredRaw,
) -> Result<Vec<Header>, Error> {
    Ok(unpacked(cx, stored, |raw| Some(mail::headers(&raw))).await?.unwrap_or_default())
}

/// The HTML of a message, made safe to show: no scripts, no remote content unless `allow_remote`, its inline images
/// by signed links. None where it has none.
pub async fn html(
    cx: &Context,
    permit: &Permit<MailRead>,
    stored: StoredRaw,
    attachments: &[Attachment],
    allow_remote: bool,
) -> Result<Option<String>, Error> {
    let inline: HashMap<String, String> = attachments
        .iter()
        .filter_map(|it| Some((it.content_id.clone()?, link::attachment_link(cx, permit, it))))
        .collect();
    unpacked(cx, stored, move |raw| {
        let html = mail::html(&raw)?;
        drop(raw);
        Some(mail::safe_html(&html, allow_remote, &|cid| inline.get(cid).cloned()))
    })
    .await
}

async fn stored(cx: &Context, id: MessageId) -> Result<Option<StoredRaw>, Error> {
    Ok(part::raws(cx.db.read(), &[id]).await?.remove(&id))
}

/// What `read` makes of the raw bytes, away from the threads that serve. A blob that is gone is past its retention.
pub(in crate::service) async fn unpacked<T: Send + 'static>(
    cx: &Context,
    stored: StoredRaw,
    read: impl FnOnce(Vec<u8>) -> Option<T> + Send + 'static,
) -> Result<Option<T>, Error> {
    let _turn = UNPACKING.acquire().await.map_err(|closed| Error::Raw(io::Error::other(closed)))?;
    let compressed = match stored {
        StoredRaw::Compressed(bytes) => bytes.into(),
        StoredRaw::Blob(key) => match cx.blobs.get(&BlobKey::from(key)).await? {
            Some(bytes) => bytes,
            None => return Ok(None),
        },
    };
    let unpack = move || {
        let raw = zstd::decode_all(&compressed[..])?;
        drop(compressed);
        Ok(read(raw))
    };
    tokio::task::spawn_blocking(unpack).await.map_err(io::Error::other).flatten().map_err(Error::Raw)
}

/// What `read` makes of what a message says; None without raw bytes, or where they can't be read.
pub(in crate::service) async fn parsed<T: Send + 'static>(
    cx: &Context,
    id: MessageId,
    read: impl FnOnce(ParsedMessage) -> Option<T> + Send + 'static,
) -> Result<Option<T>, Error> {
    let Some(stored) = stored(cx, id).await? else { return Ok(None) };
    let limits = std::sync::Arc::clone(&cx.limits);
    unpacked(cx, stored, move |raw| mail::parse(&raw, &limits).ok().and_then(read)).await
}
