//! Tokens that could never have been issued: refused with a clear error, or harmless; never a panic, a loop, or a header
//! of someone else's making.

use std::io::Write as _;
use std::sync::Arc;

use mailroom::config::Config;
use mailroom::domain::clock::SystemClock;
use mailroom::domain::credential::{CredentialSettings, Oauth2Settings};
use mailroom::domain::entra::EntraCloud;
use mailroom::domain::fault::FaultCode;
use mailroom::domain::mailbox::{GraphSettings, ProviderSettings};
use mailroom::identity::{Error, Identities, Secrets, Tokens};
use mailroom::net::Net;
use mailroom::provider::{self, Access, Login, Reach};
use serde_json::{Value, json};

use super::{House, SCOPE, app, credential, text};
use crate::harness::token_server::TokenServer;

/// A token endpoint that says anything, and who asks it.
struct Stage {
    server: TokenServer,
    net: Net,
    identities: Identities,
}

impl Stage {
    async fn open() -> Self {
        let server = TokenServer::start_https(None).await;
        let mut ca = tempfile::NamedTempFile::new().unwrap();
        ca.write_all(server.ca.as_bytes()).unwrap();
        let mut config = Config::defaults().unwrap().net;
        config.ca_file = ca.path().to_owned();
        let net = Net::new(&config).unwrap();
        let identities = Identities::new(&net, &server.url, Arc::new(SystemClock));
        Self { server, net, identities }
    }

    fn tokens(&self, settings: CredentialSettings) -> Tokens {
        let secrets = Secrets { secret: Some("s3cret".to_owned().into()), ..Secrets::default() };
        self.identities.tokens(&credential(settings), secrets).unwrap()
    }

    /// Fresh tokens of each way that asks for them: Azure's library, and the one for all others.
    fn both(&self) -> [(&'static str, Tokens); 2] {
        let oauth2 = CredentialSettings::Oauth2(Oauth2Settings {
            token_url: format!("{}/token", self.server.url),
            authorize_url: None,
            client_id: "c".to_owned(),
            scopes: Vec::new(),
            signed_in_as: None,
        });
        [
            ("entra", self.tokens(CredentialSettings::EntraClientSecret(app()))),
            ("oauth2", self.tokens(oauth2)),
        ]
    }
}

/// A sound answer with changes.
fn with(changes: Value) -> String {
    let mut body = json!({"access_token": "sound", "token_type": "Bearer", "expires_in": 3599});
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string()
}

#[tokio::test]
async fn what_can_be_no_token_is_refused_after_one_request_and_says_why() {
    let stage = Stage::open().await;
    let cases = [
        (String::new(), "without a token"),
        ("null".to_owned(), "without a token"),
        ("[]".to_owned(), "without a token"),
        ("{".to_owned(), "without a token"),
        ("<html><h1>s3cret sign-in page</h1></html>".to_owned(), "without a token"),
        ("x".repeat(300_000), "without a token"),
        (with(json!({"access_token": null})), "without a token"),
        (with(json!({"access_token": ""})), "without a token"),
        (with(json!({"access_token": 7})), "without a token"),
        (with(json!({"access_token": "x".repeat(70_000)})), "too long"),
        (with(json!({"access_token": "x\r\nX-Evil: s3cret"})), "no header takes"),
        (with(json!({"access_token": "x\u{1}\u{1}auth=Bearer y"})), "no header takes"),
        (with(json!({"access_token": "two words"})), "no header takes"),
        (with(json!({"access_token": "\u{202e}\u{fc}"})), "no header takes"),
        (with(json!({"access_token": "x\u{0}"})), "no header takes"),
        (with(json!({"token_type": "mac"})), "another type than Bearer"),
        (with(json!({"token_type": "<script>"})), "another type than Bearer"),
        (with(json!({"token_type": null})), "another type than Bearer"),
        (with(json!({"expires_in": -3600})), "life"),
        (with(json!({"expires_in": 0})), "life"),
        (with(json!({"expires_in": 1.5})), "life"),
        (with(json!({"expires_in": i64::MAX})), "life"),
        (with(json!({"expires_in": u64::MAX})), "life"),
        (with(json!({"expires_in": 1e300})), "life"),
        (with(json!({"expires_in": "soon"})), "without a usable token"),
    ];
    for (body, said) in cases {
        stage.server.say(200, &body);
        let shown: String = body.chars().take(90).collect();
        for (way, tokens) in stage.both() {
            let before = stage.server.asked().len();
            let error = tokens.bearer(SCOPE).await.err().unwrap_or_else(|| panic!("{way} took {shown}"));
            assert!(matches!(error, Error::Malformed { status: 200, .. }), "{way} {shown}: {error:?}");
            assert_eq!(error.code(), FaultCode::Protocol);
            assert!(error.to_string().contains(said), "{way} {shown}: {error}");
            assert!(!format!("{error:?} {error}").contains("s3cret"), "{way}: {error:?}");
            // Who asks again at once gets the same, without another request.
            tokens.bearer(SCOPE).await.err().unwrap();
            assert_eq!(stage.server.asked().len() - before, 1, "{way} {shown}");
        }
    }
}

#[tokio::test]
async fn odd_lives_are_believed_within_bounds() {
    let stage = Stage::open().await;
    let week = chrono::TimeDelta::days(7);
    for (life, way) in [(3_155_760_000_i64, "entra"), (3_155_760_000, "oauth2"), (1, "entra"), (1, "oauth2")]
    {
        stage.server.say(200, &with(json!({ "expires_in": life })));
        let tokens = stage.both().into_iter().find(|(name, _)| *name == way).unwrap().1;
        let bearer = tokens.bearer(SCOPE).await.unwrap();
        let left = bearer.expires_at - mailroom::domain::clock::Clock::now(&SystemClock);
        assert!(left <= week && left <= chrono::TimeDelta::seconds(life), "{way}: {left}");
        assert_eq!(text(&bearer), "sound");
    }
}

/// Graph refuses what is no token of its own; nothing else happens.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_made_up_or_is_for_someone_else_is_refused_by_graph_and_harmless() {
    let house = House::open().await;
    let stage = Stage::open().await;
    let for_others = {
        // Signed by the tenant, but for another audience than Graph.
        let tokens =
            house.tokens(&credential(CredentialSettings::EntraClientSecret(app())), sandbox::sample::SECRET);
        let real = text(&tokens.bearer(SCOPE).await.unwrap());
        let mut parts: Vec<String> = real.split('.').map(str::to_owned).collect();
        let claims = base64url(&parts[1]).replace("graph.microsoft.com", "vault.azure.net");
        parts[1] = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims);
        parts.join(".")
    };
    for token in
        ["garbage", "..", "e30.e30.", "eyJhbGciOiJub25lIn0.eyJyb2xlcyI6WyJNYWlsLlJlYWQiXX0.", &for_others]
    {
        stage.server.say(200, &with(json!({ "access_token": token })));
        let before = stage.server.asked().len();
        let tokens = stage.tokens(CredentialSettings::EntraClientSecret(app()));
        let user = sandbox::sample::ADELE.to_owned();
        let settings = ProviderSettings::Graph(GraphSettings {
            user: user.clone(),
            endpoint: Some(house.tenant.http_url.clone()),
        });
        let login = Login::Token { username: user, tokens, cloud: Some(EntraCloud::Global) };
        let reach = Reach::new(stage.net.clone());
        let provider = provider::connect(&settings, login.clone(), Vec::new(), &reach).unwrap();
        let opened = provider.open(Access::Look).await;
        let error = opened.unwrap().folders().await.err().unwrap();
        assert_eq!(error.code(), FaultCode::Authentication, "{token}: {error}");
        assert!(error.fault(mailroom::domain::clock::Clock::now(&SystemClock)).hint.is_some());
        // A connection test looks into the token, and only shows what it says.
        let found = provider::probe(&settings, login, Vec::new(), &reach, "INBOX", &SystemClock).await;
        assert!(!found.is_ok(), "{token}: {found:?}");
        assert!(!format!("{found:?} {error:?}").contains(token) || token == "..", "{found:?}");
        assert!(stage.server.asked().len() - before <= 2, "one token, and one renewal in ten seconds");
    }
}

fn base64url(text: &str) -> String {
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text).unwrap();
    String::from_utf8(bytes).unwrap()
}
