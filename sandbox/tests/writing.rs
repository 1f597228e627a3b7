//! Changing and sending over http, as a client does it: paths in both forms, batches, upload sessions, notifications.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use reqwest::{Client, Method, RequestBuilder};
use sandbox::sample::{self, ADELE, BEN};
use sandbox::server::Options;
use serde_json::{Value, json};

use crate::contract::Held;

struct Session {
    sandbox: Held,
    client: Client,
    token: String,
}

impl Session {
    async fn start() -> Self {
        let sandbox = Held::start(Options::default(), sample::state()).await;
        let client = Client::builder().no_proxy().build().unwrap();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &sample::CLIENT_ID.to_string())
            .append_pair("client_secret", sample::SECRET)
            .append_pair("scope", "https://graph.microsoft.com/.default")
            .finish();
        let url = format!("{}/{}/oauth2/v2.0/token", sandbox.http_url, sample::DOMAIN);
        let request = client.post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        Self { sandbox, client, token: answer["access_token"].as_str().unwrap().to_owned() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/v1.0{path}", self.sandbox.http_url);
        self.client.request(method, url).bearer_auth(&self.token).header("prefer", "IdType=\"ImmutableId\"")
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let answer = self.request(method, path).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }
}

#[tokio::test]
async fn a_large_attachment_goes_to_its_address_without_a_token_and_is_sent() {
    let session = Session::start().await;
    let (_, draft) = session
        .ask(
            Method::POST,
            &format!("/users('{ADELE}')/messages"),
            json!({
            "subject": "big", "toRecipients": [{ "emailAddress": { "address": BEN } }] }),
        )
        .await;
    let message = format!("/users('{ADELE}')/messages('{}')", draft["id"].as_str().unwrap());
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    let item =
        json!({ "AttachmentItem": { "attachmentType": "file", "name": "b.bin", "size": bytes.len() } });
    let (status, upload) =
        session.ask(Method::POST, &format!("{message}/attachments/createUploadSession"), item).await;
    assert_eq!(status, 201, "{upload}");
    let mut last = None;
    for (at, piece) in bytes.chunks(3_000_000).enumerate() {
        let from = at * 3_000_000;
        let range = format!("bytes {from}-{}/{}", from + piece.len() - 1, bytes.len());
        let put = session.client.put(upload["uploadUrl"].as_str().unwrap()).header("content-range", range);
        last = Some(put.body(piece.to_vec()).send().await.unwrap());
    }
    let last = last.unwrap();
    assert_eq!(last.status(), 201);
    let place = format!("{}/$value", last.headers()["location"].to_str().unwrap());
    let read = session.client.get(place).bearer_auth(&session.token).send().await.unwrap();
    assert_eq!(read.bytes().await.unwrap(), bytes);
    let sent = session.request(Method::POST, &format!("{message}/send")).header("content-length", "0");
    assert_eq!(sent.send().await.unwrap().status(), 202);
    let (_, inbox) = session
        .ask(Method::GET, &format!("/users/{BEN}/mailFolders/inbox/messages?$top=1"), Value::Null)
        .await;
    assert_eq!(
        (&inbox["value"][0]["subject"], &inbox["value"][0]["hasAttachments"]),
        (&json!("big"), &json!(true))
    );
}

#[tokio::test]
async fn a_batch_over_http_reads_and_changes() {
    let session = Session::start().await;
    let raw = b"From: joe@example.org\r\nSubject: Offer\r\n\r\nHello\r\n".to_vec();
    for _ in 0..2 {
        assert!(sample::deliver(
            &session.sandbox.state,
            ADELE,
            raw.clone(),
            session.sandbox.state.clock.now()
        ));
    }
    let list = format!("/users/{ADELE}/mailFolders('inbox')/messages?$top=1&$select=id");
    let (status, answer) = session
        .ask(Method::POST, "/$batch", json!({ "requests": [
            { "id": "1", "method": "GET", "url": list },
            { "id": "2", "method": "GET", "url": "/users/nobody@contoso.example/messages", "dependsOn": ["1"] },
            { "id": "3", "method": "GET", "url": list, "dependsOn": ["2"] },
        ]}))
        .await;
    assert_eq!(status, 200, "{answer}");
    let statuses: Vec<_> = answer["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 404, 424]);
    let next = answer["responses"][0]["body"]["@odata.nextLink"].as_str().unwrap();
    assert!(next.starts_with(&format!("{}/v1.0/users", session.sandbox.http_url)), "{next}");
    let page = session.client.get(next).bearer_auth(&session.token).send().await.unwrap();
    assert_eq!(page.status(), 200);
}

#[tokio::test]
async fn a_delivery_is_notified_by_the_running_sandbox() {
    let session = Session::start().await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel::<Value>();
    let receive = async move |query: Query<Vec<(String, String)>>, body: Bytes| -> Response {
        if let Some((_, token)) = query.0.first() {
            return token.clone().into_response();
        }
        tell.send(serde_json::from_slice(&body).unwrap()).unwrap();
        axum::http::StatusCode::ACCEPTED.into_response()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(receive))).await });
    let expires = session.sandbox.state.clock.now() + chrono::TimeDelta::hours(2);
    let (status, made) = session
        .ask(
            Method::POST,
            "/subscriptions",
            json!({ "changeType": "created", "notificationUrl": url,
            "resource": format!("users/{ADELE}/messages"), "expirationDateTime": expires.to_rfc3339() }),
        )
        .await;
    assert_eq!(status, 201, "{made}");
    let raw = b"Subject: Offer\r\n\r\nHello\r\n".to_vec();
    sample::deliver(&session.sandbox.state, ADELE, raw, session.sandbox.state.clock.now());
    let told = tokio::time::timeout(Duration::from_secs(10), told.recv()).await.unwrap().unwrap();
    let id = told["value"][0]["resourceData"]["id"].as_str().unwrap();
    let (status, message) =
        session.ask(Method::GET, &format!("/users/{ADELE}/messages/{id}"), Value::Null).await;
    assert_eq!((status, &message["subject"]), (200, &json!("Offer")));
    let control = |method, path: String| {
        session.client.request(method, format!("{}/sandbox{path}", session.sandbox.http_url)).send()
    };
    let id = made["id"].as_str().unwrap();
    let listed: Value =
        control(Method::GET, "/subscriptions".to_owned()).await.unwrap().json().await.unwrap();
    assert_eq!(listed[0]["id"], id);
    for (event, status) in [("unheard", 400), ("missed", 200), ("subscriptionRemoved", 200), ("missed", 404)]
    {
        let answer = control(Method::POST, format!("/subscriptions/{id}/{event}")).await.unwrap();
        assert_eq!(answer.status(), status, "{event}");
    }
    let (status, _) = session.ask(Method::GET, &format!("/subscriptions/{id}"), Value::Null).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn what_leaves_the_tenant_is_shown_at_the_control_endpoint() {
    let session = Session::start().await;
    let to = json!([{ "emailAddress": { "address": "joe@elsewhere.example" } }]);
    let message = json!({ "subject": "out", "toRecipients": to });
    let path = format!("/users/{ADELE}/sendMail");
    assert_eq!(session.ask(Method::POST, &path, json!({ "message": message })).await.0, 202);
    let url = format!("{}/sandbox/outgoing", session.sandbox.http_url);
    let shown: Value = session.client.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!((&shown[0]["from"], &shown[0]["to"][0]), (&json!(ADELE), &json!("joe@elsewhere.example")));
    assert!(shown[0]["mime"].as_str().unwrap().contains("Subject: out"), "{shown}");
    assert_eq!(session.client.delete(&url).send().await.unwrap().status(), 204);
    let shown: Value = session.client.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(shown, json!([]));
}
