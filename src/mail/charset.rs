//! Bytes of a text to Unicode: by the declared charset, then by what the bytes are, never failing.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    EUC_KR, Encoding, GB18030, ISO_2022_JP, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252,
    X_USER_DEFINED,
};
use mail_parser::decoders::charsets::map::charset_decoder;

use super::{shifted, utf7};

/// As much of a text as a detector looks at; it needs far less.
const LOOKED_AT: usize = 64 * 1024;
/// From so many characters on, a text of several-byte characters that happens to be UTF-8 is UTF-8.
const CHANCE: usize = 4;

/// Bytes outside of ASCII below which a detector's word is a guess.
const TELLING: usize = 4;

/// A text, and what was done where the declared charset was missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) repair: Option<Repair>,
}

/// What stood in for the declared charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repair {
    /// What was declared, where that is a charset at all.
    declared: Option<&'static str>,
    used: &'static str,
    /// Whether anything else is next to impossible.
    is_sure: bool,
    /// Characters that could not be read.
    lost: usize,
}

impl Repair {
    /// What is said of the part whose text it was.
    pub(super) fn sentence(&self, part: u32) -> String {
        let declared = self.declared.unwrap_or("no known charset");
        let used = self.used;
        let how = match (self.lost, self.is_sure) {
            (0, true) => "which is sure".to_owned(),
            (0, false) => "which is likely, not sure".to_owned(),
            (lost, _) => format!("and {lost} characters could not be read"),
        };
        format!("Part {part} declares {declared}; it was read as {used}, {how}.")
    }
}

/// Decodes `bytes`. A charset that is missing, unknown or contradicted by the bytes is replaced: by what they are
/// for sure, else by what they look like, else by windows-1252, in which every byte is a letter. U+0000 is taken out.
pub(super) fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    read(bytes, declared).text
}

/// The same, and what was done.
pub(super) fn read(bytes: &[u8], declared: Option<&str>) -> Decoded {
    let label = declared.unwrap_or_default().trim();
    let (text, repair) = match Declared::of(label) {
        Declared::Utf7 => (Cow::Owned(utf7::decode(bytes)), None),
        Declared::HzGb2312 => (owned(GB18030, &shifted::hz_to_euc(bytes)), None),
        Declared::Iso2022Kr => (owned(EUC_KR, &shifted::iso_2022_kr_to_euc(bytes)), None),
        Declared::Utf32 => (Cow::Owned(shifted::utf32(bytes)), None),
        Declared::Other(decoder) => (Cow::Owned(decoder(bytes)), None),
        Declared::Nothing(name) => unlabelled(bytes, name, false),
        Declared::Known(encoding) if encoding == UTF_8 => unlabelled(bytes, Some(UTF_8.name()), true),
        Declared::Known(encoding) => labelled(bytes, encoding, label),
    };
    Decoded { text: without_nul(text), repair }
}

fn owned(encoding: &'static Encoding, bytes: &[u8]) -> Cow<'static, str> {
    Cow::Owned(encoding.decode_without_bom_handling(bytes).0.into_owned())
}

/// Takes U+0000 out; PostgreSQL has no place for it.
pub(super) fn without_nul(text: Cow<'_, str>) -> String {
    match text.contains('\0') {
        true => text.replace('\0', ""),
        false => text.into_owned(),
    }
}

enum Declared {
    /// Nothing that helps: none, unknown, ASCII.
    Nothing(Option<&'static str>),
    Utf7,
    Known(&'static Encoding),
    /// A charset that the web doesn't know.
    Other(fn(&[u8]) -> String),
    HzGb2312,
    Iso2022Kr,
    Utf32,
}

impl Declared {
    fn of(label: &str) -> Self {
        let lower = label.to_ascii_lowercase();
        match lower.as_str() {
            "" | "x-unknown" | "unknown-8bit" | "unknown" | "default" | "binary" | "8bit" => {
                Self::Nothing(None)
            }
            "us-ascii" | "ascii" | "ansi_x3.4-1968" | "7bit" => Self::Nothing(Some("US-ASCII")),
            "hz-gb-2312" | "hz" => Self::HzGb2312,
            "iso-2022-kr" | "csiso2022kr" => Self::Iso2022Kr,
            "utf-32" | "utf-32le" | "utf-32be" => Self::Utf32,
            "utf-7" | "utf7" | "unicode-1-1-utf-7" | "csutf7" => Self::Utf7,
            "utf8" | "utf-8" | "unicode-1-1-utf-8" | "utf-8n" | "utf8mb4" => Self::Known(UTF_8),
            name if name.starts_with("iso-2022-jp") || name.starts_with("cp5022") => Self::Known(ISO_2022_JP),
            name if name.starts_with("utf-16") || name.starts_with("utf16") => Self::other(name),
            name => match Encoding::for_label(name.as_bytes()) {
                Some(encoding) if encoding != REPLACEMENT && encoding != X_USER_DEFINED => {
                    Self::Known(encoding)
                }
                _ => Self::other(name),
            },
        }
    }

    fn other(name: &str) -> Self {
        charset_decoder(name.as_bytes()).map_or(Self::Nothing(None), Self::Other)
    }
}

type Read<'a> = (Cow<'a, str>, Option<Repair>);

/// No help from the label, or UTF-8, which bytes either are or are not.
fn unlabelled<'a>(bytes: &'a [u8], declared: Option<&'static str>, said_utf8: bool) -> Read<'a> {
    let sure = |used: &'static Encoding| Some(Repair { declared, used: used.name(), is_sure: true, lost: 0 });
    if let Some((marked, _)) =
        Encoding::for_bom(bytes).filter(|(marked, _)| [UTF_16LE, UTF_16BE].contains(marked))
    {
        return (marked.decode_with_bom_removal(bytes).0, sure(marked));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        // ISO-2022-JP is 7-bit, so it passes for UTF-8; its escapes give it away.
        Ok(_) if has_japanese_escapes(bytes) => japanese(bytes, declared),
        Ok(text) if said_utf8 || text.is_ascii() => (Cow::Borrowed(text), None),
        Ok(text) => (Cow::Borrowed(text), sure(UTF_8)),
        Err(_) if said_utf8 && is_mostly_utf8(bytes) => damaged(bytes),
        Err(_) => detected(bytes, declared),
    }
}

/// Declared as something that isn't UTF-8.
fn labelled<'a>(bytes: &'a [u8], encoding: &'static Encoding, label: &str) -> Read<'a> {
    let declared = Some(encoding.name());
    if encoding != ISO_2022_JP && has_japanese_escapes(bytes) && bytes.is_ascii() {
        return japanese(bytes, declared);
    }
    if bytes.is_ascii() && encoding != ISO_2022_JP {
        return (String::from_utf8_lossy(bytes), None);
    }
    let utf8 = std::str::from_utf8(bytes).ok().filter(|text| !text.is_ascii());
    if let Some(text) = utf8 {
        let several = text.chars().filter(|c| !c.is_ascii()).take(CHANCE).count();
        if encoding.is_single_byte() || several == CHANCE && encoding.decode_without_bom_handling(bytes).1 {
            let is_sure = several == CHANCE;
            return (Cow::Borrowed(text), Some(Repair { declared, used: UTF_8.name(), is_sure, lost: 0 }));
        }
    }
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    if !had_errors {
        // Windows calls its own charset by the older name; its letters stand where that has control characters.
        let older = encoding == WINDOWS_1252 && label.to_ascii_lowercase().contains("8859-1");
        let windows = older && bytes.iter().any(|byte| (0x80..0xa0).contains(byte));
        let repair = Repair { declared: Some("ISO-8859-1"), used: encoding.name(), is_sure: true, lost: 0 };
        return (text, windows.then_some(repair));
    }
    if let Some(text) = utf8 {
        return (Cow::Borrowed(text), Some(Repair { declared, used: UTF_8.name(), is_sure: true, lost: 0 }));
    }
    let (found, is_sure) = guess(bytes);
    let (other, fails) = found.decode_without_bom_handling(bytes);
    if is_sure && !fails && found != encoding && !found.is_single_byte() {
        return (other, Some(Repair { declared, used: found.name(), is_sure: false, lost: 0 }));
    }
    let lost = lost(&text);
    (text, (lost > 0).then_some(Repair { declared, used: encoding.name(), is_sure: false, lost }))
}

/// UTF-8 with bytes that are none.
fn damaged(bytes: &[u8]) -> Read<'_> {
    let text = String::from_utf8_lossy(bytes);
    let lost = lost(&text);
    let utf8 = UTF_8.name();
    (text, (lost > 0).then_some(Repair { declared: Some(utf8), used: utf8, is_sure: false, lost }))
}

fn japanese<'a>(bytes: &'a [u8], declared: Option<&'static str>) -> Read<'a> {
    let (text, had_errors) = ISO_2022_JP.decode_without_bom_handling(bytes);
    let lost = if had_errors { lost(&text) } else { 0 };
    (text, Some(Repair { declared, used: ISO_2022_JP.name(), is_sure: lost == 0, lost }))
}

fn detected<'a>(bytes: &'a [u8], declared: Option<&'static str>) -> Read<'a> {
    let (found, is_likely) = guess(bytes);
    let (text, had_errors) = found.decode_without_bom_handling(bytes);
    if is_likely && !had_errors {
        return (text, Some(Repair { declared, used: found.name(), is_sure: false, lost: 0 }));
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    (text, Some(Repair { declared, used: WINDOWS_1252.name(), is_sure: false, lost: 0 }))
}

/// What the bytes look like, and whether that is better than a guess.
fn guess(bytes: &[u8]) -> (&'static Encoding, bool) {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let looked_at = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    detector.feed(looked_at, looked_at.len() == bytes.len());
    let telling = bytes.iter().filter(|byte| !byte.is_ascii()).take(TELLING).count();
    (detector.guess(None, Utf8Detection::Deny), telling == TELLING)
}

/// Characters that could not be read; one that the end of the bytes cuts in two was cut by a limit, not by the sender.
fn lost(text: &str) -> usize {
    let lost = text.matches(char::REPLACEMENT_CHARACTER).count();
    lost - usize::from(lost > 0 && text.ends_with(char::REPLACEMENT_CHARACTER))
}

/// `ESC $ B` and its kin begin Japanese characters; no other text has them.
fn has_japanese_escapes(bytes: &[u8]) -> bool {
    bytes
        .windows(3)
        .any(|three| matches!(three, [0x1b, b'$', b'B' | b'@' | b'('] | [0x1b, b'(', b'J' | b'I']))
}

/// Whether as many sequences of several bytes are whole as are not: then the text is UTF-8 with damage.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut whole, mut broken) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    // Of a few, one alone is hardly chance.
    whole > 0 && (whole >= broken || whole + broken <= CHANCE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, read};

    #[test]
    fn a_declared_charset_is_followed() {
        for (charset, bytes, text) in [
            ("ISO-8859-1", &b"Gr\xfc\xdfe"[..], "Grüße"),
            ("windows-1252", b"\x80 5", "€ 5"),
            ("koi8-r", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
            ("iso-2022-jp", b"\x1b$B$3$s\x1b(B", "こん"),
            ("shift_jis", b"\x82\xb1\x82\xf1", "こん"),
            ("gb18030", b"\xc4\xe3\xba\xc3", "你好"),
            ("big5", b"\xa7A\xa6n", "你好"),
            ("euc-kr", b"\xbe\xc8\xb3\xe7", "안녕"),
            ("utf-7", b"Hi +AOQ-+AOQ, 1+-1 +Tg", "Hi ää, 1+1 "),
            ("utf-7", b"ends +ZYeB9A", "ends 文致"),
            ("utf-16le", b"h\0i\0", "hi"),
            ("hz-gb-2312", b"a ~{Dc:C~} ~~ b", "a 你好 ~ b"),
            ("iso-2022-kr", b"\x1b$)C\x0e>H3g\x0f!", "안녕!"),
            ("utf-32", b"\xff\xfe\0\0h\0\0\0", "h"),
            ("utf-32be", b"\0\0\0h\0\0\0i", "hi"),
        ] {
            assert_eq!(decode(bytes, Some(charset)), text, "{charset}");
        }
    }

    #[test]
    fn a_wrong_or_missing_charset_is_guessed_without_losing_letters() {
        assert_eq!(decode("né".as_bytes(), None), "né");
        assert_eq!(decode(b"n\xe9", None), "né");
        assert_eq!(decode(b"n\xe9", Some("utf-8")), "né");
        assert_eq!(decode(b"n\xe9", Some("x-no-such")), "né");
        assert_eq!(decode("né".as_bytes(), Some("us-ascii")), "né");
        assert_eq!(decode(b"\x1b$B$3$s\x1b(B", None), "こん");
        assert_eq!(decode(b"\xc3\xa9 \xff", Some("utf-8")), "é \u{fffd}");
        assert_eq!(decode(b"\xef\xbb\xbfx", Some("utf-8")), "x");
    }

    #[test]
    fn nul_is_taken_out() {
        assert_eq!(decode(b"a\0b", Some("utf-8")), "ab");
        assert_eq!(decode(b"a\0b", Some("iso-8859-1")), "ab");
    }

    #[test]
    fn what_is_mislabelled_is_read_and_said() {
        let chinese = "\u{4f60}\u{597d}\u{ff0c}\u{8bf7}\u{95ee}\u{6253}\u{5370}\u{673a}\u{4e3a}\u{4ec0}\u{4e48}\u{4e0d}\u{80fd}\u{7528}\u{4e86}\u{ff1f}\u{8c22}\u{8c22}\u{3002}";
        let gb = encoding_rs::GB18030.encode(chinese).0;
        for (declared, bytes, text, said) in [
            (
                Some("iso-8859-1"),
                &b"\x93Caf\xe9\x94 \x80 5"[..],
                "\u{201c}Café\u{201d} € 5",
                "ISO-8859-1; it was read as windows-1252, which is sure",
            ),
            (
                Some("us-ascii"),
                b"Caf\xe9 noir, c'est d\xe9j\xe0 pay\xe9",
                "Café noir, c'est déjà payé",
                "read as windows-1252",
            ),
            (
                Some("utf-8"),
                b"Caf\xe9 noir, c'est d\xe9j\xe0 pay\xe9",
                "Café noir, c'est déjà payé",
                "declares UTF-8; it was read as windows-1252",
            ),
            (
                Some("iso-8859-1"),
                "Grüße aus Köln, schöne".as_bytes(),
                "Grüße aus Köln, schöne",
                "read as UTF-8, which is sure",
            ),
            (Some("iso-8859-1"), "né".as_bytes(), "né", "read as UTF-8, which is likely"),
            (Some("windows-1251"), "Привет".as_bytes(), "Привет", "read as UTF-8, which is sure"),
            (
                Some("us-ascii"),
                "né".as_bytes(),
                "né",
                "declares US-ASCII; it was read as UTF-8, which is sure",
            ),
            (
                None,
                b"\x1b$B$3$s\x1b(B",
                "こん",
                "no known charset; it was read as ISO-2022-JP, which is sure",
            ),
            (Some("iso-8859-1"), b"\x1b$B$3$s\x1b(B", "こん", "read as ISO-2022-JP"),
            (Some("utf-8"), b"\x1b$B$3$s\x1b(B", "こん", "read as ISO-2022-JP"),
            (None, &gb, chinese, "read as GB"),
            (Some("utf-8"), &gb, chinese, "read as GB"),
            (None, b"\xff\xfeh\0i\0", "hi", "read as UTF-16LE"),
            (Some("utf-8"), b"\xc3\xa9 \xff x", "é \u{fffd} x", "1 characters could not be read"),
        ] {
            let found = read(bytes, declared);
            assert_eq!(found.text, text, "{declared:?} {bytes:?}");
            let sentence = found.repair.map(|repair| repair.sentence(1)).unwrap_or_default();
            assert!(sentence.contains(said), "{declared:?} {bytes:?}: {sentence}");
        }
    }

    #[test]
    fn what_is_labelled_well_is_not_repaired() {
        for (declared, bytes) in [
            (Some("iso-8859-1"), &b"Gr\xfc\xdfe"[..]),
            (Some("windows-1252"), b"\x80 5"),
            (Some("utf-8"), "né".as_bytes()),
            (Some("utf-8"), b"n\xc3\xa9 \xc3"),
            (Some("us-ascii"), b"plain"),
            (None, b"plain"),
            (Some("gb2312"), b"\xc1\xaa\xcd\xa8"),
            (Some("iso-2022-jp"), b"\x1b$B$3$s\x1b(B"),
            (Some("x-no-such"), b"plain"),
        ] {
            assert_eq!(read(bytes, declared).repair, None, "{declared:?} {bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200), label in "(utf-8|iso-8859-1|iso-2022-jp|gb18030|big5|utf-16|hz-gb-2312|.{0,12})") {
            read(&bytes, Some(&label));
        }
    }
}
