//! Fetching raw messages by `$value`: several at a time, in the order in which they come.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::address::id;
use super::ask::{Ask, Extent as Bound};
use super::refusal::{Kind, Refusal};
use super::reply::{Header, Message};
use super::wire::Wire;
use crate::provider::{Error, Extent, FetchOutcome, Fetched, Wanted};

/// No message is taken that turns out to be bigger: Exchange Online takes 150 MB, and rewriting it adds a third.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// By then a message that just arrived is known everywhere.
const SETTLES: Duration = Duration::from_secs(2);
/// Of a message that is over the limit, no more header than this is read.
const HEADER_BYTES: usize = 1024 * 1024;

/// One message; Err where it is not about this message only.
pub(super) async fn fetch(wire: Wire, wanted: Wanted) -> Result<Fetched, Error> {
    let got = match wanted.extent {
        Extent::Whole => value(&wire, &wanted.source_id, Bound::Whole(MOST_BYTES)).await,
        Extent::HeaderOnly => header(&wire, &wanted.source_id).await,
    };
    let outcome = match got {
        Ok(raw) => FetchOutcome::Raw(raw),
        Err(Error::Graph(refusal)) if refusal.kind == Kind::ItemGone => {
            if is_there(&wire, &wanted.source_id).await? {
                refused(Error::Graph(Refusal { kind: Kind::Damaged, ..refusal }))
            } else {
                FetchOutcome::Gone
            }
        }
        Err(Error::Graph(refusal)) if refusal.is_of_item() => refused(Error::Graph(refusal)),
        Err(error @ (Error::TooLong { .. } | Error::Malformed { .. } | Error::Slow { .. })) => refused(error),
        Err(error) => return Err(error),
    };
    Ok(Fetched { source_id: wanted.source_id, outcome })
}

fn refused(error: Error) -> FetchOutcome {
    FetchOutcome::Refused(Arc::new(error))
}

/// Whether a message is there whose bytes are said not to be: one that just arrived may not be known everywhere, and one
/// that is taken for gone is never asked for again.
async fn is_there(wire: &Wire, source_id: &str) -> Result<bool, Error> {
    let path = wire.address.path(&["messages", &id(source_id)], &[("$select", "id")]);
    let ask = Ask::read(wire.address.url(&path)?).of_item();
    for wait in [Duration::ZERO, SETTLES] {
        tokio::time::sleep(wait).await;
        match wire.json::<Message>(&ask).await {
            Err(Error::Graph(Refusal { kind: Kind::ItemGone, .. })) => {}
            Err(Error::Graph(refusal)) if refusal.is_of_item() => return Ok(true),
            Err(error) => return Err(error),
            Ok(_) => return Ok(true),
        }
    }
    Ok(false)
}

/// Never the folder-scoped path: it is described, and refused with 405.
async fn value(wire: &Wire, source_id: &str, bound: Bound) -> Result<Bytes, Error> {
    let path = wire.address.path(&["messages", &id(source_id), "$value"], &[]);
    wire.bytes(&Ask::read(wire.address.url(&path)?).mail(bound)).await
}

/// The header that the service kept, where it is complete: `$value` would have it build the whole message.
async fn header(wire: &Wire, source_id: &str) -> Result<Bytes, Error> {
    let query = [("$select", "id,internetMessageHeaders")];
    let path = wire.address.path(&["messages", &id(source_id)], &query);
    let message: Message = wire.json(&Ask::read(wire.address.url(&path)?).of_item()).await?;
    match composed(message.internet_message_headers.as_deref().unwrap_or_default()) {
        Some(header) => Ok(header),
        None => value(wire, source_id, Bound::Header(HEADER_BYTES)).await,
    }
}

/// A mail's header from its fields; None where the fields that every mail has (RFC 5322, section 3.6) or its Message-ID
/// are missing: sent mail and odd ones come so.
fn composed(fields: &[Header]) -> Option<Bytes> {
    let has = |name: &str| fields.iter().any(|field| field.name.eq_ignore_ascii_case(name));
    if !(has("From") && has("Date") && has("Message-ID")) {
        return None;
    }
    let mut header = BytesMut::new();
    for field in fields {
        let named = !field.name.is_empty()
            && field.name.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b':');
        if !named {
            continue;
        }
        let value = field.value.as_deref().unwrap_or_default();
        let lines: Vec<&str> =
            value.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect();
        header.extend_from_slice(format!("{}: {}\r\n", field.name, lines.join("\r\n ")).as_bytes());
        if header.len() > HEADER_BYTES {
            break;
        }
    }
    header.extend_from_slice(b"\r\n");
    Some(header.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(given: &[(&str, &str)]) -> Vec<Header> {
        given
            .iter()
            .map(|(name, value)| Header { name: (*name).to_owned(), value: Some((*value).to_owned()) })
            .collect()
    }

    #[test]
    fn a_header_is_made_of_its_fields_and_nothing_breaks_out_of_one() {
        let made = composed(&fields(&[
            ("From", "a@x"),
            ("Date", "Fri, 2 Jan 2026 03:04:05 +0000"),
            ("Message-ID", "<1@x>"),
            ("Subject", "folded\r\n line\r\nBcc: evil@x"),
            ("Bad: name", "x"),
        ]));
        let expected = "From: a@x\r\nDate: Fri, 2 Jan 2026 03:04:05 +0000\r\nMessage-ID: <1@x>\r\n\
                        Subject: folded\r\n line\r\n Bcc: evil@x\r\n\r\n";
        assert_eq!(made.unwrap(), expected.as_bytes());
    }

    #[test]
    fn fields_without_what_every_mail_has_are_not_taken_for_its_header() {
        assert_eq!(composed(&fields(&[("Subject", "x"), ("From", "a@x")])), None);
        assert_eq!(composed(&[]), None);
    }
}
