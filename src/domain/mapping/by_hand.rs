//! Attributes that a person gives: held to the types that the mapping's rules declare.

use serde_json::{Map, Value};

use super::CompiledMapping;
use super::coerce::coerce;
use super::validate::is_attribute;
use super::values::Values;

/// The most bytes that a value takes when written.
const MAX_VALUE: usize = 1024 * 1024;

impl CompiledMapping {
    /// A value that a person gives for an attribute, as it is kept. An attribute that no rule declares may hold
    /// anything; null stays null.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn given(&self, attribute: &str, value: &Value) -> Result<Value, String> {
        free(attribute, value)?;
        let Some(rule) = self.rules.iter().find(|rule| &*rule.attribute == attribute) else {
            return Ok(value.clone());
        };
        if value.is_null() {
            return Ok(Value::Null);
        }
        match coerce(value.clone(), rule.r#type, rule.max_length) {
            Ok(Some(shape)) if shape.cut => Err(format!(
                "This is longer than the {} characters that the mapping allows.",
                rule.max_length
            )),
            Ok(Some(shape)) => Ok(shape.value),
            Ok(None) => Err("This is empty: give a value, or null for none.".to_owned()),
            Err(reason) => Err(format!("The mapping has a {} here: {reason}.", rule.r#type)),
        }
    }
}

/// What holds for every attribute, declared or not.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn free(attribute: &str, value: &Value) -> Result<(), String> {
    if !is_attribute(attribute) {
        return Err(
            "An attribute's name is a letter, then up to 62 letters, digits and underscores (A-Z, a-z, 0-9, _)."
                .to_owned(),
        );
    }
    let written = value.to_string();
    if written.contains("\\u0000") {
        return Err("This holds the character U+0000: take it out.".to_owned());
    }
    if written.len() > MAX_VALUE {
        return Err("This is too big: an attribute holds at most 1 MiB.".to_owned());
    }
    Ok(())
}

/// What the rules give on create, as far as they give anything: a person may make an instance of less.
pub fn as_given(values: &Values) -> Map<String, Value> {
    let applying = values.entries.iter().filter(|entry| entry.on_create);
    applying
        .filter_map(|entry| Some((entry.attribute.to_string(), entry.value.as_ref().ok()?.clone()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::domain::mapping::fixture::{compiled, draft, rule};
    use crate::domain::mapping::rule::{AttributeType, ValueSource};

    #[test]
    fn what_a_person_gives_has_the_declared_type_or_is_refused() {
        let constant = || ValueSource::Constant(json!(1));
        let mut title = rule("title", AttributeType::String, ValueSource::Constant(json!("x")));
        title.max_length = Some(5);
        let mapping = compiled(&draft(vec![title, rule("count", AttributeType::Integer, constant())]));
        assert_eq!(mapping.given("title", &json!("short")), Ok(json!("short")));
        assert!(mapping.given("title", &json!("longer")).unwrap_err().contains("5 characters"));
        assert_eq!(mapping.given("count", &json!("7")), Ok(json!(7)));
        assert!(mapping.given("count", &json!("seven")).unwrap_err().contains("INTEGER"));
        assert!(mapping.given("count", &json!({})).is_err());
        assert_eq!(mapping.given("count", &json!(null)), Ok(json!(null)));
        assert_eq!(mapping.given("other", &json!([1, { "a": "b" }])), Ok(json!([1, { "a": "b" }])));
        assert!(mapping.given("other", &json!("a\u{0}")).unwrap_err().contains("U+0000"));
        assert!(mapping.given("no name", &json!(1)).unwrap_err().contains("name"));
    }
}
