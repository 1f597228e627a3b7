//! Where the author's words end and a signature, a device's greeting or a disclaimer begins.

use std::ops::Range;

use super::phrases::{
    COMPANIES, DEVICES, DEVICES_SENT, DISCLAIMS, HINTS, LIST_FOOTERS, LONG_SIGN_OFFS, NUMBERS, SIGN_OFFS,
};
use super::{Lines, folded};

/// Lines that are no longer a signature after `--`, and after the sign that RFC 3676 section 4.3 gives it.
const MAX_LOOSE_LINES: usize = 20;
const MAX_LINES: usize = 80;
/// A sign-off further up than this is not the last.
const MAX_BACK: usize = 40;
/// Paragraphs and devices at the end.
const MAX_PIECES: usize = 8;
/// A longer line is a sentence.
const MAX_BLOCK_LINE: usize = 90;
const MAX_DEVICE_BYTES: usize = 120;
const MAX_NAME_BYTES: usize = 80;

/// The first line that is none of the author's words in a stretch of lines that no quote interrupts; its end
/// where there is none. `author` holds the words of the author's name.
pub(super) fn begins(lines: &Lines<'_>, stretch: Range<usize>, author: &[String]) -> usize {
    let end = stretch.end;
    let mut at = Stretch { lines, begin: stretch.start, end };
    at.trim();
    at.cut_at_delimiter();
    at.drop_pieces();
    at.cut_at_sign_off();
    at.cut_at_name(author);
    at.end
}

struct Stretch<'l, 'a> {
    lines: &'l Lines<'a>,
    begin: usize,
    end: usize,
}

impl Stretch<'_, '_> {
    fn trim(&mut self) {
        while self.end > self.begin && self.lines.is_blank(self.end - 1) {
            self.end -= 1;
        }
    }

    fn cut_at_delimiter(&mut self) {
        let from = self.begin.max(self.end.saturating_sub(MAX_LINES));
        let found = (from..self.end).find(|&line| match self.lines.whole(line) {
            "-- " => true,
            "--" | "--\u{a0}" | "—" => self.end - line <= MAX_LOOSE_LINES,
            _ => false,
        });
        self.end = found.unwrap_or(self.end);
        self.trim();
    }

    /// Takes devices' greetings, disclaimers and list footers off the end.
    fn drop_pieces(&mut self) {
        let whole = self.end;
        for _ in 0..MAX_PIECES {
            let Some(last) = self.end.checked_sub(1).filter(|last| *last >= self.begin) else { return };
            let text = self.lines.get(last);
            let paragraph = self.paragraph();
            if is_device(text) || self.end < whole && is_rule(text) {
                self.end = last;
            } else if let Some(line) = self.list_footer() {
                self.end = line;
            } else if self.is_disclaimer(paragraph.clone()) {
                self.end = paragraph.start;
            } else {
                return;
            }
            self.trim();
        }
    }

    /// The lines from the last blank one or rule on, not too many.
    fn paragraph(&self) -> Range<usize> {
        let from = self.begin.max(self.end.saturating_sub(MAX_BACK));
        let is_edge = |&line: &usize| self.lines.is_blank(line) || is_rule(self.lines.get(line));
        (from..self.end).rev().find(is_edge).map_or(from, |line| line + 1)..self.end
    }

    fn list_footer(&self) -> Option<usize> {
        let from = self.begin.max(self.end.saturating_sub(8));
        let line = (from..self.end).find(|&line| is_rule(self.lines.get(line)))?;
        let mut after = (line + 1..self.end).map(|line| folded(self.lines.get(line)));
        after.any(|text| LIST_FOOTERS.iter().any(|words| text.contains(words))).then_some(line)
    }

    fn is_disclaimer(&self, paragraph: Range<usize>) -> bool {
        let mut text = String::new();
        for line in paragraph {
            let line = self.lines.get(line);
            let room = 1_500_usize.saturating_sub(text.len());
            let line = line.get(..line.floor_char_boundary(room)).unwrap_or_default();
            line.chars()
                .map(|c| if c == '’' { '\'' } else { c })
                .flat_map(char::to_lowercase)
                .for_each(|c| text.push(c));
            text.push(' ');
        }
        DISCLAIMS.iter().any(|phrase| text.contains(phrase))
            || text.len() > 80 && HINTS.iter().filter(|hint| text.contains(*hint)).count() >= 2
    }

    /// Only where what follows the sign-off looks like a signature: a name alone is the author's word.
    fn cut_at_sign_off(&mut self) {
        let from = self.begin.max(self.end.saturating_sub(MAX_BACK));
        let found = (from..self.end).rev().find(|&line| is_sign_off(self.lines.get(line)));
        if let Some(line) = found.filter(|&line| self.is_block(line + 1..self.end)) {
            self.end = line;
            self.trim();
        }
    }

    /// The author's name after a blank line, and under it how to reach him: what Outlook adds by itself.
    fn cut_at_name(&mut self, author: &[String]) {
        let from = (self.begin + 1).max(self.end.saturating_sub(MAX_BACK));
        let is_name = |line: &usize| {
            let text = self.lines.get(*line);
            if author.is_empty() || text.len() > MAX_NAME_BYTES || !self.lines.is_blank(line - 1) {
                return false;
            }
            let words = name_words(text);
            author.iter().all(|word| words.contains(word))
        };
        let found = (from..self.end).rev().find(is_name);
        let has_contact =
            |line: usize| (line..self.end).any(|line| is_contact(&folded(self.lines.get(line))));
        if let Some(line) = found.filter(|&line| has_contact(line + 1) && self.is_block(line..self.end)) {
            self.end = line;
            self.trim();
        }
    }

    fn is_block(&self, range: Range<usize>) -> bool {
        let (mut count, mut has_contact, mut is_terse) = (0, false, true);
        for line in range.filter(|&line| !self.lines.is_blank(line)) {
            let text = self.lines.get(line);
            let lower = folded(text);
            let is_long = text.chars().count() > MAX_BLOCK_LINE;
            let is_sentence = is_long && !is_contact(&lower) || text.ends_with(['?', '!']);
            if is_sentence || ["ps", "p.s", "nb:"].iter().any(|note| lower.starts_with(note)) {
                return false;
            }
            count += 1;
            has_contact |= is_contact(&lower);
            is_terse &= text.chars().count() <= 50 && !text.ends_with(['.', ':', ',', ';']);
        }
        count >= 2 && (has_contact || is_terse && count >= 3) || count == 1 && has_contact
    }
}

/// The words of a name in lower case; initials say nothing.
pub(super) fn name_words(name: &str) -> Vec<String> {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 1);
    words.take(8).map(str::to_lowercase).collect()
}

fn is_rule(line: &str) -> bool {
    line.len() >= 5 && line.bytes().all(|byte| matches!(byte, b'_' | b'-' | b'=' | b'*' | b'~' | b'#'))
}

fn is_device(line: &str) -> bool {
    if line.len() > MAX_DEVICE_BYTES {
        return false;
    }
    let text = folded(line);
    let sent = |begin: &&str| {
        text.starts_with(begin) && text.trim_end_matches(['.', '!', ' ']).ends_with("gesendet")
    };
    DEVICES.iter().any(|begin| text.starts_with(begin)) || DEVICES_SENT.iter().any(sent)
}

fn is_sign_off(line: &str) -> bool {
    if line.len() > MAX_DEVICE_BYTES {
        return false;
    }
    let text = folded(line);
    let words = text.trim_end_matches([',', '.', '!', ' ']);
    let long = |begin: &&str| {
        words.strip_prefix(begin).is_some_and(|rest| {
            let few = rest.chars().count() <= 30 || begin.contains("agréer") || begin.contains("croire");
            few && !rest.starts_with(char::is_alphanumeric)
        })
    };
    SIGN_OFFS.contains(&words) || LONG_SIGN_OFFS.iter().any(long)
}

/// Whether a line holds what signatures hold: a number, an address, a company. It is in lower case.
fn is_contact(line: &str) -> bool {
    let digits = line.bytes().filter(u8::is_ascii_digit).count();
    let words = || line.split([' ', ',', '|', '(', ')', '·']);
    let is_postcode = |word: &str| word.len() == 5 && word.bytes().all(|byte| byte.is_ascii_digit());
    line.contains('@') && line.contains('.')
        || line.contains("www.")
        || line.contains("http")
        || digits >= 5 && NUMBERS.iter().any(|name| line.contains(name))
        || digits >= 8 && line.starts_with(['+', '0', '('])
        || words().any(|word| COMPANIES.contains(&word) || is_postcode(word))
}
