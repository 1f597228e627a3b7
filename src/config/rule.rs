//! What a value must be beyond its type, one rule a key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use toml::Value;

use super::net::Network;

/// What the value of a key must be. A text that is empty was not set and obeys every rule.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// A whole number between two, both included.
    Range(&'static str, i64, i64),
    /// One of these texts.
    OneOf(&'static str, &'static [&'static str]),
    /// A list, not empty, of these texts.
    Each(&'static str, &'static [&'static str]),
    /// `address:port`.
    Socket(&'static str),
    /// Begins with one of these.
    Url(&'static str, &'static [&'static str]),
    /// A list of what begins with one of these.
    Urls(&'static str, &'static [&'static str]),
    /// 32 bytes or more, in base64.
    Key(&'static str),
    /// A list of `name:key` with different names, each key 32 bytes in base64.
    NamedKeys(&'static str),
    /// A list of networks.
    Networks(&'static str),
}

impl Rule {
    /// The key it is about.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Range(key, ..)
            | Self::OneOf(key, _)
            | Self::Each(key, _)
            | Self::Socket(key)
            | Self::Url(key, _)
            | Self::Urls(key, _)
            | Self::Key(key)
            | Self::NamedKeys(key)
            | Self::Networks(key) => key,
        }
    }

    /// What would be right, when the value is not; never quotes the value.
    pub(super) fn broken_by(&self, value: &Value) -> Option<String> {
        if value.as_str() == Some("") {
            return None;
        }
        let text = value.as_str().unwrap_or_default();
        let items = || value.as_array().into_iter().flatten().map(|item| item.as_str().unwrap_or_default());
        let (fine, right) = match *self {
            Self::Range(_, min, max) => (
                value.as_integer().is_some_and(|n| (min..=max).contains(&n)),
                format!("a whole number from {min} to {max}"),
            ),
            Self::OneOf(_, known) => (known.contains(&text), one_of(known)),
            Self::Each(_, known) => (
                items().count() > 0 && items().all(|item| known.contains(&item)),
                format!("a list of {}", one_of(known)),
            ),
            Self::Socket(_) => (
                text.parse::<std::net::SocketAddr>().is_ok(),
                "an address and a port, such as 0.0.0.0:8080 or [::]:8080".to_owned(),
            ),
            Self::Url(_, starts) => {
                (starts.iter().any(|start| text.starts_with(start)), format!("an address {}", begins(starts)))
            }
            Self::Urls(_, starts) => (
                items().all(|item| starts.iter().any(|start| item.starts_with(start))),
                format!("a list of addresses {}", begins(starts)),
            ),
            Self::Key(_) => (
                STANDARD.decode(text).is_ok_and(|key| key.len() >= 32),
                "32 bytes or more in base64".to_owned(),
            ),
            Self::NamedKeys(_) => (
                named_keys(&items().collect::<Vec<_>>()),
                "entries `name:key` with different names, each key 32 bytes in base64".to_owned(),
            ),
            Self::Networks(_) => (
                items().all(|item| item.parse::<Network>().is_ok()),
                "a list of addresses or networks, such as 10.1.0.0/16".to_owned(),
            ),
        };
        (!fine).then_some(right)
    }
}

fn one_of(known: &[&str]) -> String {
    known.join(" or ")
}

fn begins(starts: &[&str]) -> String {
    format!("that begins with {}", starts.join(" or "))
}

fn named_keys(items: &[&str]) -> bool {
    let names: Option<std::collections::BTreeSet<&str>> = items
        .iter()
        .map(|item| {
            let (name, key) = item.split_once(':')?;
            let whole = !name.is_empty() && STANDARD.decode(key).is_ok_and(|key| key.len() == 32);
            whole.then_some(name)
        })
        .collect();
    names.is_some_and(|names| names.len() == items.len())
}
