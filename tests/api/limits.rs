//! What asks for too much is refused before it costs anything.

use mailroom::api::graphql::Limits;
use serde_json::{Value, json};

use super::served::{code, serve, serve_within};

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_refused() {
    let served = serve().await;
    let body = json!({ "query": "{ viewer { subject } }", "variables": { "pad": "x".repeat(1_500_000) } });
    let response = served.post(&served.token(), &body.to_string()).await;
    assert_eq!(response.status(), 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_refused() {
    let served = serve().await;
    let response = served.post(&served.token(), r#"[{"query":"{ viewer { subject } }"}]"#).await;
    assert_eq!(response.status(), 400);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(code(&answer), "INVALID_ARGUMENT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_too_deep_is_refused() {
    let served = serve_within(Limits { depth: 3, ..Limits::default() }).await;
    let answer = served.ask("{ __schema { types { fields { type { name } } } } }", json!({})).await;
    assert_eq!(code(&answer), "TOO_COMPLEX");
    assert!(answer.get("data").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_too_complex_is_refused() {
    let served = serve_within(Limits { complexity: 50, ..Limits::default() }).await;
    let many: String = (0..60).map(|alias| format!("a{alias}: viewer {{ subject }} ")).collect();
    let answer = served.ask(&format!("{{ {many} }}"), json!({})).await;
    assert_eq!(code(&answer), "TOO_COMPLEX");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_document_that_is_refused_is_not_echoed() {
    let served = serve().await;
    let deep = format!("{}{}", "{ viewer ".repeat(5_000), "}".repeat(5_000));
    let response = served.post(&served.token(), &json!({ "query": deep }).to_string()).await;
    assert_eq!(response.status(), 400);
    let answer = response.text().await.unwrap();
    assert!(answer.len() < 1_000, "{} bytes", answer.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_query_that_graphiql_sends_at_its_start_is_within_the_limits() {
    let served = serve().await;
    let nested = "ofType { kind name ".repeat(9) + &" }".repeat(9);
    let query = format!(
        "{{ __schema {{ types {{ fields {{ args {{ type {{ kind name {nested} }} }} }} \
         inputFields {{ type {{ kind name {nested} }} }} }} }} }}"
    );
    let answer = served.ask(&query, json!({})).await;
    assert!(answer.get("errors").is_none(), "{answer}");
}
