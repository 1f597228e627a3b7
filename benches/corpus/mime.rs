//! How text and bytes are put into a message: charsets, encoded words, transfer encodings, multiparts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;

/// Text in a charset. What the charset lacks becomes a numeric reference, as some programs do.
pub fn in_charset(text: &str, charset: &str) -> Vec<u8> {
    Encoding::for_label(charset.as_bytes())
        .map_or_else(|| text.as_bytes().to_vec(), |encoding| encoding.encode(text).0.into_owned())
}

/// A header's text as encoded words (RFC 2047), folded; plain text where it is ASCII.
pub fn header_text(text: &str, charset: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let charset = if charset == "us-ascii" { "utf-8" } else { charset };
    let letters: Vec<char> = text.chars().collect();
    let words: Vec<String> = letters
        .chunks(14)
        .map(|piece| {
            let piece: String = piece.iter().collect();
            format!("=?{charset}?B?{}?=", STANDARD.encode(in_charset(&piece, charset)))
        })
        .collect();
    words.join("\r\n ")
}

/// How a part's bytes travel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// As they are.
    Plain,
    /// RFC 2045, section 6.7.
    QuotedPrintable,
    /// RFC 2045, section 6.8.
    Base64,
}

/// A part: its header lines, an empty line, its body.
pub fn part(content_type: &str, more: &str, transfer: Transfer, bytes: &[u8]) -> Vec<u8> {
    let encoding = match transfer {
        Transfer::Plain if bytes.is_ascii() => "7bit",
        Transfer::Plain => "8bit",
        Transfer::QuotedPrintable => "quoted-printable",
        Transfer::Base64 => "base64",
    };
    let mut out =
        format!("Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n{more}\r\n")
            .into_bytes();
    match transfer {
        Transfer::Plain => out.extend_from_slice(bytes),
        Transfer::QuotedPrintable => quoted_printable(bytes, &mut out),
        Transfer::Base64 => base64_lines(bytes, &mut out),
    }
    out
}

/// Parts within a boundary, with the header line that says so.
pub fn multipart(kind: &str, boundary: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = format!("Content-Type: multipart/{kind};\r\n boundary=\"{boundary}\"\r\n\r\n").into_bytes();
    if kind.starts_with("mixed") {
        out.extend_from_slice(b"This is a multi-part message in MIME format.\r\n");
    }
    for part in parts {
        out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}

fn base64_lines(bytes: &[u8], out: &mut Vec<u8>) {
    for line in bytes.chunks(57) {
        out.extend_from_slice(STANDARD.encode(line).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

fn quoted_printable(bytes: &[u8], out: &mut Vec<u8>) {
    let mut width = 0;
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte == b'\r' && rest.peek() == Some(&b'\n') {
            rest.next();
            out.extend_from_slice(b"\r\n");
            width = 0;
            continue;
        }
        if width > 70 {
            out.extend_from_slice(b"=\r\n");
            width = 0;
        }
        let before_end = matches!(rest.peek(), None | Some(&b'\r'));
        if (b'!'..=b'~').contains(&byte) && byte != b'=' || byte == b' ' && !before_end {
            out.push(byte);
            width += 1;
        } else {
            out.extend_from_slice(format!("={byte:02X}").as_bytes());
            width += 3;
        }
    }
}
