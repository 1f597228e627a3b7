//! HTML with every element closed and none nested too deep, before a tree is built of it.
//!
//! Building a tree of hostile HTML takes quadratic time (each paragraph reopens all open fonts) and its
//! depth is the sender's choice. What leaves here is well nested, so that neither happens.

use std::borrow::Cow;

use super::markup::{Attributes, Token, Tokens};

/// Elements within elements. Honest newsletters reach 60.
const MAX_DEPTH: usize = 150;
const MAX_ATTRIBUTES: usize = 32;

const VOID: &[&str] = &["area", "br", "col", "embed", "hr", "img", "input", "source", "wbr"];
/// These tags are left out, their content stays.
const UNWRAPPED: &[&str] = &[
    "html", "head", "body", "meta", "link", "base", "frameset", "frame", "form", "button", "object",
    "applet", "marquee", "noscript", "param", "track", "bgsound", "isindex", "image",
];
const TABLE: &[&str] = &["table", "caption", "colgroup", "thead", "tbody", "tfoot", "tr", "td", "th"];
/// Their start ends an open paragraph.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "details",
    "dir",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
];

/// Who takes well nested HTML, piece by piece.
pub(super) trait Sink {
    /// With its character references; may begin with a `<` that begins no tag.
    fn text(&mut self, text: &str);
    /// An element with content begins; its `close` follows.
    fn open(&mut self, name: &str, attributes: &str);
    /// An element without content.
    fn void(&mut self, name: &str, attributes: &str);
    /// The innermost open element, which is of that name, ends.
    fn close(&mut self, name: &str);
    /// Takes no more: the rest is not read.
    fn is_full(&self) -> bool {
        false
    }
}

/// Reads `html` in one pass and hands it to `sink` well nested.
pub(super) fn walk(html: &str, sink: &mut impl Sink) {
    Tidy { sink, open: Vec::new(), paragraphs: 0, dropped: 0 }.run(html);
}

/// The same HTML well nested, for who sanitises.
pub(super) fn for_display(html: &str) -> String {
    let mut display = Display(String::with_capacity(html.len()));
    walk(html, &mut display);
    display.0
}

struct Display(String);

impl Sink for Display {
    fn text(&mut self, text: &str) {
        // A `<` that begins no tag stays text for every reader after us.
        match text.strip_prefix('<') {
            Some(rest) => {
                self.0.push_str("&lt;");
                self.0.push_str(rest);
            }
            None => self.0.push_str(text),
        }
    }

    fn open(&mut self, name: &str, attributes: &str) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in Attributes::new(attributes).take(MAX_ATTRIBUTES) {
            let name = name.to_ascii_lowercase();
            let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !is_name || name.starts_with("on") {
                continue;
            }
            self.0.push(' ');
            self.0.push_str(&name);
            self.0.push_str("=\"");
            self.0.push_str(&value.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;"));
            self.0.push('"');
        }
        self.0.push('>');
    }

    fn void(&mut self, name: &str, attributes: &str) {
        self.open(name, attributes);
    }

    fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }
}

struct Tidy<'a, 's, S> {
    sink: &'s mut S,
    open: Vec<Cow<'a, str>>,
    /// How many of them are paragraphs: most blocks begin where none is open.
    paragraphs: usize,
    /// Start tags left out for their depth, whose end tags are still to come.
    dropped: usize,
}

impl<'a, S: Sink> Tidy<'a, '_, S> {
    fn run(mut self, html: &'a str) {
        for token in Tokens::new(html) {
            match token {
                Token::Text(text) => self.sink.text(text),
                Token::Start(name, attributes) => self.start(name, attributes),
                Token::End(name) => self.end(&name),
            }
            if self.sink.is_full() {
                break;
            }
        }
        self.close_down_to(0);
    }

    fn start(&mut self, name: Cow<'a, str>, attributes: &str) {
        if UNWRAPPED.contains(&&*name) || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return;
        }
        self.end_implied(&name);
        if VOID.contains(&&*name) {
            self.sink.void(&name, attributes);
        } else if self.open.len() >= MAX_DEPTH {
            self.dropped += 1;
        } else {
            self.sink.open(&name, attributes);
            self.paragraphs += usize::from(name == "p");
            self.open.push(name);
        }
    }

    /// Ends what the start of `name` ends without saying so.
    fn end_implied(&mut self, name: &str) {
        match name {
            "td" | "th" => self.close_within(&["td", "th", "caption"], &["tr", "table"]),
            "tr" => self.close_within(&["tr", "caption", "colgroup"], &["table"]),
            "thead" | "tbody" | "tfoot" | "colgroup" | "caption" => {
                self.close_within(&["thead", "tbody", "tfoot", "caption", "colgroup"], &["table"]);
            }
            "li" => {
                self.close_within(&["li"], &["ul", "ol", "menu", "td", "th", "table", "div", "blockquote"])
            }
            "dt" | "dd" => {
                self.close_within(&["dt", "dd"], &["dl", "td", "th", "table", "div", "blockquote"])
            }
            "a" => self.close_within(&["a"], &["td", "th", "caption", "table"]),
            _ if self.paragraphs > 0 && BLOCKS.contains(&name) => {
                self.close_within(&["p"], &["td", "th", "caption", "table"])
            }
            _ => {}
        }
    }

    /// Closes the innermost of `names`, unless one of `barriers` is further in.
    fn close_within(&mut self, names: &[&str], barriers: &[&str]) {
        let innermost = |open: &Cow<'_, str>| names.contains(&&**open) || barriers.contains(&&**open);
        if let Some(at) = self.open.iter().rposition(innermost)
            && self.open.get(at).is_some_and(|open| names.contains(&&**open))
        {
            self.close_down_to(at);
        }
    }

    fn end(&mut self, name: &str) {
        if self.dropped > 0 {
            self.dropped -= 1;
            return;
        }
        let barriers: &[&str] = match name {
            "table" => &[],
            _ if TABLE.contains(&name) => &["table"],
            _ => &["td", "th", "caption", "table"],
        };
        self.close_within(&[name], barriers);
    }

    fn close_down_to(&mut self, depth: usize) {
        for name in self.open.drain(depth.min(self.open.len())..).rev() {
            self.paragraphs -= usize::from(name == "p");
            self.sink.close(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, for_display};

    #[test]
    fn every_element_is_closed_and_well_nested() {
        for (html, tidied) in [
            ("<p>a<p>b", "<p>a</p><p>b</p>"),
            ("<b><p>x</b>y", "<b><p>x</p></b>y"),
            ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
            (
                "<table><tr><td>a<td>b<tr><td>c</table>",
                "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
            ),
            ("<b><table><tr><td>x</b>y</td></tr></table></b>", "<b><table><tr><td>xy</td></tr></table></b>"),
            ("<div><table><tr><td></div>x</table></div>", "<div><table><tr><td>x</td></tr></table></div>"),
            ("</b></div>x<br/><hr>", "x<br><hr>"),
            ("<a b='\"' c=d onclick=x>y", "<a b=\"&quot;\" c=\"d\">y</a>"),
            ("<html><body bgcolor=x>y<form>z</form>", "yz"),
            ("<o:p>x</o:p>", "x"),
            ("1 < 2", "1 &lt; 2"),
        ] {
            assert_eq!(for_display(html), tidied, "{html}");
        }
    }

    #[test]
    fn depth_is_bounded_and_what_follows_stands_where_it_should() {
        let html = format!("{}x{}<p>y</p>", "<div>".repeat(1_000), "</div>".repeat(1_000));
        let tidied = for_display(&html);
        assert_eq!(tidied.matches("<div>").count(), MAX_DEPTH);
        assert!(tidied.ends_with("</div><p>y</p>"), "{tidied}");
    }
}
