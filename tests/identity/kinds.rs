//! The real service takes mail in from the tenant with each kind of credential that is an application's own.

use std::collections::{BTreeSet, HashMap};

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use mailroom::domain::clock::{Clock as _, SystemClock};
use sandbox::sample;
use serde_json::{Value, json};

use super::machine::{SUBJECT, federate, projected};
use super::{certificate, eventually};
use crate::harness::office365::Office365;
use crate::harness::service::Service;

/// A message of that number.
pub fn mail(number: usize) -> Vec<u8> {
    format!("Message-ID: <{number}@kinds.example>\r\nFrom: Ada <ada@test.example>\r\nSubject: Case {number}\r\n\r\nHello\r\n")
        .into_bytes()
}

/// A token of the sample's app that opens Graph.
pub async fn graph_token(office: &Office365) -> String {
    let client = sample::CLIENT_ID.to_string();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client.as_str()),
        ("client_secret", sample::SECRET),
        ("scope", super::SCOPE),
    ];
    let url = format!("{}/{}/oauth2/v2.0/token", office.running.http_url, sample::DOMAIN);
    let form = serde_urlencoded(&form);
    let request = reqwest::Client::new().post(url).body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

fn serde_urlencoded(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

/// Makes a credential; its id.
pub async fn create(service: &Service, name: &str, config: Value) -> String {
    let input = json!({ "name": name, "config": config });
    let query = "mutation($input: CreateCredentialInput!) { createCredential(input: $input) {
        credential { id } userErrors { code message path } } }";
    let data = service.run(query, json!({ "input": input })).await;
    data["createCredential"]["credential"]["id"].as_str().unwrap().to_owned()
}

/// What a connection test of the mailbox shows, step by step.
pub async fn test(service: &Service, mailbox: &str) -> Value {
    let query = "mutation($input: TestMailboxInput!) { testMailbox(input: $input) {
        test { ok steps { step ok detail error { code providerCode message hint } } } userErrors { code message path } } }";
    service.run(query, json!({ "input": { "id": mailbox } })).await["testMailbox"]["test"].clone()
}

/// How many messages were taken in.
pub async fn taken_in(service: &Service) -> u64 {
    let data = service.run("{ messages { totalCount } }", json!({})).await;
    data["messages"]["totalCount"].as_u64().unwrap()
}

/// The metadata service of a platform, which gives that token to whoever has the header's secret.
async fn platform(token: String) -> String {
    async fn give(
        State(token): State<String>,
        Query(query): Query<HashMap<String, String>>,
        headers: axum::http::HeaderMap,
    ) -> Json<Value> {
        assert_eq!(headers["x-identity-header"], "platform-secret");
        let until = (SystemClock.now().timestamp() + 3000).to_string();
        let body = json!({"access_token": token, "expires_on": until, "token_type": "Bearer", "resource": query["resource"]});
        Json(body)
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let app = Router::new().route("/token", get(give)).with_state(token);
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_taken_in_by_certificate_workload_identity_and_managed_identity() {
    let names = ["pem", "pfx", "workload", "managed"];
    let addresses = names.map(|name| format!("{name}@{}", sample::DOMAIN));
    let office = Office365::judged(&addresses.each_ref().map(String::as_str)).await;
    certificate::upload(office.state());
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    federate(office.state(), &key);
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, projected(&key, SUBJECT)).unwrap();
    let token_file = token_file.display().to_string();
    let platform = platform(graph_token(&office).await).await;

    let database = format!("sqlite:{}", folder.path().join("mailroom.db").display());
    let found = office.variables();
    let client = sample::CLIENT_ID.to_string();
    let more = [
        (found[0].0, found[0].1.as_str()),
        (found[1].0, found[1].1.as_str()),
        ("AZURE_FEDERATED_TOKEN_FILE", token_file.as_str()),
        ("AZURE_TENANT_ID", sample::DOMAIN),
        ("AZURE_CLIENT_ID", client.as_str()),
        ("IDENTITY_ENDPOINT", platform.as_str()),
        ("IDENTITY_HEADER", "platform-secret"),
    ];
    let service = Service::start_with(&database, &more).await;
    let pem = format!("{}{}", certificate::CERTIFICATE, certificate::KEY);
    let app = |given: Value| {
        let mut app = json!({ "tenantId": sample::DOMAIN, "clientId": client });
        for (name, value) in given.as_object().unwrap() {
            app[name] = value.clone();
        }
        json!({ "entraClientCertificate": app })
    };
    let configs = [
        app(json!({ "certificate": pem })),
        app(json!({ "certificate": certificate::AES, "password": "opensesame" })),
        json!({ "entraWorkloadIdentity": {} }),
        json!({ "entraManagedIdentity": {} }),
    ];
    for (number, ((name, address), config)) in names.iter().zip(&addresses).zip(configs).enumerate() {
        office.deliver(address, "inbox", &mail(number), None);
        let credential = create(&service, name, config).await;
        let job = json!({ "folder": "INBOX", "since": null });
        let desk = office.desk(&service, &credential, address, job, &[]).await;
        let tested = test(&service, &desk.mailbox).await;
        assert_eq!(tested["ok"], true, "{name}: {tested:#}");
    }
    eventually(async || taken_in(&service).await == 4).await;
    let data = service.run("{ messages { nodes { subject mailbox { title } } } }", json!({})).await;
    let nodes = data["messages"]["nodes"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let got: BTreeSet<_> =
        nodes.iter().map(|node| (text(&node["mailbox"]["title"]), text(&node["subject"]))).collect();
    let wanted: BTreeSet<_> = names
        .iter()
        .enumerate()
        .map(|(number, name)| ((*name).to_owned(), format!("Case {number}")))
        .collect();
    assert_eq!(got, wanted);
    assert!(!service.log().contains("opensesame") && !service.log().contains("platform-secret"));
}
