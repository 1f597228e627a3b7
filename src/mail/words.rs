//! Encoded words in header fields (RFC 2047, with the language of RFC 2231 section 5).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::charset;
use super::transfer::{Encoding, decode_up_to, hex};

const ESCAPE: u8 = 0x1b;

enum Piece<'a> {
    Text(&'a str),
    Word(String),
}

/// The text with its encoded words decoded. Neighbours in the same charset are joined before they are
/// decoded, because many senders cut a character in two.
pub(super) fn decode(text: &str) -> String {
    if !text.contains("=?") {
        return text.to_owned();
    }
    pieces(text).into_iter().fold(String::with_capacity(text.len()), |mut out, piece| {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Word(word) => out.push_str(&word),
        }
        out
    })
}

/// The text with each run of encoded words made into one word in UTF-8, for a parser that looks at one
/// word at a time and must still see where the words are.
pub(super) fn unify(text: &str) -> String {
    if !text.contains("=?") {
        return text.to_owned();
    }
    pieces(text).into_iter().fold(String::with_capacity(text.len()), |mut out, piece| {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Word(word) => {
                out.push_str("=?utf-8?B?");
                out.push_str(&STANDARD.encode(word));
                out.push_str("?=");
            }
        }
        out
    })
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut finder = Finder { text, close: None };
    let mut run: Option<Run<'_>> = None;
    let (mut plain_from, mut at) = (0, 0);
    while let Some(open) = text.get(at..).and_then(|rest| rest.find("=?")).map(|found| at + found) {
        let Some(word) = finder.word(open) else {
            at = open + 2;
            continue;
        };
        let between = text.get(plain_from..open).unwrap_or_default();
        let blank = between.chars().all(char::is_whitespace);
        (plain_from, at) = (word.end, word.end);
        match &mut run {
            Some(run) if blank && run.takes(&word) => run.bytes.extend_from_slice(&word.bytes),
            Some(previous) => {
                pieces.push(Piece::Word(previous.text()));
                if !blank {
                    pieces.push(Piece::Text(between));
                }
                run = Some(Run { charset: word.charset, bytes: word.bytes });
            }
            None => {
                pieces.push(Piece::Text(between));
                run = Some(Run { charset: word.charset, bytes: word.bytes });
            }
        }
    }
    if let Some(run) = run {
        pieces.push(Piece::Word(run.text()));
    }
    pieces.push(Piece::Text(text.get(plain_from..).unwrap_or_default()));
    pieces
}

struct Run<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
}

impl Run<'_> {
    /// Charsets with a state begin anew in each word.
    fn takes(&self, word: &Word<'_>) -> bool {
        let stateful = |name: &str| {
            let name = name.get(..6).unwrap_or(name);
            ["utf-7", "utf-16", "hz-gb-"].iter().any(|s| name.eq_ignore_ascii_case(s))
        };
        let japanese = self.charset.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("iso-2022-jp"));
        self.charset.eq_ignore_ascii_case(word.charset)
            && !stateful(self.charset)
            && (!japanese || self.is_cut_in_japanese() && word.bytes.first() != Some(&ESCAPE))
    }

    /// Whether the words so far end within Japanese: a sender cut the text without returning to ASCII.
    fn is_cut_in_japanese(&self) -> bool {
        // A word has 75 characters; the bound keeps a header of many from costing their square.
        let end = self.bytes.get(self.bytes.len().saturating_sub(500)..).unwrap_or_default();
        let last = end.iter().rposition(|byte| *byte == ESCAPE);
        let escape = last.and_then(|at| end.get(at..)).unwrap_or_default();
        escape.starts_with(b"\x1b$") || escape.starts_with(b"\x1b(I")
    }

    fn text(&self) -> String {
        charset::decode(&self.bytes, Some(self.charset))
    }
}

struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    end: usize,
}

/// Remembers the last `?=` found, so that a field full of `=?` is not searched again and again.
struct Finder<'a> {
    text: &'a str,
    close: Option<usize>,
}

impl<'a> Finder<'a> {
    /// The word that opens at `open`: `=?charset*language?B?text?=`.
    fn word(&mut self, open: usize) -> Option<Word<'a>> {
        let head = self.text.as_bytes().get(open + 2..)?;
        let charset_length = head.iter().take(64).position(|&byte| byte == b'?')?;
        let charset = self.text.get(open + 2..open + 2 + charset_length)?.split('*').next()?;
        let [encoding, b'?', ..] = *head.get(charset_length + 1..)? else { return None };
        let from = open + 2 + charset_length + 3;
        let close = self.close_from(from)?;
        let coded = self.text.get(from..close)?;
        if charset.is_empty() || charset.contains(char::is_whitespace) {
            return None;
        }
        let bytes = match encoding {
            b'B' | b'b' if coded.contains("=?") => return None,
            b'B' | b'b' => decode_up_to(Encoding::Base64, coded.as_bytes(), usize::MAX).0.into_owned(),
            b'Q' | b'q' => q(coded.as_bytes()),
            _ => return None,
        };
        Some(Word { charset, bytes, end: close + 2 })
    }

    fn close_from(&mut self, from: usize) -> Option<usize> {
        if self.close.is_none_or(|close| close < from) {
            let found = self.text.get(from..)?.find("?=").map(|found| from + found);
            self.close = Some(found.unwrap_or(usize::MAX));
        }
        self.close.filter(|&close| close != usize::MAX)
    }
}

fn q(coded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(coded.len());
    let mut rest = coded;
    loop {
        match rest {
            [b'=', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            [b'_', after @ ..] => {
                out.push(b' ');
                rest = after;
            }
            [byte, after @ ..] => {
                out.push(*byte);
                rest = after;
            }
            [] => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, unify};

    #[test]
    fn encoded_words_are_decoded() {
        for (coded, text) in [
            ("plain", "plain"),
            ("=?iso-8859-1?Q?Gr=FC=DFe?= aus", "Grüße aus"),
            ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
            ("a =?utf-8?q?b?= =?utf-8?q?c?= d", "a bc d"),
            ("=?utf-8?B?w?= =?utf-8?B?6Q==?=", "é"),
            ("=?utf-8?B?4oI=?= =?utf-8?B?rA==?=", "€"),
            ("=?utf-8*de?Q?=c3=a9?=", "é"),
            ("=?iso-2022-jp?B?GyRCJDMbKEI=?= =?iso-2022-jp?B?GyRCJHMbKEI=?=", "こん"),
            // Cut within Japanese, and within a character.
            ("=?iso-2022-jp?B?GyRCJDM=?= =?iso-2022-jp?B?JHMbKEI=?=", "こん"),
            ("=?iso-2022-jp?B?GyRCJDMk?= =?iso-2022-jp?B?cxsoQg==?=", "こん"),
            ("=?gb18030?B?xOM=?= =?gb18030?B?usM=?=", "你好"),
            ("=?gb2312?B?xOO6?= =?gb2312?B?ww==?=", "你好"),
            ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
            ("=?utf-8?Q?=41?=", "A"),
            ("=?utf-8?Q?two words?=", "two words"),
            ("=?utf-8?X?no?= =?broken", "=?utf-8?X?no?= =?broken"),
            ("=?utf-8?Q?open", "=?utf-8?Q?open"),
            ("=?utf-8?Q??=.", "."),
        ] {
            assert_eq!(decode(coded), text, "{coded}");
        }
    }

    #[test]
    fn words_are_made_one_in_utf_8() {
        assert_eq!(
            unify("=?utf-8?B?4oI=?= =?utf-8?B?rA==?= <a@b.example>"),
            "=?utf-8?B?4oKs?= <a@b.example>"
        );
    }

    #[test]
    fn a_field_full_of_openings_takes_no_time() {
        let started = std::time::Instant::now();
        decode(&"=?utf-8?Q?".repeat(100_000));
        decode(&"=?x?B?=?".repeat(100_000));
        assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?}", started.elapsed());
    }
}
