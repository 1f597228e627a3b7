//! Judges that others wrote: the GraphQL-over-HTTP audits, and the clients for WebSocket and SSE.

use super::served::serve;
use crate::harness::node::{node, written};

#[tokio::test(flavor = "multi_thread")]
async fn all_graphql_over_http_audits_pass() {
    let served = serve().await;
    let output = node("audit.mjs", &[&served.url("/graphql"), &served.token()]).await;
    assert!(written(&output).ends_with("61 of 61 audits pass\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graphql_ws_client_gets_its_answer() {
    let served = serve().await;
    let url = served.url("/graphql").replace("http:", "ws:");
    let output = node("ws.mjs", &[&url, &served.token(), "{ viewer { subject } }"]).await;
    assert_eq!(written(&output), "{\"data\":{\"viewer\":{\"subject\":\"ada\"}}}\ncomplete\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graphql_ws_client_is_told_what_is_wrong_with_its_document() {
    let served = serve().await;
    let url = served.url("/graphql").replace("http:", "ws:");
    let output = node("ws.mjs", &[&url, &served.token(), "{ nothing }"]).await;
    let text = written(&output);
    assert!(text.starts_with("error [") && text.contains("INVALID_ARGUMENT"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graphql_ws_client_is_refused_without_a_good_token() {
    let served = serve().await;
    let url = served.url("/graphql").replace("http:", "ws:");
    for token in ["", "nonsense"] {
        let output = node("ws.mjs", &[&url, token, "{ viewer { subject } }"]).await;
        assert_eq!(written(&output), "closed 4403 Forbidden\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graphql_sse_client_gets_its_answer() {
    let served = serve().await;
    let output = node("sse.mjs", &[&served.url("/graphql"), &served.token(), "{ viewer { subject } }"]).await;
    assert_eq!(written(&output), "{\"data\":{\"viewer\":{\"subject\":\"ada\"}}}\ncomplete\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graphql_sse_client_is_refused_without_a_good_token() {
    let served = serve().await;
    let output = node("sse.mjs", &[&served.url("/graphql"), "nonsense", "{ viewer { subject } }"]).await;
    assert!(written(&output).starts_with("error 401"), "{}", written(&output));
}
