//! The line that introduces a quote: `On 20 November 2026 Ann wrote:`, wrapped or not.

use super::phrases::{IN_PROSE, OPENERS, WROTE, WROTE_AND_WHO};
use super::{Lines, MAX_MARKER_BYTES, folded};

/// Mail programs wrap it, and so do those that pass it on.
const MAX_LINES: usize = 4;

/// What introduces a quote.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// How many lines it takes.
    pub(super) lines: usize,
    /// It can be nothing else, even where no quote sign follows.
    pub(super) is_certain: bool,
}

/// Whether a quote is introduced at `line`.
pub(super) fn at(lines: &Lines<'_>, line: usize) -> Option<Found> {
    let first = lines.get(line);
    let begins = has_opener(first);
    if !begins && !first.ends_with(':') || first.len() > MAX_MARKER_BYTES {
        return None;
    }
    let mut joined = String::new();
    for count in 1..=MAX_LINES {
        let next = lines.get(line + count - 1);
        if next.is_empty() || joined.len() + next.len() > MAX_MARKER_BYTES || next.starts_with("> ") {
            return None;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(next);
        if next.ends_with(':') {
            return introduces(&joined, begins).map(|is_certain| Found { lines: count, is_certain });
        }
    }
    None
}

fn has_opener(line: &str) -> bool {
    let word = line.split([' ', '\u{a0}']).next().unwrap_or_default();
    word.len() < line.len() && OPENERS.iter().any(|opener| word.eq_ignore_ascii_case(opener))
}

/// Whether it introduces a quote, and whether that is certain.
fn introduces(text: &str, has_opener: bool) -> Option<bool> {
    let text = folded(text);
    let said = text.trim_end_matches(':').trim_end();
    let wrote = WROTE.iter().any(|verb| said.strip_suffix(verb).is_some_and(|before| before.ends_with(' ')))
        || WROTE_AND_WHO.iter().any(|verb| said.contains(verb));
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let is_prose = !text.contains('@') && IN_PROSE.iter().any(|word| said.contains(word));
    let is_certain =
        wrote && has_opener && !is_prose && has_digit && (text.contains('@') || has_year_or_time(&text));
    let is_likely = wrote || has_digit && text.contains('@') && text.contains('<');
    is_likely.then_some(is_certain)
}

/// Four digits in a row, or `10:31`.
fn has_year_or_time(text: &str) -> bool {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    text.as_bytes().windows(4).any(|four| {
        four.iter().all(u8::is_ascii_digit)
            || four.get(1) == Some(&b':')
                && is_digit(four.first())
                && is_digit(four.get(2))
                && is_digit(four.get(3))
    })
}
