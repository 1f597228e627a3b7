//! The parts of a message (RFC 2046), found in one pass over its lines, in bounded memory and depth.

use std::cell::Cell;
use std::ops::Range;

use super::Limits;
use super::charset::Repair;
use super::fields::{Fields, line_end, one_line};
use super::notes::Notes;
use super::params::Parameterised;
use super::transfer::{self, Encoding, Flaws};
use super::{appended, charset, ids};

/// Multiparts within multiparts; a deeper one is a part like any other. Fixed, because the numbers of the
/// parts depend on it.
pub(super) const MAX_NESTING: usize = 100;

/// A part: its header read, its body still where it stands in the raw bytes.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Lower case type/subtype with parameters.
    pub(super) content_type: Parameterised,
    /// Content-Disposition; empty where there is none.
    pub(super) disposition: Parameterised,
    /// Without angle brackets.
    pub(super) content_id: Option<String>,
    pub(super) encoding: Encoding,
    /// The encoded body.
    pub(super) body: Range<usize>,
    /// Numbers of the parts of a multipart; empty for all others.
    pub(super) children: Vec<u32>,
    /// What was found while its text was read.
    flaws: Cell<Found>,
}

/// What reading a part's text met.
#[derive(Debug, Default, Clone, Copy)]
struct Found {
    repair: Option<Repair>,
    flaws: Flaws,
    /// What stood after the end of its base64 is part of the text.
    has_added: bool,
}

impl Node {
    /// The type and subtype.
    pub(super) fn kind(&self) -> &str {
        &self.content_type.value
    }

    /// Whether its parts were found; a multipart in which none was found is text.
    pub(super) fn is_multipart(&self) -> bool {
        !self.children.is_empty()
    }

    /// As the sender named it, not yet fit for a file system.
    pub(super) fn filename(&self) -> Option<&str> {
        self.disposition.get("filename").or_else(|| self.content_type.get("name"))
    }

    /// Decodes at most `limit` bytes of text, by its charset.
    pub(super) fn text(&self, raw: &[u8], limit: usize) -> String {
        let body = raw.get(self.body.clone()).unwrap_or_default();
        let (bytes, flaws) = transfer::decode_up_to(self.encoding, body, limit);
        let mut read = charset::read(&bytes, self.content_type.get("charset"));
        let after = flaws.after.and_then(|at| body.get(at..)).unwrap_or_default();
        let added = appended::text(self, after.get(..limit).unwrap_or(after));
        read.text.extend(added.iter().map(String::as_str));
        self.flaws.set(Found { repair: read.repair, flaws, has_added: added.is_some() });
        read.text
    }

    /// Says what was repaired when its text was read; nothing of one that was not.
    pub(super) fn note_flaws(&self, number: u32, notes: &mut Notes) {
        let Found { repair, mut flaws, has_added } = self.flaws.get();
        if has_added {
            notes.add(format!(
                "Part {number} has text after the end of its base64; it stands at the end of the part's."
            ));
            flaws.after = None;
        }
        flaws.note(number, notes);
        if let Some(repair) = repair {
            notes.add(repair.sentence(number));
        }
    }
}

/// All parts, numbered in the order in which they begin; the message itself is number 0.
#[derive(Debug)]
pub(super) struct Parts(Vec<Node>);

impl Parts {
    /// Finds the parts of a message whose header ends at `top.body`.
    pub(super) fn find(raw: &[u8], top: &Fields<'_>, limits: &Limits, notes: &mut Notes) -> Self {
        let mut walk = Walk { raw, limits, notes, nodes: Vec::new(), open: Vec::new(), leaf: None };
        walk.begin(top, None);
        walk.lines(top.body);
        Self(walk.nodes)
    }

    /// The part of that number.
    pub(super) fn get(&self, number: u32) -> Option<&Node> {
        self.0.get(number as usize)
    }
}

struct Open {
    number: u32,
    boundary: Vec<u8>,
}

struct Walk<'a, 'n> {
    raw: &'a [u8],
    limits: &'a Limits,
    notes: &'n mut Notes,
    nodes: Vec<Node>,
    /// The multiparts that have begun and not ended, outermost first.
    open: Vec<Open>,
    /// The part whose body is being passed, unless it is a multipart.
    leaf: Option<u32>,
}

impl Walk<'_, '_> {
    fn lines(&mut self, from: usize) {
        let mut at = from;
        while at < self.raw.len() && !self.open.is_empty() {
            let end = line_end(self.raw, at);
            match self.delimiter(at, end) {
                Some((level, false)) => {
                    self.close_above(level, at);
                    at = self.next_part(level, end);
                }
                Some((level, true)) => {
                    self.close_above(level, at);
                    self.open.truncate(level);
                    at = end;
                }
                None => at = end,
            }
        }
        if !self.open.is_empty() {
            self.notes.add("The message ends within a multipart; it may be cut short.");
        }
        self.close_above(0, self.raw.len());
    }

    /// Which open multipart this line divides or, with two hyphens more, ends.
    fn delimiter(&self, at: usize, end: usize) -> Option<(usize, bool)> {
        let line = self.raw.get(at..end)?.strip_prefix(b"--")?.trim_ascii_end();
        if line.is_empty() {
            return None;
        }
        let matches = |(level, open): (usize, &Open)| match line.strip_prefix(open.boundary.as_slice())? {
            b"" => Some((level, false)),
            b"--" => Some((level, true)),
            _ => None,
        };
        self.open.iter().enumerate().rev().find_map(matches)
    }

    /// Ends the bodies of all that stands within the multipart at `level`.
    fn close_above(&mut self, level: usize, at: usize) {
        let end = before_line_end(self.raw, at);
        let inner = self.open.get(level + 1..).unwrap_or_default().iter().map(|open| open.number);
        let ended: Vec<u32> = inner.chain(self.leaf.take()).collect();
        for number in ended {
            if let Some(node) = self.nodes.get_mut(number as usize) {
                node.body.end = end.max(node.body.start);
            }
        }
        self.open.truncate(level + 1);
    }

    /// Reads a part's header; answers where its body begins.
    fn next_part(&mut self, level: usize, at: usize) -> usize {
        if self.nodes.len() >= self.limits.max_parts {
            self.notes
                .add(format!("There are more than {} parts; the rest is left out.", self.limits.max_parts));
            return at;
        }
        let header = Fields::read(self.raw, at, self.limits);
        let parent = self.open.get(level).map(|open| open.number);
        self.begin(&header, parent);
        header.body
    }

    fn begin(&mut self, header: &Fields<'_>, parent: Option<u32>) {
        let number = self.nodes.len() as u32;
        let in_digest =
            parent.and_then(|p| self.nodes.get(p as usize)).is_some_and(|p| p.kind() == "multipart/digest");
        let node = node(header, self.raw.len(), in_digest, self.notes);
        if let Some(parent) = parent.and_then(|p| self.nodes.get_mut(p as usize)) {
            parent.children.push(number);
        }
        self.leaf = Some(number);
        if node.kind().starts_with("multipart/") {
            if self.open.len() >= MAX_NESTING {
                self.notes.add(format!(
                    "Multiparts are nested more than {MAX_NESTING} deep; the inner ones are kept whole."
                ));
            } else if let Some(boundary) = self.boundary(&node) {
                self.open.push(Open { number, boundary });
                self.leaf = None;
            }
        }
        self.nodes.push(node);
    }

    /// The boundary as declared; where it is not, the first line that looks like one.
    fn boundary(&mut self, node: &Node) -> Option<Vec<u8>> {
        if let Some(boundary) = node.content_type.get("boundary").filter(|boundary| !boundary.is_empty()) {
            return Some(boundary.trim_end().as_bytes().to_vec());
        }
        self.notes.add("A multipart declares no boundary; its parts were found by their look.");
        let mut at = node.body.start;
        for _ in 0..20 {
            let end = line_end(self.raw, at);
            let line = self.raw.get(at..end).unwrap_or_default().trim_ascii_end();
            if let Some(boundary) = line.strip_prefix(b"--").filter(|boundary| boundary.len() > 4) {
                return Some(boundary.to_vec());
            }
            at = end;
        }
        None
    }
}

fn node(header: &Fields<'_>, raw_len: usize, in_digest: bool, notes: &mut Notes) -> Node {
    let structured = |name| header.first(name).map(|value| Parameterised::parse(&value)).unwrap_or_default();
    let mut content_type = structured("Content-Type");
    if !is_media_type(&content_type.value) {
        content_type.value = match content_type.value.as_str() {
            "" | "text" | "/" | "text/" if in_digest => "message/rfc822",
            "" | "text" | "/" | "text/" => "text/plain",
            _ => "application/octet-stream",
        }
        .to_owned();
    }
    let written = header.first("Content-Transfer-Encoding").unwrap_or_default();
    let encoding = Encoding::parse(&written).unwrap_or_else(|| {
        notes.add("A part has an unknown transfer encoding; its bytes are kept as they are.");
        Encoding::Identity
    });
    if header.is_cut {
        notes.add("A header is over its limits; the fields after that are left out.");
    }
    Node {
        // A multipart's own encoding is 7bit, 8bit or binary whatever it says (RFC 2045 section 6.4).
        encoding: if content_type.value.starts_with("multipart/") { Encoding::Identity } else { encoding },
        content_type,
        disposition: structured("Content-Disposition"),
        content_id: header.first("Content-ID").and_then(|value| ids::parse_one(&one_line(&value))),
        body: header.body..raw_len,
        children: Vec::new(),
        flaws: Cell::default(),
    }
}

/// RFC 6838 section 4.2 allows no more.
fn is_media_type(value: &str) -> bool {
    value.len() <= 255
        && value.bytes().all(|byte| byte.is_ascii_graphic())
        && value.split_once('/').is_some_and(|(kind, sub)| !kind.is_empty() && !sub.is_empty())
}

/// The line end before a delimiter belongs to the delimiter.
fn before_line_end(raw: &[u8], at: usize) -> usize {
    match raw.get(..at) {
        Some([.., b'\r', b'\n']) if at < raw.len() => at - 2,
        Some([.., b'\n']) if at < raw.len() => at - 1,
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, Limits, MAX_NESTING, Notes, Parts};

    fn find(raw: &str) -> (Parts, Vec<String>) {
        let mut notes = Notes::default();
        let limits = Limits::default();
        let parts =
            Parts::find(raw.as_bytes(), &Fields::read(raw.as_bytes(), 0, &limits), &limits, &mut notes);
        (parts, notes.into_vec())
    }

    fn bodies(raw: &str) -> Vec<&str> {
        find(raw).0.0.iter().filter(|node| !node.is_multipart()).map(|node| &raw[node.body.clone()]).collect()
    }

    #[test]
    fn parts_are_numbered_as_they_begin_and_end_before_the_delimiter() {
        let raw = "Content-Type: multipart/mixed; boundary=a\r\n\r\npreamble\r\n--a\r\n\r\none\r\n--a\r\n\
                   Content-Type: multipart/alternative; boundary=\"ab\"\r\n\r\n--ab\r\n\r\ntwo\r\n\r\n--ab\r\n\
                   Content-Type: text/html\r\n\r\nthree\r\n--ab--\r\nepilogue\r\n--a\r\n\r\nfour\r\n--a--\r\nend\r\n";
        assert_eq!(bodies(raw), ["one", "two\r\n", "three", "four"]);
        let (parts, notes) = find(raw);
        assert_eq!(parts.0[0].children, [1, 2, 5]);
        assert_eq!(parts.0[2].children, [3, 4]);
        assert_eq!(notes, Vec::<String>::new());
    }

    #[test]
    fn an_inner_multipart_without_end_is_ended_by_the_outer() {
        let raw = "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n\
                   --b\n\none\n--a\n\ntwo";
        assert_eq!(bodies(raw), ["one", "two"]);
        assert_eq!(find(raw).1.len(), 1);
    }

    #[test]
    fn a_missing_boundary_is_found_and_a_wrong_one_leaves_text() {
        let raw = "Content-Type: multipart/mixed\n\n--abcdef\n\none\n--abcdef--\n";
        assert_eq!(bodies(raw), ["one"]);
        let raw = "Content-Type: multipart/mixed; boundary=x\n\n--abcdef\n\none\n--abcdef--\n";
        assert_eq!(bodies(raw), ["--abcdef\n\none\n--abcdef--\n"]);
    }

    #[test]
    fn deep_nesting_stops_at_the_limit() {
        let mut raw = String::new();
        for level in 0..500 {
            raw += &format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n");
        }
        let (parts, notes) = find(&(raw + "\ntext\n"));
        assert_eq!(parts.0.len(), MAX_NESTING + 1);
        assert!(notes.iter().any(|note| note.contains("nested")), "{notes:?}");
    }

    #[test]
    fn a_part_of_a_digest_is_a_message() {
        let raw = "Content-Type: multipart/digest; boundary=a\n\n--a\n\nSubject: x\n\nhi\n--a--\n";
        let (parts, _) = find(raw);
        assert_eq!(parts.0[1].kind(), "message/rfc822");
        assert_eq!(&raw[parts.0[1].body.clone()], "Subject: x\n\nhi");
    }
}
