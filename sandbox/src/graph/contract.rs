//! Every answer that a handler gives in these tests, held against Microsoft's description of Graph. The description is
//! not part of this repository: it is read from where `MAILROOM_CONTRACTS` points, or from beside the checkout.

use std::path::PathBuf;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

/// Where the answers are described, by the end of their path; a `*` stands for an id.
const DESCRIBED: [(&str, &str, &str); 17] = [
    ("GET", "messages/delta", "mailroom.messageDeltaPage"),
    ("GET", "mailFolders/delta", "microsoft.graph.mailFolderCollectionResponse"),
    ("GET", "messages", "microsoft.graph.messageCollectionResponse"),
    ("GET", "attachments", "microsoft.graph.attachmentCollectionResponse"),
    ("GET", "mailFolders", "microsoft.graph.mailFolderCollectionResponse"),
    ("GET", "childFolders", "microsoft.graph.mailFolderCollectionResponse"),
    ("GET", "attachments/*", "mailroom.anyAttachment"),
    ("POST", "attachments", "mailroom.anyAttachment"),
    ("POST", "createUploadSession", "microsoft.graph.uploadSession"),
    ("POST", "messages", "microsoft.graph.message"),
    ("POST", "createReply", "microsoft.graph.message"),
    ("POST", "createReplyAll", "microsoft.graph.message"),
    ("POST", "createForward", "microsoft.graph.message"),
    ("POST", "mailFolders", "microsoft.graph.mailFolder"),
    ("POST", "childFolders", "microsoft.graph.mailFolder"),
    ("POST", "$batch", "mailroom.batchResponse"),
    ("*", "messages/*", "microsoft.graph.message"),
];

/// The description; None, said once in a line, where it is not at hand.
fn description() -> Option<&'static Value> {
    static DESCRIPTION: OnceLock<Option<Value>> = OnceLock::new();
    DESCRIPTION.get_or_init(load).as_ref()
}

fn load() -> Option<Value> {
    #[expect(clippy::disallowed_methods, reason = "a test is told where the description is")]
    let told = std::env::var("MAILROOM_CONTRACTS").ok().filter(|told| !told.is_empty());
    let folder =
        told.clone().unwrap_or_else(|| format!("{}/../../shared/contracts", env!("CARGO_MANIFEST_DIR")));
    let files = ["mail.schema.json", "graph/mail.schema.json"].map(|name| PathBuf::from(&folder).join(name));
    match files.iter().find_map(|file| std::fs::read(file).ok()) {
        Some(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        None if told.is_some() => {
            panic!("MAILROOM_CONTRACTS points to {folder}, where no mail.schema.json is")
        }
        None => {
            eprintln!(
                "answers are not held against Microsoft's description: set MAILROOM_CONTRACTS to its folder"
            );
            None
        }
    }
}

fn validator(name: &str) -> Option<Validator> {
    let description = description()?;
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": description["$defs"],
        "$ref": format!("#/$defs/{name}"),
    });
    Some(jsonschema::validator_for(&schema).unwrap())
}

/// The type that the answer to a request has.
fn kind(method: &str, path: &str) -> Option<&'static str> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let fits = |end: &str| {
        let end: Vec<&str> = end.split('/').collect();
        let from = segments.len().checked_sub(end.len());
        let there = from.and_then(|from| segments.get(from..)).unwrap_or_default();
        !there.is_empty() && there.iter().zip(&end).all(|(is, wanted)| is == wanted || *wanted == "*")
    };
    let moved = segments.last().filter(|last| ["move", "copy"].contains(last));
    let found = DESCRIBED.iter().find(|(by, end, _)| (*by == method || *by == "*") && fits(end));
    match (found, moved) {
        (Some((.., kind)), _) => Some(kind),
        (None, Some(_)) if path.contains("/messages/") => Some("microsoft.graph.message"),
        (None, Some(_)) => Some("microsoft.graph.mailFolder"),
        (None, None) if fits("mailFolders/*") || fits("childFolders/*") => Some("microsoft.graph.mailFolder"),
        (None, None) => None,
    }
}

/// Holds an answer to what is said of it; what the description doesn't have passes.
pub fn hold(method: &str, path: &str, body: &Value) {
    static VALIDATORS: OnceLock<Vec<(&'static str, Validator)>> = OnceLock::new();
    let validators = VALIDATORS.get_or_init(|| {
        let mut names: Vec<&str> = DESCRIBED.iter().map(|(.., name)| *name).collect();
        names.push("microsoft.graph.mailFolder");
        names.sort_unstable();
        names.dedup();
        names.into_iter().filter_map(|name| Some((name, validator(name)?))).collect()
    });
    let Some(kind) = kind(method, path) else { return };
    let Some((_, validator)) = validators.iter().find(|(name, _)| *name == kind) else { return };
    let errors: Vec<String> =
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(
        errors.is_empty(),
        "{method} {path} is not the {kind} that Microsoft describes: {errors:#?}\n{body:#}"
    );
}

#[test]
fn an_answer_is_held_to_the_type_that_its_path_has() {
    for (method, path, wanted) in [
        ("GET", "/users/u/mailFolders/inbox/messages/delta", Some("mailroom.messageDeltaPage")),
        ("GET", "/users/u/messages/AA", Some("microsoft.graph.message")),
        ("PATCH", "/users/u/messages/AA", Some("microsoft.graph.message")),
        ("POST", "/users/u/messages/AA/move", Some("microsoft.graph.message")),
        ("POST", "/users/u/mailFolders/AA/copy", Some("microsoft.graph.mailFolder")),
        ("GET", "/users/u/mailFolders/inbox", Some("microsoft.graph.mailFolder")),
        ("GET", "/users/u/messages/AA/attachments/BB", Some("mailroom.anyAttachment")),
        ("POST", "/users/u/translateExchangeIds", None),
    ] {
        assert_eq!(kind(method, path), wanted, "{method} {path}");
    }
}

#[test]
fn an_answer_of_the_wrong_shape_is_found() {
    if description().is_none() {
        return;
    }
    let wrong = json!({ "id": "AA", "isRead": "yes" });
    let held = std::panic::catch_unwind(|| hold("GET", "/users/u/messages/AA", &wrong));
    assert!(held.is_err());
    hold("GET", "/users/u/messages/AA", &json!({ "id": "AA", "isRead": true }));
}
