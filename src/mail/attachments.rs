//! Attachments and inline parts: names, sizes and hashes, without keeping their bytes.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::fields::{Fields, one_line};
use super::notes::Notes;
use super::parts::{Node, Parts};
use super::{Limits, charset, transfer, words};
use crate::domain::parsed::ParsedAttachment;

/// File systems take 255 bytes.
const MAX_NAME_BYTES: usize = 200;

/// Describes the parts numbered `numbers`. `shown` are the content ids that the HTML shows.
pub(super) fn describe(
    raw: &[u8],
    parts: &Parts,
    numbers: &[u32],
    shown: &HashSet<String>,
    notes: &mut Notes,
) -> Vec<ParsedAttachment> {
    let numbered = numbers.iter().filter_map(|&number| Some((number, parts.get(number)?)));
    numbered.map(|(number, node)| one(raw, number, node, shown, notes)).collect()
}

fn one(raw: &[u8], number: u32, node: &Node, shown: &HashSet<String>, notes: &mut Notes) -> ParsedAttachment {
    let mut hash = Sha256::new();
    let mut size = 0_u64;
    let body = raw.get(node.body.clone()).unwrap_or_default();
    let flaws = transfer::decode(node.encoding, body, &mut |piece| {
        hash.update(piece);
        size += piece.len() as u64;
        true
    });
    flaws.note(number, notes);
    let is_image = node.kind().starts_with("image/");
    let is_shown = node.content_id.as_ref().is_some_and(|id| shown.contains(id));
    ParsedAttachment {
        part: number,
        filename: filename(raw, number, node),
        content_type: node.kind().to_owned(),
        size,
        inline: is_shown || is_image && node.disposition.value == "inline",
        content_id: node.content_id.clone(),
        sha256: hash.finalize().into(),
    }
}

/// A part's name, fit for a file system; made up where the sender gave none.
pub(super) fn filename(raw: &[u8], number: u32, node: &Node) -> String {
    if let Some(name) = node.filename().and_then(clean) {
        return name;
    }
    let extension = extension(node.kind());
    let subject = match node.kind() {
        "message/rfc822" | "message/global" => subject_of_attached(raw, node),
        _ => None,
    };
    match subject.and_then(|subject| clean(&subject.replace(['/', '\\'], "-"))) {
        Some(subject) => format!("{subject}.eml"),
        None => format!("attachment-{number}.{extension}"),
    }
}

fn subject_of_attached(raw: &[u8], node: &Node) -> Option<String> {
    let body = raw.get(node.body.clone())?;
    let limits = Limits::default();
    let (bytes, _) = transfer::decode_up_to(node.encoding, body, 64 * 1024);
    Fields::read(&bytes, 0, &limits).first("Subject").map(|subject| words::decode(&subject))
}

/// The last piece of a path, without characters that files cannot have or that turn text around.
fn clean(name: &str) -> Option<String> {
    let name = charset::without_nul(name.into());
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let name: String = name.chars().filter(|c| !hidden(*c)).collect();
    let name = one_line(&name.replace(['<', '>', ':', '"', '|', '?', '*'], "_"));
    let name = name.trim_matches(['.', ' ']);
    if name.is_empty() {
        return None;
    }
    if name.len() <= MAX_NAME_BYTES {
        return Some(name.to_owned());
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= 16 => (stem, format!(".{extension}")),
        _ => (name, String::new()),
    };
    let kept = stem.floor_char_boundary(MAX_NAME_BYTES - extension.len());
    Some(stem.get(..kept).unwrap_or_default().to_owned() + &extension)
}

fn extension(kind: &str) -> &str {
    match kind {
        "text/plain" => "txt",
        "text/html" => "html",
        "text/calendar" => "ics",
        "text/csv" => "csv",
        "text/rfc822-headers" => "txt",
        "message/rfc822" | "message/global" => "eml",
        "message/delivery-status" | "message/disposition-notification" => "txt",
        "image/jpeg" | "image/jpg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/svg+xml" => "svg",
        "image/tiff" => "tiff",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        "application/json" => "json",
        "application/ms-tnef" => "dat",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => "p7m",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "p7s",
        "application/pgp-signature" => "asc",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAME_BYTES, clean};

    #[test]
    fn names_are_fit_for_a_file_system() {
        for (name, cleaned) in [
            ("a.pdf", Some("a.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\temp\\a.pdf", Some("a.pdf")),
            ("in\u{202e}fdp.exe", Some("infdp.exe")),
            ("a\r\nb\0.pdf", Some("ab.pdf")),
            ("..", None),
            ("  ", None),
            ("a:b?.pdf", Some("a_b_.pdf")),
        ] {
            assert_eq!(clean(name).as_deref(), cleaned, "{name:?}");
        }
        let long = clean(&("é".repeat(500) + ".pdf")).unwrap_or_default();
        assert!(long.len() <= MAX_NAME_BYTES && long.ends_with(".pdf"), "{long}");
    }
}
