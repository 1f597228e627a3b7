//! Whether the process lives (`/livez`) and can serve (`/readyz`).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use futures::future::BoxFuture;

use super::Api;

/// How long the database may take to answer.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// Asks the database for a sign of life.
pub type ReadyCheck = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// The process runs and answers.
pub async fn livez() -> &'static str {
    "ok\n"
}

/// The database answers in time.
pub async fn readyz(State(api): State<Api>) -> (StatusCode, &'static str) {
    answer(&api.ready).await
}

/// The two health routes alone, for a process without the API and for the metrics port.
pub fn router(ready: ReadyCheck) -> Router {
    let readyz = move || {
        let ready = Arc::clone(&ready);
        async move { answer(&ready).await }
    };
    Router::new().route("/livez", get(livez)).route("/readyz", get(readyz))
}

async fn answer(ready: &ReadyCheck) -> (StatusCode, &'static str) {
    match tokio::time::timeout(READY_WITHIN, ready()).await {
        Ok(true) => (StatusCode::OK, "ok\n"),
        Ok(false) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer in time\n"),
    }
}
