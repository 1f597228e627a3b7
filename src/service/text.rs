//! Checks of single texts and numbers. Each adds what is wrong and answers with what is to be kept.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::error::{Path, Problems, UserErrorCode};

/// Characters of a name or title.
const MAX_NAME: usize = 200;
/// Bytes of an address (RFC 5321 section 4.5.3.1.3, without the angle brackets).
const MAX_ADDRESS: usize = 254;
/// Bytes of the part before the `@` (RFC 5321 section 4.5.3.1.1).
const MAX_LOCAL_PART: usize = 64;
/// Bytes of a host name (RFC 1035 section 2.3.4, as text).
const MAX_HOST: usize = 253;
/// Characters of a folder's path.
const MAX_FOLDER: usize = 500;
/// Addresses in a list of them.
const MAX_ADDRESSES: usize = 100;

/// A name or title: one line, blanks around it are dropped.
pub(super) fn name(problems: &mut Problems, path: &Path, text: &str) -> String {
    line(problems, path, text, MAX_NAME, "name")
}

/// A text of one line that can't be empty, of at most `max` characters.
pub(super) fn line(problems: &mut Problems, path: &Path, text: &str, max: usize, what: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        problems.add(UserErrorCode::Required, path, format!("The {what} is empty: give one."));
    } else if text.chars().count() > max {
        let message = format!("The {what} is too long: at most {max} characters.");
        problems.add(UserErrorCode::Invalid, path, message);
    } else if text.chars().any(char::is_control) {
        let message = format!("The {what} holds a control character: write it on one line.");
        problems.add(UserErrorCode::Invalid, path, message);
    }
    text.to_owned()
}

/// A text of one line that may be left out; an empty one is left out.
pub(super) fn optional_line(
    problems: &mut Problems,
    path: &Path,
    text: Option<String>,
    what: &str,
) -> Option<String> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    Some(line(problems, path, &text, MAX_NAME, what))
}

/// A mail address alone, without a display name (RFC 5321 section 4.1.2, and RFC 6531 beyond ASCII).
pub(super) fn address(problems: &mut Problems, path: &Path, text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        problems.add(
            UserErrorCode::Required,
            path,
            "The address is empty: give one, e.g. support@example.com.",
        );
    } else if !is_address(text) {
        let message = "This is not a mail address: write it alone, e.g. support@example.com.";
        problems.add(UserErrorCode::Invalid, path, message);
    }
    text.to_owned()
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || "<>(),;:\\\"@[]".contains(c);
    let domain_ok = match domain.strip_prefix('[').and_then(|literal| literal.strip_suffix(']')) {
        Some(literal) => literal.strip_prefix("IPv6:").unwrap_or(literal).parse::<IpAddr>().is_ok(),
        None => is_host(domain),
    };
    text.len() <= MAX_ADDRESS
        && !local.is_empty()
        && local.len() <= MAX_LOCAL_PART
        && (quoted || !local.chars().any(forbidden))
        && !local.chars().any(char::is_control)
        && domain_ok
}

/// A list of addresses, each once.
pub(super) fn addresses(problems: &mut Problems, path: &Path, list: &[String]) -> Vec<String> {
    if list.len() > MAX_ADDRESSES {
        let message = format!("These are too many: at most {MAX_ADDRESSES} addresses.");
        problems.add(UserErrorCode::Invalid, path, message);
        return Vec::new();
    }
    let mut kept = Vec::<String>::with_capacity(list.len());
    for (index, text) in list.iter().enumerate() {
        let text = address(problems, &path.index(index), text);
        if !kept.iter().any(|known| known.to_lowercase() == text.to_lowercase()) {
            kept.push(text);
        }
    }
    kept
}

/// A host name or an address, without scheme, port or path.
pub(super) fn host(problems: &mut Problems, path: &Path, text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        problems.add(
            UserErrorCode::Required,
            path,
            "The host is empty: give its name, e.g. imap.example.com.",
        );
    } else if text.parse::<IpAddr>().is_err() && !is_host(text) {
        let message =
            "This is not a host name: write it alone, e.g. imap.example.com, without scheme or port.";
        problems.add(UserErrorCode::Invalid, path, message);
    }
    text.to_owned()
}

fn is_host(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    !text.is_empty() && text.len() <= MAX_HOST && text.split('.').all(label)
}

/// A TCP port, or `default`.
pub(super) fn port(problems: &mut Problems, path: &Path, port: Option<i32>, default: u16) -> u16 {
    let Some(port) = port else { return default };
    match u16::try_from(port) {
        Ok(port) if port > 0 => port,
        _ => {
            problems.add(UserErrorCode::Invalid, path, format!("{port} is not a port: give 1 to 65535."));
            default
        }
    }
}

/// A folder's path. Blanks belong to it.
pub(super) fn folder(problems: &mut Problems, path: &Path, text: &str) -> String {
    if text.trim().is_empty() {
        problems.add(UserErrorCode::Required, path, "The folder is empty: give its path, e.g. INBOX.");
    } else if text.chars().count() > MAX_FOLDER
        || text.chars().any(char::is_control)
        || text.split('/').any(str::is_empty)
    {
        let message = "This is not a folder's path: write it with `/` between its parts, e.g. Archive/2026.";
        problems.add(UserErrorCode::Invalid, path, message);
    }
    text.to_owned()
}

/// A number within bounds, if there is one.
pub(super) fn within(
    problems: &mut Problems,
    path: &Path,
    number: Option<i32>,
    range: RangeInclusive<i32>,
) -> Option<i32> {
    if let Some(number) = number.filter(|number| !range.contains(number)) {
        let message = match range.end() {
            &i32::MAX => format!("{number} is too small: give {} or more.", range.start()),
            end => format!("{number} is out of bounds: give {} to {end}.", range.start()),
        };
        problems.add(UserErrorCode::Invalid, path, message);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Error;

    fn refused(check: impl FnOnce(&mut Problems, &Path)) -> Option<UserErrorCode> {
        let mut problems = Problems::new();
        check(&mut problems, &Path::of("field"));
        match problems.finish() {
            Ok(()) => None,
            Err(Error::Refused(errors)) => {
                assert!(errors.iter().all(|error| error.path.first().is_some_and(|name| name == "field")));
                errors.first().map(|error| error.code)
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn addresses_as_they_are_written_in_practice_pass() {
        for text in [
            "support@example.com",
            " support@example.com ",
            "o'neil+tag@sub.example.co.uk",
            "bj\u{f6}rn@m\u{fc}ller.example",
            "\"odd local\"@example.com",
            "root@localhost",
            "a@[192.0.2.1]",
            "a@[IPv6:2001:db8::1]",
        ] {
            assert_eq!(refused(|p, at| drop(address(p, at, text))), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "support",
            "@example.com",
            "support@",
            "Support <support@example.com>",
            "a@b@example.com",
            "a b@example.com",
            "a@exa mple.com",
            "a@-example.com",
            "a@example..com",
            "a\0@example.com",
            "a@example.com\r\nBcc: x@example.com",
            long.as_str(),
        ] {
            assert_eq!(refused(|p, at| drop(address(p, at, text))), Some(UserErrorCode::Invalid), "{text}");
        }
        assert_eq!(refused(|p, at| drop(address(p, at, " "))), Some(UserErrorCode::Required));
    }

    #[test]
    fn a_host_is_a_name_or_an_address_alone() {
        for text in ["imap.example.com", "localhost", "192.0.2.1", "2001:db8::1", "mail_1.example.com."] {
            assert_eq!(refused(|p, at| drop(host(p, at, text))), None, "{text}");
        }
        for text in ["https://imap.example.com", "imap.example.com:993", "a b", "user@host", "x/..", "."] {
            assert_eq!(refused(|p, at| drop(host(p, at, text))), Some(UserErrorCode::Invalid), "{text}");
        }
    }

    #[test]
    fn a_port_lies_between_1_and_65535() {
        for good in [None, Some(1), Some(993), Some(65_535)] {
            assert_eq!(refused(|p, at| assert!(port(p, at, good, 143) > 0)), None);
        }
        for bad in [0, -1, 65_536, i32::MAX] {
            assert_eq!(
                refused(|p, at| assert_eq!(port(p, at, Some(bad), 143), 143)),
                Some(UserErrorCode::Invalid)
            );
        }
    }

    #[test]
    fn a_folder_path_has_no_empty_parts() {
        for text in ["INBOX", "Archive/2026", "Entw\u{fc}rfe", " odd name "] {
            assert_eq!(refused(|p, at| drop(folder(p, at, text))), None, "{text}");
        }
        for text in ["/INBOX", "a//b", "a/", "a\r\nb"] {
            assert_eq!(refused(|p, at| drop(folder(p, at, text))), Some(UserErrorCode::Invalid), "{text}");
        }
        assert_eq!(refused(|p, at| drop(folder(p, at, ""))), Some(UserErrorCode::Required));
    }

    #[test]
    fn lists_of_addresses_name_the_entry_at_fault_and_keep_each_once() {
        let mut problems = Problems::new();
        let list = ["a@example.com", "A@EXAMPLE.com", "nobody"].map(str::to_owned);
        let kept = addresses(&mut problems, &Path::of("aliases"), &list);
        assert_eq!(kept, ["a@example.com", "nobody"]);
        let Err(Error::Refused(errors)) = problems.finish() else { panic!("not refused") };
        assert_eq!(errors.first().map(|error| error.path.clone()), Some(vec!["aliases".into(), "2".into()]));
    }
}
