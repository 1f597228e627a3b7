//! The places after which nothing is the author's: separators, headers of other mails, lines to reply above.

use super::phrases::{ANNOUNCED_BY, ANNOUNCEMENTS, REPLY_ABOVE, SEPARATORS};
use super::{Lines, attribution, folded, headers};

/// What was found at a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// From here on it is history.
    Rest,
    /// Only this line is none of the author's.
    Line,
}

/// Looks at a line that is not blank. `has_begun`: the author has said something before it.
pub(super) fn at(lines: &Lines<'_>, line: usize, has_begun: bool) -> Option<Found> {
    let text = lines.get(line);
    if is_rule(text) {
        let next = next_text(lines, line + 1)?;
        return headers::begin(lines, next, false).then_some(Found::Rest);
    }
    if is_separator(text) {
        let next = next_text(lines, line + 1);
        let introduced = next
            .is_some_and(|next| !headers::begin(lines, next, true) && attribution::at(lines, next).is_some());
        return Some(if introduced { Found::Line } else { Found::Rest });
    }
    if headers::begin(lines, line, false) || has_begun && asks_to_reply_above(text) {
        return Some(Found::Rest);
    }
    None
}

fn next_text(lines: &Lines<'_>, from: usize) -> Option<usize> {
    (from..from + 3).find(|&line| !lines.is_blank(line))
}

/// The line that Outlook draws above a header.
fn is_rule(line: &str) -> bool {
    line.len() >= 10 && line.bytes().all(|byte| matches!(byte, b'_' | b'-' | b'=' | b'*'))
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '_' | '=' | '*' | '~' | '‐' | '‑' | '–' | '—' | '+')
}

/// `-----Original Message-----` and its kin.
fn is_separator(line: &str) -> bool {
    let is_dashed = line.starts_with(is_dash) && line.chars().take(3).filter(|c| is_dash(*c)).count() >= 2;
    if !is_dashed && !line.ends_with(':') {
        return false;
    }
    let text = folded(line);
    let words = text.trim_matches(|c: char| is_dash(c) || c == ' ' || c == ':');
    if is_dashed {
        let by = |begin: &&str| words.strip_prefix(*begin).is_some_and(|rest| rest.starts_with(' '));
        return SEPARATORS.contains(&words) || ANNOUNCED_BY.iter().any(by);
    }
    ANNOUNCEMENTS.contains(&words)
}

fn asks_to_reply_above(line: &str) -> bool {
    let is_short = line.len() <= 160;
    is_short && ["ine", "INE", "igne", "inie", "eile"].iter().any(|word| line.contains(word)) && {
        let text = folded(line);
        REPLY_ABOVE.iter().any(|phrase| text.contains(phrase))
    }
}
