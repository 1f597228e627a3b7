//! Values become the attributes of a new instance, or change those of an existing one.

use serde_json::{Map, Value};

use super::rule::UpdateAction;
use super::values::{MapFailure, Values};

/// The most that an attribute grows to by APPEND, in bytes.
const MAX_APPENDED: usize = 1024 * 1024;
/// Between what is there and what is appended.
const SEPARATOR: &str = "\n\n";

/// What an update did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The attributes that are now different, in the order of the rules; empty when nothing changed.
    pub changed: Vec<String>,
    /// What was cut, in sentences; they hold nothing of the message.
    pub notes: Vec<String>,
}

/// The attributes of a new instance.
///
/// # Errors
/// A required rule that applies on create has no value.
pub fn create(values: &Values) -> Result<Map<String, Value>, MapFailure> {
    let mut attributes = Map::new();
    for entry in values.entries.iter().filter(|entry| entry.on_create) {
        if let Some(value) = entry.require()? {
            attributes.insert(entry.attribute.to_string(), value.clone());
        }
    }
    Ok(attributes)
}

/// Changes the attributes of an existing instance by the rules' REPLACE and APPEND; a rule without a value leaves
/// what is there. On an error nothing was changed.
///
/// # Errors
/// A required rule that applies on update has no value.
pub fn update(attributes: &mut Map<String, Value>, values: &Values) -> Result<Change, MapFailure> {
    let applying = || values.entries.iter().filter(|entry| entry.on_update != UpdateAction::Keep);
    for entry in applying() {
        entry.require()?;
    }
    let mut change = Change::default();
    for entry in applying() {
        let Ok(Some(value)) = &entry.value else { continue };
        let old = attributes.get(&*entry.attribute);
        let new = match entry.on_update {
            UpdateAction::Append => append(old, value, &entry.attribute, &mut change.notes),
            UpdateAction::Keep | UpdateAction::Replace => value.clone(),
        };
        if old != Some(&new) {
            attributes.insert(entry.attribute.to_string(), new);
            change.changed.push(entry.attribute.to_string());
        }
    }
    Ok(change)
}

fn append(old: Option<&Value>, added: &Value, attribute: &str, notes: &mut Vec<String>) -> Value {
    let old = match old {
        None | Some(Value::Null) => return added.clone(),
        Some(Value::String(old)) if old.is_empty() => return added.clone(),
        Some(Value::String(old)) => old.clone(),
        Some(other) => other.to_string(),
    };
    let added = match added {
        Value::String(added) => added.clone(),
        other => other.to_string(),
    };
    let room = MAX_APPENDED.saturating_sub(old.len() + SEPARATOR.len());
    let end = added.floor_char_boundary(room);
    if end < added.len() {
        notes.push(format!(
            "The attribute '{attribute}' is full: not all was appended, it holds at most 1 MiB."
        ));
    }
    match added.get(..end) {
        Some(part) if !part.is_empty() => Value::String(old + SEPARATOR + part),
        _ => Value::String(old),
    }
}
