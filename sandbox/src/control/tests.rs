//! The control endpoint over a real connection.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::contract::Held;
use crate::input;
use crate::sample;
use crate::server::Options;

struct Trial {
    running: Held,
    client: Client,
}

impl Trial {
    async fn new() -> Self {
        let options = Options { https: None, ..Options::default() };
        let running = Held::start(options, sample::state()).await;
        Self { running, client: Client::new() }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/sandbox{path}", self.running.http_url);
        let mut request = self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }
}

#[tokio::test]
async fn a_tenant_is_made_from_nothing_and_its_app_gets_a_token() {
    let trial = Trial::new().await;
    let (status, tenant) =
        trial.call("POST", "/tenants", Some(json!({ "domain": "Fabrikam.example" }))).await;
    assert_eq!((status, &tenant["domain"]), (201, &json!("fabrikam.example")));
    let (status, app) =
        trial.call("POST", "/tenants/fabrikam.example/apps", Some(json!({ "name": "a" }))).await;
    assert_eq!(status, 201);
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
        ("client_id", app["clientId"].as_str().unwrap()),
        ("client_secret", app["secrets"][0]["value"].as_str().unwrap()),
    ];
    let body = form.map(|(name, value)| format!("{name}={value}")).join("&");
    let url = format!("{}/fabrikam.example/oauth2/v2.0/token", trial.running.http_url);
    let ask = || {
        let request = trial.client.post(&url).header("content-type", "application/x-www-form-urlencoded");
        request.body(body.clone()).send()
    };
    assert_eq!(ask().await.unwrap().status(), 200);
    let lapse = format!("/tenants/fabrikam.example/apps/{}/lapse", app["clientId"].as_str().unwrap());
    assert_eq!(trial.call("POST", &lapse, None).await.0, 200);
    let refused: Value = ask().await.unwrap().json().await.unwrap();
    assert_eq!(refused["error_codes"][0], 7_000_222);
    let again = trial.call("POST", "/tenants", Some(json!({ "domain": "fabrikam.example" }))).await;
    assert_eq!((again.0, &again.1["error"]["code"]), (409, &json!("taken")));
}

#[tokio::test]
async fn what_is_delivered_is_listed() {
    let trial = Trial::new().await;
    let folder = json!({ "name": "Orders", "parent": "inbox" });
    assert_eq!(trial.call("POST", "/mailboxes/adele@contoso.example/folders", Some(folder)).await.0, 201);
    let url =
        format!("{}/sandbox/deliver?to=adele@contoso.example&folder=Inbox/Orders", trial.running.http_url);
    let answer =
        trial.client.post(&url).body("Subject: hello\nFrom: x@y.example\n\ntext\n").send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let (_, listed) =
        trial.call("GET", "/mailboxes/adele@contoso.example/messages?folder=Inbox/Orders", None).await;
    assert_eq!(
        (listed[0]["subject"].as_str(), listed[0]["from"].as_str()),
        (Some("hello"), Some("x@y.example"))
    );
    let raw = format!(
        "{}/sandbox/mailboxes/adele@contoso.example/messages/{}",
        trial.running.http_url,
        listed[0]["id"].as_str().unwrap()
    );
    let raw = trial.client.get(raw).send().await.unwrap().text().await.unwrap();
    assert_eq!(raw, "Subject: hello\r\nFrom: x@y.example\r\n\r\ntext\r\n");
    let nothing = trial.client.post(&url).body("no mail").send().await.unwrap();
    assert_eq!(nothing.status(), 400);
    for nothing in ["/sent", "/outgoing"] {
        assert_eq!(trial.call("GET", nothing, None).await.1, json!([]));
    }
}

#[tokio::test]
async fn switches_faults_clock_and_requests_are_seen_and_changed() {
    let trial = Trial::new().await;
    let (_, switches) = trial.call("PATCH", "/switches", Some(json!({ "throttle": false }))).await;
    assert_eq!((&switches["throttle"], &switches["permanentDelete"]), (&json!(false), &json!(true)));
    let (status, refused) = trial.call("PATCH", "/switches", Some(json!({ "throtle": false }))).await;
    assert!(status == 400 && refused["error"]["message"].as_str().unwrap().contains("throtle"), "{refused}");
    let rule = json!([{ "name": "busy", "path": "/users/**", "status": 503, "retryAfter": 4 }]);
    assert_eq!(trial.call("POST", "/faults", Some(rule)).await, (201, json!({ "names": ["busy"] })));
    let (status, refused) = trial.call("POST", "/faults", Some(json!({ "path": "**" }))).await;
    assert!(
        status == 400 && refused["error"]["message"].as_str().unwrap().starts_with("a rule says"),
        "{refused}"
    );
    assert_eq!(trial.call("GET", "/faults", None).await.1[0]["seen"], 0);
    assert_eq!(trial.call("DELETE", "/faults/busy", None).await.0, 204);
    assert_eq!(
        trial.call("DELETE", "/faults/busy", None).await.1["error"]["hint"],
        "GET /sandbox/faults names them"
    );
    let (_, clock) = trial.call("POST", "/clock", Some(json!({ "advanceSeconds": 7_200 }))).await;
    assert_eq!(clock["aheadSeconds"], 7_200);
    assert_eq!(trial.call("POST", "/clock", Some(json!({ "advanceSeconds": -1 }))).await.0, 400);
    let (_, requests) = trial.call("GET", "/requests?last=1", None).await;
    assert_eq!((&requests[0]["method"], &requests[0]["status"]), (&json!("POST"), &json!(400)));
    assert_eq!(trial.call("GET", "/subscriptions", None).await, (200, json!([])));
    assert_eq!(trial.call("GET", "/nothing", None).await.1["error"]["code"], "noSuchPath");
    assert_eq!(trial.call("DELETE", "/clock", None).await.0, 405);
}

#[tokio::test]
async fn a_message_is_sent_in_from_elsewhere() {
    let trial = Trial::new().await;
    let url = &trial.running.http_url;
    let send = |to| input::remote::deliver(url, to, "inbox", b"Subject: far\n\nx\n".to_vec());
    let id = send("ben@contoso.example").await.unwrap();
    let (_, listed) = trial.call("GET", "/mailboxes/ben@contoso.example/messages", None).await;
    assert_eq!(listed[0]["id"], id.as_str());
    let refused = send("nobody@contoso.example").await.unwrap_err().to_string();
    assert_eq!(refused, "the sandbox refused the message: no mailbox has the address nobody@contoso.example");
}
