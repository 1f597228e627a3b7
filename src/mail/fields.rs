//! The fields of a header, found in raw bytes (RFC 5322 section 2.2).

use std::borrow::Cow;
use std::io::BufRead;

use super::{Limits, charset};

const MAX_NAME_BYTES: usize = 256;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A field as it stands in the raw bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// As written.
    pub(super) name: &'a str,
    value: &'a [u8],
}

impl Field<'_> {
    /// Whether it is the field of that name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value in one line: unfolded, control characters made blanks, 8-bit bytes read as UTF-8 or, where
    /// they are not, as windows-1252. Encoded words stay.
    pub(super) fn line(&self) -> String {
        one_line(&charset::decode(self.value, None))
    }
}

/// A header, and where the body begins.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    fields: Vec<Field<'a>>,
    /// Offset of the first byte after the blank line.
    pub(super) body: usize,
    /// Fields were left out because there were too many or they were too long.
    pub(super) is_cut: bool,
    /// Lines that are no field were passed over, or the body began without a blank line.
    pub(super) is_broken: bool,
}

impl<'a> Fields<'a> {
    /// Reads the header that begins at `from`: a message's at 0, a part's behind it. A message that begins with
    /// something else than a field has no header, and all of it is body.
    pub(super) fn read(raw: &'a [u8], from: usize, limits: &Limits) -> Self {
        let mut kept_bytes = 0;
        let mut at = if from == 0 && raw.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { from };
        let mut header = Self { body: at, ..Self::default() };
        let mut may_begin = from == 0;
        while at < raw.len() {
            let end = line_end(raw, at);
            let line = trim_end(&raw[at..end]);
            if line.is_empty() {
                header.body = end;
                return header;
            }
            let Some(name) = field_name(line) else {
                // An mbox line, and a folded line that lost its blank, stand among fields; else it is the body.
                let next_end = line_end(raw, end);
                let goes_on = field_name(trim_end(&raw[end..next_end])).is_some();
                let mbox = at == header.body && (line.starts_with(b"From ") || line.starts_with(b">From "));
                // The rest of a folded line whose beginning was lost.
                let is_rest = matches!(line.first(), Some(b' ' | b'\t'));
                if line.starts_with(b"--") || !(goes_on || mbox) || may_begin && !(mbox || is_rest) {
                    header.is_broken |= !header.fields.is_empty();
                    header.body = at;
                    return header;
                }
                header.is_broken |= !mbox;
                at = end;
                continue;
            };
            may_begin = false;
            let field_end = folded_end(raw, end);
            let value = raw.get(at + colon(line) + 1..field_end).unwrap_or_default();
            kept_bytes += field_end - at;
            if kept_bytes <= limits.max_header_bytes && header.fields.len() < limits.max_headers {
                header.fields.push(Field { name, value });
            } else {
                header.is_cut = true;
            }
            at = field_end;
        }
        header.body = raw.len();
        header
    }

    /// The first field of that name, in one line.
    pub(super) fn first(&self, name: &str) -> Option<String> {
        self.all(name).next().map(|field| field.line())
    }

    /// The fields of that name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(move |field| field.is(name))
    }

    /// All fields in order.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Field<'a>> {
        self.fields.iter()
    }
}

/// Offset after the line that begins at `at`.
pub(super) fn line_end(raw: &[u8], at: usize) -> usize {
    let mut rest = raw.get(at..).unwrap_or_default();
    at + rest.skip_until(b'\n').unwrap_or_default()
}

/// Line ends that are all bare CR are made LF; other bytes are left as they are.
pub(super) fn with_line_ends(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.contains(&b'\n') || !raw.contains(&b'\r') {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.iter().map(|&byte| if byte == b'\r' { b'\n' } else { byte }).collect())
}

/// A text in one line: blanks and control characters in a row become one blank.
pub(super) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c == ' ' || c.is_control()).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

fn folded_end(raw: &[u8], mut end: usize) -> usize {
    while let Some(b' ' | b'\t') = raw.get(end) {
        let next = line_end(raw, end);
        // A line of blanks alone ends the header for some senders, and continues it for none.
        if trim_end(&raw[end..next]).trim_ascii().is_empty() {
            break;
        }
        end = next;
    }
    end
}

fn trim_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut line = line;
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    // A line of blanks alone is taken for the blank line.
    if line.iter().all(|byte| matches!(byte, b' ' | b'\t')) { &[] } else { line }
}

fn colon(line: &[u8]) -> usize {
    line.iter().position(|&byte| byte == b':').unwrap_or(line.len())
}

/// RFC 5322 section 2.2, with blanks before the colon. It lets any printable character begin a name, but then
/// JSON (`{"a": 1}`) and addresses of the web would be fields, and no field has ever been called so.
fn field_name(line: &[u8]) -> Option<&str> {
    let at = line.iter().take(MAX_NAME_BYTES).position(|&byte| byte == b':')?;
    let (name, value) = line.split_at_checked(at)?;
    let name = std::str::from_utf8(name).ok()?.trim_end();
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    (begins && name.bytes().all(|byte| byte.is_ascii_graphic()) && !value.starts_with(b"://")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{Fields, Limits, one_line};

    fn read(raw: &str) -> (Vec<(String, String)>, &str) {
        let header = Fields::read(raw.as_bytes(), 0, &Limits::default());
        let fields = header.iter().map(|field| (field.name.to_owned(), field.line())).collect();
        (fields, &raw[header.body..])
    }

    fn field(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn fields_are_unfolded_up_to_the_blank_line() {
        let (fields, body) = read("A: 1\r\n\t2\r\nb :3\r\n\r\nbody: x\r\n");
        assert_eq!(fields, [field("A", "1 2"), field("b", "3")]);
        assert_eq!(body, "body: x\r\n");
    }

    #[test]
    fn lines_that_are_no_fields_are_passed_over_or_begin_the_body() {
        assert_eq!(read("From x Mon\nA: 1\n\nb").0, [field("A", "1")]);
        assert_eq!(read("A: 1\nlost blank\nB: 2\n\nb").0, [field("A", "1"), field("B", "2")]);
        assert_eq!(read("A: 1\nNo blank line here.\nmore\n").1, "No blank line here.\nmore\n");
        assert_eq!(read("Just a text\nof two lines").1, "Just a text\nof two lines");
        assert_eq!(read("A: 1\n--b\nB: 2\n\n").1, "--b\nB: 2\n\n");
        assert_eq!(read("A: 1\nhttps://x.example/\n").1, "https://x.example/\n");
        assert_eq!(read("\nbody").1, "body");
        assert_eq!(read("").1, "");
        assert_eq!(read("A: 1").0, [field("A", "1")]);
    }

    #[test]
    fn what_begins_with_no_field_has_no_header() {
        for raw in [
            "{\"a\": 1,\n \"b\": 2}\n",
            "{\"a\": 1,\n\"b\": 2}\n",
            "{\n\"a\": 1,\n\"b\": 2\n}\n",
            "[\"a:b\"]",
            "\"a\": 1\nSubject: x\n\ny",
            "<a:b>\nSubject: x\n\ny",
            "Dear Ann,\nSubject: x\n\ny",
            "https://x.example/\nSubject: x\n\ny",
            ": no name\nSubject: x\n\ny",
            "Gr\u{fc}\u{df}e: x\nSubject: x\n\ny",
        ] {
            assert_eq!(read(raw), (Vec::new(), raw), "{raw}");
            let is_broken = Fields::read(raw.as_bytes(), 0, &Limits::default()).is_broken;
            assert!(!is_broken, "a message without a header has no broken one: {raw}");
        }
        let part = "--b\nlost blank\nSubject: x\n\ny";
        let header = Fields::read(part.as_bytes(), 4, &Limits::default());
        assert_eq!(header.first("Subject").as_deref(), Some("x"), "a part still has its header");
        let json = "--b\n{\"a\": 1,\n\"b\": 2}\n";
        assert_eq!(Fields::read(json.as_bytes(), 4, &Limits::default()).body, 4);
    }

    #[test]
    fn a_mark_and_the_line_of_an_mbox_may_stand_before_the_header() {
        let wanted = [field("A", "1")];
        for before in
            ["\u{feff}", "From x Mon\n", ">From x Mon\n", "\u{feff}From x Mon\n", " lost beginning\n"]
        {
            assert_eq!(read(&format!("{before}A: 1\n\nb")), (wanted.to_vec(), "b"), "{before:?}");
        }
    }

    #[test]
    fn eight_bit_and_control_bytes_become_text() {
        let raw = b"Subject: Gr\xfc\xdfe\x00\x07!\r\nX: \xc3\xa9\r\n\r\n";
        let header = Fields::read(raw, 0, &Limits::default());
        assert_eq!(header.first("SUBJECT").as_deref(), Some("Grüße !"));
        assert_eq!(header.first("x").as_deref(), Some("é"));
    }

    #[test]
    fn a_header_over_its_limits_is_cut_and_its_body_found() {
        let raw = format!("{}\r\nbody", "X: y\r\n".repeat(5_000));
        let header = Fields::read(raw.as_bytes(), 0, &Limits::default());
        assert!(header.is_cut);
        assert_eq!(header.iter().count(), Limits::default().max_headers);
        assert_eq!(&raw[header.body..], "body");
    }

    #[test]
    fn one_line_folds_blanks() {
        assert_eq!(one_line(" a\r\n\tb  c "), "a b c");
    }
}
