//! The same message in other bytes. Exchange does not keep what it received: at each read it writes the message anew,
//! with its fields in another order and with other boundaries. What is signed or encrypted is kept as it came.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Fields in another order and other boundaries for each `turn`; equal for an equal turn.
pub fn rebuild(raw: &[u8], turn: u64) -> Vec<u8> {
    let (head, body) = split(raw);
    let mut fields = fields(head);
    let sealed = fields.iter().any(|field| is_sealed(field));
    let names: BTreeMap<Vec<u8>, Vec<u8>> = if sealed { BTreeMap::new() } else { boundaries(raw, turn) };
    turned(&mut fields, turn);
    let mut out = Vec::with_capacity(raw.len() + 256);
    for field in fields {
        write_line(&mut out, field, &names);
    }
    out.extend_from_slice(b"\r\n");
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        write_line(&mut out, line, &names);
    }
    out
}

/// The header, and what comes after its empty line.
fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line == b"\r\n" || line == b"\n" {
            return (raw.get(..at).unwrap_or_default(), raw.get(at + line.len()..).unwrap_or_default());
        }
        at += line.len();
    }
    (raw, &[])
}

/// Each field with its folded lines.
fn fields(head: &[u8]) -> Vec<&[u8]> {
    let mut fields: Vec<&[u8]> = Vec::new();
    let (mut from, mut at) = (0, 0);
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if at > from && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            fields.extend(head.get(from..at));
            from = at;
        }
        at += line.len();
    }
    fields.extend(head.get(from..at).filter(|last| !last.is_empty()));
    fields
}

/// Traces keep their order at the top; the others go round.
fn turned(fields: &mut [&[u8]], turn: u64) {
    let is_trace = |field: &[u8]| name(field) == b"received";
    fields.sort_by_key(|field| !is_trace(field));
    let traces = fields.iter().take_while(|field| is_trace(field)).count();
    if let Some(others) = fields.get_mut(traces..).filter(|others| !others.is_empty()) {
        let by = usize::try_from(turn % others.len() as u64).unwrap_or_default();
        others.rotate_left(by);
    }
}

fn name(field: &[u8]) -> Vec<u8> {
    field.iter().take_while(|byte| **byte != b':').map(u8::to_ascii_lowercase).collect()
}

fn is_sealed(field: &[u8]) -> bool {
    let value = String::from_utf8_lossy(field).to_ascii_lowercase();
    name(field) == b"content-type"
        && ["multipart/signed", "multipart/encrypted", "pkcs7-mime"].iter().any(|kind| value.contains(kind))
}

/// The boundaries that the message uses, and what each becomes. None where something signed lies within.
fn boundaries(raw: &[u8], turn: u64) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut names = BTreeMap::new();
    let lower = raw.to_ascii_lowercase();
    if contains(&lower, b"multipart/signed") || contains(&lower, b"multipart/encrypted") {
        return names;
    }
    let mut at = 0;
    while let Some(found) = find(lower.get(at..).unwrap_or_default(), b"boundary=") {
        at += found + b"boundary=".len();
        let rest = raw.get(at..).unwrap_or_default();
        let value: Vec<u8> = match rest.strip_prefix(b"\"") {
            Some(quoted) => quoted.iter().copied().take_while(|byte| *byte != b'"').collect(),
            None => rest.iter().copied().take_while(|byte| !b"; \t\r\n".contains(byte)).collect(),
        };
        if (1..=70).contains(&value.len()) {
            let number = names.len();
            names.entry(value).or_insert_with(|| {
                let mut name = String::new();
                let _ =
                    write!(name, "_{number:03}_{:016x}sandbox_", turn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                name.into_bytes()
            });
        }
    }
    names
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

fn contains(within: &[u8], what: &[u8]) -> bool {
    find(within, what).is_some()
}

/// A line with its boundary exchanged: where it is a delimiter, and where a field names it.
fn write_line(out: &mut Vec<u8>, line: &[u8], names: &BTreeMap<Vec<u8>, Vec<u8>>) {
    if let Some(rest) = line.strip_prefix(b"--") {
        let value: &[u8] = rest.trim_ascii_end();
        let (value, close): (&[u8], &[u8]) =
            match value.strip_suffix(b"--").filter(|v| names.contains_key(*v)) {
                Some(value) => (value, b"--"),
                None => (value, b""),
            };
        if let Some(name) = names.get(value) {
            for piece in [&b"--"[..], name, close, b"\r\n"] {
                out.extend_from_slice(piece);
            }
            return;
        }
    }
    let lower = line.to_ascii_lowercase();
    let named = find(&lower, b"boundary=").and_then(|at| {
        let from = at + b"boundary=".len();
        let rest = line.get(from..)?;
        let quoted = rest.starts_with(b"\"");
        let (old, new) = names
            .iter()
            .filter(|(old, _)| {
                let value = if quoted { rest.get(1..).unwrap_or_default() } else { rest };
                value.starts_with(old)
            })
            .max_by_key(|(old, _)| old.len())?;
        let after = from + old.len() + if quoted { 2 } else { 0 };
        Some((line.get(..from)?, new, line.get(after..).unwrap_or_default()))
    });
    match named {
        Some((before, new, after)) => {
            for piece in [before, b"\"", new, b"\"", after] {
                out.extend_from_slice(piece);
            }
        }
        None => out.extend_from_slice(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "Received: from b\r\nReceived: from a\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed;\r\n boundary=\"out er\"\r\n\r\npreamble\r\n--out er\r\n\
        Content-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\n\r\n-- text stays\r\n--in--\r\n\
        --out er\r\nContent-Type: text/plain\r\n\r\nfile\r\n--out er--\r\n";

    fn texts(raw: &[u8]) -> Vec<String> {
        let message = mail_parser::MessageParser::default().parse(raw).unwrap();
        let mut texts: Vec<String> = vec![message.subject().unwrap_or_default().to_owned()];
        texts.extend(message.parts.iter().filter_map(|part| part.text_contents().map(str::to_owned)));
        texts
    }

    #[test]
    fn each_turn_has_other_bytes_and_the_same_content() {
        let [one, two] = [1, 2].map(|turn| rebuild(MAIL.as_bytes(), turn));
        assert_ne!(one, two);
        assert_eq!(one, rebuild(MAIL.as_bytes(), 1));
        for rebuilt in [&one, &two] {
            let text = String::from_utf8_lossy(rebuilt);
            assert!(!text.contains("out er") && !text.contains("--in\r\n"), "{text}");
            assert!(text.starts_with("Received: from b\r\nReceived: from a\r\n"), "{text}");
            assert_eq!(texts(rebuilt), texts(MAIL.as_bytes()));
        }
    }

    #[test]
    fn what_is_signed_is_kept_as_it_came() {
        let signed =
            "Subject: s\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n";
        let rebuilt = rebuild(signed.as_bytes(), 5);
        assert!(String::from_utf8_lossy(&rebuilt).contains("--b\r\n\r\nx\r\n--b--"));
    }

    #[test]
    fn anything_is_rebuilt_without_a_panic() {
        for raw in
            ["", "\n", "x", "Content-Type: multipart/mixed; boundary=\"", "boundary=\n\n--\n----", "a\r\n b"]
        {
            rebuild(raw.as_bytes(), 3);
        }
    }
}
