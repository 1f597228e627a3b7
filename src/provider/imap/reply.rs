//! What a server says, as far as mailroom listens: owned, and without the server's texts.

use std::ops::RangeInclusive;
use std::time::Duration;

use async_imap::imap_proto::rfc4315::UidSetMember;
use async_imap::imap_proto::{
    AttributeValue, Capability, MailboxDatum, NameAttribute, Outcome, Response, ResponseCode, Status,
    StatusAttribute,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};

/// A COPYUID set is never longer than what we asked to be moved; more than this is not believed.
const MOST_UIDS: u64 = 100_000;

/// One response.
#[derive(Debug)]
pub(super) enum Reply {
    /// The end of a command.
    Done {
        tag: String,
        answer: Answer,
    },
    /// An untagged OK, NO, BAD, BYE or PREAUTH.
    Status(Answer),
    /// `+`: the server waits for more. A token that it refuses, it answers so, with the status in JSON (RFC 7628, 3.2.2).
    Continue {
        refused: Option<String>,
    },
    Capabilities(Vec<String>),
    Fetch(Item),
    List(Entry),
    Counts {
        name: String,
        messages: Option<u32>,
        unseen: Option<u32>,
    },
    Search(Vec<u32>),
    Exists(u32),
    /// Anything else.
    Other,
}

/// How a command ended, or what the server says by itself.
#[derive(Debug)]
pub(super) struct Answer {
    pub kind: Kind,
    pub code: Code,
    /// The wait that Exchange asks for in its text.
    pub back_off: Option<Duration>,
    /// Exchange's word for a login that is good without a mailbox behind it.
    pub not_connected: bool,
    /// The text says that there are too many connections.
    pub too_many: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ok,
    No,
    Bad,
    Preauth,
    Bye,
}

/// A response code (RFC 3501, 7.1; RFC 5530; RFC 4315).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Code {
    None,
    Capabilities(Vec<String>),
    PermanentFlags(Vec<String>),
    ReadOnly,
    TryCreate,
    UidNext(u32),
    UidValidity(u32),
    UidNotSticky,
    CopyUid {
        validity: u32,
        from: Vec<u32>,
        to: Vec<u32>,
    },
    /// Any other, upper case, without its arguments.
    Named(String),
}

/// What a FETCH response says of one message.
#[derive(Debug, Default)]
pub(super) struct Item {
    pub uid: Option<u32>,
    pub flags: Option<Vec<String>>,
    pub internal_date: Option<DateTime<Utc>>,
    pub size: Option<u32>,
    pub modseq: Option<u64>,
    /// A body section was among it; its bytes, unless the server said NIL.
    pub body: Option<Option<Bytes>>,
}

/// A folder as listed.
#[derive(Debug)]
pub(super) struct Entry {
    /// As on the wire.
    pub name: String,
    pub delimiter: Option<String>,
    pub attributes: Vec<String>,
}

/// The status of a refused token, e.g. `invalid_token` (OAUTHBEARER) or `401` (XOAUTH2); of anything else nothing.
fn challenge(outcome: &Outcome<'_>) -> Option<String> {
    use base64::Engine as _;
    let text = outcome.information.as_deref()?.trim();
    let json = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    let json: serde_json::Value = serde_json::from_slice(&json).ok()?;
    let status = json.get("status")?;
    let status = status.as_str().map_or_else(|| status.to_string(), str::to_owned);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (status.len() <= 40 && status.chars().all(plain)).then_some(status)
}

/// Takes over what a response says. The second value is where in the response's bytes a body lies.
pub(super) fn read(response: &Response<'_>, whole: &[u8]) -> (Reply, Option<std::ops::Range<usize>>) {
    let reply = match response {
        Response::Done { tag, status, outcome } => {
            Reply::Done { tag: tag.0.clone(), answer: answer(status, outcome) }
        }
        Response::Data { status, outcome } => Reply::Status(answer(status, outcome)),
        Response::Continue(outcome) => Reply::Continue { refused: challenge(outcome) },
        Response::Capabilities(found) => Reply::Capabilities(capabilities(found)),
        Response::Fetch(_, attributes) => return fetch(attributes, whole),
        Response::MailboxData(datum) => mailbox(datum),
        _ => Reply::Other,
    };
    (reply, None)
}

fn mailbox(datum: &MailboxDatum<'_>) -> Reply {
    match datum {
        MailboxDatum::Exists(count) => Reply::Exists(*count),
        MailboxDatum::Search(uids) => Reply::Search(uids.clone()),
        MailboxDatum::List(list) => Reply::List(Entry {
            name: list.name.to_string(),
            delimiter: list.delimiter.as_ref().map(ToString::to_string),
            attributes: list.name_attributes.iter().map(attribute).collect(),
        }),
        MailboxDatum::Status { mailbox, status } => {
            let mut counts = Reply::Counts { name: mailbox.to_string(), messages: None, unseen: None };
            if let Reply::Counts { messages, unseen, .. } = &mut counts {
                for attribute in status {
                    match attribute {
                        StatusAttribute::Messages(count) => *messages = Some(*count),
                        StatusAttribute::Unseen(count) => *unseen = Some(*count),
                        _ => {}
                    }
                }
            }
            counts
        }
        _ => Reply::Other,
    }
}

fn attribute(attribute: &NameAttribute<'_>) -> String {
    match attribute {
        NameAttribute::NoSelect => "\\noselect".to_owned(),
        NameAttribute::Archive => "\\archive".to_owned(),
        NameAttribute::Drafts => "\\drafts".to_owned(),
        NameAttribute::Junk => "\\junk".to_owned(),
        NameAttribute::Sent => "\\sent".to_owned(),
        NameAttribute::Trash => "\\trash".to_owned(),
        NameAttribute::Extension(name) => name.to_lowercase(),
        _ => String::new(),
    }
}

fn fetch(attributes: &[AttributeValue<'_>], whole: &[u8]) -> (Reply, Option<std::ops::Range<usize>>) {
    let mut item = Item::default();
    let mut place = None;
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => item.uid = Some(*uid),
            AttributeValue::Flags(flags) => {
                item.flags = Some(flags.iter().map(ToString::to_string).collect())
            }
            AttributeValue::Rfc822Size(size) => item.size = Some(*size),
            AttributeValue::ModSeq(modseq) => item.modseq = Some(*modseq),
            AttributeValue::InternalDate(date) => {
                item.internal_date = DateTime::parse_from_str(date.trim_start(), "%d-%b-%Y %H:%M:%S %z")
                    .ok()
                    .map(|date| date.with_timezone(&Utc));
            }
            AttributeValue::BodySection { data, .. } => {
                item.body = Some(data.as_ref().map(|_| Bytes::new()));
                place = data.as_ref().map(|data| {
                    let start = (data.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
                    start..start + data.len()
                });
            }
            _ => {}
        }
    }
    (Reply::Fetch(item), place)
}

fn answer(status: &Status, outcome: &Outcome<'_>) -> Answer {
    let text = outcome.information.as_deref().unwrap_or_default();
    let code = match &outcome.code {
        Some(code) => known_code(code),
        None => text
            .strip_prefix('[')
            .and_then(|rest| rest.split([']', ' ']).next())
            .map_or(Code::None, |name| Code::Named(name.to_uppercase())),
    };
    let kind = match status {
        Status::Ok => Kind::Ok,
        Status::No => Kind::No,
        Status::Bad => Kind::Bad,
        Status::PreAuth => Kind::Preauth,
        Status::Bye => Kind::Bye,
    };
    let lower = if kind == Kind::Ok { String::new() } else { text.to_lowercase() };
    Answer {
        kind,
        code,
        back_off: back_off(&lower),
        not_connected: lower.contains("authenticated but not connected"),
        too_many: lower.contains("maximum number of connections")
            || lower.contains("too many simultaneous")
            || lower.contains("too many connections"),
    }
}

/// `Request is throttled. Suggested Backoff Time: 92415 milliseconds` (Exchange Online).
fn back_off(text: &str) -> Option<Duration> {
    if let Some((_, after)) = text.split_once("suggested backoff time:") {
        let millis = after.split_whitespace().next()?.parse().ok()?;
        return Some(Duration::from_millis(millis));
    }
    text.contains("throttled").then_some(Duration::ZERO)
}

fn known_code(code: &ResponseCode<'_>) -> Code {
    match code {
        ResponseCode::Capabilities(found) => Code::Capabilities(capabilities(found)),
        ResponseCode::PermanentFlags(flags) => {
            Code::PermanentFlags(flags.iter().map(ToString::to_string).collect())
        }
        ResponseCode::ReadOnly => Code::ReadOnly,
        ResponseCode::TryCreate => Code::TryCreate,
        ResponseCode::UidNext(uid) => Code::UidNext(*uid),
        ResponseCode::UidValidity(validity) => Code::UidValidity(*validity),
        ResponseCode::UidNotSticky => Code::UidNotSticky,
        ResponseCode::CopyUid(validity, from, to) => {
            Code::CopyUid { validity: *validity, from: uids(from), to: uids(to) }
        }
        ResponseCode::Alert => Code::Named("ALERT".to_owned()),
        _ => Code::None,
    }
}

fn capabilities(found: &[Capability<'_>]) -> Vec<String> {
    found
        .iter()
        .map(|capability| match capability {
            Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
            Capability::Auth(name) => format!("AUTH={}", name.to_uppercase()),
            Capability::Atom(name) => name.to_uppercase(),
        })
        .collect()
}

fn uids(set: &[UidSetMember]) -> Vec<u32> {
    let ranges: Vec<RangeInclusive<u32>> = set
        .iter()
        .map(|member| match member {
            UidSetMember::Uid(uid) => *uid..=*uid,
            UidSetMember::UidRange(range) => range.clone(),
        })
        .collect();
    let total: u64 = ranges.iter().map(|range| u64::from(range.end() - range.start()) + 1).sum();
    if total > MOST_UIDS { Vec::new() } else { ranges.into_iter().flatten().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(line: &[u8]) -> Answer {
        let (_, response) = Response::parse(line).unwrap();
        let (Reply::Done { answer, .. } | Reply::Status(answer)) = read(&response, line).0 else {
            panic!("not a status response")
        };
        answer
    }

    #[test]
    fn the_wait_that_exchange_asks_for_is_read() {
        let answer = done(b"a1 BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds\r\n");
        assert_eq!(answer.back_off, Some(Duration::from_millis(92_415)));
    }

    #[test]
    fn a_code_that_the_parser_does_not_know_is_still_told() {
        let answer = done(b"a1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n");
        assert_eq!(answer.code, Code::Named("AUTHENTICATIONFAILED".to_owned()));
        assert_eq!(answer.kind, Kind::No);
    }

    #[test]
    fn copyuid_is_told_uid_by_uid() {
        let answer = done(b"* OK [COPYUID 38505 304,319:320 3956:3958] Done\r\n");
        let expected =
            Code::CopyUid { validity: 38505, from: vec![304, 319, 320], to: vec![3956, 3957, 3958] };
        assert_eq!(answer.code, expected);
    }

    #[test]
    fn a_copyuid_of_absurd_length_is_not_believed() {
        let answer = done(b"* OK [COPYUID 1 1:4294967295 1:4294967295] Done\r\n");
        assert_eq!(answer.code, Code::CopyUid { validity: 1, from: vec![], to: vec![] });
    }

    #[test]
    fn a_body_is_found_in_the_bytes_of_its_response() {
        let line = b"* 1 FETCH (UID 7 BODY[] {3}\r\nabc)\r\n";
        let (_, response) = Response::parse(line).unwrap();
        let (_, place) = read(&response, line);
        assert_eq!(line.get(place.unwrap()).unwrap(), b"abc");
    }
}
