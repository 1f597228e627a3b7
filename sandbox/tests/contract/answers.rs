//! An answer held to the type that its path has, to its status, and where it is a refusal to Graph's envelope.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use sandbox::log::Exchange;
use serde_json::Value;

use super::beyond::{self, ERROR};
use super::description::{Description, description, fits};
use super::{selected, types};

/// The documented codes of what is described as 2XX: by the method, or the last segment.
const STATUSES: [(&str, &[&str], u16); 5] = [
    ("POST", &["send", "sendMail", "reply", "replyAll", "forward"], 202),
    ("POST", &["$batch", "translateExchangeIds"], 200),
    ("POST", &["permanentDelete", "reauthorize"], 204),
    ("POST", &[], 201),
    ("DELETE", &[], 204),
];

/// What is wrong with an answer; nothing where the description is not at hand.
pub fn wrong(exchange: &Exchange) -> Vec<String> {
    let Some(described) = description() else { return Vec::new() };
    let found = held(described, exchange);
    let shown = String::from_utf8_lossy(&exchange.body).chars().take(2_000).collect::<String>();
    let about = format!("{} {} -> {}", exchange.method, exchange.path, exchange.status.as_u16());
    found.into_iter().map(|error| format!("{about}: {error}\n  in {shown}")).collect()
}

fn held(described: &Description, exchange: &Exchange) -> Vec<String> {
    let (path, query) = exchange.path.split_once('?').unwrap_or((&exchange.path, ""));
    let path = sandbox::path::in_one_form(path).unwrap_or_else(|| path.to_owned());
    let decoded = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let segments: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        [beyond::CONTROL, ..] => Vec::new(),
        ["v1.0", below @ ..] => graph(described, exchange, below, query),
        all => besides(described, exchange, all),
    }
}

fn graph(described: &Description, exchange: &Exchange, segments: &[&str], query: &str) -> Vec<String> {
    let method = exchange.method.as_str();
    let status = exchange.status.as_u16();
    if status >= 400 {
        return refusal(described, exchange, ERROR);
    }
    let Some(operation) = described.operation(method, segments) else {
        return vec!["is answered, but neither described nor listed as beyond the description".to_owned()];
    };
    let mut found = Vec::new();
    let last = segments.last().copied().unwrap_or_default();
    let wanted = STATUSES
        .iter()
        .find(|(of, ends, _)| *of == method && (ends.is_empty() || ends.contains(&last)))
        .map_or(200, |(.., wanted)| *wanted);
    if status != wanted {
        found.push(format!("its documents say {wanted}"));
    }
    let Some(contents) = described.contents(operation, status) else {
        return vec![format!("{} does not describe this status", operation.path)];
    };
    let kind = content_type(&exchange.headers);
    if contents.is_empty() {
        if !exchange.body.is_empty() {
            found.push("has a body; the description has none".to_owned());
        }
        return found;
    }
    let Some(schema) = contents.get(kind) else {
        let kinds: Vec<&String> = contents.keys().collect();
        found.push(format!("is {kind:?}; described as {kinds:?}"));
        return found;
    };
    if schema["format"] == "binary" {
        return found;
    }
    let Ok(body) = serde_json::from_slice::<Value>(&exchange.body) else {
        found.push("is not JSON".to_owned());
        return found;
    };
    let name = format!("{method} {}", operation.path);
    found.extend(types::wrong(described, &name, schema, &body));
    if operation.path.ends_with("messages/delta") {
        found.extend(types::wrong_as(described, "mailroom.messageDeltaPage", &body));
    }
    if method == "GET" {
        found.extend(selected::unasked(query, &body));
    }
    if last == "$batch" {
        found.extend(entries(described, exchange, &body));
    }
    found
}

/// What is not Graph's, or lies besides it.
fn besides(described: &Description, exchange: &Exchange, segments: &[&str]) -> Vec<String> {
    let listed = beyond::PATHS
        .iter()
        .find(|(method, path, ..)| *method == exchange.method.as_str() && fits(path, segments));
    let is_refusal = exchange.status.as_u16() >= 400;
    let kind = match listed {
        Some((.., refused)) if is_refusal => *refused,
        Some((_, _, answered, _)) => *answered,
        // No version of Graph, or an address that takes other methods.
        None if is_refusal => ERROR,
        None => return vec!["is answered, but neither described nor listed".to_owned()],
    };
    match kind {
        _ if kind == ERROR => refusal(described, exchange, kind),
        Some(_) if exchange.body.is_empty() && !is_refusal => Vec::new(),
        Some(name) => match serde_json::from_slice(&exchange.body) {
            Ok(body) => types::wrong_as(described, name, &body),
            Err(_) => vec![format!("is no {name}: it is not JSON")],
        },
        None => Vec::new(),
    }
}

/// Graph's envelope, its ids those of the answer's fields.
fn refusal(described: &Description, exchange: &Exchange, kind: Option<&str>) -> Vec<String> {
    if exchange.body.is_empty() && beyond::BARE.contains(&exchange.status.as_u16()) {
        return Vec::new();
    }
    let Ok(body) = serde_json::from_slice::<Value>(&exchange.body) else {
        return vec!["refuses without the error envelope".to_owned()];
    };
    let mut found = types::wrong_as(described, kind.unwrap_or_default(), &body);
    if content_type(&exchange.headers) != "application/json" {
        found.push("refuses in another type than application/json".to_owned());
    }
    let inner = &body["error"]["innerError"];
    for name in ["request-id", "client-request-id"] {
        let field = exchange.headers.get(name).and_then(|field| field.to_str().ok());
        if field.is_none() || inner[name].as_str() != field {
            found.push(format!("has the {name} {field:?} in its fields and {} in its envelope", inner[name]));
        }
    }
    if !inner["date"].is_string() {
        found.push("has no date in its envelope".to_owned());
    }
    if exchange.status == StatusCode::UNAUTHORIZED && !exchange.headers.contains_key("www-authenticate") {
        found.push("has no WWW-Authenticate".to_owned());
    }
    found
}

/// Each answer within a batch, by the method and path of its request.
fn entries(described: &Description, exchange: &Exchange, body: &Value) -> Vec<String> {
    let asked: Value = serde_json::from_slice(&exchange.request).unwrap_or_default();
    let asked = asked["requests"].as_array().cloned().unwrap_or_default();
    let answers = body["responses"].as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    if answers.len() != asked.len() {
        found.push(format!("answers {} of {} entries", answers.len(), asked.len()));
    }
    for answer in answers {
        let id = answer["id"].as_str().unwrap_or_default();
        let Some(request) = asked.iter().find(|request| request["id"] == id) else {
            found.push(format!("answers the entry {id}, which is none"));
            continue;
        };
        let wrong = match entry(request, &answer) {
            Some(inner) => held(described, &inner),
            // What the batch itself says of an entry: it was not asked, and has no ids.
            None => types::wrong_as(described, ERROR.unwrap_or_default(), &answer["body"]),
        };
        found.extend(wrong.into_iter().map(|error| format!("entry {id}: {error}")));
    }
    found
}

/// The answer to an entry as if it had come alone; None where it was not asked.
fn entry(request: &Value, answer: &Value) -> Option<Exchange> {
    let url = request["url"].as_str()?;
    let url = url.split_once("/v1.0/").map_or(url, |(_, below)| below).trim_start_matches('/');
    let mut headers = HeaderMap::new();
    for (name, value) in answer["headers"].as_object()? {
        let value = HeaderValue::from_str(value.as_str()?).ok()?;
        headers.insert(name.parse::<HeaderName>().ok()?, value);
    }
    headers.get("request-id")?;
    let body = match &answer["body"] {
        Value::Null => Bytes::new(),
        Value::String(text) if content_type(&headers) != "application/json" => {
            STANDARD.decode(text).ok()?.into()
        }
        body => body.to_string().into(),
    };
    Some(Exchange {
        method: Method::from_bytes(request["method"].as_str()?.to_uppercase().as_bytes()).ok()?,
        path: format!("/v1.0/{url}"),
        request: request["body"].to_string().into(),
        status: StatusCode::from_u16(u16::try_from(answer["status"].as_u64()?).ok()?).ok()?,
        headers,
        body,
    })
}

fn content_type(headers: &HeaderMap) -> &str {
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim()
}
