//! UTF-7 (RFC 2152), which no decoder of the web knows any more.

use base64::Engine;

/// What an open shift holds at the end of the text counts too.
pub(super) fn decode(bytes: &[u8]) -> String {
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
    let Ok(bytes) = super::base64::LENIENT.decode(whole) else { return "\u{fffd}".to_owned() };
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
