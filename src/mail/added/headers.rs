//! The header of another mail as mail programs write it into the text: `From: … Sent: … To: … Subject: …`.

use super::phrases::{CC_KEYS, DATE_KEYS, FROM_KEYS, OTHER_KEYS, SUBJECT_KEYS, TO_KEYS};
use super::{Lines, folded};

const MAX_LINES: usize = 25;
const MAX_KEY_BYTES: usize = 30;

/// What is found of a header.
#[derive(Debug, Default)]
struct Seen {
    from: bool,
    date: bool,
    to: bool,
    subject: bool,
}

/// What a line of a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    From,
    Date,
    To,
    Subject,
    Other,
}

/// Whether a header begins at `line`. After a line that announces another mail less is asked for.
pub(super) fn begin(lines: &Lines<'_>, line: usize, is_announced: bool) -> bool {
    let Some(first) = key(lines.get(line)) else { return false };
    if first == Key::Other || first == Key::To && !is_announced {
        return false;
    }
    let mut seen = Seen::default();
    let mut blanks = 0;
    for at in line..line + MAX_LINES {
        let text = lines.get(at);
        if text.is_empty() {
            blanks += 1;
            if blanks > 1 {
                break;
            }
            continue;
        }
        match key(text) {
            // One mail has one sender and one subject; the next begins another.
            Some(Key::From) if seen.from => break,
            Some(Key::Subject) if seen.subject => break,
            Some(Key::From) => seen.from = true,
            Some(Key::Date) => seen.date |= text.bytes().any(|byte| byte.is_ascii_digit()),
            Some(Key::To) => seen.to = true,
            Some(Key::Subject) => seen.subject = true,
            Some(Key::Other) => {}
            // Names that had no room on their line.
            None if blanks == 0 && (text.contains('@') || lines.whole(at).starts_with([' ', '\t'])) => {}
            None => break,
        }
        blanks = 0;
    }
    match is_announced {
        true => seen.from && (seen.date || seen.to || seen.subject),
        false => seen.from && seen.date && (seen.to || seen.subject),
    }
}

fn key(line: &str) -> Option<Key> {
    let colon = line.bytes().take(MAX_KEY_BYTES).position(|byte| byte == b':')?;
    let key = folded(line.get(..colon)?);
    let key = key.trim_matches(|c: char| c == '*' || c == ' ');
    let is_in = |keys: &[&str]| keys.contains(&key);
    match () {
        () if is_in(FROM_KEYS) => Some(Key::From),
        () if is_in(DATE_KEYS) => Some(Key::Date),
        () if is_in(TO_KEYS) || is_in(CC_KEYS) => Some(Key::To),
        () if is_in(SUBJECT_KEYS) => Some(Key::Subject),
        () if is_in(OTHER_KEYS) => Some(Key::Other),
        () => None,
    }
}
