//! How a message was forwarded, and whom the forward names as author and addressee of the original.
//!
//! The first that applies, in this order: HEADERS, ATTACHED, INLINE, TEXT_ONLY (docs/mail.md).

use super::fields::Fields;
use super::parts::Parts;
use super::signs::{Sign, Signs, begins, is_one_of};
use super::subject::{Marked, marked};
use super::{Limits, addresses, envelope, inline, transfer};
use crate::domain::parsed::{Address, AutomaticKind, Forwarding, ForwardingKind, Oddity, ParsedMessage};

/// Own words beside an attached original that still make it a forward.
const FEW_WORDS: usize = 400;
/// Of an attached original only the header is read.
const MAX_HEADER: usize = 64 * 1024;

/// What is known of it; `message` has everything but this.
pub(super) fn of(message: &ParsedMessage, signs: &Signs<'_>, raw: &[u8], parts: &Parts) -> Forwarding {
    let written_to = envelope::oldest(signs);
    let none = || Forwarding { recipient: written_to.clone(), ..Forwarding::NONE };
    // These bring the original back, or answer it.
    if matches!(message.automatic, Some(AutomaticKind::Bounce | AutomaticKind::AutoReply)) {
        return none();
    }
    let marked = marked(&message.subject);
    by_headers(message, signs)
        .or_else(|| attached(message, raw, parts, marked))
        .or_else(|| within(message, marked))
        .or_else(|| text_only(message, signs, marked))
        .unwrap_or_else(none)
}

/// Redirected: From is the original's author still.
fn by_headers(message: &ParsedMessage, signs: &Signs<'_>) -> Option<Forwarding> {
    let redirected = |sign: Sign, by: Address, recipient: Option<Address>| Forwarding {
        kind: ForwardingKind::Headers,
        by: Some(by),
        sender: message.from.clone(),
        recipient,
        evidence: Some(format!("it has the header {}", sign.name())),
    };
    // Each names the mailbox that the message was written to, and that passed it on.
    let mailboxes = [
        Sign::ForwardedFor,
        Sign::ForwardedFrom,
        Sign::ForwardingLoop,
        Sign::ZimbraForwarded,
        Sign::SieveRedirected,
        Sign::InboxRulesLoop,
        Sign::GmOriginalTo,
    ];
    for sign in mailboxes {
        let Some(by) = signs.get(sign).and_then(envelope::first_address) else { continue };
        // A rule that forwards, and does not redirect, writes as the mailbox itself.
        if sign == Sign::InboxRulesLoop && is_from(message, &by) {
            continue;
        }
        return Some(redirected(sign, by.clone(), Some(by)));
    }
    for sign in [Sign::ResentFrom, Sign::ExchangeResentFrom, Sign::ResentSender] {
        let people = signs.get(sign).map(addresses::parse_line).unwrap_or_default();
        let Some(by) = people.into_iter().find(|person| person.address.contains('@')) else { continue };
        let mut addressees = message.to.iter().chain(&message.cc);
        let written = addressees.find(|to| same(to, &by)).or(message.to.first()).cloned();
        return Some(redirected(sign, by, written));
    }
    let oldest = envelope::oldest(signs);
    if let Some(by) = signs.get(Sign::ReturnPath).and_then(envelope::gmail_forwarder) {
        return Some(redirected(Sign::ReturnPath, by.clone(), Some(by)));
    }
    if let Some(to) = signs.get(Sign::ForwardedTo).and_then(envelope::first_address) {
        let written = oldest.filter(|oldest| !same(oldest, &to)).or(message.to.first().cloned());
        return Some(Forwarding { by: written.clone(), ..redirected(Sign::ForwardedTo, to, written) });
    }
    if message.automatic == Some(AutomaticKind::MailingList) {
        return None;
    }
    let by = envelope::passed_on(signs)?;
    let evidence = "it was delivered to an address of another domain before (Delivered-To, X-Original-To)";
    let mut found = redirected(Sign::OriginalTo, by.clone(), Some(by));
    found.evidence = Some(evidence.to_owned());
    Some(found)
}

/// An original as an attachment, and hardly any words of one's own.
fn attached(message: &ParsedMessage, raw: &[u8], parts: &Parts, marked: Marked) -> Option<Forwarding> {
    if marked == Marked::Reply {
        return None;
    }
    let is_mail = |kind: &str, name: &str| {
        matches!(kind, "message/rfc822" | "message/global") || name.to_ascii_lowercase().ends_with(".eml")
    };
    let mut originals = message.attachments.iter().filter(|a| is_mail(&a.content_type, &a.filename));
    let first = originals.next()?;
    let others = originals.count();
    if marked != Marked::Forward && message.new_text.trim().chars().nth(FEW_WORDS).is_some() {
        return None;
    }
    let forwarding = |sender, recipient, evidence: String| Forwarding {
        kind: ForwardingKind::Attached,
        by: message.from.clone(),
        sender,
        recipient,
        evidence: Some(evidence),
    };
    if others > 0 {
        let evidence = format!("{} messages are attached, so that none is the original", others + 1);
        return Some(forwarding(None, None, evidence));
    }
    let node = parts.get(first.part)?;
    let (bytes, _) = transfer::decode_up_to(node.encoding, raw.get(node.body.clone())?, MAX_HEADER);
    let limits = Limits { max_addresses: 1, ..Limits::default() };
    let header = Fields::read(&bytes, 0, &limits);
    let person = |name| addresses::parse(&header, name, &limits).0.into_iter().next();
    Some(forwarding(person("From"), person("To"), format!("the original is attached (part {})", first.part)))
}

fn within(message: &ParsedMessage, marked: Marked) -> Option<Forwarding> {
    if marked == Marked::Reply {
        return None;
    }
    let original = inline::find(&message.text, marked == Marked::Forward)?;
    Some(Forwarding {
        kind: ForwardingKind::Inline,
        by: message.from.clone(),
        sender: original.from,
        recipient: original.to,
        evidence: Some(original.evidence.to_owned()),
    })
}

/// Said to be a forward, and nothing names the original's author.
fn text_only(message: &ParsedMessage, signs: &Signs<'_>, marked: Marked) -> Option<Forwarding> {
    let hidden = [Oddity::Winmail, Oddity::SmimeEncrypted, Oddity::PgpEncrypted, Oddity::RetrievalStub];
    let by_rule = signs.get(Sign::GeneratedSource).is_some_and(|source| begins(source, "mailbox rules"))
        || signs.has(Sign::InboxRulesLoop)
        || signs.get(Sign::Autogenerated).is_some_and(|value| is_one_of(value, &["forward", "redirect"]));
    let said = match (by_rule, marked) {
        (true, _) => "a rule forwarded it",
        (false, Marked::Forward) => "its subject says so",
        _ => return None,
    };
    if message.oddity.is_some_and(|oddity| hidden.contains(&oddity)) || inline::has_quotes(&message.text) {
        return None;
    }
    Some(Forwarding {
        kind: ForwardingKind::TextOnly,
        by: message.from.clone(),
        sender: None,
        recipient: None,
        evidence: Some(format!(
            "{said}, but neither a header nor an attached or inline original names its author"
        )),
    })
}

fn is_from(message: &ParsedMessage, address: &Address) -> bool {
    message.from.as_ref().is_some_and(|from| same(from, address))
}

fn same(one: &Address, other: &Address) -> bool {
    one.address.eq_ignore_ascii_case(&other.address)
}

#[cfg(test)]
#[path = "forwarding_tests.rs"]
mod tests;
