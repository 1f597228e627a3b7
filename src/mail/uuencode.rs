//! uuencode, as old gateways still name it in Content-Transfer-Encoding (POSIX `uuencode`).

use std::io::BufRead;

/// Where the lines of data begin: after `begin 644 name`. None where there is no such line.
pub(super) fn data(body: &[u8]) -> Option<&[u8]> {
    let mut rest = body;
    while !rest.is_empty() {
        // `begin`, the file's mode in octal, its name.
        let mode = rest.strip_prefix(b"begin ").and_then(|rest| rest.split(|&byte| byte == b' ').next());
        let is_begin = mode.is_some_and(|mode| {
            (3..=4).contains(&mode.len()) && mode.iter().all(|digit| matches!(digit, b'0'..=b'7'))
        });
        let mut ahead = rest;
        ahead.skip_until(b'\n').ok()?;
        if is_begin {
            return Some(ahead);
        }
        rest = ahead;
    }
    None
}

/// Decodes one line onto `out`; false where the data ends. What a line lacks at its end were blanks, that is zeros.
pub(super) fn line(line: &[u8], out: &mut Vec<u8>) -> bool {
    let line = line.trim_ascii_end();
    let Some((&length, coded)) = line.split_first() else { return true };
    let length = sextet(length) as usize;
    if length == 0 || line == b"end" {
        return false;
    }
    let digit = |at: usize| coded.get(at).copied().map_or(0, sextet);
    let mut decoded = Vec::with_capacity(length + 2);
    for group in (0..length.div_ceil(3)).map(|group| group * 4) {
        let bits = (0..4).fold(0_u32, |bits, place| bits << 6 | u32::from(digit(group + place)));
        decoded.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    decoded.truncate(length);
    out.extend_from_slice(&decoded);
    true
}

fn sextet(character: u8) -> u8 {
    character.wrapping_sub(b' ') & 0x3f
}

#[cfg(test)]
mod tests {
    use super::{data, line};

    fn decoded(body: &str) -> Option<String> {
        let mut out = Vec::new();
        for one in data(body.as_bytes())?.split(|&byte| byte == b'\n') {
            if !line(one, &mut out) {
                break;
            }
        }
        Some(String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn lines_are_decoded_up_to_the_end() {
        let text = Some("Cat and dog".to_owned());
        assert_eq!(decoded("begin 644 a.txt\n+0V%T(&%N9\"!D;V<\n`\nend\nmore"), text);
        assert_eq!(decoded("Hello\n\nbegin 644 a.txt\r\n+0V%T(&%N9\"!D;V<\r\n \r\nend\r\n"), text);
        assert_eq!(decoded("begin 644 a\n#0V%T\n#0V$"), Some("CatCa\0".to_owned()));
        assert_eq!(decoded("begin 644 a\n"), Some(String::new()));
        assert_eq!(decoded("begin at the beginning\n"), None);
        assert_eq!(decoded("no such line"), None);
    }
}
