//! Other providers than Entra ID: client credentials, refresh tokens that rotate.

use mailroom::domain::credential::{CredentialSettings, Oauth2Settings};
use mailroom::domain::fault::{FaultCode, Halted, Verdict};
use mailroom::identity::{Error, Secrets, Tokens};
use secrecy::ExposeSecret as _;

use super::{House, credential, text};
use crate::harness::token_server::TokenServer;

fn settings(server: &TokenServer, authorize_url: Option<&str>) -> CredentialSettings {
    CredentialSettings::Oauth2(Oauth2Settings {
        token_url: format!("{}/token", server.url),
        authorize_url: authorize_url.map(str::to_owned),
        client_id: "mailroom & co".to_owned(),
        scopes: vec!["imap".to_owned(), "offline".to_owned()],
        signed_in_as: None,
    })
}

fn tokens(house: &House, settings: CredentialSettings, refresh: Option<&str>) -> Tokens {
    let secrets = Secrets {
        secret: Some("s3cr:et".to_owned().into()),
        refresh_token: refresh.map(|token| token.to_owned().into()),
    };
    house.identities.tokens(&credential(settings), secrets).unwrap()
}

#[tokio::test]
async fn a_client_asks_for_its_own_scopes_whatever_the_provider_of_the_mailbox_wants() {
    let (house, server) = (House::open().await, TokenServer::start(None).await);
    let tokens = tokens(&house, settings(&server, None), None);
    let first = tokens.bearer("https://imap.example.com/.default").await.unwrap();
    let second = tokens.bearer("https://elsewhere.example/.default").await.unwrap();
    assert_eq!((text(&first).as_str(), text(&second)), ("access-1", text(&first)));
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["grant_type"], "client_credentials");
    assert_eq!(asked[0]["scope"], "imap offline");
    assert!(asked[0]["authorization"].starts_with("Basic "));
    assert!(!asked[0].contains_key("client_secret"));
}

#[tokio::test]
async fn a_refresh_token_that_rotates_is_used_once_each() {
    let (house, server) = (House::open().await, TokenServer::start(Some("given")).await);
    let tokens = tokens(&house, settings(&server, None), Some("given"));
    let first = tokens.bearer("").await.unwrap();
    tokens.refused(&first);
    let second = tokens.bearer("").await.unwrap();
    assert_eq!(text(&second), "access-2");
    let used: Vec<_> = server.asked().iter().map(|form| form["refresh_token"].clone()).collect();
    assert_eq!(used, ["given", "refresh-1"]);
    assert_eq!(tokens.refresh_token().unwrap().expose_secret(), "refresh-2");
}

#[tokio::test]
async fn a_refresh_token_that_was_used_up_asks_for_a_person() {
    let (house, server) = (House::open().await, TokenServer::start(Some("newer")).await);
    let error = tokens(&house, settings(&server, None), Some("older")).bearer("").await.err().unwrap();
    assert_eq!(error.provider_code().as_deref(), Some("invalid_grant"));
    assert_eq!(error.verdict(), Verdict::Halt(Halted::Credential));
    assert!(error.hint().contains("startSignIn"));
}

#[tokio::test]
async fn where_a_person_signs_in_nothing_is_asked_before() {
    let (house, server) = (House::open().await, TokenServer::start(None).await);
    let settings = settings(&server, Some("https://login.example/authorize"));
    let error = tokens(&house, settings, None).bearer("").await.err().unwrap();
    assert!(matches!(error, Error::NotSignedIn), "{error:?}");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn something_else_that_answers_is_called_that_and_its_text_goes_nowhere() {
    let (house, server) = (House::open().await, TokenServer::start(None).await);
    for (status, body) in [(200, "<html>s3cret</html>"), (200, "{}"), (404, "s3cret"), (302, "")] {
        server.say(status, body);
        let error = tokens(&house, settings(&server, None), None).bearer("").await.err().unwrap();
        assert!(matches!(error, Error::Malformed { .. }), "{status} {body}: {error:?}");
        assert_eq!(error.code(), FaultCode::Protocol);
        assert!(!format!("{error:?} {error}").contains("s3cret"));
    }
}
