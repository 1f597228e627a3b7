//! Everything that is served over HTTP: GraphQL, files, health, metrics.
//!
//! | path | what | token |
//! |---|---|---|
//! | `/graphql` | queries and mutations by POST and GET; subscriptions by WebSocket and SSE | yes |
//! | `/graphiql` | a page to try queries in, unless `api.graphiql` is false; it holds nothing itself | no |
//! | `/schema.graphql` | the schema | yes |
//! | `/files/…` | raw messages and attachments, by signed URL | the URL is it |
//! | `/hooks/graph` `/hooks/graph/lifecycle` | change notifications of Microsoft Graph | each proves itself |
//! | `/oauth/callback` | where a person comes back to from signing in | its state is it |
//! | `/livez` `/readyz` | health | no |
//! | `/metrics` | on its own port | no |

pub mod auth;
pub mod cors;
pub mod drain;
pub mod files;
pub mod graphql;
pub mod health;
pub mod hooks;
pub mod metrics;
pub mod oauth;
pub mod token;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, header};
use axum::response::Html;
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};

use self::auth::Authenticator;
use self::graphql::Executor;
use self::health::ReadyCheck;
use self::token::Verified;

/// Carries the id under which a request stands in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the routes need.
#[derive(Clone)]
pub struct Api {
    /// Answers GraphQL operations.
    pub graphql: Executor,
    /// Accepts tokens.
    pub auth: Authenticator,
    /// Asks the database for a sign of life.
    pub ready: ReadyCheck,
    /// Whether `/graphiql` is served.
    pub graphiql: bool,
}

/// All routes but `/metrics`.
pub fn router(api: Api) -> Router {
    let body_bytes = api.graphql.limits().body_bytes;
    let page = if api.graphiql { Router::new().route("/graphiql", get(graphiql)) } else { Router::new() };
    page.route("/graphql", any(graphql::http::graphql))
        .route("/schema.graphql", get(schema))
        .route("/files/{kind}/{id}/{name}", get(files::file))
        .merge(notified())
        .route("/oauth/callback", get(oauth::callback))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        // axum's own limit does not hold for handlers that read the body themselves.
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(body_bytes))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, NewRequestId))
        .with_state(api)
}

/// Where providers tell of changes.
fn notified() -> Router<Api> {
    Router::new()
        .route("/hooks/graph", post(hooks::graph))
        .route("/hooks/graph/lifecycle", post(hooks::graph))
        .layer(Extension(hooks::Turns::default()))
}

async fn graphiql() -> ([(HeaderName, &'static str); 1], Html<&'static str>) {
    ([(header::CACHE_CONTROL, "no-cache")], Html(include_str!("graphiql.html")))
}

async fn schema(_: Verified) -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/graphql; charset=utf-8")], graphql::schema::sdl())
}

/// Request ids sort by time, as all ids do.
#[derive(Clone, Copy)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        uuid::Uuid::now_v7().to_string().parse().ok().map(RequestId::new)
    }
}
