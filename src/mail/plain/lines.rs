//! Writes lines: blanks folded, breaks owed until text follows, quotes and items at the line's beginning.

use std::borrow::Cow;

use super::super::text::is_invisible;

/// A blank line between paragraphs, and no more.
const MAX_BREAKS: usize = 2;
/// In preformatted text.
const MAX_PRE_BREAKS: usize = 4;
/// Quotes and lists within each other that are shown as such.
const MAX_INDENTS: usize = 20;
/// As mail programs draw it.
const RULE: &str = "________________________________";

/// What stands at the beginning of each line.
#[derive(Debug)]
enum Indent {
    Quote,
    /// A marker before the first line of an item, then as many blanks.
    Item(Cow<'static, str>),
    /// Too deep to be shown.
    Nothing,
}

/// A row of a table: cells beside each other as long as each is one line.
#[derive(Debug, Default)]
struct Row {
    cells: usize,
    /// A cell has begun and nothing is in it yet.
    is_fresh: bool,
    /// A cell had several lines; the next begins a line.
    is_broken: bool,
}

#[derive(Debug, Default)]
pub(super) struct Lines {
    out: String,
    max_bytes: usize,
    is_cut: bool,
    /// Line ends owed before the next text.
    breaks: usize,
    /// A blank owed before the next word.
    owes_space: bool,
    /// A blank that does not fold stands alone on the line: an empty line that is meant.
    is_blank_meant: bool,
    indents: Vec<Indent>,
    quotes: usize,
    /// The fewest quotes around since the last text: how a blank line is quoted.
    fewest_quotes: usize,
    /// An item, quote or cell has just begun: no room before its first paragraph.
    is_first_within: bool,
    rows: Vec<Row>,
    /// Any row is fresh.
    has_fresh: bool,
}

impl Lines {
    /// Takes at most `max_bytes`.
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, ..Self::default() }
    }

    /// The text, and whether it was cut.
    pub(super) fn finish(mut self) -> (String, bool) {
        self.is_cut |= self.out.len() > self.max_bytes;
        self.out.truncate(self.out.floor_char_boundary(self.max_bytes));
        let kept = self.out.trim_end().len();
        self.out.truncate(kept);
        (self.out, self.is_cut)
    }

    /// Whether the rest would be left out.
    pub(super) fn is_full(&self) -> bool {
        self.is_cut
    }

    /// Bytes written so far.
    pub(super) fn here(&self) -> usize {
        self.out.len()
    }

    /// What was written since there were so many bytes.
    pub(super) fn since(&self, bytes: usize) -> &str {
        self.out.get(bytes..).unwrap_or_default()
    }

    fn is_at_start(&self) -> bool {
        self.breaks > 0 || self.out.is_empty() || self.has_fresh
    }

    fn owe(&mut self, breaks: usize) {
        if std::mem::take(&mut self.is_blank_meant) {
            self.breaks = (self.breaks + 1).min(MAX_BREAKS);
        }
        self.breaks = self.breaks.max(breaks);
    }

    /// What follows begins a line.
    pub(super) fn block(&mut self) {
        self.owe(1);
    }

    /// What follows begins a line after a blank one.
    pub(super) fn paragraph(&mut self) {
        self.owe(if self.is_first_within { 1 } else { 2 });
    }

    /// Ends the line, an empty one too.
    pub(super) fn end_line(&mut self, is_pre: bool) {
        let most = if is_pre { MAX_PRE_BREAKS } else { MAX_BREAKS };
        self.is_blank_meant = false;
        self.breaks = if self.is_at_start() { (self.breaks + 1).min(most.max(self.breaks)) } else { 1 };
    }

    /// A line across.
    pub(super) fn rule(&mut self) {
        self.block();
        self.word(RULE);
        self.block();
    }

    /// A quote begins.
    pub(super) fn quote(&mut self) {
        self.block();
        self.indent(Indent::Quote);
    }

    /// The innermost quote ends.
    pub(super) fn end_quote(&mut self) {
        self.dedent();
        self.block();
    }

    /// An item begins; not the first of its list where `goes_on`.
    pub(super) fn item(&mut self, marker: Cow<'static, str>, goes_on: bool) {
        self.block();
        if goes_on {
            self.breaks = 1;
        }
        self.indent(Indent::Item(marker));
    }

    /// The innermost item ends.
    pub(super) fn end_item(&mut self) {
        self.dedent();
        self.block();
    }

    fn indent(&mut self, indent: Indent) {
        self.is_first_within = true;
        let is_quote = matches!(indent, Indent::Quote);
        let indent = if self.indents.len() < MAX_INDENTS { indent } else { Indent::Nothing };
        self.quotes += usize::from(is_quote && !matches!(indent, Indent::Nothing));
        self.indents.push(indent);
    }

    fn dedent(&mut self) {
        self.is_first_within = false;
        if let Some(Indent::Quote) = self.indents.pop() {
            self.quotes -= 1;
            self.fewest_quotes = self.fewest_quotes.min(self.quotes);
        }
    }

    /// A row begins.
    pub(super) fn row(&mut self) {
        self.block();
        self.rows.push(Row::default());
    }

    /// The innermost row ends.
    pub(super) fn end_row(&mut self) {
        self.rows.pop();
        self.has_fresh = self.has_fresh && self.rows.iter().any(|row| row.is_fresh);
        self.block();
    }

    /// A cell begins.
    pub(super) fn cell(&mut self) {
        self.block();
        self.is_first_within = true;
        if let Some(row) = self.rows.last_mut() {
            row.is_fresh = true;
            self.has_fresh = true;
        }
    }

    /// A blank before the next word, unless that begins a line.
    pub(super) fn space(&mut self) {
        self.owes_space = true;
    }

    /// Text whose blanks fold.
    pub(super) fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.chars().next().filter(|_| !self.is_cut) {
            if first.is_ascii_whitespace() {
                self.owes_space = true;
                rest = rest.trim_ascii_start();
            } else if is_firm_blank(first) {
                let beside = self.rows.last().is_some_and(|row| row.is_fresh && row.cells > 0);
                self.is_blank_meant |= self.is_at_start() && !beside;
                self.owes_space = true;
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            } else {
                let end =
                    rest.find(|c: char| c.is_ascii_whitespace() || is_firm_blank(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                // Mail that is advertising pads its beginning with what nobody sees.
                if word.is_ascii() || !word.chars().all(is_invisible) {
                    self.word(word);
                }
                rest = after;
            }
        }
    }

    /// Text whose blanks and line ends count.
    pub(super) fn preformatted(&mut self, text: &str) {
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.end_line(true);
            }
            let line = line.strip_suffix('\r').unwrap_or(line);
            if self.is_cut {
                return;
            }
            if !line.trim().is_empty() || !line.is_empty() && !self.is_at_start() {
                self.owes_space = false;
                self.word(line);
            }
        }
    }

    /// Writes `word` after what is owed.
    pub(super) fn word(&mut self, word: &str) {
        self.pay();
        let room = self.max_bytes.saturating_sub(self.out.len());
        let fits = word.get(..word.floor_char_boundary(room)).unwrap_or_default();
        self.is_cut |= fits.len() < word.len();
        self.out.push_str(fits);
    }

    /// Writes the blank, tab or line ends that are owed before a word.
    fn pay(&mut self) {
        let owes_space = std::mem::take(&mut self.owes_space);
        if self.breaks == 0 && !self.has_fresh && !self.out.is_empty() {
            if owes_space {
                self.out.push(' ');
            }
            return;
        }
        let breaks = std::mem::take(&mut self.breaks);
        (self.is_first_within, self.is_blank_meant) = (false, false);
        let is_beside = self.rows.iter().any(|row| row.is_fresh && row.cells > 0 && !row.is_broken);
        if is_beside {
            self.out.push('\t');
        } else if self.out.is_empty() {
            self.begin_line();
        } else if breaks > 0 {
            self.end_lines(breaks);
            self.begin_line();
        } else if owes_space {
            self.out.push(' ');
        }
        for row in &mut self.rows {
            row.cells += usize::from(std::mem::take(&mut row.is_fresh));
        }
        self.has_fresh = false;
        self.fewest_quotes = self.quotes;
    }

    fn end_lines(&mut self, breaks: usize) {
        let kept = self.out.trim_end_matches(' ').len();
        self.out.truncate(kept);
        self.out.push('\n');
        for _ in 1..breaks {
            self.out.push_str("> ".repeat(self.fewest_quotes).trim_end());
            self.out.push('\n');
        }
        for row in &mut self.rows {
            row.is_broken |= row.cells > 0 && !row.is_fresh;
        }
    }

    fn begin_line(&mut self) {
        for indent in &mut self.indents {
            match indent {
                Indent::Quote => self.out.push_str("> "),
                Indent::Item(marker) => {
                    self.out.push_str(marker);
                    if !marker.starts_with(' ') {
                        *marker = Cow::Owned(" ".repeat(marker.len()));
                    }
                }
                Indent::Nothing => {}
            }
        }
    }
}

/// A blank that does not fold.
fn is_firm_blank(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}')
}
