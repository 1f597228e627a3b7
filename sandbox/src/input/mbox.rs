//! One mbox, taken apart (RFC 4155). Both quotings are read: `>From ` of mboxo and mboxrd loses one `>`, and so does
//! each further one of mboxrd.

use bytes::Bytes;

use super::{Mail, with_crlf};

/// Whether a file begins as an mbox does.
pub fn is_one(raw: &[u8]) -> bool {
    raw.split(|byte| *byte == b'\n').next().is_some_and(is_separator)
}

/// Its messages, in order.
pub fn messages(raw: &[u8]) -> Vec<Mail> {
    let mut mails = Vec::new();
    let mut current: Option<Vec<u8>> = None;
    let mut after_empty = true;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if after_empty && is_separator(line) {
            mails.extend(current.replace(Vec::new()).map(finished));
        } else if let Some(message) = &mut current {
            message.extend_from_slice(unquoted(line));
        }
        after_empty = line.trim_ascii().is_empty();
    }
    mails.extend(current.map(finished));
    mails
}

/// `From `, someone, and a time: texts have lines that begin with From, too.
fn is_separator(line: &[u8]) -> bool {
    let has_time =
        |rest: &[u8]| rest.windows(3).any(|w| w[0].is_ascii_digit() && w[1] == b':' && w[2].is_ascii_digit());
    line.strip_prefix(b"From ").is_some_and(has_time)
}

fn unquoted(line: &[u8]) -> &[u8] {
    let quotes = line.iter().take_while(|byte| **byte == b'>').count();
    let rest = line.get(quotes..).unwrap_or_default();
    if quotes > 0 && rest.starts_with(b"From ") { line.get(1..).unwrap_or_default() } else { line }
}

fn finished(mut message: Vec<u8>) -> Mail {
    // The empty line before the next separator is not of the message.
    if message.ends_with(b"\n\n") {
        message.pop();
    } else if message.ends_with(b"\r\n\r\n") {
        message.truncate(message.len() - 2);
    }
    let raw = with_crlf(&message);
    Mail { is_read: is_read(&raw), raw, received: None }
}

/// `Status: RO` says that someone read it.
fn is_read(raw: &Bytes) -> bool {
    let head = raw.split(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    head.filter_map(|line| line.strip_prefix(b"Status:")).any(|value| value.contains(&b'R'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_quotings_are_read_and_texts_are_no_separators() {
        let mbox =
            b"From a@x Fri Nov 20 10:00:00 2026\nStatus: RO\nSubject: 1\n\n>From the start\n>>From twice\n\n\
            From here it is text\n\nFrom b@x Fri Nov 20 10:01:00 2026\nSubject: 2\n\nend\n";
        assert!(is_one(mbox));
        let mails = messages(mbox);
        let texts: Vec<_> =
            mails.iter().map(|mail| String::from_utf8_lossy(&mail.raw).into_owned()).collect();
        assert_eq!(
            texts,
            [
                "Status: RO\r\nSubject: 1\r\n\r\nFrom the start\r\n>From twice\r\n\r\nFrom here it is text\r\n",
                "Subject: 2\r\n\r\nend\r\n",
            ]
        );
        assert_eq!([mails[0].is_read, mails[1].is_read], [true, false]);
        assert!(!is_one(b"From: a@x\n\n10:00"));
    }
}
