//! `$batch`: up to twenty requests in one (learn.microsoft.com/graph/json-batching). Each is answered as if it came
//! alone: its own limits, faults, ids and preferences; the fields of the outer request don't reach it.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::{Body, to_bytes};
use axum::extract::{OriginalUri, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use serde_json::{Map, Value, json};

use super::answer::Problem;
use super::caller::Caller;
use super::frame::{Entries, Root};
use super::given;
use crate::server::Scheme;
use crate::state::State;

/// Entries that a batch may have.
const MOST: usize = 20;
/// How many Graph passes to Outlook at a time.
const AT_ONCE: usize = 4;
/// What an answer within a batch may weigh.
const WEIGHT: usize = 64 * 1024 * 1024;

/// The route of `$batch`.
pub(super) fn routes() -> Router<State> {
    Router::new().route("/$batch", post(batch))
}

/// One of the requests.
#[derive(Debug, Clone)]
struct Entry {
    id: String,
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Bytes,
    depends_on: Vec<String>,
}

async fn batch(
    Extension(caller): Extension<Caller>,
    Extension(root): Extension<Root>,
    Extension(within): Extension<Entries>,
    scheme: Option<Extension<Scheme>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let entries = read(&given::object(&body)?)?;
    let ask = async |entry: &Entry| match request(entry, &root) {
        Ok(mut request) => {
            // Links in the answer lead where the client is.
            if let Some(Extension(scheme)) = scheme {
                request.extensions_mut().insert(scheme);
            }
            if let Some(host) = headers.get(header::HOST) {
                request.headers_mut().insert(header::HOST, host.clone());
            }
            answer(&entry.id, within.answer(&caller, &root, request).await).await
        }
        Err(problem) => refused(&entry.id, &problem),
    };
    let responses = if entries.iter().any(|entry| !entry.depends_on.is_empty()) {
        // As Graph does it: one by one as soon as anything depends on anything.
        let mut statuses = BTreeMap::new();
        let mut responses = Vec::with_capacity(entries.len());
        for entry in &in_order(entries) {
            let failed = entry.depends_on.iter().any(|id| {
                statuses.get(&id.to_lowercase()).is_none_or(|status: &u64| !(200..300).contains(status))
            });
            let response = if failed { failed_dependency(&entry.id) } else { ask(entry).await };
            statuses.insert(entry.id.to_lowercase(), response["status"].as_u64().unwrap_or_default());
            responses.push(response);
        }
        responses
    } else {
        futures::stream::iter(&entries).map(ask).buffer_unordered(AT_ONCE).collect().await
    };
    Ok(Json(json!({ "responses": responses })).into_response())
}

fn malformed(message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "BadRequest", message)
}

/// The entries of an envelope that is as it must be.
fn read(envelope: &Map<String, Value>) -> Result<Vec<Entry>, Problem> {
    let Some(Value::Array(requests)) = envelope.get("requests") else {
        return Err(malformed("Invalid batch payload format: 'requests' must be an array."));
    };
    if requests.is_empty() {
        return Err(malformed("Invalid batch payload format: 'requests' must not be empty."));
    }
    if requests.len() > MOST {
        let sentence = format!("Number of batch request steps exceeds the maximum value of {MOST}.");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "MaximumValueExceeded", sentence));
    }
    let entries: Vec<Entry> = requests.iter().map(entry).collect::<Result<_, _>>()?;
    let mut ids = BTreeSet::new();
    for entry in &entries {
        if !ids.insert(entry.id.to_lowercase()) {
            return Err(malformed(format!("Request Id '{}' is not unique within the batch.", entry.id)));
        }
    }
    for entry in &entries {
        let unknown = entry.depends_on.iter().find(|id| !ids.contains(&id.to_lowercase()));
        if let Some(id) = unknown {
            return Err(malformed(format!("Request Id '{id}' of 'dependsOn' is not in the batch.")));
        }
    }
    if in_order(entries.clone()).len() < entries.len() {
        return Err(malformed("The 'dependsOn' of the batch requests form a circle."));
    }
    Ok(entries)
}

fn entry(value: &Value) -> Result<Entry, Problem> {
    let text = |name: &str| {
        let text = value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or_else(|| malformed(format!("Invalid batch payload format: each request needs '{name}'.")))
    };
    let (id, method, url) = (text("id")?, text("method")?, text("url")?);
    let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
    let method = method.map_err(|_| malformed(format!("The method of request '{id}' is none.")))?;
    let mut headers = HeaderMap::new();
    let given = value.get("headers").and_then(Value::as_object);
    for (name, value) in given.into_iter().flatten() {
        let read = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), read) else {
            return Err(malformed(format!(
                "Invalid batch payload format: a header of request '{id}' is none."
            )));
        };
        headers.append(name, value);
    }
    let depends_on = match value.get("dependsOn") {
        None | Some(Value::Null) => Vec::new(),
        Some(ids) => serde_json::from_value(ids.clone())
            .map_err(|_| malformed(format!("The 'dependsOn' of request '{id}' is not a list of ids.")))?,
    };
    let body = body(id, value.get("body"), &headers)?;
    Ok(Entry { id: id.to_owned(), method, url: url.to_owned(), headers, body, depends_on })
}

/// JSON as it is; anything else comes in base64. A body needs its type.
fn body(id: &str, body: Option<&Value>, headers: &HeaderMap) -> Result<Bytes, Problem> {
    let Some(body) = body.filter(|body| !body.is_null()) else { return Ok(Bytes::new()) };
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let Some(kind) = kind else {
        return Err(malformed(format!(
            "Write request id : {id} does not contain Content-Type header or body."
        )));
    };
    match body {
        // MIME is given in base64 anyway.
        Value::String(text) if kind.to_ascii_lowercase().starts_with("text/plain") => Ok(text.clone().into()),
        Value::String(text) if !kind.to_ascii_lowercase().contains("json") => STANDARD
            .decode(text)
            .map(Bytes::from)
            .map_err(|_| malformed(format!("The body of request '{id}' is not base64."))),
        body => Ok(body.to_string().into()),
    }
}

/// Each after those that it depends on; those in a circle are left out.
fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut ordered: Vec<Entry> = Vec::with_capacity(entries.len());
    loop {
        let done = |id: &String| ordered.iter().any(|entry| entry.id.eq_ignore_ascii_case(id));
        let next = entries.iter().position(|entry| entry.depends_on.iter().all(done));
        match next {
            Some(at) => ordered.push(entries.remove(at)),
            None => return ordered,
        }
    }
}

fn request(entry: &Entry, root: &Root) -> Result<Request, Problem> {
    // A whole url is not in the documents, but Microsoft's own library for Python sends it.
    let url = entry.url.strip_prefix(&root.0).unwrap_or(&entry.url).trim_start_matches('/');
    if url.starts_with("$batch") || url.starts_with("%24batch") {
        return Err(malformed("A batch request may not contain another one."));
    }
    let mut request = Request::builder().method(entry.method.clone()).uri(format!("/{url}"));
    if let Some(headers) = request.headers_mut() {
        headers.extend(entry.headers.clone());
        headers.insert(header::CONTENT_LENGTH, entry.body.len().into());
    }
    let refused = || malformed(format!("The url of request '{}' is none.", entry.id));
    let whole = OriginalUri(format!("/v1.0/{url}").parse().map_err(|_| refused())?);
    request.extension(whole).body(Body::from(entry.body.clone())).map_err(|_| refused())
}

/// The answer to an entry as the batch shows it.
async fn answer(id: &str, response: Response) -> Value {
    let (parts, body) = response.into_parts();
    let bytes = match to_bytes(body, WEIGHT).await {
        Ok(bytes) => bytes,
        // Such as a body that was cut off.
        Err(_) => return json!({ "id": id, "status": 504, "headers": {}, "body": unknown() }),
    };
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in &parts.headers {
        let skipped = [header::CONTENT_LENGTH, header::DATE, header::TRANSFER_ENCODING];
        if let (false, Ok(value)) = (skipped.contains(name), value.to_str()) {
            headers.insert(titled(name.as_str()), value.into());
        }
    }
    let mut shown = json!({ "id": id, "status": parts.status.as_u16(), "headers": headers });
    if !bytes.is_empty() {
        let is_json = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.contains("json"));
        let read = is_json.then(|| serde_json::from_slice(&bytes).ok()).flatten();
        shown["body"] = read.unwrap_or_else(|| STANDARD.encode(&bytes).into());
    }
    shown
}

/// `Content-Type`, as clients look for it in a batch.
fn titled(name: &str) -> String {
    match name {
        "content-type" => "Content-Type".to_owned(),
        "retry-after" => "Retry-After".to_owned(),
        "location" => "Location".to_owned(),
        "cache-control" => "Cache-Control".to_owned(),
        "preference-applied" => "Preference-Applied".to_owned(),
        "etag" => "ETag".to_owned(),
        other => other.to_owned(),
    }
}

fn unknown() -> Value {
    json!({ "error": { "code": "UnknownError", "message": "" } })
}

fn refused(id: &str, problem: &Problem) -> Value {
    json!({
        "id": id,
        "status": problem.status.as_u16(),
        "headers": { "Content-Type": "application/json" },
        "body": { "error": { "code": problem.code, "message": problem.message } },
    })
}

fn failed_dependency(id: &str) -> Value {
    let message = "A request that this one depends on failed.";
    refused(id, &Problem::new(StatusCode::FAILED_DEPENDENCY, "FailedDependency", message))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use serde_json::{Value, json};

    use crate::graph::trial::{ANNA, Answer, Trial};

    const MAIL: &str = "From: joe@example.org\r\nSubject: Offer\r\n\r\nHello\r\n";

    async fn batch(trial: &Trial, requests: Value) -> Answer {
        trial.framed("POST", "/$batch", json!({ "requests": requests })).await
    }

    fn of<'a>(answer: &'a Answer, id: &str) -> &'a Value {
        let responses = answer.body["responses"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
        responses.iter().find(|response| response["id"] == id).unwrap()
    }

    #[tokio::test]
    async fn entries_are_answered_each_for_itself() {
        let trial = Trial::new();
        let id = trial.deliver(MAIL);
        let url = format!("/users/{ANNA}/messages/{id}");
        let kind = json!({ "Content-Type": "application/json" });
        let immutable = json!({ "Content-Type": "application/json", "Prefer": "IdType=\"ImmutableId\"" });
        let answer = batch(
            &trial,
            json!([
                { "id": "1", "method": "PATCH", "url": url, "headers": immutable, "body": { "isRead": true } },
                { "id": "2", "method": "PATCH", "url": url, "headers": kind, "body": {} },
                { "id": "3", "method": "DELETE", "url": format!("/users/{ANNA}/messages/nothing") },
                { "id": "4", "method": "POST", "url": "/$batch", "headers": kind, "body": {} },
                { "id": "5", "method": "GET", "url": "no such thing" },
            ]),
        )
        .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let (one, two) = (of(&answer, "1"), of(&answer, "2"));
        assert_eq!((&one["status"], &one["body"]["id"]), (&json!(200), &json!(id)));
        assert_eq!(one["headers"]["Preference-Applied"], "IdType=\"ImmutableId\"");
        assert_ne!(two["body"]["id"], id);
        assert_ne!(one["headers"]["request-id"], two["headers"]["request-id"]);
        assert_eq!(of(&answer, "3")["body"]["error"]["code"], "ErrorInvalidIdMalformed");
        assert_eq!((&of(&answer, "4")["status"], &of(&answer, "5")["status"]), (&json!(400), &json!(400)));
    }

    #[tokio::test]
    async fn what_depends_on_a_failure_is_not_done() {
        let trial = Trial::new();
        let id = trial.deliver(MAIL);
        let url = |id: &str| format!("/users/{ANNA}/messages/{id}");
        let answer = batch(
            &trial,
            json!([
                { "id": "c", "method": "DELETE", "url": url(&id), "dependsOn": ["B"] },
                { "id": "b", "method": "DELETE", "url": url("nothing"), "dependsOn": ["a"] },
                { "id": "a", "method": "PATCH", "url": url(&id), "headers": { "content-type": "application/json" },
                  "body": { "isRead": true } },
            ]),
        )
        .await;
        let statuses = ["a", "b", "c"].map(|id| of(&answer, id)["status"].as_u64().unwrap());
        assert_eq!(statuses, [200, 400, 424]);
    }

    #[tokio::test]
    async fn a_malformed_envelope_is_refused_as_a_whole() {
        let trial = Trial::new();
        let get = |id: &str| json!({ "id": id, "method": "GET", "url": "/users" });
        let many: Vec<Value> = (0..21).map(|n| get(&n.to_string())).collect();
        let circle = [("a", "b"), ("b", "a")]
            .map(|(id, on)| json!({ "id": id, "method": "GET", "url": "/users", "dependsOn": [on] }));
        let bad = [
            (json!("x"), "must be an array"),
            (json!([]), "must not be empty"),
            (json!(many), "exceeds the maximum value of 20"),
            (json!([get("a"), get("A")]), "not unique"),
            (json!([{ "method": "GET", "url": "/users" }]), "each request needs 'id'"),
            (json!([{ "id": "1", "method": "GET", "url": "/users", "dependsOn": ["9"] }]), "'9'"),
            (json!([{ "id": "1", "method": "POST", "url": "/users", "body": {} }]), "Content-Type"),
            (json!(circle), "circle"),
        ];
        for (requests, sentence) in bad {
            let answer = batch(&trial, requests).await;
            let said = answer.body["error"]["message"].as_str().unwrap_or_default();
            assert!(answer.status == 400 && said.contains(sentence), "{answer:?}");
        }
    }

    #[tokio::test]
    async fn mime_goes_in_and_comes_out_in_base64() {
        let trial = Trial::new();
        let body = base64::engine::general_purpose::STANDARD
            .encode("To: a@example.com\r\nSubject: whole\r\n\r\nhi\r\n");
        let answer = batch(
            &trial,
            json!([{ "id": "1", "method": "POST", "url": format!("/users/{ANNA}/messages"),
                "headers": { "Content-Type": "text/plain" }, "body": body }]),
        )
        .await;
        assert_eq!(of(&answer, "1")["body"]["subject"], "whole", "{answer:?}");
    }
}
