//! Values held to their types, derived ones included, and to the properties that these have: a misspelt one fails.

use std::collections::BTreeMap;

use serde_json::Value;

use super::beyond;
use super::description::{Description, of_type};

/// What is wrong with a value of that schema; `name` is for a schema without one.
pub fn wrong(described: &Description, name: &str, schema: &Value, value: &Value) -> Vec<String> {
    let mut walk = Walk { described, found: Vec::new() };
    walk.valid(schema, value, "");
    let shape = Shape { types: vec![name], ..Shape::default() };
    walk.enter(shape.with(described, schema), value, "");
    walk.found
}

/// The same of a type.
pub fn wrong_as(described: &Description, name: &str, value: &Value) -> Vec<String> {
    wrong(described, name, &of_type(name), value)
}

/// The properties of a type, each with its schemas.
#[derive(Default)]
struct Shape<'d> {
    properties: BTreeMap<&'d str, Vec<&'d Value>>,
    items: Vec<&'d Value>,
    /// Such as the fields of an answer in a batch, which may have any name.
    any: bool,
    /// The types that it is made of.
    types: Vec<&'d str>,
}

impl<'d> Shape<'d> {
    fn with(mut self, described: &'d Description, schema: &'d Value) -> Self {
        let named = schema["$ref"].as_str().and_then(|at| at.strip_prefix("#/$defs/"));
        if let Some((name, inner)) = named.and_then(|name| described.types.get_key_value(name)) {
            self.types.push(name);
            self = self.with(described, inner);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.properties.entry(name).or_default().push(property);
        }
        self.items.extend(schema.get("items"));
        self.any |= schema.get("additionalProperties").is_some();
        for several in ["allOf", "anyOf", "oneOf"] {
            let inner = schema[several].as_array().into_iter().flatten();
            self = inner.fold(self, |shape, inner| shape.with(described, inner));
        }
        self
    }

    fn is_beyond(&self, property: &str) -> bool {
        self.types.iter().any(|kind| beyond::PROPERTIES.contains(&(*kind, property)))
    }
}

struct Walk<'d> {
    described: &'d Description,
    found: Vec<String>,
}

impl Walk<'_> {
    fn valid(&mut self, schema: &Value, value: &Value, at: &str) {
        let validator = self.described.validator(schema);
        let errors = validator.iter_errors(value);
        self.found.extend(errors.map(|error| format!("{at}{}: {error}", error.instance_path())));
    }

    fn enter(&mut self, shape: Shape<'_>, value: &Value, at: &str) {
        let properties = match value {
            Value::Object(properties) => properties,
            Value::Array(values) => {
                for (number, value) in values.iter().enumerate() {
                    self.below(&shape.items, value, &format!("{at}/{number}"));
                }
                return;
            }
            _ => return,
        };
        // Such as an event message in a list of messages.
        let derived = match properties.get("@odata.type").and_then(Value::as_str) {
            None => None,
            Some(said) => match self.described.named(said.trim_start_matches('#')) {
                Some(name) => Some(of_type(name)),
                None => return self.found.push(format!("{at}: no type is called {said}")),
            },
        };
        let shape = match &derived {
            Some(derived) => {
                self.valid(derived, value, at);
                Shape::default().with(self.described, derived)
            }
            None if shape.any || shape.properties.is_empty() => return,
            None => shape,
        };
        for (name, value) in properties {
            match shape.properties.get(name.as_str()) {
                Some(schemas) => self.below(schemas, value, &format!("{at}/{name}")),
                None if shape.is_beyond(name) => {}
                None => self.found.push(format!("{at}/{name}: no property of {}", shape.types.join(", "))),
            }
        }
    }

    fn below(&mut self, schemas: &[&Value], value: &Value, at: &str) {
        let described = self.described;
        let shape = schemas.iter().fold(Shape::default(), |shape, schema| shape.with(described, schema));
        self.enter(shape, value, at);
    }
}
