//! HTML with every element closed and none nested too deep, before a tree is built of it.
//!
//! Building a tree of hostile HTML takes quadratic time (each paragraph reopens all open fonts) and its
//! depth is the sender's choice. What leaves here is well nested, so that neither happens.

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

/// For who sanitises: attributes stay.
pub(super) fn for_display(html: &str) -> String {
    Tidy { out: String::with_capacity(html.len()), open: Vec::new(), dropped: 0, keeps_attributes: true }
        .run(html)
}

/// For who reads: no attributes, but what stands for an image.
pub(super) fn for_text(html: &str) -> String {
    Tidy { out: String::with_capacity(html.len() / 2), open: Vec::new(), dropped: 0, keeps_attributes: false }
        .run(html)
}

struct Tidy {
    out: String,
    open: Vec<String>,
    /// Start tags left out for their depth, whose end tags are still to come.
    dropped: usize,
    keeps_attributes: bool,
}

impl Tidy {
    fn run(mut self, html: &str) -> String {
        for token in Tokens::new(html) {
            match token {
                // A `<` that begins no tag stays text for every reader after us.
                Token::Text(text) => match text.strip_prefix('<') {
                    Some(rest) => {
                        self.out.push_str("&lt;");
                        self.out.push_str(rest);
                    }
                    None => self.out.push_str(text),
                },
                Token::Start(name, attributes) => self.start(name, attributes),
                Token::End(name) => {
                    let name = self.plain(name);
                    self.end(&name);
                }
            }
        }
        self.close_down_to(0);
        self.out
    }

    /// Who reads text takes a heading for a paragraph, not for a line with a number sign.
    fn plain(&self, name: String) -> String {
        let is_heading = matches!(name.as_str(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
        if is_heading && !self.keeps_attributes { "p".to_owned() } else { name }
    }

    fn start(&mut self, name: String, attributes: &str) {
        let name = self.plain(name);
        if UNWRAPPED.contains(&name.as_str()) || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return;
        }
        self.end_implied(&name);
        let is_void = VOID.contains(&name.as_str());
        if !is_void && self.open.len() >= MAX_DEPTH {
            self.dropped += 1;
            return;
        }
        self.out.push('<');
        self.out.push_str(&name);
        self.attributes(attributes);
        self.out.push('>');
        if !is_void {
            self.open.push(name);
        }
    }

    fn attributes(&mut self, source: &str) {
        for (name, value) in Attributes::new(source).take(MAX_ATTRIBUTES) {
            let name = name.to_ascii_lowercase();
            let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !is_name || name.starts_with("on") || !(self.keeps_attributes || name == "alt") {
                continue;
            }
            self.out.push(' ');
            self.out.push_str(&name);
            self.out.push_str("=\"");
            self.out.push_str(&value.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;"));
            self.out.push('"');
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
            _ if BLOCKS.contains(&name) => self.close_within(&["p"], &["td", "th", "caption", "table"]),
            _ => {}
        }
    }

    /// Closes the innermost of `names`, unless one of `barriers` is further in.
    fn close_within(&mut self, names: &[&str], barriers: &[&str]) {
        let innermost = |open: &String| names.contains(&open.as_str()) || barriers.contains(&open.as_str());
        if let Some(at) = self.open.iter().rposition(innermost)
            && self.open.get(at).is_some_and(|open| names.contains(&open.as_str()))
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
            self.out.push_str("</");
            self.out.push_str(&name);
            self.out.push('>');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, for_display, for_text};

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
        assert_eq!(for_text("<p style=x><img src=y alt=z>a</p>"), "<p><img alt=\"z\">a</p>");
    }

    #[test]
    fn depth_is_bounded_and_what_follows_stands_where_it_should() {
        let html = format!("{}x{}<p>y</p>", "<div>".repeat(1_000), "</div>".repeat(1_000));
        let tidied = for_display(&html);
        assert_eq!(tidied.matches("<div>").count(), MAX_DEPTH);
        assert!(tidied.ends_with("</div><p>y</p>"), "{tidied}");
    }
}
