//! HTML as a row of tags and texts, read as browsers do (HTML standard, section 13.2.5), in one pass.

use std::borrow::Cow;

/// What stands next. Comments, declarations and the content of elements that hold no HTML are passed over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// With its character references.
    Text(&'a str),
    /// A start tag: its name in lower case, and what stands between the name and the `>`.
    Start(Cow<'a, str>, &'a str),
    /// An end tag.
    End(Cow<'a, str>),
}

/// Elements whose content is code or not HTML.
const OPAQUE: &[&str] = &[
    "script",
    "style",
    "title",
    "textarea",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "plaintext",
    "svg",
    "math",
    "template",
    "select",
];

/// The tags and texts of `html`, in order.
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    /// Reads from the beginning.
    pub(super) fn new(html: &'a str) -> Self {
        Self { rest: html }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// `rest` begins with `<!`.
    fn skip_declaration(&mut self) {
        let Some(comment) = self.rest.strip_prefix("<!--") else {
            return self.skip(self.rest.find('>').map_or(self.rest.len(), |at| at + 1));
        };
        let end = match comment {
            _ if comment.starts_with('>') => 1,
            _ if comment.starts_with("->") => 2,
            _ => comment_end(comment),
        };
        self.skip(4 + end);
    }

    /// Passes over the content of an opaque element and its end tag.
    fn skip_content(&mut self, name: &str) {
        loop {
            let Some(at) = self.rest.find("</") else { return self.rest = "" };
            self.skip(at + 2);
            let ended = self.rest.get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name))
                && !self.rest[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric());
            if ended {
                return self.skip(self.rest.find('>').map_or(self.rest.len(), |at| at + 1));
            }
        }
    }

    /// `rest` begins after `<` or `</` with a letter. None where the tag has no end.
    fn tag(&mut self) -> Option<(Cow<'a, str>, &'a str)> {
        let name_end = self.rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
        let (name, after) = self.rest.split_at(name_end.unwrap_or(self.rest.len()));
        let end = tag_end(after);
        self.rest = end.and_then(|end| after.get(end + 1..)).unwrap_or_default();
        let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        let name = if is_lower { Cow::Borrowed(name) } else { Cow::Owned(name.to_ascii_lowercase()) };
        Some((name, after.get(..end?)?))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = self.rest;
            let letter = |from: usize| rest.as_bytes().get(from).is_some_and(u8::is_ascii_alphabetic);
            match rest.as_bytes() {
                [] => return None,
                [b'<', b'!', ..] => self.skip_declaration(),
                [b'<', b'?', ..] => self.skip(rest.find('>').map_or(rest.len(), |at| at + 1)),
                [b'<', b'/', ..] if letter(2) => {
                    self.skip(2);
                    return self.tag().map(|(name, _)| Token::End(name));
                }
                [b'<', b'/', ..] => self.skip(rest.find('>').map_or(rest.len(), |at| at + 1)),
                [b'<', ..] if letter(1) => {
                    self.skip(1);
                    let (name, attributes) = self.tag()?;
                    match OPAQUE.contains(&&*name) {
                        true => self.skip_content(&name),
                        false => return Some(Token::Start(name, attributes)),
                    }
                }
                [first, ..] => {
                    let from = usize::from(*first == b'<');
                    let end =
                        rest.get(from..).and_then(|text| text.find('<')).map_or(rest.len(), |at| at + from);
                    self.skip(end);
                    return rest.get(..end).map(Token::Text);
                }
            }
        }
    }
}

/// After the first `-->` or `--!>`.
fn comment_end(comment: &str) -> usize {
    let mut at = 0;
    while let Some(found) = comment.get(at..).and_then(|rest| rest.find("--")) {
        at += found;
        match comment.as_bytes().get(at + 2..) {
            Some([b'>', ..]) => return at + 3,
            Some([b'!', b'>', ..]) => return at + 4,
            _ => at += 1,
        }
    }
    comment.len()
}

/// Where the `>` of a tag stands, past quoted values.
fn tag_end(attributes: &str) -> Option<usize> {
    let mut attributes = Attributes { source: attributes, at: 0 };
    attributes.by_ref().for_each(drop);
    attributes.source.as_bytes().get(attributes.at).filter(|&&byte| byte == b'>').map(|_| attributes.at)
}

/// The attributes of a start tag, values with their character references.
pub(super) struct Attributes<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Attributes<'a> {
    /// Reads what `Token::Start` holds.
    pub(super) fn new(source: &'a str) -> Self {
        Self { source, at: 0 }
    }

    fn skip_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a str {
        let from = self.at;
        let rest = self.source.as_bytes().get(from..).unwrap_or_default();
        self.at += rest.iter().position(|&byte| !accept(byte)).unwrap_or(rest.len());
        self.source.get(from..self.at).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    /// Ends at the `>` or at the end of the source, and stays there.
    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        self.skip_while(|byte| byte.is_ascii_whitespace() || byte == b'/');
        let from = self.at;
        if self.peek().is_none_or(|byte| byte == b'>') {
            return None;
        }
        // An equals sign at the beginning is part of the name.
        self.at += 1;
        self.skip_while(|byte| !(byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'=')));
        let name = self.source.get(from..self.at).unwrap_or_default();
        let name_end = self.at;
        self.skip_while(|byte| byte.is_ascii_whitespace());
        if self.peek() != Some(b'=') {
            self.at = name_end;
            return Some((name, ""));
        }
        self.at += 1;
        self.skip_while(|byte| byte.is_ascii_whitespace());
        let value = match self.peek() {
            Some(quote @ (b'"' | b'\'')) => {
                self.at += 1;
                let value = self.skip_while(|byte| byte != quote);
                self.at = (self.at + 1).min(self.source.len());
                value
            }
            _ => self.skip_while(|byte| !(byte.is_ascii_whitespace() || byte == b'>')),
        };
        Some((name, value))
    }
}

/// Text as HTML shows it.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The words of HTML: what its texts say, blanks folded, without any layout.
pub(super) fn words(html: &str) -> String {
    let mut out = String::new();
    for token in Tokens::new(html) {
        let Token::Text(text) = token else { continue };
        let decoded;
        let text = match text.contains('&') {
            true => {
                decoded = mail_parser::decoders::html::html_to_text(text);
                &decoded
            }
            false => text,
        };
        for word in text.split_whitespace() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Attributes, Token, Tokens, words};

    #[test]
    fn tags_are_told_from_text_as_browsers_do() {
        let text = |text: &'static str| Token::Text(text);
        let start = |name: &'static str, attributes: &'static str| Token::Start(name.into(), attributes);
        for (html, tokens) in [
            ("a<b>c", vec![text("a"), start("b", ""), text("c")]),
            ("<A href=\"x>y\">", vec![start("a", " href=\"x>y\"")]),
            ("1 < 2", vec![text("1 "), text("< 2")]),
            ("<!-- <b> -->x<!-->y<!--->z", vec![text("x"), text("y"), text("z")]),
            ("<!-- a --!>x", vec![text("x")]),
            ("<!doctype html><?php x ?></ x>y", vec![text("y")]),
            ("<script>a</b></scriptx></SCRIPT >x", vec![text("x")]),
            ("<style>never ended", vec![]),
            ("<b a='", vec![]),
            ("</B x='>'>y", vec![Token::End("b".into()), text("y")]),
        ] {
            assert_eq!(Tokens::new(html).collect::<Vec<_>>(), tokens, "{html}");
        }
    }

    #[test]
    fn attributes_are_read_as_browsers_do() {
        let read = |source| Attributes::new(source).collect::<Vec<_>>();
        assert_eq!(read(" a=1 b='2 3' c=\"4\" d"), [("a", "1"), ("b", "2 3"), ("c", "4"), ("d", "")]);
        assert_eq!(read("/a/b = c/d =e"), [("a", ""), ("b", "c/d"), ("=e", "")]);
    }

    #[test]
    fn words_are_the_same_however_they_are_laid_out() {
        assert_eq!(words("<p>a&nbsp;b <b>&eacute;</b></p>"), "a b é");
        assert_eq!(words("<td>a b</td>\n<style>x</style>é"), "a b é");
    }
}
