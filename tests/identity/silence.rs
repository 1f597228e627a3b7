//! No log holds a secret, whatever fails and however much is logged.

use sandbox::sample;
use serde_json::{Value, json};

use super::certificate;
use super::delegated::{begin, of};
use super::kinds::create;
use crate::harness::dovecot::shared;
use crate::harness::office365::Office365;
use crate::harness::service::Service;
use crate::harness::token_server::TokenServer;

/// Each secret is one that nothing else is called like.
const SECRETS: [&str; 12] = [
    "wr0ng-entra-secret",
    "wr0ng-delegated-secret",
    "wr0ng-oauth2-secret",
    "wr0ng-refresh-token",
    "wr0ng-password",
    "wr0ng-pfx-password",
    "t0ken-that-was-given",
    "t0ken-that-can-be-none",
    "c0de-that-is-refused",
    "n3w-entra-secret",
    "n3w-password",
    "pr0se-of-the-endpoint",
];

async fn test(service: &Service, credential: Value, provider: Value) -> Value {
    let query = "mutation($input: TestMailboxInput!) { testMailbox(input: $input) {
        test { ok steps { error { code message hint providerCode } } }
        userErrors { code message path provider { message hint providerCode } } } }";
    let input = json!({ "address": "x@contoso.example", "credential": credential, "provider": provider });
    service.ask(query, json!({ "input": input })).await.unwrap()["data"]["testMailbox"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_process_in_which_every_kind_of_credential_fails_holds_no_secret() {
    let office = Office365::judged(&["x@contoso.example"]).await;
    let server = TokenServer::start(None).await;
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("mailroom.db").display());
    let found = office.variables();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "t0ken-that-was-given").unwrap();
    let more = [
        (found[0].0, found[0].1.as_str()),
        (found[1].0, found[1].1.as_str()),
        ("MAILROOM_LOG__LEVEL", "trace"),
        ("AZURE_FEDERATED_TOKEN_FILE", token_file.to_str().unwrap()),
        ("AZURE_TENANT_ID", sample::DOMAIN),
        ("AZURE_CLIENT_ID", "8a5c0000-1111-4222-8333-000000000002"),
        ("IDENTITY_ENDPOINT", server.url.as_str()),
        ("IDENTITY_HEADER", "t0ken-that-was-given"),
    ];
    let mut service = Service::start_with(&database, &more).await;
    let app = |given: Value| {
        let mut app = json!({ "tenantId": sample::DOMAIN, "clientId": sample::CLIENT_ID });
        for (name, value) in given.as_object().unwrap() {
            app[name] = value.clone();
        }
        app
    };
    let oauth2 = |path: &str, more: Value| {
        let mut config = json!({ "tokenUrl": format!("{}{path}", server.url), "clientId": "c", "scopes": [],
                                 "clientSecret": "wr0ng-oauth2-secret" });
        for (name, value) in more.as_object().unwrap() {
            config[name] = value.clone();
        }
        json!({ "oauth2": config })
    };
    let graph = || json!({ "graph": { "user": "x@contoso.example", "endpoint": office.running.http_url } });
    let imap = || json!({ "imap": { "host": "127.0.0.1", "port": shared().port, "security": "NONE" } });
    let pem = format!("{}{}", certificate::CERTIFICATE, certificate::KEY);
    let kinds = [
        (json!({ "entraClientSecret": app(json!({ "clientSecret": "wr0ng-entra-secret" })) }), graph()),
        (json!({ "entraClientCertificate": app(json!({ "certificate": pem })) }), graph()),
        (
            json!({ "entraClientCertificate": app(json!({ "certificate": certificate::AES, "password": "wr0ng-pfx-password" })) }),
            graph(),
        ),
        (json!({ "entraWorkloadIdentity": {} }), graph()),
        (json!({ "entraManagedIdentity": { "clientId": "nobody" } }), graph()),
        (json!({ "entraDelegated": app(json!({ "clientSecret": "wr0ng-delegated-secret" })) }), graph()),
        (oauth2("/token", json!({ "refreshToken": "wr0ng-refresh-token" })), imap()),
        (json!({ "basic": { "username": "x", "password": "wr0ng-password" } }), imap()),
    ];
    for (config, provider) in kinds {
        let answer = test(&service, json!({ "config": config }), provider).await;
        assert_ne!(answer["test"]["ok"], true, "{config}: {answer:#}");
        said_nothing(&answer.to_string());
    }
    // What an endpoint says in prose, and what it gives for a token, goes nowhere either.
    let prose = json!({ "error": "invalid_client", "error_description": "pr0se-of-the-endpoint wr0ng-oauth2-secret" });
    for (status, body) in [
        (401, prose.to_string()),
        (400, "pr0se-of-the-endpoint".to_owned()),
        (200, "<html>pr0se-of-the-endpoint</html>".to_owned()),
        (200, json!({ "access_token": "t0ken-that-can-be-none\r\n", "token_type": "Bearer" }).to_string()),
        (
            200,
            json!({ "access_token": "t0ken-that-was-given", "token_type": "Bearer", "expires_in": 60 })
                .to_string(),
        ),
    ] {
        server.say(status, &body);
        let answer = test(&service, json!({ "config": oauth2("/token", json!({})) }), imap()).await;
        assert_ne!(answer["test"]["ok"], true, "{answer:#}");
        said_nothing(&answer.to_string());
    }
    // Saved ones fail too: at a sign-in, in a run, and where a new secret is refused.
    let people =
        create(&service, "people", oauth2("/token", json!({ "authorizeUrl": format!("{}/a", server.url) })))
            .await;
    server.say(
        400,
        &json!({ "error": "invalid_grant", "error_description": "c0de-that-is-refused" }).to_string(),
    );
    let url = begin(&service, &people).await;
    let back = [("state", of(&url, "state")), ("code", "c0de-that-is-refused".to_owned())];
    let page = reqwest::Client::new().get(service.url("/oauth/callback")).query(&back).send().await.unwrap();
    said_nothing(&page.text().await.unwrap());
    let saved = create(
        &service,
        "app",
        json!({ "entraClientSecret": app(json!({ "clientSecret": "wr0ng-entra-secret" })) }),
    )
    .await;
    let job = json!({ "folder": "INBOX", "since": null });
    let desk = office.desk(&service, &saved, "x@contoso.example", job, &[]).await;
    let ended = crate::harness::desk::run_job(&service, &desk.job, std::time::Duration::from_secs(60)).await;
    assert_eq!(ended["state"], "FAILED", "{ended:#}");
    said_nothing(&ended.to_string());
    let query = "mutation($input: UpdateCredentialInput!) { updateCredential(input: $input) {
        userErrors { code message path provider { message hint } } } }";
    let new = json!({ "id": saved, "config": { "entraClientSecret": app(json!({ "clientSecret": "n3w-entra-secret" })) } });
    let refused = service.ask(query, json!({ "input": new })).await.unwrap();
    assert_eq!(refused["data"]["updateCredential"]["userErrors"][0]["code"], "PROVIDER", "{refused:#}");
    said_nothing(&refused.to_string());
    let basic =
        create(&service, "login", json!({ "basic": { "username": "x", "password": "wr0ng-password" } }))
            .await;
    let mapping = crate::harness::desk::create_mapping(&service, "imap", &[]).await;
    let input = json!({ "title": "imap", "address": "imap@contoso.example", "provider": imap(),
                        "credentialId": basic, "mappingId": mapping });
    let query_mailbox = "mutation($input: CreateMailboxInput!) { createMailbox(input: $input) {
        mailbox { id } userErrors { code message path } } }";
    service.run(query_mailbox, json!({ "input": input })).await;
    let new = json!({ "id": basic, "config": { "basic": { "username": "x", "password": "n3w-password" } } });
    let refused = service.ask(query, json!({ "input": new })).await.unwrap();
    assert_eq!(refused["data"]["updateCredential"]["userErrors"][0]["code"], "PROVIDER", "{refused:#}");
    said_nothing(&refused.to_string());

    assert!(service.stop());
    let log = service.log();
    assert!(log.contains("TRACE") && log.len() > 10_000, "everything was logged: {}", log.len());
    for secret in SECRETS.iter().copied().chain(private()) {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}

/// Lines of the private key, and what the state and the verifier begin with.
fn private() -> impl Iterator<Item = &'static str> {
    certificate::KEY.lines().filter(|line| !line.starts_with("-----") && line.len() > 20)
}

fn said_nothing(answer: &str) {
    for secret in SECRETS.iter().copied().chain(private()) {
        assert!(!answer.contains(secret), "{secret}: {answer}");
    }
}
