//! Whole messages: a golden result beside each fixture, hostile sizes, and any bytes. Fixtures cut
//! and changed at random are in tests/mail.
//!
//! `MAILROOM_REWRITE_GOLDENS=1 cargo test --lib mail::` writes the goldens anew; read the difference.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Digest;

use super::{Error, Limits, headers, html, parse, part, safe_html};
use crate::domain::parsed::{Address, ParsedMessage};

/// Longer texts and lists stand in a golden with their beginning, their length and their hash.
const LONG_TEXT_CHARS: usize = 2_000;
const LONG_LIST: usize = 40;

fn fixtures() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mail");
    let found = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    let mut files: Vec<PathBuf> = found.map(|entry| entry.unwrap().into_path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn golden(message: &ParsedMessage) -> Value {
    let address = |a: &Address| json!({"name": a.name, "address": a.address});
    let addresses = |list: &[Address]| list.iter().map(address).collect::<Vec<_>>();
    let attachment = |a: &crate::domain::parsed::ParsedAttachment| {
        json!({
            "part": a.part, "filename": a.filename, "content_type": a.content_type, "size": a.size,
            "inline": a.inline, "content_id": a.content_id, "sha256": hex::encode(a.sha256),
        })
    };
    let mut golden = json!({
        "internet_message_id": message.internet_message_id, "in_reply_to": message.in_reply_to,
        "references": message.references, "conversation_id": message.conversation_id,
        "subject": message.subject, "from": message.from.as_ref().map(address),
        "sender": message.sender.as_ref().map(address), "reply_to": addresses(&message.reply_to),
        "to": addresses(&message.to), "cc": addresses(&message.cc), "sent_at": message.sent_at,
        "received_at": message.received_at, "importance": message.importance, "text": message.text,
        "html": message.html,
        "safe_html": message.html.as_deref().map(|html| safe_html(html, false, &|id| Some(format!("/files/{id}")))),
        "snippet": message.snippet, "size": message.size,
        "headers": message.headers.iter().map(|h| format!("{}: {}", h.name, h.value)).collect::<Vec<_>>(),
        "attachments": message.attachments.iter().map(attachment).collect::<Vec<_>>(),
        "automatic": message.automatic, "automatic_because": message.automatic_because,
        "forwarding": (message.forwarding != crate::domain::parsed::Forwarding::NONE).then(|| json!({
            "kind": message.forwarding.kind, "by": message.forwarding.by.as_ref().map(address),
            "sender": message.forwarding.sender.as_ref().map(address),
            "recipient": message.forwarding.recipient.as_ref().map(address), "evidence": message.forwarding.evidence,
        })),
        "oddity": message.oddity,
        "fingerprint": hex::encode(message.fingerprint), "notes": message.notes,
    });
    // Most mail is all its author's.
    if message.new_text != message.text {
        golden["new_text"] = json!(message.new_text);
    }
    golden
}

fn shortened(value: Value) -> Value {
    let hash = |bytes: &[u8]| hex::encode(sha2::Sha256::digest(bytes));
    match value {
        Value::String(text) if text.chars().count() > LONG_TEXT_CHARS => json!({
            "begins": text.chars().take(120).collect::<String>(), "chars": text.chars().count(),
            "sha256": hash(text.as_bytes()),
        }),
        Value::Array(list) if list.len() > LONG_LIST => json!({
            "begins": shortened(Value::Array(list[..3].to_vec())), "count": list.len(),
            "sha256": hash(Value::Array(list).to_string().as_bytes()),
        }),
        Value::Array(list) => list.into_iter().map(shortened).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, shortened(value))).collect(),
        other => other,
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(fields) => fields.values().any(holds_nul),
        _ => false,
    }
}

fn all_ways(raw: &[u8]) {
    let message = parse(raw, &Limits::default()).unwrap();
    for attachment in &message.attachments {
        let found = part(raw, attachment.part).unwrap();
        assert_eq!(found.bytes.len() as u64, attachment.size);
        assert_eq!((&found.filename, &found.content_type), (&attachment.filename, &attachment.content_type));
    }
    assert_eq!(html(raw), message.html);
    assert_eq!(headers(raw), message.headers);
    safe_html(message.html.as_deref().unwrap_or_default(), true, &|id| Some(id.to_owned()));
    assert!(!holds_nul(&golden(&message)), "U+0000 is left");
}

#[test]
fn every_fixture_is_parsed_as_its_golden_says() {
    let rewrite = std::env::var_os("MAILROOM_REWRITE_GOLDENS").is_some();
    let fixtures = fixtures();
    assert!(fixtures.len() >= 40);
    for (path, raw) in fixtures {
        let message = parse(&raw, &Limits::default()).unwrap();
        let result = serde_json::to_string_pretty(&shortened(golden(&message))).unwrap() + "\n";
        let golden = path.with_extension("json");
        if rewrite {
            std::fs::write(&golden, &result).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert!(expected == result, "{} differs; it is now:\n{result}", golden.display());
    }
}

#[test]
fn parts_are_found_again_by_their_numbers() {
    for (_, raw) in fixtures() {
        all_ways(&raw);
    }
}

#[test]
fn no_text_holds_a_nul() {
    for (path, raw) in fixtures() {
        let message = parse(&raw, &Limits::default()).unwrap();
        assert!(!holds_nul(&golden(&message)), "{}", path.display());
    }
}

#[test]
fn too_many_bytes_are_refused() {
    let limits = Limits { max_bytes: 3, ..Limits::default() };
    assert_eq!(parse(b"1234", &limits), Err(Error::TooLarge { size: 4, limit: 3 }));
}

#[test]
fn ten_thousand_parts_take_no_time() {
    let mut raw = String::from("Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for number in 0..10_000 {
        write!(raw, "--b\r\nContent-Type: application/pdf; name={number}.pdf\r\n\r\n{number}\r\n").unwrap();
    }
    let started = Instant::now();
    let message = parse(raw.as_bytes(), &Limits::default()).unwrap();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(message.attachments.len(), Limits::default().max_parts - 1);
    assert!(message.notes.iter().any(|note| note.contains("parts")), "{:?}", message.notes);
}

#[test]
fn nesting_of_any_depth_takes_no_time_and_no_stack() {
    let multiparts: String =
        (0..20_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    let messages = "Content-Type: message/rfc822\n\n".repeat(100_000);
    let same = "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(20_000);
    let five_hundred: String =
        (0..500).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    for raw in [multiparts, messages, same, five_hundred + "\ntext\n"] {
        let started = Instant::now();
        parse(raw.as_bytes(), &Limits::default()).unwrap();
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }
}

#[test]
fn the_fingerprint_survives_a_rebuilt_mime() {
    let first = "From: Ann <a@x.example>\r\nDate: Fri, 20 Nov 2026 11:00:00 +0100\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\
                 Message-ID: <1@x.example>\r\nContent-Type: multipart/mixed; boundary=one\r\n\r\n--one\r\n\
                 Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
                 Gr=C3=BC=C3=9Fe  aus=\r\n K=C3=B6ln\r\n--one\r\nContent-Type: text/csv\r\n\
                 Content-Disposition: attachment\r\n\r\na;b\r\n1;2\r\n--one--\r\n";
    let second = "Message-ID: <1@x.example>\nDate: Fri, 20 Nov 2026 10:00:00 +0000\nSubject: =?iso-8859-1?B?R3L832U=?=\n\
                  From: \"Ann\" <A@x.example>\nX-New: 1\nContent-Type: multipart/mixed; boundary=two\n\n--two\n\
                  Content-Type: text/plain; charset=utf-8\n\nGrüße aus Köln\n--two\nContent-Type: text/csv; name=x.csv\n\
                  Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nYTtiDQoxOzINCg==\n--two--\n";
    let fingerprint = |raw: &str| parse(raw.as_bytes(), &Limits::default()).unwrap().fingerprint;
    assert_eq!(fingerprint(first), fingerprint(second));
    for (from, to) in
        [("1;2", "1;3"), ("<1@", "<2@"), ("aus", "an"), ("11:00:00", "11:00:01"), ("a@x", "b@x")]
    {
        assert_ne!(fingerprint(first), fingerprint(&first.replace(from, to)), "{from}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_parsed(raw in prop::collection::vec(any::<u8>(), 0..2_000)) {
        all_ways(&raw);
    }
}
