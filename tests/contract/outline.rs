//! A schema as a flat list: each type, field, argument and value by its path, with its shape.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::Positioned;
use async_graphql::parser::types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition};

/// Paths such as `Type`, `Type.field`, `Type.field(argument)`, `Enum.VALUE`, `Union.Member`, `Type: Interface`.
pub struct Outline(BTreeMap<String, Shape>);

/// The kind of a type, or the type of a field, and the default of an argument or input field.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shape {
    text: String,
    /// A client has to give it.
    is_required: bool,
}

impl Outline {
    pub fn of(sdl: &str) -> Self {
        let document = async_graphql::parser::parse_schema(sdl).unwrap();
        let mut outline = Self(BTreeMap::new());
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            let marks = definition.node.directives.iter().map(|d| format!(" @{}", d.node.name));
            let marks: String = marks.filter(|mark| mark == " @oneOf").collect();
            let kind = outline.add_members(&name, &definition.node.kind);
            outline.add(name, format!("{kind}{marks}"), false);
        }
        outline
    }

    fn add_members(&mut self, name: &str, kind: &TypeKind) -> &'static str {
        match kind {
            TypeKind::Scalar => "scalar",
            TypeKind::Object(object) => {
                for interface in &object.implements {
                    self.add(format!("{name}: {interface}"), String::new(), false);
                }
                self.add_fields(name, &object.fields);
                "type"
            }
            TypeKind::Interface(interface) => {
                self.add_fields(name, &interface.fields);
                "interface"
            }
            TypeKind::Union(union) => {
                for member in &union.members {
                    self.add(format!("{name}.{member}"), String::new(), false);
                }
                "union"
            }
            TypeKind::Enum(of) => {
                for value in &of.values {
                    self.add(format!("{name}.{}", value.node.value), String::new(), false);
                }
                "enum"
            }
            TypeKind::InputObject(input) => {
                for field in &input.fields {
                    self.add_input(format!("{name}.{}", field.node.name), field);
                }
                "input"
            }
        }
    }

    fn add_fields(&mut self, name: &str, fields: &[Positioned<FieldDefinition>]) {
        for field in fields {
            let path = format!("{name}.{}", field.node.name);
            for argument in &field.node.arguments {
                self.add_input(format!("{path}({})", argument.node.name), argument);
            }
            self.add(path, field.node.ty.to_string(), false);
        }
    }

    fn add_input(&mut self, path: String, input: &Positioned<InputValueDefinition>) {
        let default = input.node.default_value.as_ref();
        let is_required = !input.node.ty.node.nullable && default.is_none();
        let default = default.map_or(String::new(), |value| format!(" = {value}"));
        self.add(path, format!("{}{default}", input.node.ty), is_required);
    }

    fn add(&mut self, path: String, text: String, is_required: bool) {
        self.0.insert(path, Shape { text, is_required });
    }

    /// What the other has not; of a type or field that is missing as a whole only itself.
    pub fn missing_from(&self, other: &Self) -> BTreeSet<String> {
        let is_missing = |path: &str| self.0.contains_key(path) && !other.0.contains_key(path);
        let of_missing = |path: &String| parents(path).any(is_missing);
        self.0.keys().filter(|path| is_missing(path) && !of_missing(path)).cloned().collect()
    }

    /// What the other has in another shape.
    pub fn differences_from(&self, other: &Self) -> Vec<String> {
        let both = self.0.iter().filter_map(|(path, shape)| Some((path, shape, other.0.get(path)?)));
        both.filter(|(_, mine, theirs)| mine.text != theirs.text)
            .map(|(path, mine, theirs)| format!("{path}: promised `{}`, built `{}`", mine.text, theirs.text))
            .collect()
    }

    /// What the other requires of inputs and fields that are known here, without it being known here.
    pub fn required_additions_of(&self, other: &Self) -> Vec<String> {
        let is_added =
            |path: &&String| !self.0.contains_key(*path) && parents(path).all(|p| self.0.contains_key(p));
        let required = other.0.iter().filter(|(_, shape)| shape.is_required);
        required.map(|(path, _)| path).filter(is_added).cloned().collect()
    }
}

/// The field and the type that a path lies in.
pub fn parents(path: &str) -> impl Iterator<Item = &str> {
    ['(', '.', ':'].into_iter().filter_map(|end| path.split_once(end)).map(|(parent, _)| parent)
}

#[test]
fn an_outline_tells_what_is_missing_what_differs_and_what_is_newly_required() {
    let promised = Outline::of(
        "type A implements N { a(x: Int = 1, y: Int): Int! b: B gone(z: Int): Int } type B { c: Int } \
         interface N { id: ID! } enum E { P Q } union U = A | B input I @oneOf { i: Int }",
    );
    let built = Outline::of(
        "type A { a(x: Int = 2, new: Int!, ok: Int! = 3): Int } enum E { P } union U = A input I { i: Int }",
    );
    let missing = ["A.a(y)", "A.b", "A.gone", "A: N", "B", "E.Q", "N", "U.B"].map(str::to_owned);
    assert_eq!(promised.missing_from(&built), BTreeSet::from(missing));
    let differences = [
        "A.a: promised `Int!`, built `Int`",
        "A.a(x): promised `Int = 1`, built `Int = 2`",
        "I: promised `input @oneOf`, built `input`",
    ];
    assert_eq!(promised.differences_from(&built), differences);
    assert_eq!(promised.required_additions_of(&built), ["A.a(new)"]);
}
