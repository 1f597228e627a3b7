//! The text of an HTML mail, as a person would type it: one pass over its tags, in lines.
//!
//! `lines` writes the lines, `look` says what an element's attributes make of it, `wrappers` knows the elements
//! in which mail programs wrap quotes and signatures, `entities` decodes character references.

mod entities;
mod lines;
mod look;
mod wrappers;

use std::borrow::Cow;

use super::tidy::{self, Sink};
use lines::Lines;
use look::Look;

pub(super) use wrappers::{Mark, Wrapped};

/// A longer address is one that only machines read.
const MAX_LINK_BYTES: usize = 200;
/// A mail has a handful.
const MAX_MARKS: usize = 500;

/// What was made of HTML.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// Lines end with LF; none ends with a blank.
    pub(super) text: String,
    /// What mail programs wrapped as quotes and signatures, in order of their starts.
    pub(super) marks: Vec<Mark>,
    /// The text would be longer than allowed.
    pub(super) is_cut: bool,
}

/// Renders `html`, at most `max_bytes` of text.
pub(super) fn render(html: &str, max_bytes: usize) -> Plain {
    let mut page = Page { lines: Lines::new(max_bytes), ..Page::default() };
    tidy::walk(html, &mut page);
    let (text, is_cut) = page.lines.finish();
    for mark in &mut page.marks {
        mark.end = mark.end.min(text.len());
    }
    Plain { text, marks: page.marks, is_cut }
}

/// What the end of an element ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Nothing,
    Block,
    Paragraph,
    Quote,
    Item,
    List,
    Row,
    Link,
}

/// An open element.
#[derive(Debug)]
struct Frame {
    ends: Ends,
    hides: bool,
    /// Whether text was invisible and preformatted outside of it.
    was_invisible: bool,
    was_pre: bool,
    mark: Option<usize>,
}

/// A list: the number of its next item, or None for bullets.
#[derive(Debug)]
struct List {
    next: Option<i64>,
    is_begun: bool,
}

#[derive(Debug)]
struct Link {
    address: String,
    begun_at: usize,
}

#[derive(Debug, Default)]
struct Page {
    lines: Lines,
    open: Vec<Frame>,
    lists: Vec<List>,
    link: Option<Link>,
    /// Open elements that hide what is in them.
    hidden: usize,
    /// Too small or transparent, unless an element further in says otherwise.
    is_invisible: bool,
    is_pre: bool,
    quotes_seen: usize,
    quote_depth: usize,
    marks: Vec<Mark>,
}

impl Page {
    fn is_shown(&self) -> bool {
        self.hidden == 0 && !self.is_invisible
    }

    /// What `name` does to the lines when it begins.
    fn begin(&mut self, name: &str, look: &Look<'_>) -> Ends {
        match name {
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if !look.is_tight => self.lines.paragraph(),
            "pre" | "dl" => self.lines.paragraph(),
            "ul" | "ol" | "menu" | "dir" => return self.begin_list(name, look),
            "li" => return self.begin_item(),
            "blockquote" if look.is_quote => {
                self.lines.quote();
                self.quotes_seen += 1;
                self.quote_depth += 1;
                return Ends::Quote;
            }
            "tr" => {
                self.lines.row();
                return Ends::Row;
            }
            "td" | "th" => {
                self.lines.cell();
                return Ends::Nothing;
            }
            "a" => return self.begin_link(look),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "div" | "blockquote" | "table" | "caption"
            | "section" | "article" | "aside" | "header" | "footer" | "main" | "nav" | "center"
            | "address" | "figure" | "figcaption" | "fieldset" | "details" | "summary" | "dt" | "dd"
            | "thead" | "tbody" | "tfoot" => {
                self.lines.block();
                return Ends::Block;
            }
            _ => return Ends::Nothing,
        }
        Ends::Paragraph
    }

    fn begin_list(&mut self, name: &str, look: &Look<'_>) -> Ends {
        if self.lists.is_empty() {
            self.lines.paragraph();
        } else {
            self.lines.block();
        }
        let start = look.start.unwrap_or(1);
        self.lists.push(List { next: (name == "ol").then_some(start), is_begun: false });
        Ends::List
    }

    fn begin_item(&mut self) -> Ends {
        let marker = match self.lists.last_mut() {
            Some(List { next: Some(number), is_begun }) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                (Cow::Owned(marker), std::mem::replace(is_begun, true))
            }
            Some(list) => (Cow::Borrowed("* "), std::mem::replace(&mut list.is_begun, true)),
            None => (Cow::Borrowed("* "), false),
        };
        self.lines.item(marker.0, marker.1);
        Ends::Item
    }

    fn begin_link(&mut self, look: &Look<'_>) -> Ends {
        let Some(href) = look.href.filter(|_| self.is_shown()) else { return Ends::Nothing };
        let address = entities::decode(href.trim()).into_owned();
        if address.len() > MAX_LINK_BYTES || address.contains(char::is_whitespace) {
            return Ends::Nothing;
        }
        self.link = Some(Link { address, begun_at: self.lines.here() });
        Ends::Link
    }

    /// Writes the address where it says what the link's text does not.
    fn end_link(&mut self) {
        let Some(Link { address, begun_at }) = self.link.take() else { return };
        let text = self.lines.since(begun_at).trim();
        let scheme = address.get(..7).unwrap_or_default().to_ascii_lowercase();
        let told = match scheme.as_str() {
            "mailto:" => address.get(7..).and_then(|to| to.split('?').next()).unwrap_or_default(),
            "http://" | "https:/" => address.as_str(),
            _ => return,
        };
        let core = |text: &str| {
            let text = text.to_lowercase();
            let text = text.strip_prefix("https://").or(text.strip_prefix("http://")).unwrap_or(&text);
            text.strip_prefix("www.").unwrap_or(text).trim_end_matches('/').to_owned()
        };
        if !text.is_empty() && !told.is_empty() && !core(text).contains(&core(told)) {
            let told = format!("({told})");
            self.lines.space();
            self.lines.word(&told);
        }
    }

    /// Remembers where a wrapper of some mail program begins.
    fn mark(&mut self, look: &Look<'_>) -> Option<usize> {
        let kind = look.wraps.filter(|_| self.quote_depth == 0 && self.marks.len() < MAX_MARKS)?;
        self.lines.block();
        self.marks.push(Mark { kind, start: self.lines.here(), end: usize::MAX, quotes: self.quotes_seen });
        (kind != Wrapped::RestQuoted).then(|| self.marks.len() - 1)
    }

    fn end_mark(&mut self, index: usize) {
        let (end, quotes) = (self.lines.here(), self.quotes_seen);
        let Some(mark) = self.marks.get_mut(index) else { return };
        mark.end = end;
        // What is quoted within is quoted by itself, and between the quotes may stand an answer.
        if mark.kind == Wrapped::Quoted && mark.quotes != quotes {
            mark.end = mark.start;
        }
        self.lines.block();
    }
}

impl Sink for Page {
    fn text(&mut self, text: &str) {
        if !self.is_shown() {
            return;
        }
        let text = entities::decode(text);
        if self.is_pre { self.lines.preformatted(&text) } else { self.lines.text(&text) }
    }

    fn open(&mut self, name: &str, attributes: &str) {
        let look = Look::of(name, attributes);
        let (was_invisible, was_pre) = (self.is_invisible, self.is_pre);
        self.hidden += usize::from(look.hides);
        self.is_invisible = look.is_invisible.unwrap_or(was_invisible);
        self.is_pre = name == "pre" || look.is_pre.unwrap_or(was_pre);
        let (ends, mark) = if self.hidden == 0 {
            let mark = self.mark(&look);
            (self.begin(name, &look), mark)
        } else {
            (Ends::Nothing, None)
        };
        self.open.push(Frame { ends, hides: look.hides, was_invisible, was_pre, mark });
    }

    fn void(&mut self, name: &str, attributes: &str) {
        match name {
            "br" if self.hidden == 0 => self.lines.end_line(self.is_pre),
            "hr" if self.hidden == 0 => {
                self.mark(&Look::of(name, attributes));
                self.lines.rule();
            }
            "img" if self.is_shown() => {
                let look = Look::of(name, attributes);
                let alt = look.alt.filter(|_| !look.hides).map(entities::decode);
                if let Some(alt) = alt.filter(|alt| look::is_telling(alt)) {
                    self.lines.text(&format!("[{}]", alt.trim()));
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, _name: &str) {
        let Some(frame) = self.open.pop() else { return };
        match frame.ends {
            Ends::Nothing => {}
            Ends::Block => self.lines.block(),
            Ends::Paragraph => self.lines.paragraph(),
            Ends::Quote => {
                self.lines.end_quote();
                self.quote_depth -= 1;
            }
            Ends::Item => self.lines.end_item(),
            Ends::List => {
                self.lists.pop();
                if self.lists.is_empty() { self.lines.paragraph() } else { self.lines.block() }
            }
            Ends::Row => self.lines.end_row(),
            Ends::Link => self.end_link(),
        }
        if let Some(mark) = frame.mark {
            self.end_mark(mark);
        }
        self.hidden -= usize::from(frame.hides);
        self.is_invisible = frame.was_invisible;
        self.is_pre = frame.was_pre;
    }

    fn is_full(&self) -> bool {
        self.lines.is_full()
    }
}

#[cfg(test)]
mod tests;
