//! Address lists (RFC 5322 section 3.4): groups are opened, names decoded, oddities kept as they stand.

use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

use super::fields::{Fields, one_line};
use super::{Limits, charset, words};
use crate::domain::parsed::Address;

/// The addresses of all fields of that name, in order; whether some were left out.
pub(super) fn parse(header: &Fields<'_>, name: &str, limits: &Limits) -> (Vec<Address>, bool) {
    let mut addresses = Vec::new();
    for field in header.all(name) {
        addresses.extend(parse_line(&field.line()));
        if addresses.len() > limits.max_addresses {
            addresses.truncate(limits.max_addresses);
            return (addresses, true);
        }
    }
    (addresses, false)
}

fn parse_line(line: &str) -> Vec<Address> {
    let line = words::unify(line) + "\n";
    match MessageStream::new(line.as_bytes()).parse_address() {
        HeaderValue::Address(found) => found.iter().filter_map(address).collect(),
        _ => Vec::new(),
    }
}

fn address(found: &mail_parser::Addr<'_>) -> Option<Address> {
    let text =
        |text: &str| Some(one_line(&charset::without_nul(text.into()))).filter(|text| !text.is_empty());
    let name = found.name().and_then(text);
    match found.address().and_then(text) {
        Some(address) => Some(Address { name: name.filter(|name| *name != address), address }),
        None => name.map(|address| Address { name: None, address }),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_line;

    #[test]
    fn lists_are_read_as_senders_write_them() {
        for (line, expected) in [
            ("a@b.example", vec![(None, "a@b.example")]),
            ("Ann <a@b.example>, b@c.example", vec![(Some("Ann"), "a@b.example"), (None, "b@c.example")]),
            ("\"Doe, Jane\" <j@d.example>", vec![(Some("Doe, Jane"), "j@d.example")]),
            ("=?utf-8?Q?Doe=2C_J?= <j@d.example>", vec![(Some("Doe, J"), "j@d.example")]),
            ("=?utf-8?B?4oI=?= =?utf-8?B?rA==?= <j@d.example>", vec![(Some("€"), "j@d.example")]),
            ("\"=?utf-8?Q?=C3=A9?=\" <j@d.example>", vec![(Some("é"), "j@d.example")]),
            (
                "team: a@b.example, Bo <b@c.example>;",
                vec![(None, "a@b.example"), (Some("Bo"), "b@c.example")],
            ),
            ("undisclosed-recipients:;", vec![]),
            ("a@b.example (Ann)", vec![(Some("Ann"), "a@b.example")]),
            ("MAILER-DAEMON", vec![(None, "MAILER-DAEMON")]),
            ("<>", vec![]),
            ("", vec![]),
            ("<a@b.example", vec![(None, "a@b.example")]),
            ("\"a@b.example\" <a@b.example>", vec![(None, "a@b.example")]),
        ] {
            let found = parse_line(line);
            let found: Vec<_> = found.iter().map(|a| (a.name.as_deref(), a.address.as_str())).collect();
            assert_eq!(found, expected, "{line}");
        }
    }
}
