//! A message mapped again: what it had put into its instance is replaced, and nobody else's part is touched.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::apply::{self, Change, MAX_APPENDED, SEPARATOR};
use super::rule::UpdateAction;
use super::values::{Entry, MapFailure, Values};

/// A text that a message put into an attribute that others append to, as it is found again there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The attribute.
    pub attribute: String,
    /// How long it is.
    pub bytes: usize,
    /// Hex of the first half of its SHA-256.
    pub hash: String,
}

/// What a message has to do with its instance.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// It made the instance.
    pub created: bool,
    /// No message changed the instance after it.
    pub is_last: bool,
    /// No other message belongs to the instance.
    pub is_only: bool,
    /// What it appended; None where that is not known.
    pub pieces: Option<&'a [Piece]>,
    /// Attributes that a person set: they are left alone.
    pub by_hand: &'a [String],
}

/// The pieces that a message leaves in the attributes of its instance, by the rules that append.
pub fn pieces(values: &Values, created: bool) -> Vec<Piece> {
    let appending = values.entries.iter().filter(|entry| entry.on_update == UpdateAction::Append);
    appending
        .filter(|entry| !created || entry.on_create)
        .filter_map(|entry| Some(Piece::of(&entry.attribute, entry.value.as_ref().ok()?.as_ref()?.as_str()?)))
        .collect()
}

/// Replaces the message's own part of the attributes. A rule without a value leaves what is there, as does one whose
/// attribute was since set by a person or, with REPLACE, by a later message. On an error nothing was changed.
///
/// # Errors
/// A required rule that applies has no value.
pub fn again(
    attributes: &mut Map<String, Value>,
    values: &Values,
    part: &Part<'_>,
) -> Result<Change, MapFailure> {
    let applies = |entry: &&Entry| {
        if part.created { entry.on_create } else { entry.on_update != UpdateAction::Keep }
    };
    for entry in values.entries.iter().filter(applies) {
        entry.require()?;
    }
    let mut change = Change::default();
    if part.created && part.is_only {
        let mut fresh = apply::create(values)?;
        fresh.retain(|name, _| !is_by_hand(part, name));
        let kept = attributes.iter().filter(|(name, _)| is_by_hand(part, name));
        fresh.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
        let names = attributes.keys().chain(fresh.keys().filter(|name| !attributes.contains_key(*name)));
        change.changed = names.filter(|name| attributes.get(*name) != fresh.get(*name)).cloned().collect();
        *attributes = fresh;
        return Ok(change);
    }
    for entry in values.entries.iter().filter(applies) {
        let Ok(Some(value)) = &entry.value else { continue };
        if is_by_hand(part, &entry.attribute) {
            continue;
        }
        let old = attributes.get(&*entry.attribute);
        let new = match entry.on_update {
            UpdateAction::Append => value.as_str().and_then(|text| pieced(old, &entry.attribute, text, part)),
            UpdateAction::Replace if old.is_some() && !part.is_last => None,
            UpdateAction::Keep | UpdateAction::Replace => Some(value.clone()),
        };
        if let Some(new) = new.filter(|new| old != Some(new)) {
            attributes.insert(entry.attribute.to_string(), new);
            change.changed.push(entry.attribute.to_string());
        }
    }
    Ok(change)
}

fn is_by_hand(part: &Part<'_>, attribute: &str) -> bool {
    part.by_hand.iter().any(|name| name == attribute)
}

/// The attribute with the new text where the message's own was; None where nothing is to be changed.
fn pieced(old: Option<&Value>, attribute: &str, text: &str, part: &Part<'_>) -> Option<Value> {
    let old = match old {
        None | Some(Value::Null) => return Some(Value::String(text.to_owned())),
        Some(Value::String(old)) => old,
        Some(_) => return None,
    };
    let own = part.pieces?.iter().find(|piece| piece.attribute == attribute);
    let changed = match own {
        Some(piece) => {
            let start = piece.place_in(old)?;
            let (before, rest) = (old.get(..start)?, old.get(start + piece.bytes..)?);
            format!("{before}{text}{rest}")
        }
        // It had nothing to say there before. Whoever made the instance comes first.
        None if part.created => format!("{text}{SEPARATOR}{old}"),
        None => format!("{old}{SEPARATOR}{text}"),
    };
    (changed.len() <= MAX_APPENDED).then_some(Value::String(changed))
}

impl Piece {
    fn of(attribute: &str, text: &str) -> Self {
        Self { attribute: attribute.to_owned(), bytes: text.len(), hash: hash(text) }
    }

    /// Where it begins: at a separator or the start, and up to a separator or the end.
    fn place_in(&self, text: &str) -> Option<usize> {
        // A text may end with line breaks of its own: separators are looked for at every place.
        let pairs = text.as_bytes().windows(SEPARATOR.len()).enumerate();
        let starts =
            pairs.filter(|(_, pair)| *pair == SEPARATOR.as_bytes()).map(|(at, _)| at + SEPARATOR.len());
        std::iter::once(0).chain(starts).find(|start| {
            let Some(candidate) = text.get(*start..start + self.bytes) else { return false };
            let rest = text.get(start + self.bytes..).unwrap_or_default();
            (rest.is_empty() || rest.starts_with(SEPARATOR)) && hash(candidate) == self.hash
        })
    }
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).fold(String::with_capacity(32), |mut hex, byte| {
        use std::fmt::Write as _;
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::mapping::fixture::{compiled, draft, message, parsed, rule};
    use crate::domain::mapping::rule::{AttributeType, MessageField, ValueSource};

    /// A title that is kept, a status that is replaced, a history that is appended to; all say the subject.
    fn values(subject: &str) -> Values {
        let of = |name: &str, action| {
            let mut it = rule(name, AttributeType::Text, ValueSource::Field(MessageField::Subject));
            it.on_update = action;
            it
        };
        let rules = vec![
            of("title", UpdateAction::Keep),
            of("status", UpdateAction::Replace),
            of("history", UpdateAction::Append),
        ];
        let mut message = message();
        message.subject = subject.to_owned();
        compiled(&draft(rules)).values(&parsed(&message))
    }

    /// Made by `first`, changed by each of `later`.
    fn instance(first: &str, later: &[&str]) -> Map<String, Value> {
        let mut attributes = apply::create(&values(first)).unwrap();
        for subject in later {
            apply::update(&mut attributes, &values(subject)).unwrap();
        }
        attributes
    }

    fn part<'a>(created: bool, is_last: bool, pieces: &'a [Piece]) -> Part<'a> {
        Part { created, is_last, is_only: false, pieces: Some(pieces), by_hand: &[] }
    }

    #[test]
    fn mapping_the_same_again_changes_nothing() {
        let mut attributes = instance("one", &["two", "three"]);
        let before = attributes.clone();
        for (subject, created) in [("one", true), ("two", false), ("three", false)] {
            let pieces = pieces(&values(subject), created);
            let change =
                again(&mut attributes, &values(subject), &part(created, subject == "three", &pieces));
            assert_eq!(change.unwrap().changed, Vec::<String>::new(), "{subject}");
        }
        assert_eq!(attributes, before);
    }

    #[test]
    fn the_own_piece_is_replaced_where_it_stands() {
        let mut attributes = instance("one\n", &["two\n\nlines", "three"]);
        let old = pieces(&values("two\n\nlines"), false);
        let change = again(&mut attributes, &values("2"), &part(false, false, &old)).unwrap();
        assert_eq!(change.changed, ["history"], "status is a later message's");
        assert_eq!(attributes["history"], json!("one\n\n\n2\n\nthree"));
        assert_eq!(attributes["status"], json!("three"));
    }

    #[test]
    fn the_maker_mends_what_it_gave_and_leaves_what_others_gave() {
        let mut attributes = instance("one", &["two"]);
        let old = pieces(&values("one"), true);
        let change = again(&mut attributes, &values("1"), &part(true, false, &old)).unwrap();
        assert_eq!(change.changed, ["title", "history"]);
        let expected = json!({ "title": "1", "status": "two", "history": "1\n\ntwo" });
        assert_eq!(Value::Object(attributes), expected);
    }

    #[test]
    fn the_last_one_replaces() {
        let mut attributes = instance("one", &["two"]);
        let old = pieces(&values("two"), false);
        let change = again(&mut attributes, &values("2"), &part(false, true, &old)).unwrap();
        assert_eq!(change.changed, ["status", "history"]);
        assert_eq!(attributes["history"], json!("one\n\n2"));
    }

    #[test]
    fn an_instance_of_one_message_is_made_anew_but_for_what_a_person_set() {
        let mut attributes = instance("one", &[]);
        attributes.insert("status".to_owned(), json!("mine"));
        attributes.insert("left over".to_owned(), json!("of a rule that went"));
        let by_hand = ["status".to_owned()];
        let part = Part { is_only: true, by_hand: &by_hand, ..part(true, true, &[]) };
        let change = again(&mut attributes, &values("1"), &part).unwrap();
        let expected = json!({ "title": "1", "status": "mine", "history": "1" });
        assert_eq!(Value::Object(attributes), expected);
        assert!(!change.changed.contains(&"status".to_owned()), "{change:?}");
    }

    #[test]
    fn what_a_person_set_or_rewrote_stays() {
        let mut attributes = instance("one", &["two"]);
        attributes.insert("history".to_owned(), json!("rewritten"));
        let by_hand = ["title".to_owned()];
        let old = pieces(&values("one"), true);
        let part = Part { by_hand: &by_hand, ..part(true, false, &old) };
        let before = attributes.clone();
        assert_eq!(again(&mut attributes, &values("1"), &part).unwrap().changed, Vec::<String>::new());
        assert_eq!(attributes, before);
    }

    #[test]
    fn a_rule_that_is_new_appends_once() {
        let mut attributes = instance("one", &["two"]);
        let change = again(&mut attributes, &values("2"), &part(false, true, &[])).unwrap();
        assert!(change.changed.contains(&"history".to_owned()));
        assert_eq!(attributes["history"], json!("one\n\ntwo\n\n2"));
        let now = pieces(&values("2"), false);
        let change = again(&mut attributes, &values("2"), &part(false, true, &now)).unwrap();
        assert_eq!(change.changed, Vec::<String>::new());
    }

    #[test]
    fn what_it_appended_is_left_where_that_is_not_known() {
        let mut attributes = instance("one", &["two"]);
        let unknown = Part { pieces: None, ..part(false, false, &[]) };
        let change = again(&mut attributes, &values("2"), &unknown).unwrap();
        assert_eq!(change.changed, Vec::<String>::new());
    }
}
