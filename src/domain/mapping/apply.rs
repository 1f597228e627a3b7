//! Values become the attributes of a new instance, or change those of an existing one.

use serde_json::{Map, Value};

use super::rule::UpdateAction;
use super::values::{MapFailure, Values};

/// The most that an attribute grows to by APPEND, in bytes.
pub(super) const MAX_APPENDED: usize = 1024 * 1024;
/// Between what is there and what is appended.
pub(super) const SEPARATOR: &str = "\n\n";

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::mapping::fixture::{compiled, draft, message, parsed, rule};
    use crate::domain::mapping::rule::{AttributeType, MessageField, ValueSource};
    use crate::domain::mapping::values::Values;

    fn values(action: UpdateAction, required: bool, subject: &str) -> Values {
        let mut it = rule("it", AttributeType::Text, ValueSource::Field(MessageField::Subject));
        it.on_update = action;
        it.required = required;
        let mut message = message();
        message.subject = subject.to_owned();
        compiled(&draft(vec![it])).values(&parsed(&message))
    }

    fn of(value: Value) -> Map<String, Value> {
        Map::from_iter([("it".to_owned(), value), ("other".to_owned(), json!(1))])
    }

    #[test]
    fn create_takes_the_rules_that_apply_on_create() {
        let mut later = rule("later", AttributeType::Integer, ValueSource::Field(MessageField::Size));
        later.on_create = false;
        later.on_update = UpdateAction::Replace;
        let now = rule("now", AttributeType::Integer, ValueSource::Field(MessageField::Size));
        let none = rule("none", AttributeType::String, ValueSource::Field(MessageField::ConversationId));
        let values = compiled(&draft(vec![later, now, none])).values(&parsed(&message()));
        assert_eq!(create(&values), Ok(Map::from_iter([("now".to_owned(), json!(4321))])));
        let mut attributes = Map::new();
        assert_eq!(
            update(&mut attributes, &values).map(|change| change.changed),
            Ok(vec!["later".to_owned()])
        );
        assert_eq!(attributes, Map::from_iter([("later".to_owned(), json!(4321))]));
    }

    #[test]
    fn a_required_attribute_without_a_value_fails_where_its_rule_applies() {
        let missing = values(UpdateAction::Keep, true, "");
        let failure = create(&missing).unwrap_err();
        assert_eq!((failure.path.join("."), failure.attribute.as_str()), ("rules.0".to_owned(), "it"));
        assert!(failure.to_string().contains("'it' got no value"));
        assert_eq!(update(&mut of(json!("a")), &missing), Ok(Change::default()));
        let mut attributes = of(json!("a"));
        assert!(update(&mut attributes, &values(UpdateAction::Replace, true, " ")).is_err());
        assert_eq!(attributes, of(json!("a")));
    }

    #[test]
    fn keep_replace_and_append_do_what_they_say() {
        for (action, result) in [
            (UpdateAction::Keep, "old"),
            (UpdateAction::Replace, "new"),
            (UpdateAction::Append, "old\n\nnew"),
        ] {
            let mut attributes = of(json!("old"));
            let change = update(&mut attributes, &values(action, false, "new")).unwrap();
            assert_eq!(attributes, of(json!(result)));
            assert_eq!(change.changed.is_empty(), action == UpdateAction::Keep);
        }
    }

    #[test]
    fn append_begins_where_there_is_nothing_and_keeps_what_is_no_text() {
        for (old, result) in [(json!(null), "new"), (json!(""), "new"), (json!(7), "7\n\nnew")] {
            let mut attributes = of(old);
            assert!(update(&mut attributes, &values(UpdateAction::Append, false, "new")).is_ok());
            assert_eq!(attributes, of(json!(result)));
        }
        let mut attributes = Map::new();
        assert!(update(&mut attributes, &values(UpdateAction::Append, false, "new")).is_ok());
        assert_eq!(attributes, Map::from_iter([("it".to_owned(), json!("new"))]));
    }

    #[test]
    fn a_value_that_is_missing_or_the_same_changes_nothing() {
        for subject in ["", "old"] {
            let mut attributes = of(json!("old"));
            let change = update(&mut attributes, &values(UpdateAction::Replace, false, subject));
            assert_eq!(change, Ok(Change::default()));
            assert_eq!(attributes, of(json!("old")));
        }
    }

    #[test]
    fn append_stops_at_its_bound_with_a_note() {
        let mut attributes = of(json!("x".repeat(MAX_APPENDED - 5)));
        let change = update(&mut attributes, &values(UpdateAction::Append, false, "éé")).unwrap();
        assert!(
            attributes["it"]
                .as_str()
                .is_some_and(|text| text.ends_with("x\n\né") && text.len() <= MAX_APPENDED)
        );
        assert!(matches!(change.notes.as_slice(), [note] if note.contains("1 MiB")));
        let change = update(&mut attributes, &values(UpdateAction::Append, false, "more")).unwrap();
        assert_eq!((change.changed.len(), change.notes.len()), (0, 1));
    }

    proptest! {
        #[test]
        fn replacing_twice_is_replacing_once(old in ".{0,20}", new in ".{0,20}") {
            let values = values(UpdateAction::Replace, false, &new);
            let mut attributes = of(json!(old));
            update(&mut attributes, &values).unwrap();
            let once = attributes.clone();
            prop_assert_eq!(update(&mut attributes, &values), Ok(Change::default()));
            prop_assert_eq!(attributes, once);
        }
    }
}
