//! Mail as it comes: the corpus held to judges that others wrote, and cut and changed at random.

mod chance;
mod fuzzed;
mod hostile;
mod judges;
mod memory;
mod whole;

use std::path::{Path, PathBuf};

/// Where the corpus lies.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mail")
}

/// Every mail of the corpus by its name (`xss/script`), in the order of the names.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let mut mails = Vec::new();
    for entry in walkdir::WalkDir::new(folder()).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            let name = path.strip_prefix(folder()).unwrap().with_extension("");
            mails.push((name.to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()));
        }
    }
    mails
}

#[test]
fn the_corpus_is_as_big_as_promised() {
    let mails = corpus();
    assert!(mails.len() >= 300, "{} mails", mails.len());
    let bytes: usize = mails.iter().map(|(_, raw)| raw.len()).sum();
    assert!(bytes < 3_000_000, "{bytes} bytes: generate the big ones in a test");
}
