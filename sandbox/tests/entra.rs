//! Entra's token endpoint and Graph's frame, over http and https.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Instant;

use reqwest::{Certificate, Client, StatusCode};
use sandbox::sample;
use sandbox::server::{Options, Running, Sandbox};
use serde_json::Value;

async fn started() -> Running {
    Sandbox::start(Options::default(), sample::state()).await.unwrap()
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn with_secret(secret: &str) -> String {
    form(&[
        ("grant_type", "client_credentials"),
        ("client_id", &sample::CLIENT_ID.to_string()),
        ("client_secret", secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ])
}

async fn ask(client: &Client, base: &str, tenant: &str, body: String) -> (StatusCode, Value) {
    let url = format!("{base}/{tenant}/oauth2/v2.0/token");
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_secret_gives_a_token_that_graph_takes_over_http_and_https() {
    let begun = Instant::now();
    let sandbox = started().await;
    assert!(begun.elapsed().as_millis() < 200, "{:?}", begun.elapsed());
    let trusted = Certificate::from_pem(sandbox.ca_pem.as_ref().unwrap().as_bytes()).unwrap();
    let client = Client::builder().tls_certs_only([trusted]).build().unwrap();
    let https = sandbox.https_url.clone().unwrap();
    let localhost = https.replace("127.0.0.1", "localhost");
    for base in [&sandbox.http_url, &https, &localhost] {
        let (status, answer) = ask(&client, base, sample::DOMAIN, with_secret(sample::SECRET)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!((&answer["token_type"], &answer["expires_in"]), (&"Bearer".into(), &3_599.into()));
        let token = answer["access_token"].as_str().unwrap();
        let response = client.get(format!("{base}/v1.0/nothing")).bearer_auth(token).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"]["message"], "Resource not found for the segment 'nothing'.");
    }
    sandbox.stop().await;
}
