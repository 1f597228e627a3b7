//! What the author of a mail added: its text without quoted history and without signature.
//!
//! `attribution` knows the line that introduces a quote, `history` the places after which nothing is the
//! author's any more, `headers` the header of another mail within the text, `signature` the ends of what a
//! person writes; `phrases` holds their words in English, French and German. Each looks at a line and at a
//! bounded number of lines around it, so that all of it is linear in the text.

mod attribution;
mod headers;
mod history;
mod phrases;
mod signature;

use super::plain::{Mark, Wrapped};

/// A longer line is prose, whatever it begins with.
const MAX_MARKER_BYTES: usize = 300;

/// Whose a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Author,
    /// Quoted, or what introduces a quote.
    Other,
    Signature,
}

/// The lines of a text.
#[derive(Debug)]
struct Lines<'a> {
    text: &'a str,
    starts: Vec<u32>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at as u32 + 1)).collect();
        Self { text, starts }
    }

    fn len(&self) -> usize {
        self.starts.len()
    }

    fn start(&self, line: usize) -> usize {
        self.starts.get(line).map_or(self.text.len(), |&start| start as usize)
    }

    /// As it stands, without its end; nothing where there is no such line.
    fn whole(&self, line: usize) -> &'a str {
        let text = self.text.get(self.start(line)..self.start(line + 1)).unwrap_or_default();
        text.strip_suffix('\n').unwrap_or(text)
    }

    /// Without blanks around it.
    fn get(&self, line: usize) -> &'a str {
        self.whole(line).trim()
    }

    fn is_blank(&self, line: usize) -> bool {
        self.get(line).is_empty()
    }
}

/// A line in lower case, with plain blanks and apostrophes; nothing where it is too long for a marker.
fn folded(line: &str) -> String {
    if line.len() > MAX_MARKER_BYTES {
        return String::new();
    }
    let plain = line.chars().map(|c| match c {
        '\u{a0}' | '\u{202f}' | '\t' => ' ',
        '’' => '\'',
        c => c,
    });
    plain.flat_map(char::to_lowercase).collect()
}

/// The author's words in `text`, or all of it where nothing else would be left. `marks` are those of the HTML
/// that the text was made from, `author` is the author's name. The result's lines are lines of `text`, in their order.
pub(super) fn added(text: &str, marks: &[Mark], author: Option<&str>) -> String {
    if u32::try_from(text.len()).is_err() {
        return text.to_owned();
    }
    let lines = Lines::of(text);
    let mut whose = wrapped(&lines, marks);
    quoted(&lines, &mut whose);
    unquoted(&lines, &mut whose);
    signed(&lines, &mut whose, &author.map(signature::name_words).unwrap_or_default());
    kept(&lines, &whose).unwrap_or_else(|| text.to_owned())
}

/// What mail programs wrapped.
fn wrapped(lines: &Lines<'_>, marks: &[Mark]) -> Vec<Whose> {
    let mut marks = marks.iter().peekable();
    let (mut quoted_until, mut signed_until) = (0, 0);
    let each = (0..lines.len()).map(|line| {
        let start = lines.start(line);
        while let Some(mark) = marks.next_if(|mark| mark.is_begun_at(start)) {
            let until = if mark.kind == Wrapped::Signature { &mut signed_until } else { &mut quoted_until };
            *until = mark.end.max(*until);
        }
        match start {
            _ if start < quoted_until => Whose::Other,
            _ if start < signed_until => Whose::Signature,
            _ => Whose::Author,
        }
    });
    each.collect()
}

/// Lines that begin with `>`.
fn quoted(lines: &Lines<'_>, whose: &mut [Whose]) {
    for (line, whose) in whose.iter_mut().enumerate() {
        // Mail that passed a Unix mailbox has `>From` where its author wrote `From`.
        let text = lines.whole(line).trim_start();
        if *whose == Whose::Author && text.starts_with('>') && !text.starts_with(">From ") {
            *whose = Whose::Other;
        }
    }
}

/// What introduces quotes, and history that nothing marks line by line.
fn unquoted(lines: &Lines<'_>, whose: &mut [Whose]) {
    let mut line = 0;
    let mut has_begun = false;
    while line < lines.len() {
        if whose.get(line) != Some(&Whose::Author) || lines.is_blank(line) {
            line += 1;
            continue;
        }
        let others = match history::at(lines, line, has_begun) {
            Some(history::Found::Rest) => lines.len() - line,
            Some(history::Found::Line) => 1,
            None => match attribution::at(lines, line) {
                Some(found) if is_followed_by_quote(lines, whose, line + found.lines) => found.lines,
                Some(found) if found.is_certain => lines.len() - line,
                _ => 0,
            },
        };
        has_begun |= others == 0;
        let end = line + others;
        whose.get_mut(line..end).unwrap_or_default().fill(Whose::Other);
        line = end.max(line + 1);
    }
}

fn is_followed_by_quote(lines: &Lines<'_>, whose: &[Whose], from: usize) -> bool {
    let next = (from..lines.len().min(from + 4)).find(|&line| !lines.is_blank(line));
    next.is_some_and(|line| whose.get(line) == Some(&Whose::Other))
}

/// Signatures, at the end of each stretch of the author's words.
fn signed(lines: &Lines<'_>, whose: &mut [Whose], author: &[String]) {
    let mut from = 0;
    while from < whose.len() {
        let stretch = whose.get(from..).unwrap_or_default();
        let length = stretch.iter().take_while(|whose| **whose == Whose::Author).count();
        if length > 0 {
            let end = signature::begins(lines, from..from + length, author);
            whose.get_mut(end..from + length).unwrap_or_default().fill(Whose::Signature);
        }
        from += length.max(1);
    }
}

/// The author's lines, at most one blank one where something stood between them. None where they are all or
/// nothing.
fn kept(lines: &Lines<'_>, whose: &[Whose]) -> Option<String> {
    let is_other = |line: usize| whose.get(line) != Some(&Whose::Author) && !lines.is_blank(line);
    if !(0..lines.len()).any(is_other) {
        return None;
    }
    let mut out = String::new();
    let (mut blanks, mut is_gap) = (0, false);
    for line in 0..lines.len() {
        if is_other(line) {
            is_gap = true;
        } else if lines.is_blank(line) {
            blanks += 1;
        } else {
            if !out.is_empty() {
                let blanks = if is_gap { blanks.min(1) } else { blanks };
                (0..=blanks).for_each(|_| out.push('\n'));
            }
            out.push_str(lines.whole(line));
            (blanks, is_gap) = (0, false);
        }
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests;
