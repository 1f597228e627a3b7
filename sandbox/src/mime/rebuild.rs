//! The same message in other bytes. Exchange does not keep what it received: at each read it writes the message anew,
//! with its fields in another order and with other boundaries. What is signed or encrypted is kept as it came, and so
//! are the messages within. Only what divides the parts is written; what they hold is copied.

use std::ops::Range;

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::read::read;

/// Fields in another order and other boundaries for each `turn`; equal for an equal turn. What is so odd that its parts
/// would be read otherwise afterwards keeps its boundaries, or stays as it came.
pub fn rebuild(raw: &[u8], turn: u64) -> Vec<u8> {
    let Some(message) = read(raw) else { return raw.to_vec() };
    let head = head(raw);
    let fields = turned(raw, head.clone(), turn);
    for edits in [edits(raw, &message, turn), Vec::new()] {
        let mut out = Vec::with_capacity(raw.len() + 256);
        for field in &fields {
            copy(&mut out, raw, field.clone(), &edits);
        }
        copy(&mut out, raw, head.end..raw.len(), &edits);
        if read(&out).is_some_and(|again| same(&message, &again)) {
            return out;
        }
    }
    raw.to_vec()
}

/// Whether two messages have the same parts.
fn same(one: &Message<'_>, other: &Message<'_>) -> bool {
    let lists = |of: fn(&Message<'_>) -> Vec<u32>| of(one) == of(other);
    let shown = lists(|of| of.attachments.clone())
        && lists(|of| of.text_body.clone())
        && lists(|of| of.html_body.clone());
    let parts = one.parts.iter().zip(&other.parts);
    shown
        && one.parts.len() == other.parts.len()
        && parts.into_iter().all(|(one, other)| {
            let children = |part: &MessagePart<'_>| part.sub_parts().map(<[u32]>::to_vec);
            children(one) == children(other)
                && (children(one).is_some() || one.contents() == other.contents())
                && one.attachment_name() == other.attachment_name()
        })
}

/// A place, and what comes into it.
type Edit = (Range<usize>, Vec<u8>);

/// A piece of the message with its edits, which are in order.
fn copy(out: &mut Vec<u8>, raw: &[u8], piece: Range<usize>, edits: &[Edit]) {
    let mut at = piece.start;
    let first = edits.partition_point(|(place, _)| place.start < piece.start);
    let within = edits.iter().skip(first).take_while(|(place, _)| place.end <= piece.end);
    for (place, new) in within {
        out.extend_from_slice(raw.get(at..place.start).unwrap_or_default());
        out.extend_from_slice(new);
        at = place.end;
    }
    out.extend_from_slice(raw.get(at..piece.end).unwrap_or_default());
}

/// The header without its empty line; empty where it does not end.
fn head(raw: &[u8]) -> Range<usize> {
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line == b"\r\n" || line == b"\n" {
            return 0..at;
        }
        at += line.len();
    }
    0..0
}

/// Each field with its folded lines. Traces come first, in their order; the others go round, those of one name together,
/// because of several it matters which is the first. A header that holds anything else stays as it is.
fn turned(raw: &[u8], head: Range<usize>, turn: u64) -> Vec<Range<usize>> {
    let mut fields: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for line in raw.get(head.clone()).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
        let end = at + line.len();
        match fields.last_mut() {
            Some(field) if line.starts_with(b" ") || line.starts_with(b"\t") => field.end = end,
            _ => fields.push(at..end),
        }
        at = end;
    }
    let names: Option<Vec<_>> = fields.iter().map(|field| name(raw.get(field.clone())?)).collect();
    let Some(names) = names else { return vec![head] };
    let mut groups: Vec<(&[u8], Vec<Range<usize>>)> = Vec::new();
    for (name, field) in names.into_iter().zip(fields) {
        match groups.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, group)) => group.push(field),
            None => groups.push((name, vec![field])),
        }
    }
    groups.sort_by_key(|(name, _)| !name.eq_ignore_ascii_case(b"received"));
    let traces = groups.iter().take_while(|(name, _)| name.eq_ignore_ascii_case(b"received")).count();
    if let Some(others) = groups.get_mut(traces..).filter(|others| !others.is_empty()) {
        others.rotate_left(usize::try_from(turn % others.len() as u64).unwrap_or_default());
    }
    groups.into_iter().flat_map(|(_, group)| group).collect()
}

/// None where it is no field.
fn name(field: &[u8]) -> Option<&[u8]> {
    let end = field.iter().position(|byte| *byte == b':')?;
    let name = field.get(..end)?;
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

/// The boundaries of all multiparts, where they are named and where they divide.
fn edits(raw: &[u8], message: &Message<'_>, turn: u64) -> Vec<Edit> {
    let mut mark = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // The message may be one that was written anew before.
    while contains(raw, format!("{mark:016x}").as_bytes()) {
        mark = mark.wrapping_add(1);
    }
    let mut edits = Vec::new();
    let mut within = vec![0_u32];
    let mut number = 0;
    while let Some(part) = within.pop().and_then(|id| message.part(id)) {
        let PartType::Multipart(children) = &part.body else { continue };
        if is_sealed(part) {
            continue;
        }
        let children: Vec<_> = children.iter().filter_map(|id| Some((*id, message.part(*id)?))).collect();
        let new = format!("_{number:03}_{mark:016x}sandbox_");
        edits.extend(renamed(raw, part, &children, new.as_bytes()));
        number += 1;
        within.extend(children.iter().map(|(id, _)| id));
    }
    edits.sort_by_key(|(place, _)| place.start);
    edits
}

fn is_sealed(part: &MessagePart<'_>) -> bool {
    let kind = part.content_type().and_then(|kind| kind.subtype()).unwrap_or_default();
    kind.eq_ignore_ascii_case("signed") || kind.eq_ignore_ascii_case("encrypted")
}

fn range(from: u32, to: u32) -> Range<usize> {
    from as usize..to as usize
}

/// Nothing where the boundary can't be found in all its places.
fn renamed(
    raw: &[u8],
    part: &MessagePart<'_>,
    children: &[(u32, &MessagePart<'_>)],
    new: &[u8],
) -> Vec<Edit> {
    let old = part.content_type().and_then(|kind| kind.attribute("boundary")).unwrap_or_default().as_bytes();
    let Some(named) = named(raw, range(part.offset_header, part.offset_body), old) else { return Vec::new() };
    if children.is_empty() {
        return Vec::new();
    }
    let mut edits = vec![(named, [b"\"", new, b"\""].concat())];
    let mut at = part.offset_body as usize;
    let ends = children.iter().map(|(_, child)| range(child.offset_header, child.offset_end));
    for child in ends.chain(std::iter::once(part.offset_end as usize..raw.len())) {
        let gap = at..child.start;
        let before = edits.len();
        let mut from = gap.start;
        for line in raw.get(gap).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
            if line.strip_prefix(b"--").is_some_and(|rest| rest.starts_with(old)) {
                edits.push((from + 2..from + 2 + old.len(), new.to_vec()));
            }
            from += line.len();
        }
        // Each child comes after a line that divides.
        if edits.len() == before && child.start < part.offset_end as usize {
            return Vec::new();
        }
        at = child.end;
    }
    edits
}

/// The value of `boundary=` in a header, with its quotes; where it is just that one and stands there once.
fn named(raw: &[u8], header: Range<usize>, old: &[u8]) -> Option<Range<usize>> {
    let lower = raw.get(header.clone())?.to_ascii_lowercase();
    let at = find(&lower, b"boundary=")? + b"boundary=".len();
    if old.is_empty() || contains(lower.get(at..)?, b"boundary") {
        return None;
    }
    let from = header.start + at;
    let rest = raw.get(from..header.end)?;
    let (length, after) = match rest.strip_prefix(b"\"") {
        Some(quoted) => (old.len() + 2, quoted.strip_prefix(old)?.strip_prefix(b"\"")?),
        None => (old.len(), rest.strip_prefix(old)?),
    };
    let ends = after.first().is_none_or(|byte| b"; \t\r\n".contains(byte));
    ends.then_some(from..from + length)
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

fn contains(within: &[u8], what: &[u8]) -> bool {
    find(within, what).is_some()
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
