//! What a message's header says: subject, addresses, ids, dates.

use super::fields::{Field, Fields, one_line};
use super::notes::Notes;
use super::{Limits, addresses, dates, ids, importance, thread_index, words};
use crate::domain::parsed::{Address, Forwarding, Header, ParsedMessage};

/// All fields in order, decoded.
pub(super) fn list(header: &Fields<'_>) -> Vec<Header> {
    header
        .iter()
        .map(|field| Header { name: field.name.to_owned(), value: one_line(&words::decode(&field.line())) })
        .collect()
}

/// A message with all that its header says, and no body yet.
pub(super) fn message(header: &Fields<'_>, limits: &Limits, notes: &mut Notes) -> ParsedMessage {
    if header.iter().next().is_none() {
        notes.add("The message has no header.");
    }
    if header.is_broken {
        notes.add("The header has lines that are no fields.");
    }
    let mut people = |name: &str| {
        let (found, is_cut) = addresses::parse(header, name, limits);
        if is_cut {
            notes.add(format!(
                "{name} has more than {} addresses; the rest is left out.",
                limits.max_addresses
            ));
        }
        found
    };
    // Names whose comma was not quoted look like addresses that have no at sign.
    let first = |mut addresses: Vec<Address>| {
        let at = addresses.iter().position(|one| one.address.contains('@')).unwrap_or_default();
        (at < addresses.len()).then(|| addresses.swap_remove(at))
    };
    let (from, sender) = (first(people("From")), first(people("Sender")));
    let (reply_to, to, cc) = (people("Reply-To"), people("To"), people("Cc"));
    ParsedMessage {
        internet_message_id: header.first("Message-ID").and_then(|value| ids::parse_one(&value)),
        in_reply_to: all_ids(header, "In-Reply-To"),
        references: all_ids(header, "References"),
        conversation_id: header.first("Thread-Index").and_then(|value| thread_index::conversation_id(&value)),
        subject: subject(header, limits, notes),
        from,
        sender,
        reply_to,
        to,
        cc,
        sent_at: date(header.all("Date").next(), dates::parse, notes),
        received_at: date(header.all("Received").next(), dates::of_received, notes),
        importance: importance::of(header),
        text: String::new(),
        new_text: String::new(),
        html: None,
        snippet: String::new(),
        headers: list(header),
        attachments: Vec::new(),
        automatic: None,
        automatic_because: None,
        forwarding: Forwarding::NONE,
        oddity: None,
        size: 0,
        fingerprint: [0; 32],
        notes: Vec::new(),
    }
}

fn all_ids(header: &Fields<'_>, name: &str) -> Vec<String> {
    let fields: Vec<String> = header.all(name).map(Field::line).collect();
    ids::parse(&fields.join(" "))
}

fn subject(header: &Fields<'_>, limits: &Limits, notes: &mut Notes) -> String {
    let mut subject = one_line(&words::decode(&header.first("Subject").unwrap_or_default()));
    if let Some((end, _)) = subject.char_indices().nth(limits.max_subject_chars) {
        subject.truncate(end);
        notes.add(format!(
            "The subject is longer than {} characters; the rest is left out.",
            limits.max_subject_chars
        ));
    }
    subject
}

fn date<T>(field: Option<&Field<'_>>, read: impl Fn(&str) -> Option<T>, notes: &mut Notes) -> Option<T> {
    let field = field?;
    let date = read(&field.line());
    if date.is_none() {
        notes.add(format!("The date in {} can't be: it is left out.", field.name));
    }
    date
}
