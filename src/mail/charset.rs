//! Bytes of a text to Unicode: by the declared charset, then by what the bytes are, never failing.

use std::borrow::Cow;

use base64::Engine;
use mail_parser::decoders::charsets::map::charset_decoder;

use super::shifted;

/// Decodes `bytes`. A charset that is missing, unknown or contradicted by the bytes is replaced: by UTF-8
/// where they are that, else by windows-1252, in which every byte is a letter. U+0000 is taken out.
pub(super) fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    let name = declared.unwrap_or_default().trim().to_ascii_lowercase();
    let text = match name.as_str() {
        "utf-7" | "utf7" | "unicode-1-1-utf-7" | "csutf7" => Cow::Owned(utf7(bytes)),
        "" | "utf-8" | "utf8" | "us-ascii" | "ascii" | "ansi_x3.4-1968" | "unicode-1-1-utf-8"
        | "x-unknown" | "unknown-8bit" | "default" => guess(bytes, name.starts_with("utf")),
        "hz-gb-2312" | "hz" => known(b"gb18030", &shifted::hz_to_euc(bytes)),
        "iso-2022-kr" | "csiso2022kr" => known(b"euc-kr", &shifted::iso_2022_kr_to_euc(bytes)),
        "utf-32" | "utf-32le" | "utf-32be" => Cow::Owned(shifted::utf32(bytes)),
        _ => match charset_decoder(name.as_bytes()) {
            Some(decoder) => Cow::Owned(decoder(bytes)),
            None => guess(bytes, false),
        },
    };
    without_nul(text)
}

fn known(name: &[u8], bytes: &[u8]) -> Cow<'static, str> {
    Cow::Owned(
        charset_decoder(name).map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), |d| d(bytes)),
    )
}

/// Takes U+0000 out; PostgreSQL has no place for it.
pub(super) fn without_nul(text: Cow<'_, str>) -> String {
    match text.contains('\0') {
        true => text.replace('\0', ""),
        false => text.into_owned(),
    }
}

fn guess(bytes: &[u8], said_utf8: bool) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        // ISO-2022-JP is 7-bit, so it passes for UTF-8; its escapes give it away.
        Ok(text) if !said_utf8 && (text.contains("\x1b$") || text.contains("\x1b(J")) => {
            charset_decoder(b"iso-2022-jp").map_or(Cow::Borrowed(text), |decoder| Cow::Owned(decoder(bytes)))
        }
        Ok(text) => Cow::Borrowed(text),
        Err(_) if said_utf8 && has_multibyte(bytes) => String::from_utf8_lossy(bytes),
        Err(_) => match charset_decoder(b"windows-1252") {
            Some(decoder) => Cow::Owned(decoder(bytes)),
            None => String::from_utf8_lossy(bytes),
        },
    }
}

/// Whether any UTF-8 sequence of several bytes is whole: then the text is UTF-8 with damage.
fn has_multibyte(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

/// RFC 2152. The general decoder loses what an open shift holds at the end of the text.
fn utf7(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(&byte) = rest.first() {
        rest = &rest[1..];
        if byte != b'+' {
            out.push(if byte.is_ascii() { byte as char } else { char::REPLACEMENT_CHARACTER });
            continue;
        }
        let shifted =
            rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')).count();
        let (coded, after) = rest.split_at(shifted);
        if coded.is_empty() {
            out.push('+');
        } else {
            out.push_str(&shifted_utf16(coded));
        }
        rest = after.strip_prefix(b"-").unwrap_or(after);
    }
    out
}

fn shifted_utf16(coded: &[u8]) -> String {
    let whole = if coded.len() % 4 == 1 { &coded[..coded.len() - 1] } else { coded };
    let Ok(bytes) = super::transfer::LENIENT_BASE64.decode(whole) else { return "\u{fffd}".to_owned() };
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::decode;

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
}
