//! Character references (HTML standard, section 13.2.5.72).

use std::borrow::Cow;

/// The longest name that HTML has, with `&` and `;`.
const MAX_BYTES: usize = 33;

/// Replaces character references; what is none stays as it stands. U+0000 never comes of it.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    let (before, mut rest) = text.split_at(first);
    out.push_str(before);
    while !rest.is_empty() {
        let taken = reference(rest, &mut out);
        if taken == 0 {
            out.push('&');
        }
        rest = rest.get(taken.max(1)..).unwrap_or_default();
        let (plain, after) = rest.split_at(rest.find('&').unwrap_or(rest.len()));
        out.push_str(plain);
        rest = after;
    }
    Cow::Owned(out)
}

/// `text` begins with `&`. Writes what it refers to and answers its bytes; 0 where it refers to nothing.
fn reference(text: &str, out: &mut String) -> usize {
    let head = text.as_bytes().get(..MAX_BYTES).unwrap_or(text.as_bytes());
    let name_end = 1 + head.iter().skip(1).take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
    let ended = head.get(name_end) == Some(&b';');
    let name = head.get(1..name_end).unwrap_or_default();
    let length = name_end + usize::from(ended);
    let known = match name {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        b"nbsp" => Some('\u{a0}'),
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        // All others must be ended: `&copy=1` is part of an address.
        _ if ended => {
            let before = out.len();
            let token = head.get(..length).unwrap_or_default();
            mail_parser::decoders::html::add_html_token(out, token, false);
            if out.get(before..).is_some_and(|added| added.as_bytes() != token) {
                return length;
            }
            out.truncate(before);
            None
        }
        _ => None,
    };
    match known {
        Some(c) => {
            out.push(c);
            length
        }
        None => 0,
    }
}

fn number(digits: &[u8], radix: u32) -> Option<char> {
    let code = u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|d| !d.is_empty())?, radix);
    Some(match code {
        // Numbers that are no characters, but bytes of windows-1252.
        Ok(code @ 0x80..=0x9f) => WINDOWS_1252.get(code as usize - 0x80).copied().unwrap_or('\u{fffd}'),
        Ok(0) | Err(_) => '\u{fffd}',
        Ok(code) => char::from_u32(code).unwrap_or('\u{fffd}'),
    })
}

const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn references_are_decoded_and_all_else_stays() {
        for (text, decoded) in [
            ("a", "a"),
            ("&amp;&lt;&gt;&quot;", "&<>\""),
            ("caf&eacute; &euro;5", "café €5"),
            ("&#233;&#xE9;&#XE9;", "ééé"),
            ("&#146;&#128;", "’€"),
            ("a&nbsp;b&nbsp c", "a\u{a0}b\u{a0} c"),
            ("R&D & x", "R&D & x"),
            ("?a=1&copy=2&b", "?a=1&copy=2&b"),
            ("&nosuch; &;&#;&#x;&", "&nosuch; &;&#;&#x;&"),
            ("&#0;&#99999999999;&#xd800;", "\u{fffd}\u{fffd}\u{fffd}"),
            ("&é;", "&é;"),
        ] {
            assert_eq!(decode(text), decoded, "{text}");
        }
        assert_eq!(decode(&"&".repeat(100_000)).len(), 100_000);
    }
}
