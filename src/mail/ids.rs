//! Message-ID, In-Reply-To and References (RFC 5322 section 3.6.4), leniently and bounded.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::words;

/// Longer ids are cut and carry a hash of the whole, so that two that begin alike stay two.
const MAX_ID_BYTES: usize = 512;
/// Of more ids than this, the first few (where the thread began) and the last (its parents) are kept.
const MAX_IDS: usize = 100;
const KEPT_FIRST: usize = 10;

/// The ids of a field, without brackets, blank ones and repetitions left out, in the order written.
pub(super) fn parse(field: &str) -> Vec<String> {
    let decoded;
    let field = match field.contains('<') || !field.contains("=?") {
        true => field,
        false => {
            decoded = words::decode(field);
            &decoded
        }
    };
    let mut seen = HashSet::new();
    let found: Vec<&str> = if field.contains('<') { bracketed(field) } else { bare(field) };
    let first = found.len().min(KEPT_FIRST);
    let last = found.len().saturating_sub(MAX_IDS - KEPT_FIRST).max(first);
    found[..first]
        .iter()
        .chain(&found[last..])
        .map(|id| normal(id))
        .filter(|id| seen.insert(id.clone()))
        .collect()
}

/// The one id of a Message-ID field; None where it is missing or blank.
pub(super) fn parse_one(field: &str) -> Option<String> {
    parse(field).into_iter().next()
}

fn bracketed(field: &str) -> Vec<&str> {
    let ids = field.split('<').skip(1).map(|after| after.split('>').next().unwrap_or_default());
    ids.filter(|id| !id.trim().is_empty()).collect()
}

/// Without brackets anything with an @ is an id; a single word may do without.
fn bare(field: &str) -> Vec<&str> {
    let words =
        || field.split(|c: char| c.is_whitespace() || c == ',' || c == '>').filter(|word| !word.is_empty());
    match words().count() {
        1 => words().collect(),
        _ => words().filter(|word| word.contains('@') && !word.starts_with('(')).collect(),
    }
}

/// Blanks within an id come from folding.
fn normal(id: &str) -> String {
    let id: String = id.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    if id.len() <= MAX_ID_BYTES {
        return id;
    }
    let mut kept = id.clone();
    kept.truncate(id.floor_char_boundary(MAX_ID_BYTES - 72));
    format!("{kept}#sha256:{}", hex::encode(Sha256::digest(id.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::{MAX_ID_BYTES, MAX_IDS, parse, parse_one};

    #[test]
    fn ids_are_read_leniently() {
        for (field, ids) in [
            ("<a@b>", vec!["a@b"]),
            (" (hi) <a@b> <c@d>(x)", vec!["a@b", "c@d"]),
            ("<a@b><c@d>", vec!["a@b", "c@d"]),
            ("<a@b>,<c@d>", vec!["a@b", "c@d"]),
            ("a@b", vec!["a@b"]),
            ("a@b c@d", vec!["a@b", "c@d"]),
            ("<a@b", vec!["a@b"]),
            ("a@b>", vec!["a@b"]),
            ("< > <a@b>", vec!["a@b"]),
            ("<>", vec![]),
            ("", vec![]),
            ("<lo\tng@ b>", vec!["long@b"]),
            ("<a@b> <a@b>", vec!["a@b"]),
            ("Your message of Monday <a@b>", vec!["a@b"]),
            ("Your message of Monday", vec![]),
            ("=?utf-8?Q?=3Ca=40b=3E?=", vec!["a@b"]),
            ("no-at-sign", vec!["no-at-sign"]),
        ] {
            assert_eq!(parse(field), ids, "{field}");
        }
    }

    #[test]
    fn a_blank_message_id_is_none() {
        assert_eq!(parse_one("< >"), None);
        assert_eq!(parse_one("<a@b> <c@d>").as_deref(), Some("a@b"));
    }

    #[test]
    fn long_ids_are_cut_and_stay_different() {
        let start = "x".repeat(8_000);
        let one = parse_one(&format!("<{start}1@h>"));
        let two = parse_one(&format!("<{start}2@h>"));
        assert!(one.as_ref().is_some_and(|id| id.len() <= MAX_ID_BYTES));
        assert_ne!(one, two);
    }

    #[test]
    fn of_very_many_ids_the_first_and_the_last_are_kept() {
        let field: String = (0..5_000).map(|n| format!("<{n}@h> ")).collect();
        let ids = parse(&field);
        assert_eq!(ids.len(), MAX_IDS);
        assert_eq!(ids.first().map(String::as_str), Some("0@h"));
        assert_eq!(ids.last().map(String::as_str), Some("4999@h"));
    }
}
