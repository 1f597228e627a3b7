//! Judges that others wrote: Python's `email` package, and Chromium.

use std::path::Path;
use std::process::Command;

use mailroom::mail;
use serde_json::json;

use super::corpus;
use crate::harness::node::{node, written};

/// Runs a Python program of this repository; what it wrote.
fn python(program: &str, arguments: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(program);
    let output = Command::new("python3").arg(path).args(arguments).output();
    written(&output.expect("python3 is needed to run this test"))
}

#[test]
fn the_generated_mails_are_as_they_are_generated() {
    let told = python("tests/fixtures/generate.py", &["--check"]);
    assert!(told.ends_with("families\n"), "{told}");
}

#[test]
fn pythons_email_package_reads_the_same_out_of_every_mail() {
    let told = python("tests/judges/email_judge.py", &[]);
    assert!(told.ends_with(" 0 wrong\n"), "{told}");
}

/// The raw HTML of attacks is opened too, so that the judge is seen to notice; that of other mails is not.
#[tokio::test(flavor = "multi_thread")]
async fn no_mail_runs_code_or_fetches_anything_in_chromium() {
    let mut documents = Vec::new();
    for (name, raw) in corpus() {
        let Some(html) = mail::html(&raw) else { continue };
        let file = |id: &str| Some(format!("http://files.example/{}", hex::encode(id)));
        let attacks = name.starts_with("xss/");
        documents.push(json!({
            "name": name,
            "raw": attacks.then_some(&html),
            "safe": mail::safe_html(&html, false, &file),
            "remote": mail::safe_html(&html, true, &file),
        }));
    }
    let attacks = documents.iter().filter(|document| !document["raw"].is_null()).count();
    assert!(attacks >= 80, "{attacks} attacks");
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), serde_json::to_vec(&documents).unwrap()).unwrap();
    let told = written(&node("xss.mjs", &[list.path().to_str().unwrap()]).await);
    let numbers: Vec<usize> =
        told.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    let [mails, pages, ran, fetched, wrong, past] = numbers[..] else { panic!("{told}") };
    assert_eq!((mails, wrong, past), (documents.len(), 0, 0), "{told}");
    assert!(pages >= 40, "{told}");
    assert!(ran >= 60 && fetched >= 30, "unsanitised, the attacks should bite: {told}");
}
