//! The message's own text and HTML, decoded and bounded.

use super::choice::Chosen;
use super::fields::one_line;
use super::notes::Notes;
use super::parts::Parts;
use super::{Limits, charset, markup, tidy};

/// Length of a snippet in characters.
const SNIPPET_CHARS: usize = 200;
/// Lines of text made from HTML are as long as their paragraphs.
const NO_WRAP: usize = 100_000;

/// The text: text parts one after the other, HTML made to text where no text stands beside it.
pub(super) fn text(raw: &[u8], parts: &Parts, chosen: &Chosen, limits: &Limits, notes: &mut Notes) -> String {
    let mut out = String::new();
    for node in chosen.text.iter().filter_map(|&number| parts.get(number)) {
        let room = limits.max_text_bytes.saturating_sub(out.len());
        if room == 0 {
            break;
        }
        let piece = match node.kind() {
            "text/html" => from_html(&node.text(raw, limits.max_html_bytes), limits, notes),
            _ => with_unix_line_ends(node.text(raw, room.saturating_add(1))),
        };
        append(&mut out, &piece);
    }
    let kept = out.trim_end().len();
    out.truncate(kept);
    if cut(&mut out, limits.max_text_bytes) {
        notes.add(format!("The text is longer than {} bytes; the rest is left out.", limits.max_text_bytes));
    }
    out
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

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{61c}')
}

fn from_html(html: &str, limits: &Limits, notes: &mut Notes) -> String {
    let tidied = tidy::for_text(html);
    let mut source = tidied.as_str();
    if source.len() > limits.max_text_bytes {
        source = source.get(..source.floor_char_boundary(limits.max_text_bytes)).unwrap_or_default();
        notes.add(format!("The text was made from the first {} bytes of the HTML.", limits.max_text_bytes));
    }
    let config =
        html2text::config::plain_no_decorate().raw_mode(true).link_footnotes(false).allow_width_overflow();
    match config.string_from_read(source.as_bytes(), NO_WRAP) {
        Ok(text) => text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"),
        Err(_) => {
            notes.add("The HTML could not be laid out; its words are the text.");
            charset::without_nul(markup::words(html).into())
        }
    }
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
    use super::{Limits, Notes, from_html, snippet};

    #[test]
    fn a_snippet_is_the_first_words_in_one_line() {
        assert_eq!(snippet("  a\n\tb \u{200c}\u{200c} \u{feff}c "), "a b c");
        assert_eq!(snippet(&"words ".repeat(1_000)).chars().count(), 200);
        assert_eq!(snippet(&"é".repeat(1_000)).chars().count(), 200);
        assert_eq!(snippet(""), "");
    }

    #[test]
    fn text_is_made_from_html_without_its_code() {
        let html = "<html><head><title>T</title><style>p{}</style></head><body><p>One <b>two</b></p>\
                    <script>alert(1)</script><ul><li>three</ul><table><tr><td>4<td>5</table>&eacute;&nbsp;<br>x";
        let text = from_html(html, &Limits::default(), &mut Notes::default());
        for word in ["One two", "three", "4", "5", "é", "x"] {
            assert!(text.contains(word), "{word} is missing in {text}");
        }
        for code in ["alert", "p{}", "T", "<"] {
            assert!(!text.contains(code), "{code} is in {text}");
        }
    }

    #[test]
    fn hostile_html_takes_no_time_and_no_stack() {
        let fonts: String = (0..20_000).map(|n| format!("<font a{n}=1>")).collect();
        for html in ["<div>".repeat(200_000), "<b><p>".repeat(50_000), fonts + &"<p>x".repeat(20_000)] {
            let started = std::time::Instant::now();
            from_html(&html, &Limits::default(), &mut Notes::default());
            assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
        }
    }
}
