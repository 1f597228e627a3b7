//! A folder with every odd thing that an Exchange mailbox holds: each ends somewhere, with a reason, and the job goes on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sandbox::faults::Rule;
use sandbox::input::{self, Mail};
use serde_json::{Value, json};

use crate::harness::database::{Fresh, on_both};
use crate::harness::desk;
use crate::harness::office365::Office365;
use crate::harness::rows::count;
use crate::harness::service::Service;

on_both!(every_odd_item_ends_with_a_reason_and_no_job_is_stuck);

const ADDRESS: &str = "support@contoso.example";

/// With a header, and a Message-ID of that name.
fn mail(id: &str, rest: &str) -> String {
    let head =
        "From: Ada <ada@test.example>\nTo: support@contoso.example\nDate: Fri, 2 Jan 2026 03:04:05 +0000";
    format!("Message-ID: <{id}@test.example>\n{head}\nSubject: {id}\nMIME-Version: 1.0\n{rest}")
        .replace('\n', "\r\n")
}

fn meeting(id: &str, method: &str) -> String {
    let calendar = format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:{method}\nBEGIN:VEVENT\nUID:{id}\nDTSTART:20260105T090000Z\n\
         DTEND:20260105T100000Z\nORGANIZER:mailto:ada@test.example\nSUMMARY:Planning\nEND:VEVENT\nEND:VCALENDAR\n"
    );
    let body = format!(
        "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nPlanning\n\
         --b\nContent-Type: text/calendar; method={method}; charset=utf-8\n\n{calendar}--b--\n"
    );
    mail(id, &body)
}

/// What can be read, with the oddity that it is to bear.
fn readable() -> Vec<(&'static str, String, Option<&'static str>)> {
    let signed = "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=s\n\n\
        --s\nContent-Type: text/plain\n\nSigned\n--s\nContent-Type: application/pkcs7-signature; name=smime.p7s\n\
        Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=smime.p7s\n\nMIAGCSqGSIb3DQEHAqCA\n--s--\n";
    let encrypted = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\
        Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=smime.p7m\n\nMIAGCSqGSIb3DQEHA6CA\n";
    let linked = "Content-Type: text/html; charset=utf-8\n\n\
        <p>The file: <a href=\"https://contoso.sharepoint.example/plan.docx\">plan.docx</a></p>\n";
    let receipt = "Content-Type: multipart/report; report-type=disposition-notification; boundary=r\n\n\
        --r\nContent-Type: text/plain\n\nYour message was read.\n--r\nContent-Type: message/disposition-notification\n\n\
        Final-Recipient: rfc822;ada@test.example\nDisposition: automatic-action/MDN-sent-automatically; displayed\n--r--\n";
    vec![
        ("invitation", meeting("invitation", "REQUEST"), Some("CALENDAR")),
        ("cancellation", meeting("cancellation", "CANCEL"), Some("CALENDAR")),
        ("signed", mail("signed", signed), Some("SMIME_SIGNED")),
        ("encrypted", mail("encrypted", encrypted), Some("SMIME_ENCRYPTED")),
        ("linked", mail("linked", linked), None),
        ("receipt", mail("receipt", receipt), None),
        ("empty", mail("empty", "\n"), Some("EMPTY")),
        ("plain", mail("plain", "\nHello\n"), None),
    ]
}

/// What `$value` answers for some, and what is then said of them.
const REFUSED: [(&str, u16, &str, &str); 4] = [
    ("broken", 500, "ErrorInternalServerError", "Graph is unable to serve the mailbox now."),
    ("withheld", 404, "ErrorItemNotFound", "it is damaged."),
    ("invalid", 400, "ErrorMimeContentInvalid", "it is damaged."),
    ("corrupt", 500, "ErrorCorruptData", "it is damaged."),
];

fn deliver(office: &Office365, raw: &str) -> String {
    let mail = Mail { raw: Bytes::copy_from_slice(raw.as_bytes()), ..Mail::default() };
    let key = input::deliver(office.state(), ADDRESS, "inbox", mail).unwrap();
    let world = office.state().world();
    let mailbox = world.tenants.iter().find_map(|tenant| tenant.mailbox(ADDRESS)).unwrap();
    mailbox.id_of(mailbox.message(key).unwrap(), sandbox::world::IdKind::Immutable)
}

/// Someone saved a draft in the folder; its version.
fn draft(office: &Office365) -> u64 {
    let raw = mail("draft", "\nNot done\n");
    let mut world = office.state().world_mut();
    let mailbox = world.tenants.iter_mut().find_map(|tenant| tenant.mailbox_mut(ADDRESS)).unwrap();
    let inbox = mailbox.well_known("inbox").unwrap().key;
    let envelope = sandbox::mime::envelope(raw.as_bytes());
    let now = office.state().clock.now();
    let key = mailbox.begin_mime_draft(inbox, envelope, raw.into_bytes().into(), now).unwrap();
    mailbox.message(key).unwrap().version
}

/// Of each message, by the name in its Message-ID; what has none, such as one that was never read, by a number.
async fn messages(service: &Service) -> BTreeMap<String, Value> {
    let query = "{ messages(first: 50) { nodes { internetMessageId state oddity text disposition { state }
        failure { stage attempts error { code message providerCode } } reason processInstance { reference } } } }";
    let data = service.run(query, json!({})).await;
    let nodes = data["messages"]["nodes"].as_array().unwrap().clone();
    let name = |node: &Value| {
        let id = node["internetMessageId"].as_str().unwrap_or_default();
        id.trim_start_matches('<').split('@').next().unwrap().to_owned()
    };
    let named = nodes.into_iter().enumerate().map(|(at, node)| {
        let name = name(&node);
        (if name.is_empty() { at.to_string() } else { name }, node)
    });
    named.collect()
}

async fn every_odd_item_ends_with_a_reason_and_no_job_is_stuck(fresh: Fresh) {
    use sea_orm::{ConnectionTrait as _, Statement};
    let office = Office365::judged(&[ADDRESS]).await;
    for (_, raw, _) in readable() {
        deliver(&office, &raw);
    }
    for (name, status, code, _) in REFUSED {
        let id = deliver(&office, &mail(name, "\nHello\n"));
        let (path, code) = (Some(format!("/users/*/messages/{id}/$value")), Some(code.to_owned()));
        office.state().faults.add(Rule { path, status: Some(status), code, ..Rule::default() }).unwrap();
    }
    deliver(&office, "");
    let drafted = draft(&office);

    let service = office.service(&fresh.url, &[("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "1")]).await;
    let credential = office.credential(&service).await;
    let job = json!({ "folder": "INBOX", "since": null });
    let made = office.desk(&service, &credential, ADDRESS, job, &[]).await;
    let deadline = Instant::now() + Duration::from_secs(120);
    while count(&fresh, "SELECT count(*) FROM intake WHERE state = 'LISTED'").await > 0
        || count(&fresh, "SELECT count(*) FROM message").await == 0
    {
        assert!(Instant::now() < deadline, "still to be taken in\n{}", service.log());
        // What can't be had is tried again after some minutes: they pass.
        let db = fresh.database.write();
        let pass = "UPDATE intake SET next_try_at = NULL WHERE state = 'LISTED'";
        db.execute_raw(Statement::from_string(db.get_database_backend(), pass)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    let mut found = messages(&service).await;
    for (name, _, oddity) in readable() {
        let message = found.remove(name).unwrap_or_else(|| panic!("{name} is not there"));
        assert_eq!(message["state"], "PROCESSED", "{name}: {message:#}");
        assert_eq!(message["oddity"], json!(oddity), "{name}");
        assert!(message["processInstance"]["reference"].is_string(), "{name}");
    }
    let mut failed = Vec::new();
    for (name, message) in found {
        if message["state"] == "FAILED" {
            assert_eq!(message["failure"]["stage"], "FETCH", "{name}: {message:#}");
            assert!(message["reason"].is_string(), "{name}: {message:#}");
            failed.push((message["failure"]["error"]["providerCode"].clone(), message));
        } else {
            assert_eq!(message["oddity"], "EMPTY", "the one of no bytes: {message:#}");
        }
    }
    assert_eq!(failed.len(), REFUSED.len(), "{failed:#?}");
    for (name, _, code, said) in REFUSED {
        let (_, message) = failed.iter().find(|(given, _)| given == code).unwrap_or_else(|| panic!("{name}"));
        let error = message["failure"]["error"]["message"].as_str().unwrap();
        assert!(error.ends_with(said), "{name}: {error}");
    }
    assert_eq!(
        count(&fresh, "SELECT count(*) FROM message").await,
        (readable().len() + REFUSED.len() + 1) as i64
    );

    // Nothing is in the way of what comes now.
    deliver(&office, &mail("later", "\nHello\n"));
    let run = desk::run_job(&service, &made.job, Duration::from_secs(60)).await;
    assert_eq!((&run["state"], &run["error"]), (&json!("SUCCEEDED"), &Value::Null), "{run:#}");
    assert_eq!(messages(&service).await["later"]["state"], "PROCESSED");
    assert_eq!(count(&fresh, "SELECT count(*) FROM run WHERE finished_at IS NULL").await, 0);
    let world = office.state().world();
    let mailbox = world.tenants.iter().find_map(|tenant| tenant.mailbox(ADDRESS)).unwrap();
    let left: Vec<u64> = mailbox.messages().filter(|one| one.is_draft()).map(|one| one.version).collect();
    assert_eq!(left, [drafted], "the draft is as it was");
}
