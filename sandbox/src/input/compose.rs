//! Writes messages as mail programs do: charsets, encoded words, parts.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

/// A file to attach: its name, its type, its bytes.
pub type File = (String, &'static str, Vec<u8>);

/// What a message is to be like.
#[derive(Debug, Clone)]
pub struct Letter {
    pub from: (String, String),
    pub to: (String, String),
    pub subject: String,
    pub date: DateTime<Utc>,
    pub id: String,
    /// The thread before it, oldest first.
    pub references: Vec<String>,
    /// Further fields, in ASCII.
    pub fields: Vec<(&'static str, String)>,
    pub charset: &'static str,
    pub text: String,
    pub html: Option<String>,
    pub files: Vec<File>,
}

/// The letter as it travels.
pub fn written(letter: &Letter) -> Vec<u8> {
    let boundary =
        |level: u8| format!("=_{level}_{}", letter.id.trim_matches(['<', '>']).replace(['@', '.'], "_"));
    let mut body = part(&letter.text, "plain", letter.charset);
    if let Some(html) = &letter.html {
        let parts = [body, part(html, "html", letter.charset)];
        body = multipart("alternative", &boundary(1), &parts);
    }
    if !letter.files.is_empty() {
        let files = letter.files.iter().map(|file| attached(file, letter.charset));
        let parts: Vec<String> = std::iter::once(body).chain(files).collect();
        body = multipart("mixed", &boundary(2), &parts);
    }
    format!("{}{body}", head(letter)).into_bytes()
}

/// Its fields, but for those of the content.
pub fn head(letter: &Letter) -> String {
    let person = |(name, address): &(String, String)| format!("{} <{address}>", word(name, letter.charset));
    let mut head = format!(
        "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: {}\r\nMIME-Version: 1.0\r\n",
        person(&letter.from),
        person(&letter.to),
        word(&letter.subject, letter.charset),
        letter.date.to_rfc2822(),
        letter.id,
    );
    if let Some(last) = letter.references.last() {
        let _ = write!(head, "In-Reply-To: {last}\r\nReferences: {}\r\n", letter.references.join("\r\n "));
    }
    for (name, value) in &letter.fields {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head
}

/// Parts within a boundary, with their field.
pub fn multipart(kind: &str, boundary: &str, parts: &[String]) -> String {
    let mut body = format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n");
    for part in parts {
        let _ = write!(body, "--{boundary}\r\n{part}\r\n");
    }
    let _ = write!(body, "--{boundary}--\r\n");
    body
}

fn part(text: &str, kind: &str, charset: &str) -> String {
    let text = text.replace('\n', "\r\n");
    let (encoding, body) = match text.is_ascii() && text.lines().all(|line| line.len() < 200) {
        true => ("7bit", text),
        false if charset == "utf-8" => ("base64", folded(&STANDARD.encode(text))),
        false => ("quoted-printable", quoted_printable(&encoded(&text, charset))),
    };
    format!(
        "Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n"
    )
}

fn attached((name, kind, bytes): &File, charset: &str) -> String {
    format!(
        "Content-Type: {kind}; name=\"{0}\"\r\nContent-Disposition: attachment; filename=\"{0}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{1}",
        word(name, charset),
        folded(&STANDARD.encode(bytes))
    )
}

/// As it is in ASCII; else as encoded words (RFC 2047), none longer than 75 characters.
fn word(text: &str, charset: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let words = letters.chunks(12).map(|piece| {
        let piece: String = piece.iter().collect();
        format!("=?{charset}?B?{}?=", STANDARD.encode(encoded(&piece, charset)))
    });
    words.collect::<Vec<_>>().join("\r\n ")
}

fn folded(base64: &str) -> String {
    let lines = base64.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned());
    lines.collect::<Vec<_>>().join("\r\n")
}

fn quoted_printable(bytes: &[u8]) -> String {
    let (mut out, mut width) = (String::with_capacity(bytes.len() * 2), 0);
    for byte in bytes {
        let piece = match byte {
            b'\r' => continue,
            b'\n' => {
                out.push_str("\r\n");
                width = 0;
                continue;
            }
            b'!'..=b'<' | b'>'..=b'~' | b' ' => char::from(*byte).to_string(),
            other => format!("={other:02X}"),
        };
        if width + piece.len() > 74 {
            out.push_str("=\r\n");
            width = 0;
        }
        width += piece.len();
        out.push_str(&piece);
    }
    out
}

/// Letters of ISO 8859-2 that Polish needs, with their places.
const POLISH: [(char, u8); 18] = [
    ('Ą', 0xa1),
    ('Ł', 0xa3),
    ('Ś', 0xa6),
    ('Ź', 0xac),
    ('Ż', 0xaf),
    ('ą', 0xb1),
    ('ł', 0xb3),
    ('ś', 0xb6),
    ('ź', 0xbc),
    ('ż', 0xbf),
    ('Ć', 0xc6),
    ('Ę', 0xca),
    ('Ń', 0xd1),
    ('Ó', 0xd3),
    ('ć', 0xe6),
    ('ę', 0xea),
    ('ń', 0xf1),
    ('ó', 0xf3),
];

fn encoded(text: &str, charset: &str) -> Vec<u8> {
    let single = |letter: char| match (charset, letter) {
        ("iso-8859-2", letter) if !letter.is_ascii() => {
            POLISH.iter().find(|(known, _)| *known == letter).map_or(b'?', |(_, place)| *place)
        }
        ("windows-1252", '’') => 0x92,
        _ => u8::try_from(u32::from(letter)).unwrap_or(b'?'),
    };
    match charset {
        "utf-8" => text.as_bytes().to_vec(),
        _ => text.chars().map(single).collect(),
    }
}
