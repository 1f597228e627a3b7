//! Rules at work, over a real connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use axum::Router;
use axum::routing::any;

use super::*;

struct Server {
    root: String,
    state: State,
    reached: Arc<AtomicUsize>,
}

async fn server() -> Server {
    let state = State::default();
    let reached = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&reached);
    let handler = move || {
        seen.fetch_add(1, Ordering::SeqCst);
        async { "x".repeat(2_000) }
    };
    let app = Router::new()
        .fallback(any(handler))
        .layer(axum::middleware::from_fn_with_state(state.clone(), around));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Server { root, state, reached }
}

impl Server {
    async fn under(&self, rule: Rule) -> Result<reqwest::Response, reqwest::Error> {
        self.state.faults.clear();
        self.state.faults.add(rule).unwrap();
        reqwest::get(format!("{}/v1.0/users/a%40x/messages", self.root)).await
    }
}

fn rule() -> Rule {
    Rule { path: Some("/users/*@x/**".to_owned()), mailbox: Some("a@x".to_owned()), ..Rule::default() }
}

#[tokio::test]
async fn a_status_is_answered_in_place_of_what_was_asked() {
    let server = server().await;
    let rule = Rule { status: Some(503), retry_after: Some(7), ..rule() };
    let answer = server.under(rule).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(server.reached.load(Ordering::SeqCst), 0);
    let elsewhere = reqwest::get(format!("{}/v1.0/users/a%40y/messages", server.root)).await.unwrap();
    assert_eq!(elsewhere.status(), 200);
}

#[tokio::test]
async fn a_cut_connection_gives_no_answer_and_does_nothing() {
    let server = server().await;
    let error = server.under(Rule { cut: true, ..rule() }).await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(server.reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_lost_answer_has_its_effect() {
    let server = server().await;
    let error = server.under(Rule { lose_answer: true, ..rule() }).await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(server.reached.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_truncated_body_breaks_off_below_its_length() {
    let server = server().await;
    let answer = server.under(Rule { truncate: Some(500), ..rule() }).await.unwrap();
    assert_eq!(answer.content_length(), Some(2_000));
    assert!(answer.bytes().await.is_err());
    let whole = server.under(Rule { truncate: Some(5_000), ..rule() }).await.unwrap();
    assert_eq!(whole.bytes().await.unwrap().len(), 2_000);
}

#[tokio::test]
async fn slow_and_late_answers_take_their_time_and_are_whole() {
    let server = server().await;
    let begin = Instant::now();
    let answer = server.under(Rule { bytes_per_second: Some(10_000), ..rule() }).await.unwrap();
    assert_eq!(answer.content_length(), Some(2_000));
    assert_eq!(answer.bytes().await.unwrap().len(), 2_000);
    assert!(begin.elapsed().as_millis() >= 200);
    let begin = Instant::now();
    let answer = server.under(Rule { delay_ms: Some(100), ..rule() }).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(begin.elapsed().as_millis() >= 100);
}

#[tokio::test]
async fn the_token_endpoint_refuses_as_entra_does() {
    let server = server().await;
    let rule = Rule { path: Some("**/token".to_owned()), status: Some(429), ..Rule::default() };
    server.state.faults.add(Rule { retry_after: Some(3), ..rule }).unwrap();
    let answer = reqwest::get(format!("{}/contoso/oauth2/v2.0/token", server.root)).await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "3");
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(body["error"], "temporarily_unavailable");
    assert_eq!(body["error_codes"][0], 90033);
}
