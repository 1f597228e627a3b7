//! base64 (RFC 2045 section 6.8), read leniently, and where it ends although the body goes on.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::transfer::Flaws;

/// Takes padding or none, and stray bits at the end.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A line of so many digits is data and no word.
const LINE_OF_DATA: usize = 40;
/// RFC 2045 allows 76 digits in a line.
const LONGEST_LINE: usize = 128;
/// Bytes of the longest word that is taken for one.
const LONGEST_WORD: usize = 30;
/// Digits of the shortest further piece that has no padding.
const SHORTEST_PIECE: usize = 8;

/// Decodes line by line.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    bits: u32,
    digits: u8,
    has_data: bool,
    /// What follows was looked at, and is data to its end.
    goes_on: bool,
    /// It was asked whether lines of words end the data: once, because the answer takes reading all the rest.
    asked: bool,
}

impl Decoder {
    /// Decodes the first `length` bytes of `rest`: a line, or a piece of one. The answer is how many of them are
    /// data where the data ends here, although something else follows.
    pub(super) fn line(
        &mut self,
        rest: &[u8],
        length: usize,
        out: &mut Vec<u8>,
        flaws: &mut Flaws,
    ) -> Option<usize> {
        let line = rest.get(..length).unwrap_or(rest);
        let trimmed = line.trim_ascii();
        if self.whole(trimmed, out) {
            let ends = trimmed.ends_with(b"=") && self.ends_before(rest.get(length..).unwrap_or_default());
            return ends.then_some(length);
        }
        if self.has_data && !self.asked && !self.goes_on && is_words(trimmed) {
            self.asked = true;
            if !rest.split(|&byte| byte == b'\n').any(is_line_of_data) {
                return Some(0);
            }
        }
        let mut at = 0;
        while let Some(&byte) = line.get(at) {
            at += 1;
            if byte != b'=' {
                self.byte(byte, out, flaws);
                continue;
            }
            // A line that begins with it is an ornament of what follows.
            let is_ornament = self.digits == 0 && line.get(..at - 1).is_some_and(is_blank);
            let end = at - 1;
            self.flush(out);
            at += line.get(at..).unwrap_or_default().iter().take_while(|&&next| next == b'=').count();
            if self.has_data && self.ends_before(rest.get(at..).unwrap_or_default()) {
                return Some(if is_ornament { end } else { at });
            }
        }
        None
    }

    /// Decodes what is left over.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>, flaws: &mut Flaws) {
        flaws.cut_short |= self.digits != 0;
        self.flush(out);
    }

    /// Whether the line was whole groups, and is decoded.
    fn whole(&mut self, line: &[u8], out: &mut Vec<u8>) -> bool {
        if self.digits != 0 || !line.len().is_multiple_of(4) {
            return false;
        }
        let start = out.len();
        out.resize(start + line.len() / 4 * 3, 0);
        let decoded = LENIENT.decode_slice(line, out.get_mut(start..).unwrap_or_default());
        out.truncate(start + decoded.as_ref().map_or(0, |length| *length));
        self.has_data |= out.len() > start;
        decoded.is_ok()
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>, flaws: &mut Flaws) {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => {
                flaws.foreign |= !byte.is_ascii_whitespace();
                return;
            }
        };
        self.bits = self.bits << 6 | u32::from(digit);
        self.digits += 1;
        if self.digits == 4 {
            let [_, a, b, c] = self.bits.to_be_bytes();
            out.extend_from_slice(&[a, b, c]);
            (self.bits, self.digits, self.has_data) = (0, 0, true);
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        match self.digits {
            2 => out.push((self.bits >> 4) as u8),
            3 => out.extend_from_slice(&[(self.bits >> 10) as u8, (self.bits >> 2) as u8]),
            _ => {}
        }
        self.has_data |= self.digits > 1;
        (self.bits, self.digits) = (0, 0);
    }

    /// Whether the padding before `rest` ends the data. Some programs encode in pieces, each with its padding.
    fn ends_before(&mut self, rest: &[u8]) -> bool {
        if !self.goes_on && !begins_with_piece(rest) {
            self.goes_on = is_pieces(rest);
            return !self.goes_on;
        }
        false
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.trim_ascii().is_empty()
}

/// Whether it is nothing but base64 in whole groups, or padding and blanks.
fn is_pieces(rest: &[u8]) -> bool {
    let (mut digits, mut in_group, mut is_padded) = (0_usize, 0_u8, false);
    for line in rest.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
        for &byte in line {
            match byte {
                b'=' if in_group != 1 => (in_group, is_padded) = (0, digits > 0),
                _ if is_digit(byte) => (digits, in_group) = (digits + 1, (in_group + 1) % 4),
                _ => return false,
            }
        }
    }
    digits == 0 || in_group == 0 && (is_padded || digits >= SHORTEST_PIECE)
}

/// Whether what follows next can't be anything else than base64. It is asked at each padding, so it looks at little.
fn begins_with_piece(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    let rest = rest.get(..LONGEST_LINE).unwrap_or(rest);
    let line = rest.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let digits = line.iter().take_while(|&&byte| is_digit(byte)).count();
    is_line_of_data(line) || digits > 1 && line.len() == digits.next_multiple_of(4) && is_padded(line)
}

fn is_padded(line: &[u8]) -> bool {
    line.ends_with(b"=") && is_pieces(line)
}

/// Whether people wrote the line: several short words, or an ornament.
fn is_words(line: &[u8]) -> bool {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let is_ornament = |word: &[u8]| !word.iter().any(|&byte| is_digit(byte));
    let Some(first) = words.next() else { return false };
    let mut count = if is_ornament(first) { 2 } else { 1 };
    std::iter::once(first)
        .chain(words.inspect(|_| count += 1))
        .all(|word| word.len() <= LONGEST_WORD || is_ornament(word))
        && count > 1
}

fn is_line_of_data(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let is_long = line.len() >= LINE_OF_DATA && line.first().is_some_and(|&first| is_digit(first));
    is_long && line.iter().all(|&byte| is_digit(byte) || byte == b'=')
}

#[cfg(test)]
mod tests {
    use crate::mail::transfer::{Encoding, Flaws, decode_up_to};

    /// What is decoded, and what stands after the end.
    fn decoded(body: &str) -> (String, &str, Flaws) {
        let (bytes, flaws) = decode_up_to(Encoding::Base64, body.as_bytes(), usize::MAX);
        let after = flaws.after.map(|at| &body[at..]).unwrap_or_default();
        (String::from_utf8_lossy(&bytes).into_owned(), after, Flaws { after: None, ..flaws })
    }

    #[test]
    fn it_is_read_over_odd_lines_padding_and_foreign_characters() {
        let fine = Flaws::default();
        let foreign = Flaws { foreign: true, ..fine };
        for (body, text, flaws) in [
            ("SGVs\r\nbG8=\r\n", "Hello", fine),
            ("SG\nVsb\nG8=", "Hello", fine),
            ("SGVsbG8=IQ==", "Hello!", fine),
            ("SGVsbG8=\r\nIQ==\r\nIQ==\r\n", "Hello!!", fine),
            ("SGVsbG8=\r\nSGVsbG8h\r\n", "HelloHello!", fine),
            ("SGVs!bG8=", "Hello", foreign),
            ("SGVs\n!bG8=", "Hello", foreign),
            ("SGVsbG8", "Hello", Flaws { cut_short: true, ..fine }),
            ("====", "", fine),
            ("SGVsbG8=\n====\n \n", "Hello", fine),
            ("", "", fine),
        ] {
            assert_eq!(decoded(body), (text.to_owned(), "", flaws), "{body}");
        }
    }

    #[test]
    fn it_ends_at_its_padding_or_before_words() {
        let fine = Flaws::default();
        for (data, after) in [
            ("SGVsbG8=", "\r\n-- \r\nAdded by a virus scanner\r\n"),
            ("SGVsbG8=", "\nSent\n"),
            ("SGVsbG8=", "\nBye"),
            ("SGVsbG8=", " This was scanned."),
            ("SG\nVsb\nG8=", "\n\n___________\nlist mailing list\n"),
            ("SGVsbG8=", "\n====\nend\n"),
            ("SGVsbG8=", "\n==================================================\nend\n"),
            ("SGVsbG8=", "\nConfidential\nOnly for you.\n"),
            ("SGVs\nbG8=\n", "---------\nhttps://lists.example/\n"),
            ("SGVs\nbG8K\n", "_______________________________________________\ndev mailing list\n"),
            ("SGVs\nbG8K\n", "-- \nfooter\n"),
            ("SGVs\nbG8K\n", "This e-mail was scanned.\n"),
            ("SGVs\nbG8K\n", "==========\nThis e-mail was scanned.\n"),
        ] {
            let body = format!("{data}{after}");
            let (text, found, flaws) = decoded(&body);
            assert_eq!((text.trim_end(), found.trim(), flaws), ("Hello", after.trim(), fine), "{body}");
        }
        let pieces = decoded("SGVsbG8=\nSGVsbG8=\nand more\n");
        assert_eq!(pieces, ("HelloHello".to_owned(), "and more\n", fine));
        let cut = decoded("SGVsbG8h\nSGVsb\n-- \nfooter\n");
        assert_eq!(cut, ("Hello!Hel".to_owned(), "-- \nfooter\n", Flaws { cut_short: true, ..fine }));
    }

    #[test]
    fn words_among_data_are_passed_over() {
        let line = "SGVsbG8h".repeat(9);
        let body = format!("{line}\nnot a line, of data\n{line}\n");
        let (text, after, flaws) = decoded(&body);
        assert!(text.starts_with("Hello!") && after.is_empty() && flaws.foreign, "{text} {after}");
        assert_eq!(decoded("This is not base64 at all, is it?\r\n").1, "");
    }

    #[test]
    fn what_follows_is_read_once() {
        let begun = std::time::Instant::now();
        for piece in ["SGVsbG8=\n", "SGVsbG8=", "SGVsbG8=====", "SGVsbG8= \n\n\n"] {
            assert_eq!(decoded(&piece.repeat(300_000)).0.len(), 5 * 300_000, "{piece:?}");
        }
        let body = format!("SGVsbG8h\n{}{}\n", "a few words\n".repeat(300_000), "SGVsbG8h".repeat(9));
        assert_eq!(decoded(&body).1, "");
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}
