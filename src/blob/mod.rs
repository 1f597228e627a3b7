//! Raw messages too big for the database, in an object store: a local folder, S3, Azure Blob or Google Cloud Storage.
//!
//! A blob is written whole before the row that names it is committed, under mailbox and message id; what a crash
//! leaves without a row is removed by [`sweep`].

mod open;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};

pub use sweep::{Swept, sweep};

use crate::domain::fault::Verdict;
use crate::domain::id::{MailboxId, MessageId};

/// Bytes of one part of a multipart upload; smaller blobs are put at once. S3 wants 5 MiB at least.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts in flight at a time.
const PARTS_IN_FLIGHT: usize = 2;
/// Every key begins with it.
const ROOT: &str = "raw";

/// What can go wrong with the object store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configured address can't be used.
    #[error(
        "blob.url {url:?} can't be used: {problem}; right would be file:///a/folder, s3://bucket/prefix, \
             az://container/prefix or gs://bucket/prefix"
    )]
    Url {
        /// As configured.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The folder can't be made or read.
    #[error("the folder {} can't be used", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The store refused.
    #[error("the object store refused")]
    Store(#[from] object_store::Error),
    /// Whoever knows which blobs have rows could not say.
    #[error("it is not known which blobs have rows")]
    Rows(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The store is the operator's own: whatever is wrong with it, trying again later is right.
    pub const fn verdict(&self) -> Verdict {
        Verdict::Retry { after: None, throttled: false }
    }
}

/// Names a blob; stored in the row of its message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlobKey(String);

impl BlobKey {
    /// The key of a message's raw bytes.
    pub fn of(mailbox: MailboxId, message: MessageId) -> Self {
        Self(format!("{ROOT}/{mailbox}/{message}"))
    }

    /// As stored in a row.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The message whose bytes they are; None for what mailroom did not write.
    pub fn message(&self) -> Option<MessageId> {
        let mut parts = self.0.split('/');
        (parts.next() == Some(ROOT)).then_some(())?;
        parts.next()?;
        let message = parts.next()?.parse::<uuid::Uuid>().ok()?;
        parts.next().is_none().then_some(MessageId(message))
    }

    fn path(&self) -> Path {
        Path::from(self.0.as_str())
    }
}

impl From<String> for BlobKey {
    fn from(key: String) -> Self {
        Self(key)
    }
}

/// A blob as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its name.
    pub key: BlobKey,
    /// When it was written.
    pub written_at: DateTime<Utc>,
    /// Bytes.
    pub size: u64,
}

/// The object store. Clones share it.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// With a local folder: where it is, because the store doesn't list what it left half written.
    folder: Option<PathBuf>,
    /// What kind of store it is, for people.
    kind: &'static str,
}

impl Blobs {
    /// Opens the store at an address: `file:///folder` (made when missing), `s3://`, `az://` and `gs://` with the
    /// environment's credentials (`AWS_…`, `AZURE_…`, `GOOGLE_…`), `memory://` for tests. Asks no network.
    pub fn open(url: &str) -> Result<Self, Error> {
        open::open(url)
    }

    /// What kind of store it is, for people.
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// Writes a blob, in parts when it is big. What it is told to hold, it holds through a crash when this returns:
    /// in a local folder the file and its folder are synced.
    pub async fn put(&self, key: &BlobKey, bytes: Bytes) -> Result<(), Error> {
        if bytes.len() <= PART_BYTES {
            self.store.put(&key.path(), PutPayload::from_bytes(bytes)).await?;
            return Ok(());
        }
        let upload = self.store.put_multipart(&key.path()).await?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        let mut rest = bytes;
        while !rest.is_empty() {
            if let Err(error) = parts.wait_for_capacity(PARTS_IN_FLIGHT).await {
                // What was uploaded would be kept, and paid for; the error that counts is the first.
                let _ = parts.abort().await;
                return Err(error.into());
            }
            parts.put(rest.split_to(rest.len().min(PART_BYTES)));
        }
        parts.finish().await?;
        Ok(())
    }

    /// The whole blob; None when there is none.
    pub async fn get(&self, key: &BlobKey) -> Result<Option<Bytes>, Error> {
        match self.store.get(&key.path()).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The blob piece by piece, and how many bytes it has; None when there is none.
    pub async fn stream(
        &self,
        key: &BlobKey,
    ) -> Result<Option<(u64, BoxStream<'static, Result<Bytes, Error>>)>, Error> {
        match self.store.get(&key.path()).await {
            Ok(found) => Ok(Some((found.meta.size, found.into_stream().map_err(Error::from).boxed()))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a blob; one that is gone already is no error.
    pub async fn delete(&self, key: &BlobKey) -> Result<(), Error> {
        match self.store.delete(&key.path()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Blobs written before that instant, in the store's order.
    pub fn written_before(&self, instant: DateTime<Utc>) -> BoxStream<'static, Result<StoredBlob, Error>> {
        self.store
            .list(Some(&Path::from(ROOT)))
            .map_err(Error::from)
            .try_filter(move |meta| std::future::ready(meta.last_modified < instant))
            .map_ok(|meta| StoredBlob {
                key: BlobKey(meta.location.to_string()),
                written_at: meta.last_modified,
                size: meta.size,
            })
            .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> BlobKey {
        BlobKey::of(MailboxId::new(), MessageId::new())
    }

    #[tokio::test]
    async fn a_blob_of_many_parts_comes_back_as_it_went() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&format!("file://{}/made/by/opening", folder.path().display())).unwrap();
        let big: Bytes = (0..PART_BYTES * 2 + 12_345).map(|at| (at / 7) as u8).collect::<Vec<_>>().into();
        let (key, small) = (key(), key());
        blobs.put(&key, big.clone()).await.unwrap();
        blobs.put(&small, Bytes::from_static(b"Subject: hello\r\n\r\n")).await.unwrap();
        assert_eq!(blobs.get(&key).await.unwrap().unwrap(), big);
        let (size, pieces) = blobs.stream(&key).await.unwrap().unwrap();
        let pieces: Vec<Bytes> = pieces.try_collect().await.unwrap();
        assert_eq!(size, big.len() as u64);
        assert_eq!(pieces.concat(), big);
        blobs.delete(&key).await.unwrap();
        blobs.delete(&key).await.unwrap();
        assert_eq!(blobs.get(&key).await.unwrap(), None);
        assert_eq!(blobs.get(&small).await.unwrap().unwrap(), &b"Subject: hello\r\n\r\n"[..]);
    }

    #[test]
    fn a_key_names_its_message_and_nothing_else_does() {
        let message = MessageId::new();
        assert_eq!(BlobKey::of(MailboxId::new(), message).message(), Some(message));
        assert_eq!(BlobKey::from(format!("other/{message}/{message}")).message(), None);
        assert_eq!(BlobKey::from(format!("raw/{message}/{message}/x")).message(), None);
        assert_eq!(BlobKey::from("raw/a/b".to_owned()).message(), None);
    }

    #[test]
    fn an_address_that_no_store_has_is_refused_with_what_would_be_right() {
        for url in ["", "ftp://x", "/var/blobs", "file://relative/folder", "s3://"] {
            let error = Blobs::open(url).unwrap_err().to_string();
            assert!(error.contains("file:///a/folder"), "{url}: {error}");
        }
    }
}
