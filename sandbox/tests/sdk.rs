//! Microsoft's msgraph-sdk, driving the sandbox as an application does.
#![expect(clippy::unwrap_used, reason = "tests")]

mod judges;

use chrono::TimeDelta;
use sandbox::sample;
use sandbox::server::{Options, Sandbox};
use serde_json::json;

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

#[tokio::test]
async fn microsofts_sdk_reads_and_changes_mail() {
    let state = sample::state();
    for number in 0..25 {
        let ago = TimeDelta::minutes(100 - i64::try_from(number).unwrap());
        sample::deliver(&state, sample::ADELE, mail(number).into_bytes(), state.clock.now() - ago);
    }
    let sandbox = Sandbox::start(Options::default(), state).await.unwrap();
    let ca = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(ca.path(), sandbox.ca_pem.as_ref().unwrap()).unwrap();
    let settings = json!({
        "base": sandbox.https_url.as_ref().unwrap().replace("127.0.0.1", "localhost"),
        "ca": ca.path(), "tenant": sample::DOMAIN, "client_id": sample::CLIENT_ID,
        "secret": sample::SECRET, "user": sample::ADELE, "other": sample::BEN,
    });
    let told = judges::python("sdk_judge.py", &[&settings.to_string()]).await;
    assert!(told.ends_with("\n0 wrong\n") && told.matches("right ").count() == 14, "{told}");
}
