//! Microsoft's description as it was published: paths with their answers, and types.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The methods that an answer can be described for.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What is described.
pub struct Description {
    /// The types by their names, as JSON Schema.
    pub types: Map<String, Value>,
    operations: Vec<Operation>,
    shared: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// A method of a path.
pub struct Operation {
    method: String,
    /// As it is written, `{…}` where anything may stand.
    pub path: String,
    answers: Map<String, Value>,
}

/// The description; None, said once in a line, where it is not at hand.
pub fn description() -> Option<&'static Description> {
    static DESCRIPTION: OnceLock<Option<Description>> = OnceLock::new();
    DESCRIPTION.get_or_init(load).as_ref()
}

fn load() -> Option<Description> {
    #[expect(clippy::disallowed_methods, reason = "a test is told where the description is")]
    let told = std::env::var("MAILROOM_CONTRACTS").ok().filter(|told| !told.is_empty());
    let beside = || format!("{}/../../shared/contracts", env!("CARGO_MANIFEST_DIR"));
    let folder = PathBuf::from(told.clone().unwrap_or_else(beside));
    let folder = [folder.join("graph"), folder].into_iter().find(|at| at.join("mail.schema.json").exists());
    match folder {
        Some(folder) => Some(read(&folder)),
        None => {
            let told = told.as_deref().unwrap_or_default();
            assert!(
                told.is_empty(),
                "MAILROOM_CONTRACTS is {told}, where neither graph/mail.schema.json nor mail.schema.json is; \
                 give the folder with Microsoft's description"
            );
            say_so();
            None
        }
    }
}

/// Once for all test binaries of one `cargo test`: they have the same parent. Tests keep what they print to themselves,
/// so this goes past `eprintln!`.
fn say_so() {
    let mark = format!("mailroom-without-contracts-{}", std::os::unix::process::parent_id());
    let folder = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let first = std::fs::File::create_new(folder.join(mark)).is_ok();
    let line = "answers are not held against Microsoft's description: set MAILROOM_CONTRACTS to its folder\n";
    if first {
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

fn read(folder: &Path) -> Description {
    let text = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let types: Value = serde_json::from_str(&text("mail.schema.json")).unwrap();
    let options = serde_saphyr::options! { budget: None };
    let openapi: Value = serde_saphyr::from_str_with_options(&text("openapi-mail.yaml"), options).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in openapi["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = methods.get(method) {
                let answers = operation["responses"].as_object().unwrap().clone();
                operations.push(Operation { method: method.to_uppercase(), path: path.clone(), answers });
            }
        }
    }
    Description {
        types: types["$defs"].as_object().unwrap().clone(),
        operations,
        shared: openapi["components"]["responses"].clone(),
        validators: Mutex::default(),
    }
}

impl Description {
    /// The operation of a method and of a path below the version; of several the one with the fewest places for
    /// anything.
    pub fn operation(&self, method: &str, segments: &[&str]) -> Option<&Operation> {
        let fits = self.operations.iter().filter(|operation| operation.method == method);
        fits.filter(|operation| self::fits(&operation.path, segments))
            .min_by_key(|operation| operation.path.matches('{').count())
    }

    /// What the answer of that status may hold: by content type the schema, None where nothing is sent.
    pub fn contents(&self, operation: &Operation, status: u16) -> Option<Map<String, Value>> {
        let of_class = format!("{}XX", status / 100);
        let answers = &operation.answers;
        let answer = answers.get(&status.to_string()).or_else(|| answers.get(&of_class))?;
        let name = answer["$ref"].as_str().and_then(|at| at.strip_prefix("#/components/responses/"));
        let answer = name.map_or(answer, |name| &self.shared[name]);
        let contents = answer["content"].as_object().cloned().unwrap_or_default();
        Some(contents.into_iter().map(|(kind, content)| (kind, as_json_schema(&content["schema"]))).collect())
    }

    /// A type by its name, whatever its case.
    pub fn named(&self, name: &str) -> Option<&str> {
        self.types.keys().map(String::as_str).find(|known| known.eq_ignore_ascii_case(name))
    }

    /// Checks values of that schema.
    pub fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let build = || {
            let whole = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": self.types, "allOf": [schema],
            });
            Arc::new(jsonschema::validator_for(&whole).unwrap())
        };
        Arc::clone(validators.entry(schema.to_string()).or_insert_with(build))
    }
}

/// The schema that names a type.
pub fn of_type(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// Whether a path is one of a template's.
pub fn fits(template: &str, segments: &[&str]) -> bool {
    let wanted: Vec<&str> = template.split('/').filter(|segment| !segment.is_empty()).collect();
    wanted.len() == segments.len()
        && wanted.iter().zip(segments).all(|(wanted, is)| wanted.starts_with('{') || wanted == is)
}

/// A schema of OpenAPI 3.0 as JSON Schema: references lead to the types, and what is nullable is null too.
fn as_json_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let mut out: Map<String, Value> =
                object.iter().map(|(name, value)| (name.clone(), as_json_schema(value))).collect();
            if let Some(name) = object.get("$ref").and_then(Value::as_str) {
                let name = name.trim_start_matches("#/components/schemas/");
                // An attachment says which kind it is of.
                let name = if name == "microsoft.graph.attachment" { "mailroom.anyAttachment" } else { name };
                return of_type(name);
            }
            if out.remove("nullable") == Some(Value::Bool(true)) {
                return json!({ "anyOf": [out, { "type": "null" }] });
            }
            Value::Object(out)
        }
        Value::Array(values) => values.iter().map(as_json_schema).collect(),
        other => other.clone(),
    }
}
