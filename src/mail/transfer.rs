//! Content-Transfer-Encoding (RFC 2045 section 6), decoded piece by piece so that big parts need no memory.

use std::borrow::Cow;
use std::io::BufRead;

use super::notes::Notes;
use super::{base64, uuencode};

const CHUNK: usize = 64 * 1024;

/// How a part's bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// 7bit, 8bit, binary, and what nobody knows.
    Identity,
    Base64,
    QuotedPrintable,
    Uuencode,
}

impl Encoding {
    /// From the value of a Content-Transfer-Encoding field; None where it is not one that RFC 2045 knows.
    pub(super) fn parse(value: &str) -> Option<Self> {
        match value.split([';', ' ', '(']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "base64" => Some(Self::Base64),
            "quoted-printable" => Some(Self::QuotedPrintable),
            "x-uuencode" | "uuencode" | "x-uue" | "uue" => Some(Self::Uuencode),
            "" | "7bit" | "8bit" | "binary" => Some(Self::Identity),
            _ => None,
        }
    }
}

/// What was wrong with encoded bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flaws {
    /// Characters that the encoding does not have.
    pub(super) foreign: bool,
    /// The base64 ends in the middle of a group.
    pub(super) cut_short: bool,
    /// Where in the encoded bytes something stands after the end of the base64: added on the way, or a defect.
    pub(super) after: Option<usize>,
}

impl Flaws {
    /// Says them of the part of that number.
    pub(super) fn note(self, number: u32, notes: &mut Notes) {
        if self.cut_short {
            notes.add(format!("Part {number} ends in the middle of its base64; it may be cut short."));
        }
        if self.foreign {
            notes.add(format!(
                "Part {number} has characters that its encoding does not have; they were passed over."
            ));
        }
        if self.after.is_some() {
            notes
                .add(format!("Part {number} goes on after the end of its base64; what follows is left out."));
        }
    }
}

/// Decodes `body` and hands it to `sink` in pieces, until that answers false.
pub(super) fn decode(encoding: Encoding, body: &[u8], sink: &mut dyn FnMut(&[u8]) -> bool) -> Flaws {
    let encoded = match encoding {
        Encoding::Identity => None,
        Encoding::Base64 | Encoding::QuotedPrintable => Some(body),
        Encoding::Uuencode => uuencode::data(body),
    };
    let Some(body) = encoded else {
        sink(body);
        return Flaws::default();
    };
    let mut flaws = Flaws::default();
    let mut base64 = base64::Decoder::default();
    let mut out = Vec::with_capacity(CHUNK.min(body.len()) + 1024);
    let mut rest = body;
    while !rest.is_empty() {
        let at = body.len() - rest.len();
        let longest = if encoding == Encoding::Base64 { CHUNK } else { rest.len() };
        let line = take_line(&mut rest, longest);
        match encoding {
            Encoding::Base64 => {
                let here = body.get(at..).unwrap_or_default();
                if let Some(length) = base64.line(here, line.len(), &mut out, &mut flaws) {
                    flaws.after = Some(at + length);
                    break;
                }
            }
            Encoding::Uuencode if !uuencode::line(line, &mut out) => break,
            Encoding::Uuencode => {}
            _ => quoted_printable_line(line, &mut out, &mut flaws),
        }
        if out.len() >= CHUNK {
            if !sink(&out) {
                return flaws;
            }
            out.clear();
        }
    }
    base64.finish(&mut out, &mut flaws);
    sink(&out);
    flaws
}

/// The whole decoded body, or its first `limit` bytes and a little more.
pub(super) fn decode_up_to(encoding: Encoding, body: &[u8], limit: usize) -> (Cow<'_, [u8]>, Flaws) {
    if encoding == Encoding::Identity {
        return (Cow::Borrowed(body.get(..limit).unwrap_or(body)), Flaws::default());
    }
    let mut out = Vec::with_capacity(body.len().min(limit));
    let flaws = decode(encoding, body, &mut |piece| {
        out.extend_from_slice(piece);
        out.len() < limit
    });
    (Cow::Owned(out), flaws)
}

fn take_line<'a>(rest: &mut &'a [u8], longest: usize) -> &'a [u8] {
    let mut ahead = rest.get(..longest).unwrap_or(rest);
    let length = ahead.skip_until(b'\n').unwrap_or(rest.len()).min(rest.len());
    let (line, after) = rest.split_at(length);
    *rest = after;
    line
}

fn quoted_printable_line(line: &[u8], out: &mut Vec<u8>, flaws: &mut Flaws) {
    let (content, end) = match line {
        [content @ .., b'\r', b'\n'] => (content, &b"\r\n"[..]),
        [content @ .., b'\n'] => (content, &b"\n"[..]),
        content => (content, &b""[..]),
    };
    // Blanks at a line's end were added on the way (RFC 2045 section 6.7, rule 3).
    let mut rest = content.trim_ascii_end();
    let soft = rest.last() == Some(&b'=');
    if soft {
        rest = &rest[..rest.len() - 1];
    } else if end.is_empty() {
        rest = content;
    }
    while let Some(at) = rest.iter().position(|&byte| byte == b'=') {
        let (plain, coded) = rest.split_at(at);
        out.extend_from_slice(plain);
        match coded {
            [_, high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            _ => {
                flaws.foreign = true;
                out.push(b'=');
                rest = &coded[1..];
            }
        }
    }
    out.extend_from_slice(rest);
    if !soft {
        out.extend_from_slice(end);
    }
}

/// The value of a hexadecimal digit.
pub(super) fn hex(digit: u8) -> u8 {
    (digit as char).to_digit(16).unwrap_or_default() as u8
}

#[cfg(test)]
mod tests {
    use super::{Encoding, decode_up_to};

    fn decoded(encoding: Encoding, body: &str) -> String {
        let (bytes, _) = decode_up_to(encoding, body.as_bytes(), usize::MAX);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn a_single_line_of_any_length_is_read() {
        let body = "QUJD".repeat(100_001);
        assert_eq!(decoded(Encoding::Base64, &body), "ABC".repeat(100_001));
        let body = "=41".repeat(70_001);
        assert_eq!(decoded(Encoding::QuotedPrintable, &body).replace('A', ""), "");
    }

    #[test]
    fn quoted_printable_is_read_leniently() {
        for (body, text) in [
            ("a=3Db", "a=b"),
            ("soft =\r\nbreak\r\n", "soft break\r\n"),
            ("soft=  \nbreak", "softbreak"),
            ("trailing \t\r\nblank", "trailing\r\nblank"),
            ("bad =ZZ and =", "bad =ZZ and "),
            ("=c3=a9", "é"),
        ] {
            assert_eq!(decoded(Encoding::QuotedPrintable, body), text, "{body}");
        }
    }
}
