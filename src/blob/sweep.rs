//! Removes blobs that no row names: what a crash between upload and commit leaves behind.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::TryStreamExt;

use super::{Blobs, Error, ROOT, StoredBlob};
use crate::domain::id::MessageId;

/// A blob younger than this may belong to a transaction that has not committed yet.
pub const LEAST_AGE: TimeDelta = TimeDelta::days(1);
/// Messages asked for at a time.
const AT_A_TIME: usize = 500;

/// What a sweep found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Blobs older than a day.
    pub seen: usize,
    /// Of those, removed.
    pub removed: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Removes blobs older than a day whose message has no row with raw bytes in the store. `with_rows` answers which of
/// the given messages do. What mailroom did not write is left alone.
pub async fn sweep<F, E>(
    blobs: &Blobs,
    now: DateTime<Utc>,
    with_rows: impl Fn(Vec<MessageId>) -> F,
) -> Result<Swept, Error>
where
    F: Future<Output = Result<HashSet<MessageId>, E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    let before = now - LEAST_AGE;
    let mut swept = Swept::default();
    let mut pages = blobs.written_before(before).try_chunks(AT_A_TIME);
    while let Some(page) = pages.try_next().await.map_err(|error| error.1)? {
        let candidates: Vec<(MessageId, StoredBlob)> =
            page.into_iter().filter_map(|blob| Some((blob.key.message()?, blob))).collect();
        swept.seen += candidates.len();
        let kept = with_rows(candidates.iter().map(|(message, _)| *message).collect())
            .await
            .map_err(|error| Error::Rows(Box::new(error)))?;
        for (_, blob) in candidates.into_iter().filter(|(message, _)| !kept.contains(message)) {
            blobs.delete(&blob.key).await?;
            swept.removed += 1;
            swept.bytes += blob.size;
        }
    }
    if let Some(folder) = &blobs.folder {
        let root = folder.join(ROOT);
        let staged = tokio::task::spawn_blocking(move || remove_staged(&root, before))
            .await
            .map_err(object_store::Error::from)??;
        swept.removed += staged.removed;
        swept.bytes += staged.bytes;
    }
    Ok(swept)
}

/// Files that a killed process left half written (`<key>#<number>`): the store never lists them.
fn remove_staged(root: &Path, before: DateTime<Utc>) -> Result<Swept, Error> {
    let mut swept = Swept::default();
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Folder { path, source }
    };
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries.map_err(at(&folder))?,
        };
        for entry in entries {
            let entry = entry.map_err(at(&folder))?;
            // Uploads come to an end, and people tidy up, while this looks.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if is_staged(&entry.file_name().to_string_lossy())
                && metadata.modified().is_ok_and(|modified| DateTime::<Utc>::from(modified) < before)
            {
                std::fs::remove_file(entry.path()).map_err(at(&folder))?;
                swept.removed += 1;
                swept.bytes += metadata.len();
            }
        }
    }
    Ok(swept)
}

fn is_staged(name: &str) -> bool {
    name.rsplit_once('#')
        .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;

    use super::*;
    use crate::blob::BlobKey;
    use crate::domain::clock::{Clock, SystemClock};
    use crate::domain::id::MailboxId;

    struct Shelf {
        folder: tempfile::TempDir,
        blobs: Blobs,
        named: MessageId,
        keys: [BlobKey; 2],
    }

    async fn shelf() -> Shelf {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&format!("file://{}", folder.path().display())).unwrap();
        let (mailbox, named) = (MailboxId::new(), MessageId::new());
        let keys = [BlobKey::of(mailbox, named), BlobKey::of(mailbox, MessageId::new())];
        for key in &keys {
            blobs.put(key, Bytes::from_static(b"four")).await.unwrap();
        }
        Shelf { folder, blobs, named, keys }
    }

    #[tokio::test]
    async fn only_what_is_older_than_a_day_and_has_no_row_is_removed() {
        let Shelf { folder, blobs, named, keys } = shelf().await;
        let staged = folder.path().join(format!("{}#3", keys[0].as_str()));
        let strange = folder.path().join("raw/notes.txt");
        std::fs::write(&staged, b"half").unwrap();
        std::fs::write(&strange, b"not ours").unwrap();
        let tomorrow = SystemClock.now() + TimeDelta::days(1) + TimeDelta::seconds(5);
        let swept =
            sweep(&blobs, tomorrow, async |_| Ok::<_, Infallible>(HashSet::from([named]))).await.unwrap();
        assert_eq!(swept, Swept { seen: 2, removed: 2, bytes: 8 });
        assert!(blobs.get(&keys[0]).await.unwrap().is_some());
        assert!(blobs.get(&keys[1]).await.unwrap().is_none());
        assert!(!staged.exists());
        assert!(strange.exists());
    }

    #[tokio::test]
    async fn what_was_just_written_is_left_alone() {
        let Shelf { folder, blobs, keys, .. } = shelf().await;
        let staged = folder.path().join(format!("{}#1", keys[0].as_str()));
        std::fs::write(&staged, b"half").unwrap();
        let swept =
            sweep(&blobs, SystemClock.now(), async |_| Ok::<_, Infallible>(HashSet::new())).await.unwrap();
        assert_eq!(swept, Swept::default());
        assert!(staged.exists());
    }

    #[tokio::test]
    async fn nothing_is_removed_while_the_rows_can_t_be_asked() {
        let Shelf { blobs, keys, folder: _folder, .. } = shelf().await;
        let later = SystemClock.now() + TimeDelta::days(9);
        let error = sweep(&blobs, later, async |_| Err(std::io::Error::other("down"))).await.unwrap_err();
        assert!(matches!(error, Error::Rows(_)));
        assert!(blobs.get(&keys[1]).await.unwrap().is_some());
    }
}
