//! The message's own text and HTML, decoded and bounded.

use super::choice::Chosen;
use super::fields::one_line;
use super::notes::Notes;
use super::parts::Parts;
use super::plain::{self, Mark};
use super::{Limits, markup};

/// Length of a snippet in characters.
const SNIPPET_CHARS: usize = 200;

/// The message's text, and what mail programs wrapped in the HTML that it was made from.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) marks: Vec<Mark>,
}

/// The text: text parts one after the other, HTML made to text where no text, or none but blanks, stands beside
/// it. `html` is what `html` gave for the same message.
pub(super) fn text(
    raw: &[u8],
    parts: &Parts,
    chosen: &Chosen,
    html: Option<&str>,
    limits: &Limits,
    notes: &mut Notes,
) -> Text {
    let mut out = Text::default();
    let mut is_cut = false;
    for node in chosen.text.iter().filter_map(|&number| parts.get(number)) {
        let room = limits.max_text_bytes.saturating_sub(out.text.len());
        match node.kind() {
            _ if room == 0 => break,
            // Not decoded twice.
            "text/html" if chosen.text.len() == 1 && chosen.text == chosen.html => {
                is_cut |= out.add_html(html.unwrap_or_default(), room);
            }
            "text/html" => is_cut |= out.add_html(&node.text(raw, limits.max_html_bytes), room),
            _ => append(&mut out.text, &with_unix_line_ends(node.text(raw, room.saturating_add(1)))),
        }
    }
    if let Some(html) = html.filter(|_| out.text.trim().is_empty()) {
        out = Text::default();
        is_cut |= out.add_html(html, limits.max_text_bytes);
    }
    let kept = out.text.trim_end().len();
    out.text.truncate(kept);
    if cut(&mut out.text, limits.max_text_bytes) || is_cut {
        notes.add(format!("The text is longer than {} bytes; the rest is left out.", limits.max_text_bytes));
    }
    out
}

impl Text {
    /// Whether some of it had no room.
    fn add_html(&mut self, html: &str, room: usize) -> bool {
        let made = plain::render(html, room);
        if !self.text.is_empty() && !self.text.ends_with('\n') && !made.text.is_empty() {
            self.text.push('\n');
        }
        let offset = self.text.len();
        self.marks.extend(made.marks.into_iter().map(|mark| mark.after(offset)));
        self.text.push_str(&made.text);
        made.is_cut
    }
}

/// The HTML, where there is any: HTML parts one after the other, text between them as it stands.
pub(super) fn html(
    raw: &[u8],
    parts: &Parts,
    chosen: &Chosen,
    limits: &Limits,
    notes: &mut Notes,
) -> Option<String> {
    let nodes = || chosen.html.iter().filter_map(|&number| parts.get(number));
    if !nodes().any(|node| node.kind() == "text/html") {
        return None;
    }
    let mut out = String::new();
    for node in nodes() {
        let room = limits.max_html_bytes.saturating_sub(out.len());
        if room == 0 {
            break;
        }
        let piece = node.text(raw, room.saturating_add(1));
        match node.kind() {
            "text/html" => append(&mut out, &piece),
            _ => append(&mut out, &format!("<pre>{}</pre>", markup::escape(&piece))),
        }
    }
    if cut(&mut out, limits.max_html_bytes) {
        notes.add(format!("The HTML is longer than {} bytes; the rest is left out.", limits.max_html_bytes));
    }
    Some(out)
}

/// The first words of a text, in one line.
pub(super) fn snippet(text: &str) -> String {
    // Some marketing mail pads its beginning with blanks that nobody sees.
    let mut words =
        text.split_whitespace().map(|word| word.trim_matches(is_invisible)).filter(|word| !word.is_empty());
    let mut out = String::new();
    let mut chars = 0;
    while let Some(word) = words.next().filter(|_| chars < SNIPPET_CHARS) {
        if !out.is_empty() {
            out.push(' ');
            chars += 1;
        }
        for c in word.chars().take(SNIPPET_CHARS.saturating_sub(chars)) {
            out.push(c);
            chars += 1;
        }
    }
    one_line(&out)
}

/// Characters that show nothing.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{61c}')
}

fn append(out: &mut String, piece: &str) {
    if !out.is_empty() && !out.ends_with('\n') && !piece.is_empty() {
        out.push('\n');
    }
    out.push_str(piece);
}

fn with_unix_line_ends(text: String) -> String {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n"),
        false => text,
    }
}

fn cut(text: &mut String, limit: usize) -> bool {
    let is_long = text.len() > limit;
    if is_long {
        text.truncate(text.floor_char_boundary(limit));
    }
    is_long
}

#[cfg(test)]
mod tests {
    use super::snippet;

    #[test]
    fn a_snippet_is_the_first_words_in_one_line() {
        assert_eq!(snippet("  a\n\tb \u{200c}\u{200c} \u{feff}c "), "a b c");
        assert_eq!(snippet(&"words ".repeat(1_000)).chars().count(), 200);
        assert_eq!(snippet(&"é".repeat(1_000)).chars().count(), 200);
        assert_eq!(snippet(""), "");
    }
}
