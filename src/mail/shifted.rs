//! Charsets that browsers no longer read and mail still has: HZ (RFC 1843), ISO-2022-KR (RFC 1557), UTF-32.

/// HZ made EUC-CN, byte for byte: what stands between `~{` and `~}` has its high bits set.
pub(super) fn hz_to_euc(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut rest, mut shifted) = (bytes, false);
    loop {
        match rest {
            [b'~', b'{', after @ ..] if !shifted => (rest, shifted) = (after, true),
            [b'~', b'}', after @ ..] if shifted => (rest, shifted) = (after, false),
            [b'~', b'~', after @ ..] if !shifted => {
                out.push(b'~');
                rest = after;
            }
            [b'~', b'\n', after @ ..] => rest = after,
            // A line end ends the shift, whatever was forgotten.
            [byte, after @ ..] => {
                shifted &= *byte != b'\n';
                out.push(if shifted && byte.is_ascii_graphic() { byte | 0x80 } else { *byte });
                rest = after;
            }
            [] => return out,
        }
    }
}

/// ISO-2022-KR made EUC-KR: what stands between SO and SI has its high bits set.
pub(super) fn iso_2022_kr_to_euc(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut rest, mut shifted) = (bytes, false);
    loop {
        match rest {
            [0x1b, b'$', b')', b'C', after @ ..] => rest = after,
            [0x0e, after @ ..] => (rest, shifted) = (after, true),
            [0x0f, after @ ..] => (rest, shifted) = (after, false),
            [byte, after @ ..] => {
                shifted &= *byte != b'\n';
                out.push(if shifted && byte.is_ascii_graphic() { byte | 0x80 } else { *byte });
                rest = after;
            }
            [] => return out,
        }
    }
}

/// UTF-32 in the order that its mark or its first character tells.
pub(super) fn utf32(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<4>().0;
    let is_little = units.first().is_some_and(|first| u32::from_be_bytes(*first) > u32::from(char::MAX));
    let units = units
        .iter()
        .map(|unit| if is_little { u32::from_le_bytes(*unit) } else { u32::from_be_bytes(*unit) });
    let text: String =
        units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
}
