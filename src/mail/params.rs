//! A structured field with parameters: Content-Type and Content-Disposition (RFC 2045, 2183, 2231).

use super::{charset, words};

/// Enough for any honest field, also for a name in very many pieces.
const MAX_PARAMETERS: usize = 256;

/// A value and its parameters, decoded.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Parameterised {
    /// What stands before the first semicolon, lower case, without comments and blanks.
    pub(super) value: String,
    parameters: Vec<(String, String)>,
}

impl Parameterised {
    /// Parses an unfolded field, leniently: unquoted values with blanks, missing closing quotes, RFC 2047
    /// words where RFC 2231 has its own way.
    pub(super) fn parse(field: &str) -> Self {
        let mut scanner = Scanner { rest: field };
        let value = scanner.until_semicolon().0.to_ascii_lowercase().replace(char::is_whitespace, "");
        let mut raw = Vec::new();
        while let Some(name) = scanner.name() {
            let (value, _) = scanner.until_semicolon();
            if raw.len() < MAX_PARAMETERS {
                raw.push((name, value));
            }
        }
        Self { value, parameters: join(raw) }
    }

    /// A parameter by its lower case name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

struct Scanner<'a> {
    rest: &'a str,
}

impl Scanner<'_> {
    /// A parameter's name with its `=`; what is none is skipped.
    fn name(&mut self) -> Option<String> {
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
            if self.rest.is_empty() {
                return None;
            }
            let end = self.rest.find(['=', ';']).unwrap_or(self.rest.len());
            let (name, after) = self.rest.split_at(end);
            if let Some(value) = after.strip_prefix('=') {
                self.rest = value;
                return Some(name.trim().to_ascii_lowercase());
            }
            self.rest = after;
        }
    }

    /// Up to the next semicolon outside of quotes and comments; whether any of it was quoted.
    fn until_semicolon(&mut self) -> (String, bool) {
        let mut out = String::new();
        let (mut quoted, mut was_quoted, mut comments) = (false, false, 0_u32);
        let mut closed_at = 0;
        let mut chars = self.rest.char_indices();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' if quoted => match chars.clone().next() {
                    // Windows senders write paths without escaping them.
                    Some((_, next @ ('"' | '\\'))) => {
                        chars.next();
                        out.push(next);
                    }
                    _ => out.push(c),
                },
                '"' if comments == 0 => {
                    quoted = !quoted;
                    was_quoted = true;
                    closed_at = out.len();
                }
                '(' if !quoted && (out.is_empty() || out.ends_with(char::is_whitespace) || comments > 0) => {
                    comments += 1;
                }
                ')' if !quoted && comments > 0 => comments -= 1,
                ';' if !quoted && comments == 0 => {
                    end = at + 1;
                    break;
                }
                _ if comments == 0 => out.push(c),
                _ => {}
            }
        }
        self.rest = self.rest.get(end..).unwrap_or_default();
        // Blanks in quotes belong to the value: the pieces of a long name end in them.
        out.truncate(out.trim_end().len().max(if quoted { 0 } else { closed_at }));
        (out.trim_start().to_owned(), was_quoted)
    }
}

/// RFC 2231: `name*0*`, `name*1`, `name*`; the charset stands in the first piece alone.
fn join(raw: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut plain: Vec<(String, String)> = Vec::new();
    let mut split: Vec<(String, u32, bool, String)> = Vec::new();
    for (name, value) in raw {
        match name.split_once('*') {
            None => plain.push((name, words::decode(&value))),
            Some((base, rest)) => {
                let number = rest.trim_end_matches('*').parse().unwrap_or(0);
                split.push((base.to_owned(), number, rest.is_empty() || rest.ends_with('*'), value));
            }
        }
    }
    split.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    let mut joined = Vec::new();
    for pieces in split.chunk_by(|a, b| a.0 == b.0) {
        joined.push(join_pieces(pieces));
    }
    // The extended form is the better one where a sender gives both (RFC 6266 section 4.3).
    joined.extend(plain);
    joined
}

fn join_pieces(pieces: &[(String, u32, bool, String)]) -> (String, String) {
    let mut charset_name = None;
    let mut bytes = Vec::new();
    for (place, (_, _, extended, value)) in pieces.iter().enumerate() {
        let mut value = value.as_str();
        if place == 0
            && *extended
            && let Some((name, rest)) = value.split_once('\'')
            && let Some((_language, text)) = rest.split_once('\'')
        {
            charset_name = Some(name).filter(|name| !name.is_empty());
            value = text;
        }
        match extended {
            true => percent_decode(value, &mut bytes),
            false => bytes.extend_from_slice(value.as_bytes()),
        }
    }
    let name = pieces.first().map(|piece| piece.0.clone()).unwrap_or_default();
    (name, charset::decode(&bytes, charset_name))
}

/// `%XX` to bytes; a percent sign that is none stays.
pub(super) fn percent_decode(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    loop {
        match rest {
            [b'%', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(super::transfer::hex(*high) << 4 | super::transfer::hex(*low));
                rest = after;
            }
            [byte, after @ ..] => {
                out.push(*byte);
                rest = after;
            }
            [] => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Parameterised;

    #[test]
    fn parameters_are_read_as_senders_write_them() {
        for (field, name, value) in [
            ("text/plain; charset=utf-8", "charset", "utf-8"),
            ("text/plain; CharSet=\"utf-8\" (sure)", "charset", "utf-8"),
            ("a/b; name=\"x; y.pdf\"", "name", "x; y.pdf"),
            ("a/b; name=my file.pdf", "name", "my file.pdf"),
            ("a/b; name=report(1).pdf", "name", "report(1).pdf"),
            ("a/b; name=\"open", "name", "open"),
            ("a/b; name=\"C:\\temp\\x.txt\"", "name", "C:\\temp\\x.txt"),
            ("a/b; name=\"say \\\"hi\\\"\"", "name", "say \"hi\""),
            ("a/b; name=\"=?utf-8?Q?=C3=A9?=.pdf\"", "name", "é.pdf"),
            ("a/b; filename*=utf-8''%E2%82%AC.pdf", "filename", "€.pdf"),
            ("a/b; filename=x.pdf; filename*=iso-8859-1'de'%E9.pdf", "filename", "é.pdf"),
            ("a/b; filename*0*=utf-8''%E2%82; filename*1*=%AC; filename*2=.pdf", "filename", "€.pdf"),
            ("a/b; filename*1=b.pdf; filename*0=a", "filename", "ab.pdf"),
            ("a/b;; ;boundary==_x", "boundary", "=_x"),
        ] {
            assert_eq!(Parameterised::parse(field).get(name), Some(value), "{field}");
        }
    }

    #[test]
    fn the_value_is_lower_case_without_comments() {
        assert_eq!(Parameterised::parse("Text/HTML (web) ; x").value, "text/html");
        assert_eq!(Parameterised::parse("").value, "");
    }
}
