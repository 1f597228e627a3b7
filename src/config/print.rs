//! The configuration as it holds, secrets left out: what `config print` shows.

use std::fmt::Write as _;

use toml::Value;

use super::error::{Error, Origin};
use super::known::is_secret;
use super::overlay::shown;
use super::source::{self, Sources};

/// The configuration as TOML, with where each value was given unless that is the default. Secrets are `***`,
/// except that of an address with a password only the password is.
pub fn print(sources: &Sources) -> Result<String, Error> {
    let entries = source::read(sources)?;
    let mut text = String::new();
    let mut section = "";
    let by_section =
        |key: &&String| (key.split_once('.').map(|(section, _)| section.to_owned()), (*key).clone());
    let mut keys: Vec<&String> = entries.keys().collect();
    keys.sort_by_key(by_section);
    for key in keys {
        let Some(entry) = entries.get(key) else { continue };
        let name = match key.split_once('.') {
            Some((of, name)) => {
                if of != section {
                    section = of;
                    let _ = write!(text, "\n[{section}]\n");
                }
                name
            }
            None => key,
        };
        let value = match &entry.value {
            Value::String(url) if is_secret(key) && url.contains(':') => {
                Value::String(masked(url)).to_string()
            }
            value => shown(key, value),
        };
        let _ = match &entry.origin {
            Origin::Default => writeln!(text, "{name} = {value}"),
            origin => writeln!(text, "{name} = {value}  # {origin}"),
        };
    }
    Ok(text)
}

/// An address whose password is `***`; whole if it has none. Query parameters may hold one too.
fn masked(url: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, ""), |(address, _)| (address, "?***"));
    let Some((scheme, rest)) = address.split_once("://") else { return format!("{address}{query}") };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:***@{host}{query}")
        }
        None => format!("{scheme}://{rest}{query}"),
    }
}
