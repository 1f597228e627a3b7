//! The header of a message, and the message as a whole.

use base64::Engine as _;
use chrono::DateTime;

use super::chance::Chance;
use super::mime::header_text;
use super::{About, Corpus, Kind, arrived, body};

const US: &str = "service@mailroom.example";

/// A whole message of about so many bytes.
pub(super) fn write(corpus: &Corpus, about: &About, chance: &mut Chance, size: usize) -> Vec<u8> {
    let header = header(corpus, about, chance, size);
    let mut raw = header.into_bytes();
    raw.extend(body::write(about, chance, size.saturating_sub(raw.len())));
    raw
}

/// A correspondent's domain.
pub fn domain(chance: &mut Chance) -> String {
    let kind = chance.pick(&["works", "trade", "clinic", "bank", "school", "city", "shop", "tech"]);
    format!("{kind}{}.example", chance.often_small(40))
}

/// Name and address of someone who writes.
pub fn person(chance: &mut Chance) -> (String, String) {
    let first = chance.pick(&[
        "Anna",
        "Paul",
        "Zoë",
        "Jürgen",
        "Marie",
        "Łukasz",
        "Elena",
        "Γιώργος",
        "Иван",
        "José",
        "Ayşe",
        "Chiara",
        "Tom",
        "Mia",
        "Søren",
        "陳美",
        "健太",
        "민준",
    ]);
    let last = chance.pick(&[
        "Weber",
        "Martin",
        "García",
        "Kowalski",
        "Rossi",
        "Smith",
        "Müller",
        "Петров",
        "Öztürk",
        "Brown",
        "Lefèvre",
        "Andersen",
        "Novák",
        "Jones",
        "Costa",
        "Fischer",
    ]);
    let number = chance.often_small(30);
    (format!("{first} {last}"), format!("person{number}@{}", domain(chance)))
}

fn header(corpus: &Corpus, about: &About, chance: &mut Chance, size: usize) -> String {
    let charset = if about.language.charsets.contains(&about.charset) { about.charset } else { "utf-8" };
    let (name, address) = sender(about, chance);
    let at = arrived(about.number);
    let date = DateTime::from_timestamp(at - chance.below(90) as i64, 0).unwrap_or_default().to_rfc2822();
    let mut out = trace(chance, &address, at, if size < 2500 { 1 } else { 2 + about.number % 3 });
    if size > 4000 {
        out.push_str(&signature(chance, &address));
    }
    let name = header_text(&name, if name_fits(&name) { charset } else { "utf-8" });
    out.push_str(&format!("From: {name} <{address}>\r\nTo: {US}\r\n"));
    if chance.percent(15) {
        out.push_str(&format!("Cc: {}\r\n", person(chance).1));
    }
    out.push_str(&format!("Date: {date}\r\nMessage-ID: {}\r\n", corpus.message_id(about.number)));
    out.push_str(&format!("Subject: {}\r\n", header_text(&subject(about), charset)));
    if let Some(parent) = about.parent {
        let asked = corpus.message_id(parent);
        // What the desk answered in between is not in this mailbox.
        let between = format!("<{:016x}@mailroom.example>", chance.next());
        let references = if chance.percent(50) { asked.clone() } else { format!("{asked}\r\n {between}") };
        out.push_str(&format!("In-Reply-To: {asked}\r\nReferences: {references}\r\n"));
    }
    out.push_str(match about.kind {
        Kind::AutoReply => {
            "Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\nPrecedence: bulk\r\n"
        }
        Kind::Bounce => "Auto-Submitted: auto-replied\r\n",
        Kind::Newsletter => {
            "List-Id: News <news.vendor.example>\r\nPrecedence: bulk\r\n\
                             List-Unsubscribe: <https://vendor.example/leave>\r\n"
        }
        Kind::Request | Kind::Reply | Kind::Forward => "X-Mailer: Courier 4.2\r\nAccept-Language: en-GB\r\n",
    });
    out.push_str("MIME-Version: 1.0\r\n");
    out
}

/// The same person writes a thread's request and its answers.
fn sender(about: &About, chance: &mut Chance) -> (String, String) {
    match about.kind {
        Kind::Bounce => ("Mail Delivery System".to_owned(), format!("mailer-daemon@{}", domain(chance))),
        Kind::Newsletter => ("Vendor News".to_owned(), "news@vendor.example".to_owned()),
        _ => person(&mut Chance::new(11, "person", about.parent.unwrap_or(about.number))),
    }
}

fn subject(about: &About) -> String {
    match about.kind {
        Kind::Reply if about.parent.is_some() => format!("{}{}", about.language.answer, about.subject),
        Kind::AutoReply => format!("Automatic reply: {}", about.subject),
        Kind::Bounce => "Undelivered Mail Returned to Sender".to_owned(),
        Kind::Forward => format!("Fwd: {}", about.subject),
        _ => about.subject.clone(),
    }
}

fn name_fits(name: &str) -> bool {
    name.is_ascii()
}

fn trace(chance: &mut Chance, address: &str, at: i64, hops: usize) -> String {
    let mut out = format!("Return-Path: <{address}>\r\n");
    for hop in 0..hops {
        let date = DateTime::from_timestamp(at - hop as i64, 0).unwrap_or_default().to_rfc2822();
        out.push_str(&format!(
            "Received: from mx{}.{} ([192.0.2.{}])\r\n\tby relay{}.mailroom.example with ESMTPS id {:012x}\r\n\tfor <{US}>; {date}\r\n",
            chance.below(9),
            domain(chance),
            chance.below(250),
            chance.below(4),
            chance.next() >> 16,
        ));
    }
    out
}

fn signature(chance: &mut Chance, address: &str) -> String {
    let domain = address.rsplit('@').next().unwrap_or_default();
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let signature = encode(&chance.bytes(256));
    let (first, second) = signature.split_at(172);
    format!(
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=s1;\r\n\th=from:to:subject:date:message-id;\r\n\
         \tbh={};\r\n\tb={first}\r\n\t {second}\r\n\
         Authentication-Results: mailroom.example; dkim=pass header.d={domain}; spf=pass smtp.mailfrom={address}\r\n",
        encode(&chance.bytes(32)),
    )
}
