//! That the holding itself finds what is wrong.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use sandbox::log::{Exchange, Seen};
use serde_json::{Value, json};

use super::description::description;
use super::held::Witness;
use super::{beyond, types, wrong};

fn answer(method: &str, path: &str, status: u16, body: &Value) -> Exchange {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    Exchange {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        path: path.to_owned(),
        request: bytes::Bytes::new(),
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: if body.is_null() { bytes::Bytes::new() } else { body.to_string().into() },
    }
}

#[test]
fn what_is_not_as_described_is_found() {
    if description().is_none() {
        return;
    }
    let message = |extra: Value| {
        let mut message = json!({ "id": "AA", "isRead": true });
        message.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        message
    };
    let list = |extra: Value| json!({ "value": [message(extra)] });
    let file = json!({ "@odata.type": "#microsoft.graph.fileAttachment", "id": "BB", "name": "a" });
    let event =
        |kind: &str| json!({ "@odata.type": "#microsoft.graph.eventMessage", "meetingMessageType": kind });
    for (method, path, status, body, says) in [
        ("GET", "/users/u/messages/AA", 200, message(json!({})), None),
        ("GET", "/users('u')/messages('AA')", 200, message(json!({})), None),
        (
            "GET",
            "/users/u/messages/AA",
            200,
            message(json!({ "isRead": "yes" })),
            Some("/isRead: \"yes\" is not"),
        ),
        ("GET", "/users/u/messages/AA", 200, message(json!({ "isred": true })), Some("/isred: ")),
        (
            "GET",
            "/users/u/messages",
            200,
            list(json!({ "from": { "mail": 1 } })),
            Some("/value/0/from/mail: "),
        ),
        ("GET", "/users/u/messages", 200, list(event("none")), None),
        ("GET", "/users/u/messages", 200, list(event("maybe")), Some("/value/0/meetingMessageType")),
        (
            "GET",
            "/users/u/messages",
            200,
            list(json!({ "@odata.type": "#x.y" })),
            Some("no type is called #x.y"),
        ),
        ("GET", "/users/u/messages?$select=isRead", 200, list(json!({})), None),
        (
            "GET",
            "/users/u/messages?%24select=subject",
            200,
            list(json!({})),
            Some("isRead was not asked for"),
        ),
        (
            "GET",
            "/users/u/messages",
            200,
            list(json!({ "attachments": [file] })),
            Some("attachments was not asked"),
        ),
        ("GET", "/users/u/messages?$expand=attachments", 200, list(json!({ "attachments": [file] })), None),
        (
            "GET",
            "/users/u/messages?$expand=attachments($select=id,size)",
            200,
            list(json!({ "attachments": [file] })),
            Some("name was not asked for"),
        ),
        ("GET", "/users/u/mailFolders/f/messages/delta", 200, list(json!({})), Some("oneOf")),
        ("POST", "/users/u/messages/AA/move", 200, message(json!({})), Some("its documents say 201")),
        ("POST", "/users/u/sendMail", 202, json!({}), Some("has a body")),
        ("POST", "/users/u/sendMail", 202, Value::Null, None),
        ("GET", "/users/u/messages/$count", 200, json!(3), Some("is \"application/json\"; described as")),
        ("GET", "/users/u/contacts", 200, json!({}), Some("neither described nor listed")),
        ("GET", "/users/u/messages/AA", 404, Value::Null, Some("without the error envelope")),
        (
            "GET",
            "/users/u/messages/AA",
            404,
            json!({ "error": { "code": "x", "message": "y" } }),
            Some("has the request-id None in its fields and null in its envelope"),
        ),
        ("POST", "/subscriptions", 201, json!({ "id": "AA", "secret": 1 }), Some("/secret: ")),
    ] {
        let found = wrong(&answer(method, &format!("/v1.0{path}"), status, &body)).join("\n");
        match says {
            None => assert_eq!(found, "", "{method} {path}"),
            Some(says) => assert!(found.contains(says), "{method} {path}: {found}"),
        }
    }
}

#[test]
fn the_test_fails_whose_sandbox_says_something_wrong() {
    if description().is_none() {
        return;
    }
    let state = sandbox::state::State::default();
    let witness = Witness::of(&state);
    let see = |seen: Seen<'_>| state.log.watcher().unwrap().see(seen);
    see(Seen::Answer(&answer("GET", "/v1.0/users/u/messages/AA", 200, &json!({ "isRead": 1 }))));
    see(Seen::Notification { url: "http://x", body: &json!({ "value": [{ "changeType": "moved" }] }) });
    let failed = std::panic::catch_unwind(move || drop(witness)).unwrap_err();
    let said = failed.downcast_ref::<String>().unwrap();
    for part in
        ["2 times", "GET /v1.0/users/u/messages/AA -> 200: /isRead", "notification to http://x: /value/0/"]
    {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn each_entry_of_a_batch_is_held_by_its_own_path() {
    if description().is_none() {
        return;
    }
    let requests = json!({ "requests": [{ "id": "1", "method": "GET", "url": "/users/u/messages/AA" }] });
    let batch = |body: Value| {
        let headers = json!({ "Content-Type": "application/json", "request-id": "x" });
        let body = json!({ "responses": [{ "id": "1", "status": 200, "headers": headers, "body": body }] });
        let exchange =
            Exchange { request: requests.to_string().into(), ..answer("POST", "/v1.0/$batch", 200, &body) };
        wrong(&exchange).join("\n")
    };
    assert_eq!(batch(json!({ "id": "AA" })), "");
    let unasked = json!({ "responses": [{ "id": "1", "status": 424, "body": { "error": "dependency" } }] });
    let found = wrong(&Exchange {
        request: requests.to_string().into(),
        ..answer("POST", "/v1.0/$batch", 200, &unasked)
    });
    assert!(found.join("").contains("entry 1: /error: \"dependency\" is not of type"), "{found:?}");
    let found = batch(json!({ "id": "AA", "isRead": 1 }));
    assert!(found.contains("entry 1: /isRead: 1 is not of types"), "{found}");
}

#[test]
fn what_is_listed_as_beyond_the_description_is_not_described() {
    let Some(described) = description() else { return };
    for (method, path, answered, refused) in beyond::PATHS {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        assert!(described.operation(method, &segments).is_none(), "{method} {path} is described");
        for name in [answered, refused].into_iter().flatten() {
            assert!(described.types.contains_key(name), "{name}");
        }
    }
    for (of, property) in beyond::PROPERTIES {
        let schema = match of.split_once(' ') {
            None => described.types.get(of).cloned(),
            Some((method, path)) => {
                let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
                let operation = described.operation(method, &segments);
                operation.and_then(|it| described.contents(it, 200)?.remove("application/json"))
            }
        };
        let schema = schema.unwrap_or_else(|| panic!("{of} is not described"));
        assert!(!schema.to_string().contains(property), "{property} of {of} is described");
        assert_eq!(types::wrong(described, of, &schema, &json!({ property: "x" })), [""; 0]);
    }
}

#[test]
fn no_test_starts_a_sandbox_that_nobody_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    // The server itself; what starts it for the tests; the tests of watching.
    let may = ["src/server.rs", "tests/contract/held.rs", "tests/contract/tests.rs", "tests/watched.rs"];
    let mut folders = vec![format!("{folder}src"), format!("{folder}tests")];
    let mut seen = 0;
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let name = path.to_str().unwrap().to_owned();
            if path.is_dir() && !name.ends_with("node_modules") {
                folders.push(name);
            } else if name.ends_with(".rs") && !may.iter().any(|may| name == format!("{folder}{may}")) {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(!text.contains("Sandbox::start("), "{name}: start it with contract::Held");
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}
