//! Checks of addresses that are called with a secret.

use url::{Host, Url};

use super::error::{Path, Problems, UserErrorCode};

/// Bytes of an address.
const MAX_URL: usize = 2_000;

/// An address over https; over http on this machine only, because secrets are sent there. Without a slash at the end.
pub(super) fn check(problems: &mut Problems, path: &Path, given: &str) -> String {
    let text = given.trim();
    let refused = |problems: &mut Problems, message: &str| {
        problems.add(UserErrorCode::Invalid, path, message);
        text.to_owned()
    };
    if text.is_empty() {
        problems.add(UserErrorCode::Required, path, "The address is empty: give one over https.");
        return String::new();
    }
    let Some(url) = Url::parse(text).ok().filter(|_| text.len() <= MAX_URL) else {
        return refused(
            problems,
            "This is not an address: write it whole, e.g. https://login.example.com/token.",
        );
    };
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return refused(problems, "An address here has neither user name and password nor a fragment.");
    }
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => text.trim_end_matches('/').to_owned(),
        ("http", Some(host)) if is_here(&host) => text.trim_end_matches('/').to_owned(),
        ("http", _) => {
            refused(problems, "Secrets are sent there: use https. Over http only this machine is reached.")
        }
        _ => refused(problems, "Only https addresses are called."),
    }
}

/// Whether an address leads to this machine.
pub(super) fn is_this_machine(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.host().is_some_and(|host| is_here(&host)))
}

fn is_here(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> usize {
        let mut problems = Problems::new();
        check(&mut problems, &Path::of("url"), text);
        problems.len()
    }

    #[test]
    fn https_is_taken_everywhere_and_http_on_this_machine() {
        for text in [
            "https://login.example.com/token",
            "http://127.0.0.1:8025/",
            "http://localhost/x",
            "http://[::1]:1",
        ] {
            assert_eq!(faults(text), 0, "{text}");
        }
        for text in [
            "",
            "x",
            "http://login.example.com",
            "ftp://x.example",
            "https://a:b@x.example",
            "https://x.example/#y",
            "https://",
        ] {
            assert_eq!(faults(text), 1, "{text}");
        }
    }
}
