//! ENTRA_DELEGATED from end to end: a person signs in, mail is taken in, another person signs in, and it goes on.

use sandbox::sample;
use serde_json::{Value, json};

use super::eventually;
use super::kinds::{create, graph_token, mail, taken_in, test};
use crate::harness::desk;
use crate::harness::office365::Office365;
use crate::harness::service::Service;
use crate::harness::token_server::TokenServer;

/// The parameter of an address.
pub fn of(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// Begins a sign-in; where the person goes.
pub async fn begin(service: &Service, credential: &str) -> String {
    let query = "mutation($id: ID!) { startSignIn(credentialId: $id) { authorizeUrl userErrors { code message path } } }";
    let data = service.run(query, json!({ "id": credential })).await;
    data["startSignIn"]["authorizeUrl"].as_str().unwrap().to_owned()
}

async fn shown(service: &Service, credential: &str) -> Value {
    let query = "query($id: ID!) { credential(id: $id) { id name signedInAs hasRefreshToken mailboxes { totalCount } } }";
    service.run(query, json!({ "id": credential })).await["credential"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_mail_is_taken_in_and_signing_in_again_keeps_the_credential() {
    let address = format!("ada@{}", sample::DOMAIN);
    let office = Office365::judged(&[&address]).await;
    let entra = TokenServer::start_https(None).await;
    entra.give(&graph_token(&office).await);
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &entra.ca).unwrap();
    let database = format!("sqlite:{}", folder.path().join("mailroom.db").display());
    let more = [
        ("MAILROOM_ENTRA__AUTHORITY", entra.url.as_str()),
        ("MAILROOM_NET__CA_FILE", ca.to_str().unwrap()),
        ("MAILROOM_PUBLIC__URL", "https://mail.example"),
    ];
    let mut service = Service::start_with(&database, &more).await;
    let app = json!({ "tenantId": sample::DOMAIN, "clientId": "desk", "clientSecret": "s3cret" });
    let credential = create(&service, "Ada", json!({ "entraDelegated": app })).await;
    office.deliver(&address, "inbox", &mail(0), None);
    let job = json!({ "folder": "INBOX", "since": null });
    let desk = office.desk(&service, &credential, &address, job, &[]).await;
    let tested = test(&service, &desk.mailbox).await;
    assert_eq!(tested["ok"], false);
    let error = &tested["steps"][0]["error"];
    assert_eq!(
        (&error["code"], &error["providerCode"]),
        (&json!("AUTHENTICATION"), &Value::Null),
        "{tested:#}"
    );
    assert!(error["hint"].as_str().unwrap().contains("startSignIn"), "{tested:#}");
    assert!(entra.asked().is_empty(), "there is nothing to ask with");

    for (round, person) in ["ada@contoso.example", "bob@contoso.example"].into_iter().enumerate() {
        let url = begin(&service, &credential).await;
        let at = format!("{}/{}/oauth2/v2.0/authorize?", entra.url, sample::DOMAIN);
        assert!(url.starts_with(&at), "{url}");
        assert_eq!(of(&url, "redirect_uri"), "https://mail.example/oauth/callback");
        assert_eq!(of(&url, "scope"), "https://graph.microsoft.com/.default openid profile offline_access");
        let code = entra.sign_in(&url, person);
        let back = [("state", of(&url, "state")), ("code", code)];
        let page =
            reqwest::Client::new().get(service.url("/oauth/callback")).query(&back).send().await.unwrap();
        assert_eq!(page.status(), 200);
        assert!(page.text().await.unwrap().contains("Signed in"));
        let wanted = json!({ "id": credential, "name": "Ada", "signedInAs": person, "hasRefreshToken": true,
                             "mailboxes": { "totalCount": 1 } });
        assert_eq!(shown(&service, &credential).await, wanted);
        // The first sign-in lets the waiting mailbox be tried at once; later mail comes with the next run.
        if round > 0 {
            office.deliver(&address, "inbox", &mail(round), None);
            let ended = desk::run_job(&service, &desk.job, std::time::Duration::from_secs(60)).await;
            assert_eq!(ended["state"], "SUCCEEDED", "{ended:#}");
        }
        eventually(async || taken_in(&service).await == round as u64 + 1).await;
        assert_eq!(test(&service, &desk.mailbox).await["ok"], true);
    }
    let asked = entra.asked();
    let refreshes: Vec<_> = asked.iter().filter(|form| form["grant_type"] == "refresh_token").collect();
    assert!(!refreshes.is_empty());
    for form in &refreshes {
        assert_eq!(form["scope"], "https://graph.microsoft.com/.default offline_access");
        assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), ("desk", "s3cret"));
    }
    // Each refresh token was used once: the last one is in the database, and a new process goes on with it.
    let used: std::collections::HashSet<_> = refreshes.iter().map(|form| &form["refresh_token"]).collect();
    assert_eq!(used.len(), refreshes.len());
    service.restart(&[]).await;
    assert_eq!(test(&service, &desk.mailbox).await["ok"], true);
}
