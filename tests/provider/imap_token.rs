//! IMAP with bearer tokens: XOAUTH2 and OAUTHBEARER, and what a server says to a token that it refuses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailroom::config::Config;
use mailroom::domain::clock::{Clock as _, SystemClock};
use mailroom::domain::credential::{Credential, CredentialSettings, Oauth2Settings};
use mailroom::domain::fault::{Halted, Verdict};
use mailroom::domain::id::CredentialId;
use mailroom::domain::mailbox::Security;
use mailroom::identity::{Identities, Secrets};
use mailroom::net::Net;
use mailroom::provider::{self, Access, Error, Login};

use super::imap::settings;
use crate::harness::dovecot::Dovecot;
use crate::harness::script::Script;
use crate::harness::token_server::TokenServer;

const GREETING: &str = "* OK ready\n";
const GOES_ON: &str = "+ \n";

/// Opens a mailbox there; the tokens are access-1, access-2, …
async fn open(script: &Script, server: &TokenServer) -> Result<(), Error> {
    open_at(script.port, server).await
}

async fn open_at(port: u16, server: &TokenServer) -> Result<(), Error> {
    let net = Net::new(&Config::defaults().unwrap().net).unwrap();
    let now = SystemClock.now();
    let credential = Credential {
        id: CredentialId::new(),
        name: "tokens".to_owned(),
        settings: CredentialSettings::Oauth2(Oauth2Settings {
            token_url: format!("{}/token", server.url),
            authorize_url: None,
            client_id: "c".to_owned(),
            scopes: Vec::new(),
            signed_in_as: None,
        }),
        has_secret: true,
        has_refresh_token: false,
        expires_at: None,
        secret_updated_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let identities = Identities::new(&net, "", std::sync::Arc::new(SystemClock));
    let secrets = Secrets { secret: Some("s".to_owned().into()), ..Secrets::default() };
    let tokens = identities.tokens(&credential, secrets).unwrap();
    let login = Login::Token { username: "a,b@example.com".to_owned(), tokens, cloud: None };
    let settings = settings(port, Security::None);
    provider::connect(&settings, login, Vec::new(), &provider::Reach::new(net.clone()))?
        .open(Access::Look)
        .await
        .map(drop)
}

fn xoauth2(token: &str) -> String {
    STANDARD.encode(format!("user=a,b@example.com\x01auth=Bearer {token}\x01\x01"))
}

fn offering(capabilities: &str) -> (&'static str, String) {
    ("CAPABILITY", format!("* CAPABILITY IMAP4rev1 {capabilities}\n{{tag}} OK\n"))
}

async fn script(answers: &[(&str, String)]) -> Script {
    let answers: Vec<(&str, &str)> =
        answers.iter().map(|(command, text)| (*command, text.as_str())).collect();
    Script::start(GREETING, &answers).await
}

#[tokio::test]
async fn xoauth2_is_said_with_the_command_where_the_server_takes_that() {
    let server = TokenServer::start(None).await;
    let said = format!("AUTHENTICATE XOAUTH2 {}", xoauth2("access-1"));
    let answers = [offering("AUTH=XOAUTH2 AUTH=OAUTHBEARER SASL-IR"), (&said, "{tag} OK in\n".to_owned())];
    open(&script(&answers).await, &server).await.unwrap();
}

#[tokio::test]
async fn oauthbearer_waits_for_the_servers_word_and_escapes_the_name() {
    let server = TokenServer::start(None).await;
    let response = STANDARD.encode("n,a=a=2Cb@example.com,\x01auth=Bearer access-1\x01\x01");
    // The script takes the response for a command without a tag's rest: what it heard is looked at.
    let answers =
        [offering("AUTH=OAUTHBEARER"), ("AUTHENTICATE OAUTHBEARER", GOES_ON.to_owned() + "{tag} OK in\n")];
    let script = script(&answers).await;
    open(&script, &server).await.unwrap();
    crate::identity::until(|| script.heard().contains(&response)).await;
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_and_the_status_is_told() {
    let server = TokenServer::start(None).await;
    let first = format!("AUTHENTICATE XOAUTH2 {}", xoauth2("access-1"));
    let second = format!("AUTHENTICATE XOAUTH2 {}", xoauth2("access-2"));
    let offer = offering("AUTH=XOAUTH2 SASL-IR");
    let refusal = "{tag} NO AUTHENTICATE failed\n".to_owned();
    let answers = [offer.clone(), (first.as_str(), refusal.clone()), (&second, "{tag} OK in\n".to_owned())];
    let script_one = script(&answers).await;
    open(&script_one, &server).await.unwrap();
    assert_eq!(server.asked().len(), 2);

    let server = TokenServer::start(None).await;
    let challenge = STANDARD.encode(r#"{"status":"401","schemes":"bearer","scope":"imap"}"#);
    let refusal = format!("+ {challenge}\n{refusal}");
    let answers = [offer, (first.as_str(), refusal.clone()), (&second, refusal)];
    let error = open(&script(&answers).await, &server).await.err().unwrap();
    assert_eq!(error.verdict(), Verdict::Halt(Halted::Credential));
    let fault = error.fault(SystemClock.now());
    assert_eq!(fault.provider_code.as_deref(), Some("401"));
    assert!(fault.hint.unwrap().contains("IMAP.AccessAsApp"));
    assert_eq!(server.asked().len(), 2, "renewed once, not again");
}

#[tokio::test]
async fn a_server_without_either_is_named_and_gets_no_token() {
    let server = TokenServer::start(None).await;
    let error = open(&script(&[offering("AUTH=PLAIN")]).await, &server).await.err().unwrap();
    assert!(matches!(error, Error::NoTokenLogin), "{error:?}");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_sign_in_service_that_refuses_ends_the_login_with_its_code() {
    let server = TokenServer::start(None).await;
    server.say(401, r#"{"error":"invalid_client"}"#);
    let error = open(&script(&[offering("AUTH=XOAUTH2")]).await, &server).await.err().unwrap();
    let fault = error.fault(SystemClock.now());
    assert_eq!(fault.provider_code.as_deref(), Some("invalid_client"));
    assert_eq!(error.verdict(), Verdict::Halt(Halted::Credential));
}

/// A token as a sign-in service makes it, signed with that key.
fn signed(key: &[u8]) -> String {
    let now = SystemClock.now().timestamp();
    let claims =
        serde_json::json!({"sub": "a,b@example.com", "iat": now - 10, "nbf": now - 10, "exp": now + 600});
    let key = jsonwebtoken::EncodingKey::from_secret(key);
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn dovecot_opens_a_mailbox_for_a_token_by_either_mechanism_and_for_no_other() {
    let key = b"0123456789abcdef0123456789abcdef";
    let folder = tempfile::tempdir().unwrap();
    let open_to_all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open_to_all).unwrap();
    for place in ["keys/default/HS256", "keys/shared/default/HS256"] {
        std::fs::create_dir_all(folder.path().join(place)).unwrap();
        std::fs::write(folder.path().join(place).join("default"), STANDARD.encode(key)).unwrap();
    }
    let path = folder.path().display();
    let oauth2 = format!(
        "introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={path}/keys/\nusername_attribute = sub\n"
    );
    std::fs::write(folder.path().join("oauth2.conf"), oauth2).unwrap();
    for mechanism in ["xoauth2", "oauthbearer"] {
        let more = format!(
            "auth_mechanisms = plain {mechanism}\npassdb {{\n  driver = oauth2\n  mechanisms = {mechanism}\n  args = {path}/oauth2.conf\n}}\n"
        );
        let dovecot = Dovecot::start_with(&[], &more);
        let server = TokenServer::start(None).await;
        let give = |key: &[u8]| {
            let token = signed(key);
            let body = serde_json::json!({"access_token": token, "token_type": "Bearer", "expires_in": 600});
            server.say(200, &body.to_string());
        };
        give(key);
        open_at(dovecot.port, &server).await.unwrap();
        give(b"another key, which dovecot was not told");
        let error = open_at(dovecot.port, &server).await.err().unwrap();
        assert_eq!(error.verdict(), Verdict::Halt(Halted::Credential), "{error:?}");
        assert_eq!(server.asked().len(), 3, "once, and renewed once after the refusal");
    }
}
