//! Where people come back to from signing in: what is forged, used, late or foreign signs nobody in, and nothing of a
//! request is repeated on the page.

use chrono::{DateTime, TimeDelta, Utc};
use mailroom::domain::clock::{Clock as _, SystemClock};
use mailroom::secret::{KeyRing, SecretString};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::delegated::{begin, of};
use super::kinds::create;
use crate::harness::service::Service;
use crate::harness::token_server::TokenServer;

/// Markup of several kinds, with what breaks out of attributes, comments and scripts.
const MARKUP: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'--></style></title><svg onload=alert(1)>",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "javascript:alert(1)//{{7*7}}${7*7}",
    "\u{0}<b\u{202e}>\r\nX-Evil: 1\r\n\r\n<h1>",
];
/// What the keys of the service under test are.
const KEYS: &str = "k1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

struct Scene {
    service: Service,
    server: TokenServer,
    credential: String,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("mailroom.db").display());
        let service = Service::start(&database).await;
        let server = TokenServer::start(None).await;
        let config = json!({ "oauth2": {
            "tokenUrl": format!("{}/token", server.url),
            "authorizeUrl": format!("{}/authorize", server.url),
            "clientId": "mailroom", "scopes": ["mail", "offline_access"],
        } });
        let credential = create(&service, "people", config).await;
        Self { service, server, credential, _folder: folder }
    }

    async fn back(&self, query: &[(&str, &str)]) -> (StatusCode, String) {
        let request = reqwest::Client::new().get(self.service.url("/oauth/callback")).query(query);
        page(request.send().await.unwrap()).await
    }

    async fn signed_in_as(&self) -> Value {
        let query = "query($id: ID!) { credential(id: $id) { signedInAs } }";
        self.service.run(query, json!({ "id": self.credential })).await["credential"]["signedInAs"].clone()
    }
}

/// The page, with what holds of every one of them.
async fn page(response: reqwest::Response) -> (StatusCode, String) {
    let (status, headers) = (response.status(), response.headers().clone());
    assert!(headers.get("x-evil").is_none());
    let text = response.text().await.unwrap();
    if headers["content-type"].to_str().unwrap().starts_with("text/html") {
        assert_eq!(headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["referrer-policy"], "no-referrer");
    }
    let inside = text.to_lowercase();
    for mark in ["script", "alert", "onerror", "onload", "<img", "<svg", "javascript", "7*7", "x-evil", "<b"]
    {
        assert!(!inside.replace("<body", "").contains(mark), "{mark} in {text}");
    }
    (status, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_in_any_parameter_is_on_no_page() {
    let scene = Scene::open().await;
    let refused = |(status, text): (StatusCode, String)| {
        assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");
    };
    for markup in MARKUP {
        refused(scene.back(&[("state", markup), ("code", markup)]).await);
        refused(scene.back(&[("error", markup), ("error_description", markup), ("error_uri", markup)]).await);
        refused(scene.back(&[(markup, markup)]).await);
        let url = begin(&scene.service, &scene.credential).await;
        // A good state, so that what is said comes from further within.
        let state = of(&url, "state");
        refused(scene.back(&[("state", &state), ("error", markup), ("error_description", markup)]).await);
        let (status, text) = scene.back(&[("state", &state), ("code", markup)]).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY, "the code is refused: {text}");
        // Said twice, or in bytes that are no text.
        refused(scene.back(&[("state", markup), ("state", &state), ("code", "x")]).await);
    }
    for raw in ["?state=%ff%fe&code=%00", "?state=%", "?&&&=&", "", "?state", "?state[]=<b>&code[]=<b>"] {
        let response = reqwest::get(scene.service.url(&format!("/oauth/callback{raw}"))).await.unwrap();
        refused(page(response).await);
    }
    let long = "<b>".repeat(3_000);
    let (status, _) = scene.back(&[("state", &long), ("code", &long)]).await;
    assert!(status.is_client_error(), "{status}");
    assert_eq!(scene.signed_in_as().await, Value::Null);
    let log = scene.service.log();
    assert!(!log.contains("alert(1)") && !log.contains("onerror"), "{log}");
}

/// A state as the service makes it, by whatever keys.
fn state(keys: &str, purpose: &str, credential: &str, version: i32, until: DateTime<Utc>) -> String {
    let ring = KeyRing::parse(&SecretString::from(keys)).unwrap_or_else(|error| panic!("{error}"));
    let state = json!({ "credential": credential, "version": version, "caller": "tests", "until": until,
                        "verifier": "v".repeat(43) });
    let sealed = ring.seal(purpose, Uuid::nil(), &SecretString::from(state.to_string()));
    let sealed = sealed.unwrap_or_else(|error| panic!("{error}"));
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, sealed)
}

/// The id within an id of the API.
fn plain(id: &str) -> String {
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, id).unwrap();
    Uuid::from_slice(&bytes[1..]).unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_forged_used_late_or_foreign_signs_nobody_in() {
    let scene = Scene::open().await;
    let (now, id) = (SystemClock.now(), plain(&scene.credential));
    let later = now + TimeDelta::minutes(5);
    // The form is right: only the time, the version, the credential, the purpose or the keys are not.
    let other_keys = "k1:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
    let nobody = Uuid::from_u128(5).to_string();
    let made = [
        ("late", state(KEYS, "sign-in", &id, 1, now - TimeDelta::seconds(1))),
        ("of another version", state(KEYS, "sign-in", &id, 7, later)),
        ("of no credential", state(KEYS, "sign-in", &nobody, 1, later)),
        ("for another purpose", state(KEYS, "credential", &id, 1, later)),
        ("foreign", state(other_keys, "sign-in", &id, 1, later)),
        ("no state", "AAAA".to_owned()),
    ];
    for (what, state) in made {
        let (status, text) = scene.back(&[("state", &state), ("code", "any")]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{what}: {text}");
        assert!(text.contains("not valid any more"), "{what}: {text}");
    }
    assert!(scene.server.asked().is_empty(), "no code was redeemed with any of them");
    // That the form is right shows with one that is in time: its code is asked for.
    let (status, _) = scene.back(&[("state", &state(KEYS, "sign-in", &id, 1, later)), ("code", "any")]).await;
    assert_eq!((status, scene.server.asked().len()), (StatusCode::BAD_GATEWAY, 1));

    let url = begin(&scene.service, &scene.credential).await;
    let (good, code) = (of(&url, "state"), scene.server.sign_in(&url, "ada@example.com"));
    // One letter of it changed.
    for at in [0, good.len() / 2, good.len() - 2] {
        let mut letters: Vec<char> = good.chars().collect();
        letters[at] = if letters[at] == 'A' { 'B' } else { 'A' };
        let forged: String = letters.into_iter().collect();
        let (status, text) = scene.back(&[("state", &forged), ("code", &code)]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "letter {at}: {text}");
    }
    assert_eq!(scene.signed_in_as().await, Value::Null);
    let (status, text) = scene.back(&[("state", &good), ("code", &code)]).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert_eq!(scene.signed_in_as().await, "ada@example.com");
    let again = scene.server.sign_in(&url, "eve@example.com");
    let (status, text) = scene.back(&[("state", &good), ("code", &again)]).await;
    assert_eq!((status, text.contains("not valid any more")), (StatusCode::BAD_REQUEST, true), "{text}");
    assert_eq!(scene.signed_in_as().await, "ada@example.com");
}
