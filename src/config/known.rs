//! Which keys there are: those of `default.toml`.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::error::Origin;

/// The text that is both default and manual.
pub const DEFAULT_TOML: &str = include_str!("default.toml");

/// Keys whose values are never shown.
const SECRET: &[&str] = &["auth.local_key", "database.listen_url", "database.url", "secrets.keys"];

/// A value and where it was given.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// Every key, dotted, with its value.
pub(super) type Entries = BTreeMap<String, Entry>;

/// Whether the key's value is never shown.
pub(super) fn is_secret(key: &str) -> bool {
    SECRET.contains(&key)
}

/// A table of sections as dotted keys.
pub(super) fn flatten(table: Table) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(section) => {
                flat.extend(section.into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            value => flat.push((name, value)),
        }
    }
    flat
}

/// Dotted keys as a table of sections.
pub(super) fn nest(entries: &Entries) -> Table {
    let mut table = Table::new();
    for (key, entry) in entries {
        match key.split_once('.') {
            None => drop(table.insert(key.clone(), entry.value.clone())),
            Some((section, key)) => {
                let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
                if let Value::Table(section) = section {
                    section.insert(key.to_owned(), entry.value.clone());
                }
            }
        }
    }
    table
}

/// The known key that is most like the one given.
pub(super) fn nearest<'a>(known: &'a Entries, given: &str) -> &'a str {
    let score = |key: &str| {
        let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
        strsim::normalized_damerau_levenshtein(key, given)
            + strsim::jaro_winkler(&last(key), &last(given)) / 4.0
    };
    let better = |a: &&String, b: &&String| score(a).total_cmp(&score(b));
    known.keys().max_by(better).map_or("data_dir", String::as_str)
}

/// The variable that sets a key.
pub(super) fn variable(key: &str) -> String {
    format!("MAILROOM_{}", key.replace('.', "__").to_uppercase())
}
