//! The body of a message: texts, attachments, reports, and enough of them to reach its size.

use super::chance::Chance;
use super::mime::{Transfer, in_charset, multipart, part};
use super::{About, Kind, envelope};

/// A body of about so many bytes, beginning with its Content-Type.
pub fn write(about: &About, chance: &mut Chance, budget: usize) -> Vec<u8> {
    match about.kind {
        Kind::Bounce => report(about, chance, budget),
        Kind::Newsletter => newsletter(about, chance, budget),
        Kind::AutoReply => text(about, chance, budget.min(1500)),
        _ => letter(about, chance, budget),
    }
}

/// Text, perhaps with HTML beside it, perhaps with attachments.
fn letter(about: &About, chance: &mut Chance, budget: usize) -> Vec<u8> {
    let words = (600.0 * (1.1 * chance.normal()).exp()) as usize;
    let words = words.clamp(120, 9000).min(budget);
    let with_html = budget > 3000 && chance.percent(60);
    let written = if with_html { alternative(about, chance, words) } else { text(about, chance, words) };
    let left = budget.saturating_sub(written.len() + 300);
    if left < 1800 {
        return if with_html { alternative(about, chance, budget / 4) } else { text(about, chance, budget) };
    }
    let mut parts = vec![written];
    if about.kind == Kind::Forward {
        parts.push(original(about, chance, left));
    } else {
        parts.extend(attachments(about, chance, left));
    }
    multipart("mixed", &boundary(chance), &parts)
}

fn text(about: &About, chance: &mut Chance, bytes: usize) -> Vec<u8> {
    let language = about.language;
    let mut written = format!("{}\r\n\r\n", language.greeting);
    written.push_str(&language.prose(chance, bytes.saturating_sub(200) * 2 / 3));
    written.push_str(&format!("\r\n\r\n{}\r\n{}\r\n", language.closing, envelope::person(chance).0));
    if about.parent.is_some() {
        let quoted = language.prose(chance, bytes / 4);
        written.push_str("\r\n");
        for line in quoted.lines() {
            written.push_str(&format!("> {line}\r\n"));
        }
    }
    let bytes = in_charset(&written, about.charset);
    let content_type = format!("text/plain; charset={}", about.charset);
    part(&content_type, "", transfer(about, chance, &bytes), &bytes)
}

fn transfer(about: &About, chance: &mut Chance, bytes: &[u8]) -> Transfer {
    match about.charset {
        "iso-2022-jp" | "us-ascii" => Transfer::Plain,
        _ if bytes.is_ascii() => Transfer::Plain,
        _ if about.language.greeting.is_ascii() || chance.percent(40) => Transfer::QuotedPrintable,
        _ if chance.percent(50) => Transfer::Base64,
        _ => Transfer::Plain,
    }
}

fn alternative(about: &About, chance: &mut Chance, words: usize) -> Vec<u8> {
    let plain = text(about, chance, words);
    let rich = html(about, chance, words);
    multipart("alternative", &boundary(chance), &[plain, rich])
}

fn html(about: &About, chance: &mut Chance, words: usize) -> Vec<u8> {
    let mut page = String::from(
        "<html><head><style>p.MsoNormal{margin:0cm;font-size:11.0pt;font-family:\"Calibri\",sans-serif;}\r\n\
         a:link{color:#0563C1;text-decoration:underline;} table{border-collapse:collapse;}</style></head>\r\n<body lang=\"en\">\r\n",
    );
    for paragraph in about.language.prose(chance, words).split("\r\n\r\n") {
        page.push_str(&format!(
            "<p class=\"MsoNormal\"><span style=\"color:#{:06x}\">{paragraph}</span></p>\r\n",
            chance.below(0x40_4040)
        ));
    }
    page.push_str("<p class=\"MsoNormal\"><a href=\"https://www.vendor.example/\">www.vendor.example</a></p></body></html>\r\n");
    let bytes = in_charset(&page, about.charset);
    let transfer = if about.charset == "iso-2022-jp" { Transfer::Plain } else { Transfer::QuotedPrintable };
    part(&format!("text/html; charset={}", about.charset), "", transfer, &bytes)
}

fn newsletter(about: &About, chance: &mut Chance, budget: usize) -> Vec<u8> {
    let words = (budget / 3).min(16_000);
    let page = alternative(about, chance, words / 2);
    let left = budget.saturating_sub(page.len() + 300);
    if left < 4000 {
        return page;
    }
    let mut parts = vec![page];
    for (number, size) in shares(chance, left).into_iter().enumerate() {
        let more = format!(
            "Content-ID: <image{number}@vendor.example>\r\nContent-Disposition: inline; filename=\"image{number}.png\"\r\n"
        );
        parts.push(part("image/png", &more, Transfer::Base64, &binary(chance, b"\x89PNG\r\n\x1a\n", size)));
    }
    multipart("related", &boundary(chance), &parts)
}

fn attachments(about: &About, chance: &mut Chance, left: usize) -> Vec<Vec<u8>> {
    let shares = shares(chance, left);
    let mut parts = Vec::with_capacity(shares.len());
    for (number, size) in shares.into_iter().enumerate() {
        let attached = |name: &str| format!("Content-Disposition: attachment; filename=\"{name}\"\r\n");
        let name = about.language.title(chance, 2);
        let encoded: String = name
            .bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect();
        let made = match chance.below(10) {
            0..4 => {
                let more = format!("Content-Disposition: attachment;\r\n filename*=utf-8''{encoded}.pdf\r\n");
                part("application/pdf", &more, Transfer::Base64, &binary(chance, b"%PDF-1.7\n", size))
            }
            4..7 => part(
                "image/jpeg",
                &attached(&format!("photo{number}.jpg")),
                Transfer::Base64,
                &binary(chance, b"\xff\xd8\xff\xe0", size),
            ),
            7..8 => {
                let table = in_charset(&about.language.prose(chance, size), "utf-8");
                part("text/csv; charset=utf-8", &attached("table.csv"), Transfer::Base64, &table)
            }
            8..9 => {
                let log = about.language.prose(chance, size);
                part(
                    "text/plain; charset=utf-8",
                    &attached("log.txt"),
                    Transfer::QuotedPrintable,
                    log.as_bytes(),
                )
            }
            _ => part(
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                &attached("letter.docx"),
                Transfer::Base64,
                &binary(chance, b"PK\x03\x04", size),
            ),
        };
        parts.push(made);
    }
    parts
}

/// The decoded sizes of one to three attachments that take so many bytes in base64.
fn shares(chance: &mut Chance, left: usize) -> Vec<usize> {
    let count = if left > 20_000 { 1 + chance.below(3) } else { 1 };
    let decoded = left * 57 / 78;
    (0..count).map(|_| (decoded / count).saturating_sub(150).max(64)).collect()
}

fn binary(chance: &mut Chance, magic: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    bytes.extend(chance.bytes(size.saturating_sub(magic.len())));
    bytes
}

/// The forwarded original, whole.
fn original(about: &About, chance: &mut Chance, left: usize) -> Vec<u8> {
    let (name, address) = envelope::person(chance);
    let mut nested = format!(
        "From: {} <{address}>\r\nTo: person1@works1.example\r\nMessage-ID: <{:016x}@{}>\r\n\
         Subject: {}\r\nMIME-Version: 1.0\r\n",
        super::mime::header_text(&name, "utf-8"),
        chance.next(),
        envelope::domain(chance),
        super::mime::header_text(&about.subject, "utf-8"),
    )
    .into_bytes();
    let written = text(about, chance, left.min(2500));
    let more = left.saturating_sub(nested.len() + written.len() + 300);
    if more < 1800 {
        nested.extend(written);
    } else {
        let mut parts = vec![written];
        parts.extend(attachments(about, chance, more));
        nested.extend(multipart("mixed", &boundary(chance), &parts));
    }
    let mut out = b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n".to_vec();
    out.extend(nested);
    out
}

/// RFC 3464: notice, status, and the header of what came back.
fn report(about: &About, chance: &mut Chance, budget: usize) -> Vec<u8> {
    let (_, address) = envelope::person(chance);
    let notice = format!(
        "This is the mail system at host mx.works1.example.\r\n\r\n\
         Your message could not be delivered to one or more recipients.\r\n\r\n<{address}>: host mx said: 550 5.1.1 unknown user\r\n"
    );
    let status = format!(
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.works1.example\r\nArrival-Date: Mon, 5 Jan 2026 08:00:00 +0000\r\n\r\n\
         Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 unknown user\r\n"
    );
    let returned = text(about, chance, budget.saturating_sub(1400).min(6000));
    let mut back = b"Content-Type: message/rfc822\r\n\r\nFrom: service@mailroom.example\r\nSubject: Re: your request\r\nMIME-Version: 1.0\r\n".to_vec();
    back.extend(returned);
    let parts = [
        part("text/plain; charset=us-ascii", "", Transfer::Plain, notice.as_bytes()),
        status.into_bytes(),
        back,
    ];
    multipart("report; report-type=delivery-status", &boundary(chance), &parts)
}

fn boundary(chance: &mut Chance) -> String {
    format!("=_{:016x}_{:08x}", chance.next(), chance.next() as u32)
}
