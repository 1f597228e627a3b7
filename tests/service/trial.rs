//! New secrets are tried before they are kept, and a trial uses nothing up that is still needed.

use std::sync::Arc;

use mailroom::config::NetConfig;
use mailroom::db;
use mailroom::domain::credential::{Credential, Oauth2Settings};
use mailroom::domain::fault::FaultCode;
use mailroom::domain::mailbox::{Mailbox, Security};
use mailroom::identity::{Identities, Secrets};
use mailroom::net::Net;
use mailroom::secret::ExposeSecret as _;
use mailroom::service::credential::{
    CreateCredential, CredentialConfig, Keeper, UpdateCredential, create, update,
};
use mailroom::service::mailbox::{
    self, CreateMailbox, CredentialChoice, ImapInput, ProviderInput, TestMailbox,
};
use mailroom::service::{Error, Patch, UserErrorCode};

use super::{Office, basic, mailbox as named, refusals};
use crate::harness::database::{Fresh, on_both};
use crate::harness::dovecot::{PASSWORD, shared};
use crate::harness::free_port;
use crate::harness::script::Script;
use crate::harness::token_server::TokenServer;

on_both!(
    a_new_password_is_tried_at_one_of_its_mailboxes_before_it_is_kept,
    a_new_password_is_kept_where_nobody_answers_or_nothing_may_be_tried,
    a_trial_that_uses_up_the_kept_refresh_token_keeps_its_successor_whatever_comes_after,
    a_connection_test_with_changes_keeps_the_successor_too,
    trials_and_refreshes_at_once_lose_no_refresh_token,
    another_token_endpoint_is_not_sent_what_was_meant_for_the_old_one,
    another_client_does_not_go_on_with_the_sign_in_of_the_old_one,
);

fn change(credential: &Credential, config: CredentialConfig) -> UpdateCredential {
    let config = Patch::Set(config);
    UpdateCredential { id: credential.id, name: Patch::Keep, config, expected_version: None }
}

async fn kept(office: &Office, credential: &Credential) -> (Option<String>, Option<String>) {
    let sealed = db::credential::sealed(office.cx.db.read(), credential.id).await.unwrap();
    let open = |sealed: Vec<u8>| {
        let opened = office.cx.keys.open(db::credential::TABLE, credential.id.0, &sealed).unwrap();
        opened.expose_secret().to_owned()
    };
    (sealed.secret.map(open), sealed.refresh_token.map(open))
}

async fn login_at(office: &Office, name: &str, port: u16) -> (Credential, Mailbox) {
    let input = CreateCredential { name: name.to_owned(), config: basic(name, Some("old")) };
    let credential = create(&office.cx, &office.permit, input).await.unwrap();
    let host = "127.0.0.1".to_owned();
    let provider = ProviderInput::Imap(ImapInput {
        host,
        port: Some(port.into()),
        security: Security::None,
        login: None,
    });
    let input = CreateMailbox { credential_id: Some(credential.id), provider, ..named(name) };
    (credential, mailbox::create(&office.cx, &office.permit, input).await.unwrap())
}

fn quick(office: &mut Office) {
    let quick = NetConfig {
        ca_file: Default::default(),
        connect_timeout_seconds: 3,
        read_timeout_seconds: 3,
        allow: Vec::new(),
    };
    office.cx.reach.net = Net::new(&quick).unwrap();
}

async fn a_new_password_is_tried_at_one_of_its_mailboxes_before_it_is_kept(fresh: Fresh) {
    let mut office = Office::open(fresh);
    quick(&mut office);
    let (credential, _) = login_at(&office, "trial-basic", shared().port).await;
    let wrong = change(&credential, basic("trial-basic", Some("wr0ng")));
    let Err(Error::Refused(errors)) = update(&office.cx, &office.permit, wrong).await else {
        panic!("not refused")
    };
    assert_eq!((errors.len(), errors[0].code), (1, UserErrorCode::Provider), "{errors:?}");
    assert_eq!(errors[0].path, ["config", "basic", "password"]);
    let fault = errors[0].fault.clone().unwrap();
    assert_eq!(fault.code, FaultCode::Authentication);
    assert!(fault.hint.is_some() && !format!("{errors:?}").contains("wr0ng"), "{errors:?}");
    assert_eq!(kept(&office, &credential).await.0.as_deref(), Some("old"));
    let after = db::credential::get(office.cx.db.read(), credential.id).await.unwrap().unwrap();
    assert_eq!(after, credential, "nothing was changed");

    let right = change(&credential, basic("trial-basic", Some(PASSWORD)));
    assert_eq!(update(&office.cx, &office.permit, right).await.unwrap().version, 2);
    assert_eq!(kept(&office, &credential).await.0.as_deref(), Some(PASSWORD));
}

async fn a_new_password_is_kept_where_nobody_answers_or_nothing_may_be_tried(fresh: Fresh) {
    let mut office = Office::open(fresh);
    quick(&mut office);
    let (silent, _) = login_at(&office, "trial-silent", free_port()).await;
    update(&office.cx, &office.permit, change(&silent, basic("trial-silent", Some("new")))).await.unwrap();
    assert_eq!(kept(&office, &silent).await.0.as_deref(), Some("new"));
    // A mailbox that is paused is left in peace.
    let (paused, mailbox) = login_at(&office, "trial-paused", shared().port).await;
    mailbox::pause(&office.cx, &office.permit, mailbox.id).await.unwrap();
    update(&office.cx, &office.permit, change(&paused, basic("trial-paused", Some("new")))).await.unwrap();
    assert_eq!(kept(&office, &paused).await.0.as_deref(), Some("new"));
    // And so is a login that no mailbox uses.
    let input = CreateCredential { name: "unused".to_owned(), config: basic("unused", Some("old")) };
    let unused = create(&office.cx, &office.permit, input).await.unwrap();
    update(&office.cx, &office.permit, change(&unused, basic("unused", Some("new")))).await.unwrap();
    assert_eq!(kept(&office, &unused).await.0.as_deref(), Some("new"));
}

fn oauth2(
    server: &TokenServer,
    client: &str,
    secret: Option<&str>,
    refresh: Option<&str>,
) -> CredentialConfig {
    let settings = Oauth2Settings {
        token_url: format!("{}/token", server.url),
        authorize_url: None,
        client_id: client.to_owned(),
        scopes: Vec::new(),
        signed_in_as: None,
    };
    let secret = secret.map(|secret| secret.to_owned().into());
    CredentialConfig::Oauth2 { settings, secret, refresh_token: refresh.map(|token| token.to_owned().into()) }
}

/// A credential whose refresh token rotates, and an office that keeps them as the service does.
async fn rotating(fresh: Fresh) -> (Office, TokenServer, Credential) {
    let mut office = Office::open(fresh);
    let server = TokenServer::start(Some("given")).await;
    let keeper = Keeper::new(office.cx.db.clone(), Arc::clone(&office.cx.keys));
    office.cx.identities =
        Identities::new(&office.cx.reach.net, "", Arc::clone(&office.cx.clock)).keeping(Arc::new(keeper));
    let config = oauth2(&server, "c", Some("old-secret"), Some("given"));
    let input = CreateCredential { name: "rotating".to_owned(), config };
    let credential = create(&office.cx, &office.permit, input).await.unwrap();
    (office, server, credential)
}

async fn a_trial_that_uses_up_the_kept_refresh_token_keeps_its_successor_whatever_comes_after(fresh: Fresh) {
    let (office, server, credential) = rotating(fresh).await;
    office.credential("taken").await;
    let new_secret = || oauth2(&server, "c", Some("new-secret"), None);
    // The trial goes well; what comes after it does not.
    let renamed =
        UpdateCredential { name: Patch::Set("taken".to_owned()), ..change(&credential, new_secret()) };
    assert_eq!(refusals(update(&office.cx, &office.permit, renamed).await), ["TAKEN name"]);
    assert_eq!(server.asked().len(), 1);
    assert_ne!(server.refresh_token().as_deref(), Some("given"));
    let (secret, refresh) = kept(&office, &credential).await;
    assert_eq!((secret.as_deref(), refresh), (Some("old-secret"), server.refresh_token()));
    update(&office.cx, &office.permit, change(&credential, new_secret())).await.unwrap();
    let (secret, refresh) = kept(&office, &credential).await;
    assert_eq!((secret.as_deref(), refresh), (Some("new-secret"), server.refresh_token()));
}

/// A server that takes tokens, so that one is fetched; what it says to it is no matter here.
async fn takes_tokens() -> Script {
    let offers = "* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR\n{tag} OK\n";
    Script::start("* OK ready\n", &[("CAPABILITY", offers)]).await
}

fn tried(credential: &Credential, config: CredentialConfig, at: &Script) -> TestMailbox {
    let host = "127.0.0.1".to_owned();
    TestMailbox {
        id: None,
        address: Some("trial@example.com".to_owned()),
        provider: Some(ProviderInput::Imap(ImapInput {
            host,
            port: Some(at.port.into()),
            security: Security::None,
            login: None,
        })),
        credential: Some(CredentialChoice { id: Some(credential.id), config: Some(config) }),
        folder: None,
    }
}

async fn a_connection_test_with_changes_keeps_the_successor_too(fresh: Fresh) {
    let (office, server, credential) = rotating(fresh).await;
    let imap = takes_tokens().await;
    for round in 1..=2 {
        let input = tried(&credential, oauth2(&server, "c", Some("new-secret"), None), &imap);
        mailbox::test(&office.cx, &office.permit, input).await.unwrap();
        assert_eq!(server.asked().len(), round);
        assert_eq!(kept(&office, &credential).await.1, server.refresh_token());
    }
    let tokens = office.cx.identities.tokens(&credential, Secrets::default()).unwrap();
    tokens.bearer("").await.unwrap();
    assert_eq!(kept(&office, &credential).await.1, server.refresh_token());
}

async fn trials_and_refreshes_at_once_lose_no_refresh_token(fresh: Fresh) {
    let (office, server, credential) = rotating(fresh).await;
    let works = async || {
        let tokens = office.cx.identities.apart(&credential, Secrets::default()).unwrap();
        tokens.bearer("").await.map(drop)
    };
    let trial = async || {
        let config = oauth2(&server, "c", Some("new-secret"), None);
        update(&office.cx, &office.permit, change(&credential, config)).await
    };
    let (a, b, c, d, e) = tokio::join!(works(), trial(), works(), trial(), works());
    a.unwrap();
    b.unwrap();
    c.unwrap();
    d.unwrap();
    e.unwrap();
    assert_eq!(server.asked().len(), 5, "none was refused");
    assert_eq!(kept(&office, &credential).await.1, server.refresh_token());
}

async fn another_token_endpoint_is_not_sent_what_was_meant_for_the_old_one(fresh: Fresh) {
    let (office, server, credential) = rotating(fresh).await;
    let stranger = TokenServer::start(None).await;
    let elsewhere = || oauth2(&stranger, "c", None, None);
    let refused = update(&office.cx, &office.permit, change(&credential, elsewhere())).await;
    assert_eq!(refusals(refused), ["REQUIRED config.oauth2.clientSecret"]);
    let imap = takes_tokens().await;
    mailbox::test(&office.cx, &office.permit, tried(&credential, elsewhere(), &imap)).await.unwrap();
    assert_eq!(stranger.asked().len(), 1);
    let given = oauth2(&stranger, "c", Some("new-secret"), None);
    let changed = update(&office.cx, &office.permit, change(&credential, given)).await.unwrap();
    assert!(!changed.has_refresh_token, "it was the other one's");
    assert_eq!(kept(&office, &credential).await, (Some("new-secret".to_owned()), None));
    for form in stranger.asked() {
        let said = format!("{form:?}");
        assert!(!said.contains("given"), "{said}");
        let basic = form.get("authorization").map(String::as_str).unwrap_or_default();
        let old = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "c:old-secret");
        assert!(!basic.contains(&old) && !said.contains("old-secret"), "{said}");
    }
    assert!(server.asked().is_empty());
}

async fn another_client_does_not_go_on_with_the_sign_in_of_the_old_one(fresh: Fresh) {
    let (office, server, credential) = rotating(fresh).await;
    let other = oauth2(&server, "other", Some("its-secret"), None);
    let changed = update(&office.cx, &office.permit, change(&credential, other)).await.unwrap();
    assert!(!changed.has_refresh_token);
    assert!(server.asked().iter().all(|form| !form.contains_key("refresh_token")), "{:?}", server.asked());
}
