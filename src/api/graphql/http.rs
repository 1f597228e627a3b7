//! GraphQL over HTTP: POST and GET, by the GraphQL-over-HTTP draft, with a status that says what happened.

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Variables};
use axum::body::{Body, Bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::error::Error;
use super::executor::Answer;
use super::{sse, ws};
use crate::api::{Api, REQUEST_ID};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/graphql-response+json`: the status says whether the operation ran.
    Response,
    /// `application/json`: 200 for every well-formed request.
    Json,
    /// `text/event-stream`.
    Events,
}

/// `/graphql`, whatever the method.
pub async fn graphql(
    State(api): State<Api>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Body,
) -> Response {
    let request_id = request_id(&headers);
    if let Ok(upgrade) = upgrade {
        return ws::accept(api, upgrade, &headers);
    }
    let verified = match api.auth.headers(&headers) {
        Ok(verified) => verified,
        Err(refused) => return refused.into_response(),
    };
    let Some(media) = negotiate(&headers) else {
        return plain(
            StatusCode::NOT_ACCEPTABLE,
            "Accept application/graphql-response+json, application/json or text/event-stream.",
        );
    };
    let parsed = match method {
        Method::GET => from_query(query.as_deref().unwrap_or_default()),
        Method::POST => from_body(&headers, body).await,
        _ => {
            let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "Use POST or GET.");
            refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
            return refused;
        }
    };
    let request = match parsed {
        Ok(request) => request,
        Err(malformed) => return malformed.respond(media, &request_id),
    };
    let prepared = match api.graphql.prepare(request, &request_id) {
        Ok(prepared) => prepared,
        Err(answer) => return respond(&answer, media),
    };
    if method == Method::GET && prepared.kind == OperationType::Mutation {
        let sentence = "Mutations are not accepted by GET: use POST.";
        let mut refused =
            Malformed::new(StatusCode::METHOD_NOT_ALLOWED, sentence).respond(media, &request_id);
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return refused;
    }
    if media == Media::Events {
        return sse::respond(&api, verified, prepared, request_id);
    }
    if prepared.kind == OperationType::Subscription {
        let sentence = "Subscriptions need a WebSocket (graphql-transport-ws) or Accept: text/event-stream.";
        return Malformed::new(StatusCode::BAD_REQUEST, sentence).respond(media, &request_id);
    }
    respond(&api.graphql.run(verified.caller, prepared, &request_id).await, media)
}

/// The id under which the request stands in the log.
pub fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    given.map_or_else(|| uuid::Uuid::now_v7().to_string(), |id| id.chars().take(100).collect())
}

/// A request that holds no operation.
#[derive(Debug)]
struct Malformed {
    status: StatusCode,
    sentence: &'static str,
}

impl Malformed {
    const fn new(status: StatusCode, sentence: &'static str) -> Self {
        Self { status, sentence }
    }

    const fn bad(sentence: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, sentence)
    }

    fn respond(&self, media: Media, request_id: &str) -> Response {
        let answer = Answer::refused(Error::InvalidArgument(self.sentence.to_owned()), request_id);
        json(self.status, media, &answer)
    }
}

fn respond(answer: &Answer, media: Media) -> Response {
    let status = match media {
        Media::Response if answer.never_ran() => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    json(status, media, answer)
}

fn json(status: StatusCode, media: Media, answer: &Answer) -> Response {
    let content_type = match media {
        Media::Response => "application/graphql-response+json; charset=utf-8",
        Media::Json | Media::Events => "application/json; charset=utf-8",
    };
    (status, [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-store")], answer.json())
        .into_response()
}

fn plain(status: StatusCode, sentence: &'static str) -> Response {
    (status, format!("{sentence}\n")).into_response()
}

/// The medium that the client likes best; plain JSON where it has no wish. None: it takes none of ours.
fn negotiate(headers: &HeaderMap) -> Option<Media> {
    let mut best: Option<(f32, Media)> = None;
    let mut asked = false;
    for value in headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            if name.is_empty() {
                continue;
            }
            asked = true;
            let quality = parts
                .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
                .map_or(1.0, |q| q.parse().unwrap_or(0.0));
            let media = match name.as_str() {
                "application/graphql-response+json" => Media::Response,
                "application/json" | "application/*" | "*/*" => Media::Json,
                "text/event-stream" => Media::Events,
                _ => continue,
            };
            if quality > best.map_or(0.0, |(quality, _)| quality) {
                best = Some((quality, media));
            }
        }
    }
    match best {
        Some((_, media)) => Some(media),
        None if asked => None,
        None => Some(Media::Json),
    }
}

async fn from_body(headers: &HeaderMap, body: Body) -> Result<Request, Malformed> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
    if !parts.next().unwrap_or_default().eq_ignore_ascii_case("application/json") {
        return Err(Malformed::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the request with Content-Type: application/json.",
        ));
    }
    let charset =
        parts.find_map(|part| part.to_ascii_lowercase().strip_prefix("charset=").map(str::to_owned));
    if charset.is_some_and(|charset| !matches!(charset.trim_matches('"'), "utf-8" | "utf8")) {
        return Err(Malformed::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send the request in UTF-8."));
    }
    // The size is limited by a layer; what fails here is a body over it, or a client that went away.
    let bytes: Bytes = axum::body::to_bytes(body, usize::MAX).await.map_err(|_| {
        Malformed::new(StatusCode::PAYLOAD_TOO_LARGE, "The request's body is larger than the server takes.")
    })?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(members)) => from_members(members),
        Ok(Value::Array(_)) => Err(Malformed::bad("One operation a request: batches are not taken.")),
        Ok(_) => Err(Malformed::bad("The body must be a JSON object with `query`.")),
        Err(_) => Err(Malformed::bad("The body is not JSON.")),
    }
}

fn from_query(query: &str) -> Result<Request, Malformed> {
    let mut members = Map::new();
    for (name, value) in form_pairs(query) {
        let value = match name.as_str() {
            "query" | "operationName" => Value::String(value),
            "variables" | "extensions" if value.is_empty() => Value::Null,
            "variables" | "extensions" => serde_json::from_str(&value)
                .map_err(|_| Malformed::bad("`variables` and `extensions` must be JSON."))?,
            _ => continue,
        };
        members.insert(name, value);
    }
    from_members(members)
}

/// `application/x-www-form-urlencoded` pairs, as URLs carry them.
fn form_pairs(query: &str) -> Vec<(String, String)> {
    let uri = axum::http::Uri::builder().path_and_query(format!("/?{query}")).build();
    uri.ok()
        .and_then(|uri| axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).ok())
        .map(|query| query.0)
        .unwrap_or_default()
}

fn from_members(mut members: Map<String, Value>) -> Result<Request, Malformed> {
    let Some(Value::String(query)) = members.remove("query") else {
        return Err(Malformed::bad("`query` is missing, or is not a string."));
    };
    let operation_name = match members.remove("operationName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if name.is_empty() => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => return Err(Malformed::bad("`operationName` is not a string.")),
    };
    let variables = match members.remove("variables") {
        None | Some(Value::Null) => Variables::default(),
        Some(variables @ Value::Object(_)) => Variables::from_json(variables),
        Some(_) => return Err(Malformed::bad("`variables` is not an object.")),
    };
    if !matches!(members.remove("extensions"), None | Some(Value::Null | Value::Object(_))) {
        return Err(Malformed::bad("`extensions` is not an object."));
    }
    let mut request = Request::new(query).variables(variables);
    request.operation_name = operation_name;
    Ok(request)
}

/// A request as the payload of a WebSocket's subscribe message; None where it is malformed.
pub fn from_payload(payload: Value) -> Option<Request> {
    match payload {
        Value::Object(members) => from_members(members).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(accept: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        negotiate(&headers)
    }

    #[test]
    fn the_medium_liked_best_is_taken() {
        assert_eq!(negotiate(&HeaderMap::new()), Some(Media::Json));
        assert_eq!(media("*/*"), Some(Media::Json));
        assert_eq!(media("application/graphql-response+json, application/json"), Some(Media::Response));
        assert_eq!(media("application/json;q=0.9, application/graphql-response+json"), Some(Media::Response));
        assert_eq!(media("text/event-stream"), Some(Media::Events));
        assert_eq!(media("text/html, application/json;q=0"), None);
    }

    #[test]
    fn a_url_holds_a_whole_request() {
        let request = from_query("query=%7B+a+%7D&variables=%7B%22x%22%3A1%7D&operationName=").unwrap();
        assert_eq!(request.query, "{ a }");
        assert_eq!(request.operation_name, None);
        assert_eq!(request.variables.len(), 1);
    }
}
