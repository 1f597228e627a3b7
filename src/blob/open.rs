//! From the configured address to a store.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;

use super::{Blobs, Error};

pub(super) fn open(url: &str) -> Result<Blobs, Error> {
    let refused = |problem: &str| Error::Url { url: url.to_owned(), problem: problem.to_owned() };
    let (scheme, rest) = url.split_once("://").ok_or_else(|| refused("it has no scheme"))?;
    let (store, kind): (Box<dyn ObjectStore>, _) = match scheme {
        "file" if rest.starts_with('/') => return local(PathBuf::from(rest)),
        "file" => return Err(refused("a folder is named by its whole path")),
        "memory" => return Ok(Blobs { store: Arc::new(InMemory::new()), folder: None, kind: "memory" }),
        "s3" | "s3a" => (Box::new(built(url, AmazonS3Builder::from_env().with_url(url).build())?), "S3"),
        "az" | "azure" | "abfs" | "abfss" => (
            Box::new(built(url, MicrosoftAzureBuilder::from_env().with_url(url).build())?),
            "Azure Blob Storage",
        ),
        "gs" => (
            Box::new(built(url, GoogleCloudStorageBuilder::from_env().with_url(url).build())?),
            "Google Cloud Storage",
        ),
        _ => return Err(refused("its scheme is not known")),
    };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(refused("it names no bucket"));
    }
    Ok(Blobs { store: Arc::new(PrefixStore::new(store, Path::from(prefix))), folder: None, kind })
}

fn built<T>(url: &str, store: Result<T, object_store::Error>) -> Result<T, Error> {
    store.map_err(|error| Error::Url { url: url.to_owned(), problem: error.to_string() })
}

/// A blob is written to a file beside its place, synced, renamed, and the folder synced: without `with_fsync` the
/// store leaves all of it to the page cache, and a row could outlive the bytes that it names.
fn local(folder: PathBuf) -> Result<Blobs, Error> {
    std::fs::create_dir_all(&folder).map_err(|source| Error::Folder { path: folder.clone(), source })?;
    let store = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
    Ok(Blobs { store: Arc::new(store), folder: Some(folder), kind: "local folder" })
}
