//! Subscriptions with a receiver on this machine.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{Event, lifecycle, run};
use crate::graph::answer::time;
use crate::graph::trial::{ANNA, Trial};

const MAIL: &str = "From: joe@example.org\r\nSubject: Offer\r\n\r\nHello\r\n";

/// A receiver, and what it is told.
struct Receiver {
    url: String,
    told: UnboundedReceiver<Value>,
}

impl Receiver {
    /// It answers the first of what it is told with that status, and then 202.
    async fn start(first: StatusCode) -> Self {
        let (tell, told) = unbounded_channel();
        let first = std::sync::Arc::new(std::sync::Mutex::new(Some(first)));
        let receive = async move |query: Query<Vec<(String, String)>>, body: Bytes| -> Response {
            if let Some((_, token)) = query.0.iter().find(|(name, _)| name == "validationToken") {
                return token.clone().into_response();
            }
            tell.send(serde_json::from_slice(&body).unwrap()).unwrap();
            first.lock().unwrap().take().unwrap_or(StatusCode::ACCEPTED).into_response()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?a=b", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(receive))).await });
        Self { url, told }
    }

    async fn next(&mut self) -> Value {
        tokio::time::timeout(Duration::from_secs(20), self.told.recv()).await.unwrap().unwrap()
    }
}

fn wanted(trial: &Trial, url: &str, minutes: i64) -> Value {
    let expires = trial.state.clock.now() + chrono::TimeDelta::minutes(minutes);
    json!({ "changeType": "created,deleted", "notificationUrl": url, "lifecycleNotificationUrl": url,
        "resource": format!("/users/{ANNA}/mailFolders('inbox')/messages"), "expirationDateTime": time(expires),
        "clientState": "secret" })
}

#[tokio::test]
async fn what_happens_is_told_again_until_it_is_taken() {
    let trial = Trial::new();
    let mut receiver = Receiver::start(StatusCode::INTERNAL_SERVER_ERROR).await;
    tokio::spawn(run(trial.state.clone()));
    let answer = trial.ask("POST", "/subscriptions", wanted(&trial, &receiver.url, 60)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = trial.deliver(MAIL);
    let told = receiver.next().await;
    let item = &told["value"][0];
    assert_eq!((&item["changeType"], &item["clientState"]), (&json!("created"), &json!("secret")));
    assert_eq!((&item["resourceData"]["id"], &item["subscriptionId"]), (&json!(id), &answer.body["id"]));
    assert_eq!(receiver.next().await, told);
    let path = format!("/users/{ANNA}/messages/{id}");
    trial.ask("PATCH", &path, json!({ "isRead": true })).await;
    trial.ask("POST", &format!("{path}/move"), json!({ "destinationId": "archive" })).await;
    let told = receiver.next().await;
    assert_eq!(
        (told["value"].as_array().unwrap().len(), &told["value"][0]["changeType"]),
        (1, &json!("deleted"))
    );
}

#[tokio::test]
async fn who_subscribes_hears_nothing_of_what_was_before() {
    let trial = Trial::new();
    let mut receiver = Receiver::start(StatusCode::ACCEPTED).await;
    tokio::spawn(run(trial.state.clone()));
    trial.deliver(MAIL);
    let answer = trial.ask("POST", "/subscriptions", wanted(&trial, &receiver.url, 60)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = trial.deliver(MAIL);
    let told = receiver.next().await;
    assert_eq!((&told["value"][0]["resourceData"]["id"], &told["value"][1]), (&json!(id), &Value::Null));
}

#[tokio::test]
async fn who_had_subscribed_is_told_what_happened_before_another_one_did() {
    let trial = Trial::new();
    let (mut early, mut late) =
        (Receiver::start(StatusCode::ACCEPTED).await, Receiver::start(StatusCode::ACCEPTED).await);
    // Nobody waits for changes here: only subscribing tells what happened.
    let answer = trial.ask("POST", "/subscriptions", wanted(&trial, &early.url, 60)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let before = trial.deliver(MAIL);
    let mut other = wanted(&trial, &late.url, 60);
    other["changeType"] = "created".into();
    let answer = trial.ask("POST", "/subscriptions", other).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(early.next().await["value"][0]["resourceData"]["id"], json!(before));
    let after = trial.deliver(MAIL);
    super::tell(&trial.state);
    let told = late.next().await;
    assert_eq!((&told["value"][0]["resourceData"]["id"], &told["value"][1]), (&json!(after), &Value::Null));
}

#[tokio::test]
async fn a_subscription_is_listed_renewed_and_ended() {
    let trial = Trial::new();
    let receiver = Receiver::start(StatusCode::ACCEPTED).await;
    let body = wanted(&trial, &receiver.url, 5);
    let made = trial.ask("POST", "/subscriptions", body.clone()).await;
    let raised = trial.state.clock.now() + chrono::TimeDelta::minutes(44);
    assert!(made.text("expirationDateTime") > time(raised).as_str());
    let path = format!("/subscriptions/{}", made.text("id"));
    assert_eq!(trial.ask("POST", "/subscriptions", body).await.refused().0, 409);
    let listed = trial.ask("GET", "/subscriptions", Value::Null).await;
    assert_eq!(
        (&listed.body["value"][0]["id"], &listed.body["value"][0]["clientState"]),
        (&made.body["id"], &Value::Null)
    );
    let later = wanted(&trial, "", 600)["expirationDateTime"].clone();
    let renewed = trial.ask("PATCH", &path, json!({ "expirationDateTime": later })).await;
    assert_eq!((renewed.status.as_u16(), &renewed.body["expirationDateTime"]), (200, &later));
    assert_eq!(trial.ask("PATCH", &path, json!({ "resource": "x" })).await.refused().0, 400);
    assert_eq!(trial.ask("POST", &format!("{path}/reauthorize"), Value::Null).await.status, 204);
    trial.state.clock.advance(chrono::TimeDelta::hours(11));
    for (method, body) in [("GET", Value::Null), ("PATCH", json!({})), ("DELETE", Value::Null)] {
        assert_eq!(trial.ask(method, &path, body).await.refused().1, "ResourceNotFound");
    }
}

#[tokio::test]
async fn lifecycle_events_are_told_on_demand() {
    let trial = Trial::new();
    let mut receiver = Receiver::start(StatusCode::ACCEPTED).await;
    let made = trial.ask("POST", "/subscriptions", wanted(&trial, &receiver.url, 60)).await;
    let id = made.text("id").parse().unwrap();
    for (event, name) in [
        (Event::ReauthorizationRequired, "reauthorizationRequired"),
        (Event::Missed, "missed"),
        (Event::SubscriptionRemoved, "subscriptionRemoved"),
    ] {
        assert!(lifecycle(&trial.state, id, event).await, "{name}");
        assert_eq!(receiver.next().await["value"][0]["lifecycleEvent"], name);
    }
    assert!(!lifecycle(&trial.state, id, Event::Missed).await);
    assert_eq!(trial.ask("GET", &format!("/subscriptions/{id}"), Value::Null).await.refused().0, 404);
}

#[tokio::test]
async fn what_cannot_be_subscribed_to_is_refused() {
    let trial = Trial::new();
    let receiver = Receiver::start(StatusCode::ACCEPTED).await;
    let silent = format!("{}x", receiver.url.replace("/hook?a=b", "/nothing"));
    let with = |name: &str, value: Value| {
        let mut body = wanted(&trial, &receiver.url, 60);
        body[name] = value;
        body
    };
    let bad = [
        (with("notificationUrl", json!(silent)), "ValidationError", "but was 404"),
        (with("notificationUrl", json!("x")), "ValidationError", "not an absolute"),
        (with("notificationUrl", Value::Null), "InvalidRequest", "'notificationUrl' is a required"),
        (with("changeType", json!("moved")), "InvalidRequest", "created, updated and deleted"),
        (with("resource", json!("/me/messages")), "InvalidRequest", "The resource must be"),
        (
            with("resource", json!(format!("users/{ANNA}/messages?$top=1"))),
            "InvalidRequest",
            "no other option",
        ),
        (with("clientState", json!("x".repeat(129))), "InvalidRequest", "128"),
        (with("includeResourceData", json!(true)), "InvalidRequest", "no resource data"),
        (wanted(&trial, &receiver.url, 10_081), "InvalidRequest", "10080 minutes"),
        (wanted(&trial, &receiver.url, -1), "InvalidRequest", "in the future"),
    ];
    for (body, code, sentence) in bad {
        let answer = trial.ask("POST", "/subscriptions", body).await;
        let (status, said, message) = answer.refused();
        assert_eq!((status, said), (400, code));
        assert!(message.contains(sentence), "{message}");
    }
}
