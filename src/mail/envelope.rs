//! Whom the envelope was addressed to, as servers on the way wrote it into the header.

use super::signs::{Sign, Signs};
use crate::domain::parsed::Address;

/// RFC 5321 section 4.5.3.1 allows 254.
const LONGEST: usize = 320;

/// The oldest address of the envelope that a server noted: whom the message was first written to.
pub(super) fn oldest(signs: &Signs<'_>) -> Option<Address> {
    let older = [
        Sign::GmOriginalTo,
        Sign::OriginalTo,
        Sign::XEnvelopeTo,
        Sign::EnvelopeTo,
        Sign::XDeliveredTo,
        Sign::OriginalDeliveredTo,
        Sign::RcptTo,
    ];
    let first_hop = signs.delivered_to.last().filter(|_| signs.delivered_to.len() > 1);
    let noted = older.into_iter().filter_map(|sign| signs.get(sign)).find_map(first_address);
    let delivered = || signs.delivered_to.last().and_then(|value| first_address(value));
    first_hop.and_then(|value| first_address(value)).or(noted).or_else(delivered)
}

/// The oldest address, where the message went on from there to another domain. Within a domain that is how aliases
/// work, and one address alone tells of no way at all.
pub(super) fn passed_on(signs: &Signs<'_>) -> Option<Address> {
    let newest = signs.delivered_to.first().and_then(|value| first_address(value))?;
    let oldest = oldest(signs)?;
    let (from, to) = (domain(&oldest)?, domain(&newest)?);
    (!related(from, to) && !related(to, from)).then_some(oldest)
}

/// Who forwarded by Gmail, from a Return-Path such as `<sales+caf_=new=y.example@x.example>`.
pub(super) fn gmail_forwarder(path: &str) -> Option<Address> {
    let address = first_address(path)?.address;
    let (local, domain) = address.rsplit_once('@')?;
    let (local, _) = local.split_once("+caf_=")?;
    (!local.is_empty()).then(|| Address { name: None, address: format!("{local}@{domain}") })
}

/// The first thing in it that looks like an address; X-Forwarded-For may hold hosts instead.
pub(super) fn first_address(value: &str) -> Option<Address> {
    let words = value.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '"'));
    let word = words.take(8).find(|word| {
        word.len() <= LONGEST
            && word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
    })?;
    Some(Address { name: None, address: word.to_owned() })
}

fn domain(address: &Address) -> Option<&str> {
    address.address.rsplit_once('@').map(|(_, domain)| domain)
}

/// Whether `inner` is `outer` or below it.
fn related(inner: &str, outer: &str) -> bool {
    let at = inner.len().checked_sub(outer.len());
    at.and_then(|at| inner.get(at..)).is_some_and(|end| {
        let above = at.and_then(|at| inner.get(..at)).unwrap_or_default();
        end.eq_ignore_ascii_case(outer) && (above.is_empty() || above.ends_with('.'))
    })
}
