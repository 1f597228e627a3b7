//! Address lists (RFC 5322 section 3.4): groups are opened, names decoded, oddities kept as they stand.

use super::fields::{Fields, one_line};
use super::mailbox::Mailbox;
use super::{Limits, charset, words};
use crate::domain::parsed::Address;

/// How far the end of a bracket is looked for, so that many that never end cost little.
const MAX_BRACKETED: usize = 500;

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

/// The addresses of one line of text. Each character is looked at once, whatever they are.
pub(super) fn parse_line(line: &str) -> Vec<Address> {
    // Encoded words hold commas and brackets only once they are decoded, and that comes last.
    let line = words::unify(line);
    let mut list = List { rest: &line, quotes: true, found: Vec::new() };
    list.read();
    list.found.iter().filter_map(address).collect()
}

fn address((name, address): &(String, String)) -> Option<Address> {
    let text = |text: &str| one_line(&charset::without_nul(words::decode(text).into()));
    let (name, address) = (text(name), text(address));
    match (name.is_empty(), address.is_empty()) {
        (true, true) => None,
        (false, true) => Some(Address { name: None, address: name }),
        (no_name, false) => Some(Address { name: (!no_name && name != address).then_some(name), address }),
    }
}

/// A list as it is read from its beginning to its end.
struct List<'a> {
    rest: &'a str,
    /// Whether a quotation mark may still be closed by another one.
    quotes: bool,
    /// Names and addresses, encoded words still in them.
    found: Vec<(String, String)>,
}

impl List<'_> {
    fn read(&mut self) {
        let mut mailbox = Mailbox::default();
        while let Some(c) = self.rest.chars().next() {
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                ',' | ';' => self.finish(&mut mailbox),
                ':' if mailbox.is_group_name() => mailbox = Mailbox::default(),
                '(' => mailbox.comment(&self.comment()),
                '<' => {
                    if mailbox.has_angle() {
                        self.finish(&mut mailbox);
                    }
                    let angle = self.angle();
                    mailbox.angle(angle);
                }
                '[' if mailbox.expects_literal() => mailbox.glue(&self.literal()),
                '[' => match self.bracketed_address() {
                    Some(address) => mailbox.angle(address),
                    None => mailbox.push('['),
                },
                '"' => match self.quoted() {
                    Some(text) if self.rest.trim_start().starts_with('@') => {
                        mailbox.glue(&format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
                    }
                    Some(text) => mailbox.phrase(&text),
                    None => {}
                },
                '>' => {}
                c if c.is_whitespace() => mailbox.blank(),
                c => mailbox.push(c),
            }
        }
        self.finish(&mut mailbox);
    }

    fn finish(&mut self, mailbox: &mut Mailbox) {
        self.found.extend(std::mem::take(mailbox).addresses());
    }

    /// What stands up to the closing quotation mark; None, and nothing is passed over, where there is none.
    fn quoted(&mut self) -> Option<String> {
        if !self.quotes {
            return None;
        }
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = self.rest.get(at + 1..)?;
                    return Some(text);
                }
                '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
                c => text.push(c),
            }
        }
        self.quotes = false;
        None
    }

    /// A comment, which may hold comments; one that is not closed goes on to the end.
    fn comment(&mut self) -> String {
        let mut text = String::new();
        let mut depth = 1_u32;
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '(' => depth += 1,
                ')' if depth == 1 => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return text;
                }
                ')' => depth -= 1,
                _ => {}
            }
            match c {
                '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
                c => text.push(c),
            }
        }
        self.rest = "";
        text
    }

    /// What stands in angle brackets, without blanks, comments and the way that it was to go. Without a closing
    /// bracket it ends at a comma.
    fn angle(&mut self) -> String {
        let mut text = String::new();
        let mut blanks = Vec::new();
        while let Some(c) = self.rest.chars().next() {
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                '>' => break,
                '<' => {
                    text.clear();
                    blanks.clear();
                }
                ',' if !text.starts_with('@') => break,
                '(' => drop(self.comment()),
                '"' => match self.quoted() {
                    Some(quoted) => {
                        text += &format!("\"{}\"", quoted.replace('\\', "\\\\").replace('"', "\\\""))
                    }
                    None => text.push('"'),
                },
                c if c.is_whitespace() => blanks.push(text.len()),
                c => text.push(c),
            }
        }
        if !text.contains('@') {
            // No address: it is kept as it stands.
            let mut words = String::with_capacity(text.len() + blanks.len());
            let mut from = 0;
            for at in blanks {
                words.extend(text.get(from..at));
                words.push(' ');
                from = at;
            }
            words.extend(text.get(from..));
            return words.trim().to_owned();
        }
        // RFC 5321 section 4.1.1.3: `@relay,@relay:` is accepted and ignored.
        match text.split_once(':') {
            Some((way, address)) if way.starts_with('@') || way.eq_ignore_ascii_case("mailto") => {
                address.to_owned()
            }
            _ => text,
        }
    }

    /// `[192.0.2.1]` after an at sign.
    fn literal(&mut self) -> String {
        let end = self.rest.find([']', ',', ';', '>']).unwrap_or(self.rest.len());
        let (inner, after) = self.rest.split_at(end);
        self.rest = after.strip_prefix(']').unwrap_or(after);
        format!("[{inner}]")
    }

    /// `[mailto:ann@sender.example]`, as old clients write it; None, and nothing is passed over, for all else.
    fn bracketed_address(&mut self) -> Option<String> {
        let near = self.rest.get(..self.rest.floor_char_boundary(MAX_BRACKETED))?;
        let end = near.find(']')?;
        let inner = near.get(..end)?;
        let (scheme, address) = inner.split_once(':')?;
        let is_address = address.contains('@') && !address.contains(['<', ',', ';', '"', '(']);
        let is_known = ["mailto", "smtp"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        (is_known && is_address).then(|| {
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            address.trim().to_owned()
        })
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
            ("Ann (the boss (of all)) B <a@b.example>", vec![(Some("Ann B"), "a@b.example")]),
            ("MAILER-DAEMON", vec![(None, "MAILER-DAEMON")]),
            ("<>", vec![]),
            ("", vec![]),
            ("<a@b.example", vec![(None, "a@b.example")]),
            ("\"a@b.example\" <a@b.example>", vec![(None, "a@b.example")]),
            ("\"a b\"@c.example", vec![(None, "\"a b\"@c.example")]),
            ("<\"a>b\"@c.example>", vec![(None, "\"a>b\"@c.example")]),
            (
                "a@[IPv6:2001:db8::1], b@c.example",
                vec![(None, "a@[IPv6:2001:db8::1]"), (None, "b@c.example")],
            ),
            ("<@relay.example,@other.example:a@b.example>", vec![(None, "a@b.example")]),
            ("mailto:a@b.example", vec![(None, "a@b.example")]),
            ("Ann [SMTP:a@b.example]", vec![(Some("Ann"), "a@b.example")]),
            ("<To be confirmed>", vec![(None, "To be confirmed")]),
            ("< a@b .example >", vec![(None, "a@b.example")]),
            ("Ann [Sales] <a@b.example>", vec![(Some("Ann [Sales]"), "a@b.example")]),
            ("Ann <<a@b.example>>", vec![(Some("Ann"), "a@b.example")]),
            ("Ann <a@b.example> <c@d.example>", vec![(Some("Ann"), "a@b.example"), (None, "c@d.example")]),
            ("a @ b . example", vec![(None, "a@b.example")]),
            ("a@b.example c@d.example", vec![(None, "a@b.example"), (None, "c@d.example")]),
            ("Ann a@b.example", vec![(Some("Ann"), "a@b.example")]),
            ("\"Ann <a@b.example>", vec![(Some("Ann"), "a@b.example")]),
            ("a@b.example>", vec![(None, "a@b.example")]),
            ("Dr. Ann B. C <a@b.example>", vec![(Some("Dr. Ann B. C"), "a@b.example")]),
            ("Ann @ Home <a@b.example>", vec![(Some("Ann @ Home"), "a@b.example")]),
            ("a@b.example; c@d.example", vec![(None, "a@b.example"), (None, "c@d.example")]),
        ] {
            let found = parse_line(line);
            let found: Vec<_> = found.iter().map(|a| (a.name.as_deref(), a.address.as_str())).collect();
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn a_name_never_becomes_the_address_beside_it() {
        for (line, address) in [
            ("\"ceo@company.example\" <evil@evil.example>", "evil@evil.example"),
            (
                "=?utf-8?Q?ceo=40company.example_=3Cceo=40company.example=3E?= <evil@evil.example>",
                "evil@evil.example",
            ),
            ("ceo@company.example <evil@evil.example>", "evil@evil.example"),
            ("\"<ceo@company.example>\" <evil@evil.example>", "evil@evil.example"),
        ] {
            assert_eq!(parse_line(line)[0].address, address, "{line}");
        }
    }

    #[test]
    fn hostile_lists_take_no_time() {
        let started = std::time::Instant::now();
        for piece in ["\"", "(", "<", "[", "\\\"", "a@[", "<\"", "@", " @ ", ".", ":", "[a", "a b "] {
            parse_line(&piece.repeat(100_000));
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
    }
}
