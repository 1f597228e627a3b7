//! Folder names: modified UTF-7 (RFC 3501, 5.1.3), the server's delimiter against `/`, and quoting.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

fn engine() -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&base64::alphabet::IMAP_MUTF7, config)
}

/// What people read. A name that is not modified UTF-7 is left as it is.
pub(super) fn decode(wire: &str) -> String {
    let mut out = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((before, shifted)) = rest.split_once('&') {
        out.push_str(before);
        let Some((encoded, after)) = shifted.split_once('-') else { return wire.to_owned() };
        if encoded.is_empty() {
            out.push('&');
        } else {
            let Ok(bytes) = engine().decode(encoded) else { return wire.to_owned() };
            if bytes.len() % 2 != 0 {
                return wire.to_owned();
            }
            let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            let Ok(text) = char::decode_utf16(units).collect::<Result<String, _>>() else {
                return wire.to_owned();
            };
            out.push_str(&text);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What goes over the wire.
pub(super) fn encode(name: &str) -> String {
    fn flush(out: &mut String, shifted: &mut Vec<u8>) {
        if !shifted.is_empty() {
            out.push('&');
            out.push_str(&engine().encode(&*shifted));
            out.push('-');
            shifted.clear();
        }
    }
    let mut out = String::with_capacity(name.len());
    let mut shifted = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            flush(&mut out, &mut shifted);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            shifted.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut out, &mut shifted);
    out
}

/// A path with `/` from a name on the wire. `INBOX` is spelled so, whatever the server's spelling.
pub(super) fn path(wire: &str, delimiter: Option<&str>) -> String {
    let decoded = decode(wire);
    if decoded.eq_ignore_ascii_case("INBOX") {
        return "INBOX".to_owned();
    }
    match delimiter {
        None | Some("/" | "") => decoded,
        // A `/` within a name would look like a level: it is shown as the division slash.
        Some(delimiter) => decoded.replace('/', "\u{2215}").replace(delimiter, "/"),
    }
}

/// A name on the wire from a path with `/`.
pub(super) fn wire(path: &str, delimiter: Option<&str>) -> String {
    if path.eq_ignore_ascii_case("INBOX") {
        return "INBOX".to_owned();
    }
    match delimiter {
        None | Some("/" | "") => encode(path),
        Some(delimiter) => encode(&path.replace('/', delimiter).replace('\u{2215}', "/")),
    }
}

/// A quoted string (RFC 3501, 4.3); None where only a literal will do.
pub(super) fn quoted(text: &str) -> Option<String> {
    text.bytes()
        .all(|b| matches!(b, 0x01..=0x7f) && b != b'\r' && b != b'\n')
        .then(|| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_and_encoded_as_in_the_standard() {
        for (wire, name) in [
            ("Entw&APw-rfe", "Entwürfe"),
            ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
            ("Tom &- Jerry", "Tom & Jerry"),
            ("&2D3eAA-", "😀"),
            ("INBOX", "INBOX"),
        ] {
            assert_eq!(decode(wire), name);
            assert_eq!(encode(name), wire);
        }
    }

    #[test]
    fn a_name_that_is_not_modified_utf7_is_left_as_it_is() {
        for name in ["R&D", "&AP-", "&!!!-", "&2D0-"] {
            assert_eq!(decode(name), name);
        }
    }

    #[test]
    fn the_servers_delimiter_becomes_a_slash_and_back() {
        assert_eq!(path("INBOX.Team.A/B", Some(".")), "INBOX/Team/A\u{2215}B");
        assert_eq!(wire("INBOX/Team/A\u{2215}B", Some(".")), "INBOX.Team.A/B");
        assert_eq!(path("inbox", Some(".")), "INBOX");
        assert_eq!(path("a/b", None), "a/b");
    }
}
