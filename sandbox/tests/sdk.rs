//! Microsoft's own clients, driving the sandbox as an application does.

use chrono::TimeDelta;
use sandbox::sample;
use sandbox::server::Options;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::contract::Held;
use crate::judges;

fn mail(number: usize) -> String {
    let head = format!(
        "From: Carla <carla@fabrikam.example>\r\nTo: {}\r\nSubject: Mail {number:02}\r\n\
         Message-ID: <{number}@fabrikam.example>\r\nMIME-Version: 1.0\r\n",
        sample::ADELE
    );
    if number < 24 {
        return format!("{head}Content-Type: text/plain\r\n\r\nNumber {number}\r\n");
    }
    format!(
        "{head}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nNumber\r\n--x\r\n\
         Content-Type: text/plain; name=note.txt\r\nContent-Disposition: attachment; filename=note.txt\r\n\
         Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--x--\r\n"
    )
}

/// A sandbox with mail in it, the address by which its certificate is right, and its authority in a file.
pub async fn with_mail() -> (Held, String, NamedTempFile) {
    let state = sample::state();
    for number in 0..25 {
        let ago = TimeDelta::minutes(100 - i64::try_from(number).unwrap());
        sample::deliver(&state, sample::ADELE, mail(number).into_bytes(), state.clock.now() - ago);
    }
    let sandbox = Held::start(Options::default(), state).await;
    let ca = NamedTempFile::new().unwrap();
    std::fs::write(ca.path(), sandbox.ca_pem.as_ref().unwrap()).unwrap();
    let base = sandbox.https_url.as_ref().unwrap().replace("127.0.0.1", "localhost");
    (sandbox, base, ca)
}

fn settings(base: &str, ca: &NamedTempFile) -> Value {
    let host = base.trim_start_matches("https://").split(':').next().unwrap();
    json!({
        "base": base, "host": host, "ca": ca.path(), "tenant": sample::DOMAIN, "client_id": sample::CLIENT_ID,
        "secret": sample::SECRET, "user": sample::ADELE, "other": sample::BEN,
    })
}

#[track_caller]
fn all_right(told: &str, cases: usize) {
    assert!(told.ends_with("\n0 wrong\n") && told.matches("right ").count() == cases, "{told}");
}

#[tokio::test]
async fn microsofts_sdk_for_python_reads_changes_and_sends_mail() {
    let (_sandbox, base, ca) = with_mail().await;
    let told = judges::python("sdk_judge.py", &[&settings(&base, &ca).to_string()]).await;
    all_right(&told, 17);
}

#[tokio::test]
async fn the_library_o365_reads_changes_and_sends_mail() {
    let (_sandbox, base, ca) = with_mail().await;
    let told = judges::python("o365_judge.py", &[&settings(&base, &ca).to_string()]).await;
    all_right(&told, 13);
}

#[tokio::test]
async fn microsofts_client_for_javascript_reads_and_changes_mail_and_is_notified() {
    let (_sandbox, base, ca) = with_mail().await;
    let told = judges::node("graph_client_judge.mjs", ca.path(), &[&settings(&base, &ca).to_string()]).await;
    all_right(&told, 14);
}
