//! Every request that the provider sends in these tests, held against Microsoft's description of Graph: the path with its
//! method exists, its query options are declared, its body fits. The description is not part of this repository: it is
//! read from where `MAILROOM_CONTRACTS` points, or from beside the checkout.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

/// What is wrong with a request; nothing if it is as described.
pub fn faults(method: &str, path_and_query: &str, body: &[u8]) -> Vec<String> {
    let description = description();
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let segments = segments(path);
    let Some(operation) = description.operation(method, &segments) else {
        return vec![format!("{method} {path}: not described")];
    };
    let mut faults: Vec<String> = query
        .split('&')
        .filter(|option| !option.is_empty())
        .map(|option| option.split_once('=').map_or(option, |(name, _)| name).replace("%24", "$"))
        .filter(|name| !operation.options.contains(name))
        .map(|name| format!("{method} {path}: the query option {name} is not declared"))
        .collect();
    match (&operation.body, serde_json::from_slice::<Value>(body)) {
        (None, _) if body.is_empty() || body == b"{}" => {}
        (None, _) => faults.push(format!("{method} {path}: a body where none is described")),
        (Some(_), Err(error)) => faults.push(format!("{method} {path}: its body is no JSON: {error}")),
        (Some(schema), Ok(body)) => faults.extend(
            description.misfits(schema, &body).into_iter().map(|misfit| format!("{method} {path}: {misfit}")),
        ),
    }
    if segments == ["$batch"] {
        faults.extend(batch_faults(&serde_json::from_slice(body).unwrap_or_default()));
    }
    faults
}

/// Each entry is a request of its own.
fn batch_faults(batch: &Value) -> Vec<String> {
    let entries = batch["requests"].as_array().cloned().unwrap_or_default();
    let mut faults = Vec::new();
    if entries.is_empty() || entries.len() > 20 {
        faults.push(format!("a batch of {} entries", entries.len()));
    }
    for entry in &entries {
        let (method, url) =
            (entry["method"].as_str().unwrap_or_default(), entry["url"].as_str().unwrap_or_default());
        let body = entry.get("body").map(Value::to_string).unwrap_or_default();
        faults.extend(self::faults(method, url, body.as_bytes()));
        if !entry["headers"]["Prefer"].as_str().is_some_and(|prefer| prefer.contains("ImmutableId")) {
            faults.push(format!("{method} {url}: an entry without immutable ids"));
        }
        if entry.get("body").is_some() && entry["headers"]["Content-Type"] != "application/json" {
            faults.push(format!("{method} {url}: a body without its Content-Type"));
        }
    }
    faults
}

/// A path's segments; `name('id')` is another way to write `name/id`.
fn segments(path: &str) -> Vec<String> {
    let path = path.trim_start_matches('/').trim_start_matches("v1.0/");
    path.split('/')
        .flat_map(|segment| match segment.strip_suffix("')").and_then(|rest| rest.split_once("('")) {
            Some((name, id)) => vec![name.to_owned(), id.to_owned()],
            None => vec![segment.to_owned()],
        })
        .collect()
}

struct Operation {
    method: String,
    template: Vec<String>,
    options: BTreeSet<String>,
    body: Option<Value>,
}

struct Description {
    operations: Vec<Operation>,
    definitions: Value,
}

fn description() -> &'static Description {
    static DESCRIPTION: OnceLock<Description> = OnceLock::new();
    DESCRIPTION.get_or_init(Description::load)
}

impl Description {
    fn load() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test is told where the description is")]
        let told = std::env::var("MAILROOM_CONTRACTS").ok().filter(|told| !told.is_empty());
        let folder = told.unwrap_or_else(|| format!("{}/../shared/contracts", env!("CARGO_MANIFEST_DIR")));
        let read = |name: &str| {
            let found = [name.to_owned(), format!("graph/{name}")]
                .into_iter()
                .map(|name| PathBuf::from(&folder).join(name))
                .chain([PathBuf::from(format!(
                    "{}/../../shared/contracts/graph/{name}",
                    env!("CARGO_MANIFEST_DIR")
                ))])
                .find_map(|path| std::fs::read_to_string(path).ok());
            found.unwrap_or_else(|| {
                panic!("Microsoft's description of Graph ({name}) is not in {folder}: set MAILROOM_CONTRACTS to its folder")
            })
        };
        let api: Value = serde_yaml_ng::from_str(&read("openapi-mail.yaml")).unwrap();
        let schemas: Value = serde_json::from_str(&read("mail.schema.json")).unwrap();
        let resolve = |value: &Value| match value["$ref"].as_str() {
            Some(reference) => api.pointer(reference.trim_start_matches('#')).unwrap().clone(),
            None => value.clone(),
        };
        let mut operations = Vec::new();
        for (path, item) in api["paths"].as_object().unwrap() {
            for method in ["get", "post", "patch", "put", "delete"] {
                let Some(operation) = item.get(method) else { continue };
                let parameters = [&item["parameters"], &operation["parameters"]];
                let options = parameters
                    .iter()
                    .filter_map(|list| list.as_array())
                    .flatten()
                    .map(resolve)
                    .filter(|parameter| parameter["in"] == "query")
                    .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
                    .collect();
                let body = resolve(&operation["requestBody"]);
                let body = body.pointer("/content/application~1json/schema");
                operations.push(Operation {
                    method: method.to_uppercase(),
                    template: path.trim_start_matches('/').split('/').map(str::to_owned).collect(),
                    options,
                    body: body.map(|schema| {
                        serde_json::from_str(&schema.to_string().replace("#/components/schemas/", "#/$defs/"))
                            .unwrap()
                    }),
                });
            }
        }
        // What is written out wins over what stands for anything.
        operations.sort_by_key(|one| one.template.iter().filter(|segment| segment.starts_with('{')).count());
        Self { operations, definitions: schemas["$defs"].clone() }
    }

    fn operation(&self, method: &str, segments: &[String]) -> Option<&Operation> {
        self.operations.iter().find(|operation| {
            operation.method == method
                && operation.template.len() == segments.len()
                && operation
                    .template
                    .iter()
                    .zip(segments)
                    .all(|(wanted, is)| wanted.starts_with('{') && !is.starts_with('$') || wanted == is)
        })
    }

    fn misfits(&self, schema: &Value, body: &Value) -> Vec<String> {
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$defs": self.definitions,
            "allOf": [schema],
        });
        let validator: Validator = jsonschema::validator_for(&whole).unwrap();
        let mut misfits: Vec<String> = validator
            .iter_errors(body)
            .map(|error| format!("{} does not fit: {error}", error.instance_path()))
            .collect();
        // The schemas are open: a misspelt property would pass.
        let mut known = BTreeSet::new();
        self.properties(schema, &mut known);
        let given = body.as_object().into_iter().flat_map(|object| object.keys());
        misfits
            .extend(given.filter(|name| !known.contains(*name)).map(|name| format!("{name} is no property")));
        misfits
    }

    fn properties(&self, schema: &Value, known: &mut BTreeSet<String>) {
        if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
            self.properties(&self.definitions[name], known);
        }
        known.extend(schema["properties"].as_object().into_iter().flat_map(|some| some.keys().cloned()));
        for part in ["allOf", "anyOf", "oneOf"] {
            for inner in schema[part].as_array().into_iter().flatten() {
                self.properties(inner, known);
            }
        }
    }
}

#[test]
fn a_request_that_is_not_as_described_is_found() {
    let faults = |method: &str, path: &str, body: &str| faults(method, path, body.as_bytes());
    assert!(
        faults("GET", "/v1.0/users/u/mailFolders/inbox/messages/delta?$select=id&$expand=x", "").is_empty()
    );
    assert!(faults("GET", "/v1.0/users('u')/mailFolders('f')/messages/delta?$skiptoken=x", "").is_empty());
    assert!(faults("PATCH", "/users/u/messages/m", r#"{"isRead":true,"categories":["a"]}"#).is_empty());
    assert!(faults("POST", "/users/u/messages/m/move", r#"{"destinationId":"d"}"#).is_empty());
    assert!(faults("POST", "/users/u/messages/m/permanentDelete", "{}").is_empty());
    for (method, path, body, fault) in [
        ("GET", "/users/u/mail", "", "not described"),
        ("GET", "/users/u/messages/m?$filter=x", "", "$filter is not declared"),
        ("PATCH", "/users/u/messages/m", r#"{"isRead":"yes"}"#, "does not fit"),
        ("PATCH", "/users/u/messages/m", r#"{"isread":true}"#, "isread is no property"),
        ("POST", "/users/u/messages/m/permanentDelete", r#"{"a":1}"#, "a body where none is"),
        (
            "POST",
            "/$batch",
            r#"{"requests":[{"id":"1","method":"GET","url":"/users/u/x"}]}"#,
            "not described",
        ),
        (
            "POST",
            "/$batch",
            r#"{"requests":[{"id":"1","method":"GET","url":"/users/u/messages"}]}"#,
            "without immutable",
        ),
    ] {
        let found = faults(method, path, body);
        assert!(found.iter().any(|found| found.contains(fault)), "{method} {path}: {found:?}");
    }
}
