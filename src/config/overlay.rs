//! Lays what was given over what is known: a file's keys, then the environment's.

use std::path::Path;

use toml::{Table, Value};

use super::error::{Error, Origin, Problem};
use super::known::{Entries, Entry, flatten, is_secret, nearest, variable};

/// A variable that names the file of `--config`; not a key.
const CONFIG: &str = "MAILROOM_CONFIG";

/// Lays a file's text over the entries.
pub(super) fn file(
    entries: &mut Entries,
    path: &Path,
    text: &str,
    problems: &mut Vec<Problem>,
) -> Result<(), Error> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| Error::Syntax {
        path: path.to_owned(),
        line: line_at(text, error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    for (key, value) in flatten(table) {
        let origin = Origin::File(path.to_owned(), line_of(text, &key));
        set(entries, &key, value, origin, key.clone(), problems);
    }
    Ok(())
}

/// Lays the environment over the entries. `read` opens the file that a `…_FILE` variable names.
pub(super) fn environment(
    entries: &mut Entries,
    variables: &[(String, String)],
    read: &dyn Fn(&str) -> std::io::Result<String>,
    problems: &mut Vec<Problem>,
) -> Result<(), Error> {
    for (name, given) in variables {
        let Some(rest) = name.strip_prefix("MAILROOM_") else { continue };
        if name == CONFIG || is_service_link(rest) {
            continue;
        }
        let key = rest.to_lowercase().replacen("__", ".", 1);
        let from_file = match key.strip_suffix("_file") {
            Some(base) if !entries.contains_key(&key) && entries.contains_key(base) => Some(base.to_owned()),
            _ => None,
        };
        let origin = Origin::Variable(name.clone());
        let Some(base) = from_file else {
            set(entries, &key, Value::String(given.clone()), origin, name.clone(), problems);
            continue;
        };
        let plain = variable(&base);
        if variables.iter().any(|(other, _)| *other == plain) {
            problems.push(Problem::Twice { name: plain });
            continue;
        }
        let text =
            read(given).map_err(|source| Error::Read { path: given.into(), by: name.clone(), source })?;
        let text = text.strip_suffix('\n').map_or(text.as_str(), |t| t.strip_suffix('\r').unwrap_or(t));
        set(entries, &base, Value::String(text.to_owned()), origin, name.clone(), problems);
    }
    Ok(())
}

/// Kubernetes tells each pod of the services beside it: one named `mailroom` puts MAILROOM_PORT and its like
/// into the environment, which nobody meant for us.
fn is_service_link(rest: &str) -> bool {
    let words: Vec<&str> = rest.split('_').collect();
    !rest.contains("__")
        && (words.windows(2).any(|pair| matches!(pair, ["SERVICE", "HOST" | "PORT"]))
            || words.last() == Some(&"PORT")
            || words.windows(3).any(|three| {
                matches!(three, ["PORT", number, "TCP" | "UDP" | "SCTP"] if number.parse::<u16>().is_ok())
            }))
}

/// Sets one key, in the type that its default has.
pub(super) fn set(
    entries: &mut Entries,
    key: &str,
    value: Value,
    origin: Origin,
    written: String,
    problems: &mut Vec<Problem>,
) {
    let Some(entry) = entries.get_mut(key) else {
        let nearest = nearest(entries, key);
        let nearest = match origin {
            Origin::Variable(_) => variable(nearest),
            _ => nearest.to_owned(),
        };
        problems.push(Problem::UnknownKey { origin, given: written, nearest });
        return;
    };
    let is_text = matches!(origin, Origin::Variable(_));
    match as_default(&entry.value, &value, is_text, key.ends_with("_bytes")) {
        Ok(value) => *entry = Entry { value, origin },
        Err(right) => {
            let given = shown(key, &value);
            problems.push(Problem::Value { origin, key: key.to_owned(), given, right: right.to_owned() });
        }
    }
}

/// The value as a person may see it.
pub(super) fn shown(key: &str, value: &Value) -> String {
    let is_set = value.as_str() != Some("") && value.as_array().is_none_or(|list| !list.is_empty());
    if is_secret(key) && is_set { "***".to_owned() } else { value.to_string() }
}

/// The value in the type of the default; from the environment everything comes as text.
fn as_default(default: &Value, given: &Value, is_text: bool, is_size: bool) -> Result<Value, &'static str> {
    match (default, given) {
        (Value::Integer(_), Value::String(text)) if is_size => {
            bytes(text).map(Value::Integer).ok_or("a number of bytes, or a text such as \"8MiB\"")
        }
        (Value::Integer(_), Value::Integer(_)) => Ok(given.clone()),
        (Value::Integer(_), Value::String(text)) if is_text => {
            text.trim().parse().map(Value::Integer).map_err(|_| "a whole number")
        }
        (Value::Integer(_), _) => Err("a whole number"),
        (Value::Boolean(_), Value::Boolean(_)) => Ok(given.clone()),
        (Value::Boolean(_), Value::String(text)) if is_text => {
            text.trim().parse().map(Value::Boolean).map_err(|_| "true or false")
        }
        (Value::Boolean(_), _) => Err("true or false"),
        (Value::Array(_), Value::Array(list)) if list.iter().all(Value::is_str) => Ok(given.clone()),
        (Value::Array(_), Value::String(text)) if is_text => {
            let items = text.split([',', ' ', '\n', '\r', '\t']).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        (Value::Array(_), _) => Err("a list of texts"),
        (_, Value::String(_)) => Ok(given.clone()),
        _ => Err("a text in quotes"),
    }
}

/// A size such as `8MiB`, in bytes.
pub(super) fn bytes(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let factor: i64 = match text.get(digits.len()..)?.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    digits.parse::<i64>().ok()?.checked_mul(factor)
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The line on which a key stands, or the first.
fn line_of(text: &str, key: &str) -> usize {
    let Ok(table) = toml::de::DeTable::parse(text) else { return 1 };
    let mut at = table.get_ref();
    let mut offset = 0;
    for name in key.splitn(2, '.') {
        let Some((found, value)) = at.get_key_value(name) else { break };
        offset = found.span().start;
        let toml::de::DeValue::Table(section) = value.get_ref() else { break };
        at = section;
    }
    line_at(text, offset)
}
