//! Bad input gets what Graph gives, over http: each refusal with its status, code and words, in the envelope and with
//! the ids of its request.

use std::time::Duration;

use axum::Router;
use axum::extract::Query;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method};
use sandbox::faults::Rule;
use sandbox::graph::throttle::Slot;
use sandbox::sample::{self, ADELE, BEN, SALES};
use sandbox::server::Options;
use sandbox::world::{Mailbox, Standing};
use serde_json::{Value, json};

use crate::contract::Held;

const MAIL: &[u8] = b"From: joe@example.org\r\nSubject: Offer\r\n\r\nHello\r\n";

/// A request that is refused, and how.
struct Bad {
    method: Method,
    path: String,
    token: String,
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    says: &'static str,
    /// A field that the answer has, and how it begins.
    field: Option<(&'static str, &'static str)>,
}

impl Bad {
    fn token(mut self, token: &str) -> Self {
        self.token = token.to_owned();
        self
    }

    fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    fn given(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.field = Some((name, value));
        self
    }
}

struct Tenant {
    sandbox: Held,
    client: Client,
}

impl Tenant {
    async fn start() -> Self {
        let options = Options { https: None, ..Options::default() };
        let sandbox = Held::start(options, sample::state()).await;
        Self { sandbox, client: Client::builder().no_proxy().build().unwrap() }
    }

    /// A token of these roles, good for so many seconds from now.
    fn token(&self, roles: &[&str], seconds: i64) -> String {
        let now = self.sandbox.state.clock.now().timestamp();
        let claims = json!({
            "aud": "https://graph.microsoft.com", "appid": sample::CLIENT_ID, "tid": sample::TENANT,
            "roles": roles, "nbf": now - 60, "exp": now + seconds,
        });
        sandbox::entra::sign(&claims).unwrap()
    }

    fn whole(&self) -> String {
        self.token(&["Mail.ReadWrite", "Mail.Send", "User.Read.All"], 600)
    }

    fn bad(
        &self,
        method: &str,
        path: impl Into<String>,
        status: u16,
        code: &'static str,
        says: &'static str,
    ) -> Bad {
        Bad {
            method: method.parse().unwrap(),
            path: path.into(),
            token: self.whole(),
            fields: vec![],
            body: vec![],
            status,
            code,
            says,
            field: None,
        }
    }

    async fn refuses(&self, bad: Bad) {
        let what = format!("{} {}", bad.method, bad.path);
        let mut request = self
            .client
            .request(bad.method, format!("{}{}", self.sandbox.http_url, bad.path))
            .header("client-request-id", "mine")
            .timeout(Duration::from_secs(20))
            .body(bad.body);
        if !bad.token.is_empty() {
            request = request.bearer_auth(bad.token);
        }
        if !bad.fields.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in bad.fields {
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body: Value = answer.json().await.unwrap();
        let error = &body["error"];
        assert_eq!((status, error["code"].as_str()), (bad.status, Some(bad.code)), "{what}: {body}");
        assert!(error["message"].as_str().unwrap().contains(bad.says), "{what}: {body}");
        assert_eq!(error["innerError"]["request-id"], headers["request-id"].to_str().unwrap(), "{what}");
        assert!(
            headers["request-id"].len() == 36 && error["innerError"]["date"].is_string(),
            "{what}: {body}"
        );
        for given in [
            &error["innerError"]["client-request-id"],
            &json!(headers["client-request-id"].to_str().unwrap()),
        ] {
            assert_eq!(given, "mine", "{what}");
        }
        assert_eq!(headers["content-type"], "application/json", "{what}");
        if let Some((name, value)) = bad.field {
            let field = headers.get(name).map(|field| field.to_str().unwrap());
            assert!(field.is_some_and(|field| field.starts_with(value)), "{what}: {field:?}");
        }
    }

    async fn all(&self, bad: impl IntoIterator<Item = Bad>) {
        for bad in bad {
            self.refuses(bad).await;
        }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}/v1.0{path}", self.sandbox.http_url);
        let request = self.client.request(method.parse().unwrap(), url).bearer_auth(self.whole()).json(body);
        request.send().await.unwrap().json().await.unwrap_or_default()
    }

    fn change(&self, address: &str, change: impl FnOnce(&mut Mailbox)) {
        let mut world = self.sandbox.state.world_mut();
        change(world.tenant_mut(sample::TENANT).unwrap().mailbox_mut(address).unwrap());
    }

    /// A message in Adele's inbox; its path below `/v1.0`.
    async fn message(&self) -> String {
        let state = &self.sandbox.state;
        assert!(sample::deliver(state, ADELE, MAIL.to_vec(), state.clock.now()));
        let listed = self.ask("GET", &format!("/users/{ADELE}/messages?$top=1"), &Value::Null).await;
        format!("/users/{ADELE}/messages/{}", listed["value"][0]["id"].as_str().unwrap())
    }
}

const MESSAGES: &str = "/v1.0/users/adele@contoso.example/messages";

#[tokio::test]
async fn bad_queries_bodies_and_ids_get_400_with_graphs_words() {
    let tenant = Tenant::start().await;
    let deep = format!("{MESSAGES}?$filter={}", "(".repeat(3_000));
    let nested = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let mail = "Content-Type: message/rfc822\r\n\r\n".repeat(20_000);
    let mime = |says, code, body: String| {
        tenant.bad("POST", MESSAGES, 400, code, says).given("content-type", "text/plain").body(body)
    };
    let query = |query: &str, code, says| tenant.bad("GET", format!("{MESSAGES}?{query}"), 400, code, says);
    let parse = "RequestBroker--ParseUri";
    tenant
        .all([
            query("$filter=isRead%20eq", parse, "Syntax error at position 9 in 'isRead eq'."),
            query("$filter=size%20gt%205", parse, "Could not find a property named 'size'"),
            query("$filter=isRead%20eq%20'x'", parse, "incompatible types was detected"),
            query(
                "$filter=isRead%20eq%20true&$orderby=subject",
                "InefficientFilter",
                "restriction or sort order is too",
            ),
            query("$select=id,nothing", parse, "Could not find a property named 'nothing'"),
            query("$expand=nothing", parse, "Could not find a property named 'nothing'"),
            query("$orderby=subject%20sideways", parse, "Syntax error"),
            query("$top=0", parse, "Invalid value '0' for $top"),
            query("$skip=x", parse, "Invalid value 'x' for $skip"),
            query("$search=%22%22", parse, "Syntax error"),
            query("$apply=x", parse, "'$apply' is not supported"),
            tenant.bad("GET", deep, 400, parse, "node count limit"),
            tenant.bad("GET", format!("{MESSAGES}/AAA"), 400, "ErrorInvalidIdMalformed", "Id is malformed."),
            tenant.bad(
                "GET",
                "/v1.0/groups",
                400,
                "BadRequest",
                "Resource not found for the segment 'groups'.",
            ),
            tenant.bad(
                "GET",
                "/v1.0/me/messages",
                400,
                "BadRequest",
                "/me request is only valid with delegated",
            ),
            tenant.bad("GET", "/v3/users", 400, "BadRequest", "Invalid version: v3"),
            tenant.bad(
                "GET",
                format!("{MESSAGES}/delta"),
                400,
                "BadRequest",
                "Change tracking is not supported",
            ),
            tenant.bad("POST", MESSAGES, 400, "BadRequest", "Unable to read JSON request payload").body("{"),
            tenant
                .bad("POST", MESSAGES, 400, "BadRequest", "Unable to read JSON request payload")
                .body(nested),
            tenant
                .bad("POST", MESSAGES, 400, "UnableToDeserializePostBody", "isRead")
                .json(&json!({ "isRead": 1 })),
            tenant
                .bad("POST", MESSAGES, 400, "RequestBodyRead", "'red' does not exist")
                .json(&json!({ "red": 1 })),
            mime("Invalid base64 string", "ErrorMimeContentInvalidBase64String", "%".to_owned()),
            mime("messages are nested too deep", "ErrorMimeContentInvalid", STANDARD.encode(mail)),
            tenant
                .bad("POST", "/v1.0/$batch", 400, "BadRequest", "'requests' must be an array")
                .json(&json!({})),
        ])
        .await;
}

#[tokio::test]
async fn bad_tokens_get_401_with_a_challenge_and_missing_rights_403() {
    let tenant = Tenant::start().await;
    let message = format!("/v1.0{}", tenant.message().await);
    let challenge = "Bearer realm=\"\", authorization_uri=";
    let unauthenticated = |token: &str, code, says| {
        tenant.bad("GET", MESSAGES, 401, code, says).token(token).with("www-authenticate", challenge)
    };
    let (whole, other) = (tenant.whole(), tenant.token(&["Mail.Read"], 60));
    let forged = format!("{}.{}", whole.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
    let invalid = "InvalidAuthenticationToken";
    let basic = tenant.token(&["Mail.ReadBasic.All"], 600);
    let denied = |method: &str, path: &str| {
        let bad = tenant.bad(method, path, 403, "ErrorAccessDenied", "Access is denied. Check credentials");
        bad.token(&basic)
    };
    tenant
        .all([
            unauthenticated("", invalid, "Access token is empty."),
            unauthenticated("x.y.z", invalid, "JWT is not well formed"),
            unauthenticated(&forged, invalid, "Invalid signature"),
            unauthenticated(&tenant.token(&["Mail.Read"], -1), invalid, "the token is expired"),
            unauthenticated(&tenant.token(&[], 600), "NoPermissionsInAccessToken", "contains no permissions"),
            denied("PATCH", &message).json(&json!({ "isRead": true })),
            denied("GET", &format!("{message}/$value")),
            denied("DELETE", &message),
            denied("POST", "/v1.0/users/adele@contoso.example/sendMail").json(&json!({ "message": {} })),
        ])
        .await;
    let rule = |status: Option<u16>, deny| Rule { count: Some(1), status, deny, ..Rule::default() };
    tenant.sandbox.state.faults.add(rule(Some(401), false)).unwrap();
    tenant.refuses(unauthenticated(&tenant.whole(), invalid, "validation failure")).await;
    tenant.sandbox.state.faults.add(rule(None, true)).unwrap();
    tenant.refuses(denied("GET", MESSAGES).token(&tenant.whole())).await;
}

#[tokio::test]
async fn what_is_not_there_gets_404_in_its_forms_and_what_is_not_done_405() {
    let tenant = Tenant::start().await;
    let message = tenant.message().await;
    let scoped = message.replace("/messages/", "/mailFolders/inbox/messages/");
    let gone = tenant.message().await;
    tenant.ask("POST", &format!("{gone}/permanentDelete"), &Value::Null).await;
    let folders = format!("/users/{ADELE}/mailFolders");
    let made = tenant.ask("POST", &folders, &json!({ "displayName": "Old" })).await;
    let folder = format!("{folders}/{}", made["id"].as_str().unwrap());
    tenant.ask("POST", &format!("{folder}/permanentDelete"), &Value::Null).await;
    tenant.change(SALES, |sales| sales.standing = Standing::NotEnabled);
    let missing =
        |method: &str, path: &str, code, says| tenant.bad(method, format!("/v1.0{path}"), 404, code, says);
    let no_item = "The specified object was not found in the store.";
    let unsupported = |method: &str, path: &str| {
        tenant.bad(
            method,
            format!("/v1.0{path}"),
            405,
            "ErrorInvalidRequest",
            "The OData request is not supported.",
        )
    };
    let subscription = format!("/subscriptions/{}", sample::CLIENT_ID);
    let upload = format!("/upload/{}", sample::CLIENT_ID);
    tenant
        .all([
            missing("GET", &gone, "ErrorItemNotFound", no_item),
            missing("PATCH", &gone, "ErrorItemNotFound", no_item).json(&json!({ "isRead": true })),
            missing("GET", &format!("{gone}/$value"), "ErrorItemNotFound", no_item),
            missing(
                "GET",
                &message.replace("/messages/", "/mailFolders/drafts/messages/"),
                "ErrorItemNotFound",
                no_item,
            ),
            missing("GET", &folder, "ErrorFolderNotFound", "The specified folder could not be found"),
            missing(
                "GET",
                &format!("{folder}/messages"),
                "ErrorFolderNotFound",
                "The specified folder could not",
            ),
            missing(
                "GET",
                "/users/nobody@contoso.example/messages",
                "ErrorInvalidUser",
                "'nobody@contoso.example' is",
            ),
            missing(
                "GET",
                &format!("/users/{SALES}/messages"),
                "MailboxNotEnabledForRESTAPI",
                "is either inactive",
            ),
            missing("GET", &subscription, "ResourceNotFound", ""),
            tenant
                .bad("GET", upload.as_str(), 404, "ErrorItemNotFound", "The upload session was not found")
                .token(""),
            unsupported("GET", &format!("{scoped}/$value")),
            unsupported("PUT", &message),
            unsupported("DELETE", &format!("/users/{ADELE}/messages")),
            unsupported("GET", "/$batch"),
            tenant
                .bad("POST", upload, 405, "ErrorInvalidRequest", "The OData request is not supported")
                .token(""),
        ])
        .await;
}

#[tokio::test]
async fn what_conflicts_gets_409_and_412_what_is_lost_410_and_what_is_too_big_413() {
    let tenant = Tenant::start().await;
    let message = tenant.message().await;
    let echo = async |query: Query<Vec<(String, String)>>| query.0[0].1.clone();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(echo))).await });
    let expires = tenant.sandbox.state.clock.now() + chrono::TimeDelta::hours(1);
    let wanted = json!({
        "changeType": "created", "notificationUrl": url, "resource": format!("users/{ADELE}/messages"),
        "expirationDateTime": expires.to_rfc3339(),
    });
    assert!(tenant.ask("POST", "/subscriptions", &wanted).await["id"].is_string());
    let folders = format!("/v1.0/users/{ADELE}/mailFolders");
    tenant.ask("POST", &format!("/users/{ADELE}/mailFolders"), &json!({ "displayName": "Old" })).await;
    let delta = format!("{folders}/inbox/messages/delta");
    let lost = |path: String| {
        tenant
            .bad("GET", path, 410, "syncStateNotFound", "sync state generation is not found")
            .with("location", "http")
    };
    let stale = "does not match the current change key";
    let small = json!({ "AttachmentItem": { "attachmentType": "file", "name": "b", "size": 200_000_000 } });
    tenant
        .all([
            tenant
                .bad("POST", "/v1.0/subscriptions", 409, "Conflict", "Subscription Id already exists")
                .json(&wanted),
            tenant
                .bad(
                    "POST",
                    folders.as_str(),
                    409,
                    "ErrorFolderExists",
                    "A folder with the specified name already",
                )
                .json(&json!({ "displayName": "Old" })),
            tenant
                .bad("PATCH", format!("/v1.0{message}"), 412, "ErrorIrresolvableConflict", stale)
                .given("if-match", "W/\"old\"")
                .json(&json!({ "isRead": true })),
            lost(format!("{delta}?$deltatoken=forged")),
            tenant
                .bad("POST", MESSAGES, 413, "RequestEntityTooLarge", "The request is larger than 4 MB.")
                .body(vec![b' '; 5 * 1024 * 1024]),
        ])
        .await;
    let draft = tenant.ask("POST", &format!("/users/{ADELE}/messages"), &json!({ "subject": "s" })).await;
    let session = format!("{MESSAGES}/{}/attachments/createUploadSession", draft["id"].as_str().unwrap());
    tenant
        .refuses(
            tenant
                .bad("POST", session, 413, "ErrorMessageSizeExceeded", "maximum supported size")
                .json(&small),
        )
        .await;
    let begun = tenant.ask("GET", delta.trim_start_matches("/v1.0"), &Value::Null).await;
    let link = begun["@odata.deltaLink"].as_str().unwrap();
    let rule = Rule { path: Some("**/delta".to_owned()), expire_delta: true, ..Rule::default() };
    tenant.sandbox.state.faults.add(rule).unwrap();
    tenant.refuses(lost(link.replace(&tenant.sandbox.http_url, ""))).await;
}

#[tokio::test]
async fn too_much_gets_429_and_what_is_away_503_with_the_time_to_wait() {
    let tenant = Tenant::start().await;
    let state = &tenant.sandbox.state;
    let id = state.world().tenant(sample::DOMAIN).unwrap().mailbox(ADELE).unwrap().id.to_string();
    let enter = || state.throttle.enter(sample::CLIENT_ID, &id, 0, state.clock.now());
    let running: Vec<Slot> = (0..4).map(|_| enter().unwrap()).collect();
    let concurrent = "Application is over its MailboxConcurrency limit.";
    tenant
        .refuses(
            tenant.bad("GET", MESSAGES, 429, "ApplicationThrottled", concurrent).with("retry-after", "1"),
        )
        .await;
    drop(running);
    while enter().is_ok() {}
    let many = "Application is over its MailboxRequestCount limit.";
    tenant.refuses(tenant.bad("GET", MESSAGES, 429, "TooManyRequests", many).with("retry-after", "")).await;
    tenant.change(BEN, |ben| ben.standing = Standing::Moving);
    let moving = "/v1.0/users/ben@contoso.example/messages";
    tenant
        .refuses(
            tenant
                .bad("GET", moving, 503, "ErrorMailboxMoveInProgress", "is being moved")
                .with("retry-after", "60"),
        )
        .await;
    for (status, code) in [(429, "ApplicationThrottled"), (503, "serviceNotAvailable")] {
        let rule = Rule { count: Some(1), status: Some(status), retry_after: Some(7), ..Rule::default() };
        state.faults.add(rule).unwrap();
        let bad = tenant.bad("GET", "/v1.0/users/sales@contoso.example/messages", status, code, "");
        tenant.refuses(bad.with("retry-after", "7")).await;
    }
}
