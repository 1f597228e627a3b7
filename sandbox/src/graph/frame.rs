//! What is around every call of Graph: who asks, the ids of the request, and refusals in Graph's envelope.
//!
//! Handlers find as extensions [`Caller`], [`Asked`], [`Root`] and, to answer the entries of a `$batch`, [`Entries`].
//! They answer with a body of their own or with a [`Problem`]; the frame writes the rest.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, OriginalUri, Request, State as Shared};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use uuid::Uuid;

use super::answer::{Problem, stamp};
use super::asked::Asked;
use super::caller::Caller;
use super::{bearer, segment, throttle};
use crate::state::State;
use crate::{faults, random, server};

/// What a request to Graph may weigh: 4 MB.
const LIMIT: usize = 4 * 1024 * 1024;

/// Where Graph is for the client of a request, without a slash at the end, such as `https://localhost:8443/v1.0`; links
/// begin with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(pub String);

/// All routes without the frame around them, to answer the entries of a `$batch`.
#[derive(Debug, Clone)]
pub struct Entries(Router, State);

impl Entries {
    /// The answer to one entry, its path below `/v1.0`: with ids of its own, and refusals in Graph's envelope.
    pub async fn answer(&self, caller: &Caller, root: &Root, mut request: Request) -> Response {
        request.extensions_mut().insert(caller.clone());
        request.extensions_mut().insert(root.clone());
        let request = crate::path::normalise(request).await;
        let within = self.0.clone();
        answered(&self.1, request, |request| async move {
            tower::ServiceExt::oneshot(within, request).await.unwrap_or_else(|never| match never {})
        })
        .await
    }
}

/// These routes with the frame around them, and Graph's answers for paths and methods that it doesn't have.
pub fn framed(routes: Router<State>, state: &State) -> Router<State> {
    let routes = routes
        .fallback(unknown_segment)
        .method_not_allowed_fallback(async || Problem::unsupported())
        .layer(DefaultBodyLimit::max(LIMIT))
        .layer(from_fn_with_state(state.clone(), faults::around))
        .layer(from_fn_with_state(state.clone(), throttle::around));
    let entries = Entries(routes.clone().with_state(state.clone()), state.clone());
    routes.layer(from_fn_with_state(entries, frame))
}

/// These routes, whose addresses are secrets: answered as Graph does, without asking for a token.
pub fn tokenless(routes: Router<State>, state: &State) -> Router<State> {
    let answer = async |Shared(state): Shared<State>, request: Request, next: Next| {
        answered(&state, request, |request| next.run(request)).await
    };
    routes
        .method_not_allowed_fallback(async || Problem::unsupported())
        .layer(from_fn_with_state(state.clone(), answer))
}

/// All routes for a caller that is known already.
#[cfg(test)]
pub fn trusted(routes: Router<State>, state: &State, caller: Caller) -> Router {
    let entries = Entries(routes.clone().with_state(state.clone()), state.clone());
    let root = Root("http://localhost/v1.0".to_owned());
    let known = move |request: Request| {
        let (entries, caller, root) = (entries.clone(), caller.clone(), root.clone());
        async move {
            let mut request = request;
            request.extensions_mut().insert(entries.clone());
            entries.answer(&caller, &root, request).await
        }
    };
    Router::new().fallback(known)
}

/// Neither Entra's nor Graph's: Graph says that it has no such version.
pub async fn unknown_version(Shared(state): Shared<State>, request: Request) -> Response {
    answered(&state, request, |request| async move {
        let version = request.uri().path().split('/').nth(1).unwrap_or_default();
        Problem::bad_request(format!("Invalid version: {version}")).into_response()
    })
    .await
}

async fn frame(Shared(entries): Shared<Entries>, mut request: Request, next: Next) -> Response {
    let state = entries.1.clone();
    match bearer::caller(&state, request.headers()) {
        Ok(caller) => {
            let root = format!("{}/v1.0", server::called(request.extensions(), request.headers()));
            let extensions = request.extensions_mut();
            extensions.insert(caller.clone());
            extensions.insert(Root(root));
            extensions.insert(entries);
            let mut response = answered(&state, request, |request| next.run(request)).await;
            // For the log of requests.
            response.extensions_mut().insert(caller);
            response
        }
        Err(problem) => answered(&state, request, |_| async { problem.into_response() }).await,
    }
}

/// Runs it, and makes of what comes out an answer of Graph.
async fn answered<F: Future<Output = Response>>(
    state: &State,
    mut request: Request,
    run: impl FnOnce(Request) -> F,
) -> Response {
    let request_id = random::uuid();
    let client_request_id = client_request_id(request.headers(), request_id);
    let asked = Asked::of(request.headers());
    let applied = asked.applied.join(", ");
    request.extensions_mut().insert(asked);
    let outcome = AssertUnwindSafe(async { run(request).await }).catch_unwind().await;
    let response = outcome.unwrap_or_else(|_| broken().into_response());
    let mut response = enveloped(response, state, request_id, &client_request_id).await;
    let headers = response.headers_mut();
    stamp(headers, request_id, &client_request_id);
    let date = state.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        headers.insert(header::DATE, date);
    }
    if !applied.is_empty()
        && !headers.contains_key("preference-applied")
        && let Ok(applied) = HeaderValue::from_str(&applied)
    {
        headers.insert("preference-applied", applied);
    }
    response
}

async fn enveloped(
    mut response: Response,
    state: &State,
    request_id: Uuid,
    client_request_id: &str,
) -> Response {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => Some(problem),
        None if is_rejection(&response) => {
            let (parts, body) = response.into_parts();
            let text = to_bytes(body, 16 * 1024).await.unwrap_or_default();
            let problem = rejected(parts.status, &String::from_utf8_lossy(&text));
            response = Response::from_parts(parts, Body::empty());
            Some(problem)
        }
        None => None,
    };
    let Some(problem) = problem else { return response };
    let body = problem.body(request_id, client_request_id, state.clock.now()).to_string();
    *response.status_mut() = problem.status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    for (name, value) in &problem.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    *response.body_mut() = Body::from(body);
    response
}

/// Whether an extractor refused the request before its handler saw it: in plain text.
fn is_rejection(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    response.status().is_client_error() && kind.is_some_and(|kind| kind.starts_with("text/plain"))
}

fn rejected(status: StatusCode, text: &str) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(status, "RequestEntityTooLarge", "The request is larger than 4 MB.")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::new(status, "UnsupportedMediaType", "A Content-Type of application/json is needed here.")
        }
        StatusCode::UNPROCESSABLE_ENTITY => {
            Problem::new(StatusCode::BAD_REQUEST, "UnableToDeserializePostBody", "were unable to deserialize")
        }
        _ => Problem::new(status, "BadRequest", text),
    }
}

fn broken() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "generalException", "General exception while processing.")
}

async fn unknown_segment(uri: OriginalUri, request: Request) -> Problem {
    let path = request.uri().path();
    if path.split('/').nth(1) == Some("me") {
        return Problem::bad_request("/me request is only valid with delegated authentication flow.");
    }
    let segment = segment::unknown(path).unwrap_or_else(|| uri.path().to_owned());
    Problem::bad_request(format!("Resource not found for the segment '{segment}'."))
}

/// What the client calls its request; if it doesn't, as the service calls it.
fn client_request_id(headers: &HeaderMap, request_id: Uuid) -> String {
    let given = headers.get("client-request-id").and_then(|id| id.to_str().ok());
    given.map_or_else(|| request_id.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use axum::Json;
    use axum::body::Bytes;
    use axum::http::Method;
    use axum::routing::{get, post};
    use serde_json::{Value, json};

    use super::*;
    use crate::{entra, sample};

    async fn panics() -> StatusCode {
        panic!("to see what becomes of it")
    }

    async fn takes(Json(given): Json<Vec<u32>>) -> Json<usize> {
        Json(given.len())
    }

    async fn via_entries(
        entries: axum::Extension<Entries>,
        caller: axum::Extension<Caller>,
        root: axum::Extension<Root>,
    ) -> Response {
        let entry = Request::get("/missing('x')").body(Body::empty()).unwrap_or_default();
        entries.answer(&caller, &root, entry).await
    }

    async fn answer(method: Method, path: &str, body: &'static str) -> (StatusCode, HeaderMap, Value) {
        let state = sample::state();
        let routes = Router::new()
            .route("/panics", get(panics))
            .route("/takes", post(takes))
            .route("/weighs", post(async |_: Bytes| "taken"))
            .route("/missing/{key}", get(async || Problem::no_item().with("Retry-After", "7")))
            .route("/entries", get(via_entries));
        let app = framed(routes, &state).with_state(state.clone());
        let now = state.clock.now().timestamp();
        let token = entra::sign(&json!({
            "aud": "https://graph.microsoft.com", "appid": sample::CLIENT_ID, "tid": sample::TENANT,
            "roles": ["Mail.Read"], "nbf": now, "exp": now + 60,
        }));
        let body = if path == "/weighs" { Body::from(vec![b'x'; LIMIT + 1]) } else { Body::from(body) };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", token.unwrap_or_default()))
            .header("content-type", "application/json")
            .header("prefer", "IdType=\"ImmutableId\", unknown")
            .body(body)
            .unwrap_or_default();
        let response = tower::ServiceExt::oneshot(app, request).await.unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        (parts.status, parts.headers, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn refused(method: Method, path: &str, body: &'static str) -> (u16, Value) {
        let (status, headers, body) = answer(method, path, body).await;
        assert!(headers.contains_key("request-id"), "{path}");
        (status.as_u16(), body["error"]["code"].clone())
    }

    #[tokio::test]
    async fn whatever_goes_wrong_is_told_in_the_envelope() {
        for (method, path, body, status, code) in [
            (Method::GET, "/panics", "", 500, "generalException"),
            (Method::DELETE, "/panics", "", 405, "ErrorInvalidRequest"),
            (Method::POST, "/takes", "[\"x\"]", 400, "UnableToDeserializePostBody"),
            (Method::POST, "/takes", "[", 400, "BadRequest"),
            (Method::POST, "/weighs", "", 413, "RequestEntityTooLarge"),
            (Method::GET, "/missing/1", "", 404, "ErrorItemNotFound"),
            (Method::GET, "/entries", "", 404, "ErrorItemNotFound"),
            (Method::GET, "/groups", "", 400, "BadRequest"),
        ] {
            assert_eq!(refused(method, path, body).await, (status, code.into()), "{path} {body}");
        }
    }

    #[tokio::test]
    async fn fields_of_a_refusal_and_preferences_are_given_back() {
        let (_, headers, _) = answer(Method::GET, "/missing/1", "").await;
        assert_eq!(headers["retry-after"], "7");
        assert_eq!(headers["preference-applied"], "IdType=\"ImmutableId\"");
    }
}
