//! People who sign in, and secrets that are tried before they are kept.

use std::sync::Arc;

use mailroom::db;
use mailroom::domain::credential::{Credential, Oauth2Settings};
use mailroom::domain::entra::{EntraApp, EntraCloud};
use mailroom::identity::Identities;
use mailroom::secret::ExposeSecret as _;
use mailroom::service::credential::{
    CreateCredential, CredentialConfig, Keeper, Unfinished, UpdateCredential, create, finish_sign_in,
    start_sign_in, update,
};
use mailroom::service::{Error, Patch, UserErrorCode};

use super::{Office, basic};
use crate::harness::database::{Fresh, on_both};
use crate::harness::token_server::TokenServer;
use crate::identity::House;

on_both!(
    who_signs_in_is_kept_with_the_credential_and_signing_in_again_keeps_it,
    a_state_that_is_forged_late_or_used_signs_nobody_in,
    nobody_signs_in_where_the_credential_is_not_for_that,
    a_new_secret_is_tried_before_the_old_one_is_let_go_of,
    a_refresh_token_that_the_trial_used_up_is_replaced_by_its_successor,
);

fn oauth2(server: &TokenServer, refresh_token: Option<&str>, by_person: bool) -> CredentialConfig {
    let settings = Oauth2Settings {
        token_url: format!("{}/token", server.url),
        authorize_url: by_person.then(|| format!("{}/authorize", server.url)),
        client_id: "mailroom".to_owned(),
        scopes: vec!["mail".to_owned(), "offline_access".to_owned()],
        signed_in_as: None,
    };
    let refresh_token = refresh_token.map(|token| token.to_owned().into());
    CredentialConfig::Oauth2 { settings, secret: None, refresh_token }
}

async fn saved(office: &Office, config: CredentialConfig) -> Credential {
    let input = CreateCredential { name: "one".to_owned(), config };
    create(&office.cx, &office.permit, input).await.unwrap()
}

async fn now(office: &Office, credential: &Credential) -> Credential {
    db::credential::get(office.cx.db.read(), credential.id).await.unwrap().unwrap()
}

async fn kept(office: &Office, credential: &Credential) -> (Option<String>, Option<String>) {
    let sealed = db::credential::sealed(office.cx.db.read(), credential.id).await.unwrap();
    let open = |sealed: Vec<u8>| {
        let opened = office.cx.keys.open(db::credential::TABLE, credential.id.0, &sealed).unwrap();
        opened.expose_secret().to_owned()
    };
    (sealed.secret.map(open), sealed.refresh_token.map(open))
}

/// The parameter of an address.
fn of(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

async fn who_signs_in_is_kept_with_the_credential_and_signing_in_again_keeps_it(fresh: Fresh) {
    let office = Office::open(fresh);
    let server = TokenServer::start(None).await;
    let credential = saved(&office, oauth2(&server, None, true)).await;
    for (round, person) in ["ada@example.com", "bob@example.com"].into_iter().enumerate() {
        let begun = start_sign_in(&office.cx, &office.permit, credential.id).await.unwrap();
        let url = begun.authorize_url;
        assert!(url.starts_with(&format!("{}/authorize?", server.url)), "{url}");
        assert_eq!(of(&url, "redirect_uri"), "https://mail.example/oauth/callback");
        assert_eq!(of(&url, "scope"), "mail offline_access");
        let code = server.sign_in(&url, person).into();
        finish_sign_in(&office.cx, &of(&url, "state"), Some(&code)).await.unwrap();
        let after = now(&office, &credential).await;
        assert_eq!((after.id, after.name.as_str()), (credential.id, "one"));
        assert_eq!(after.version, credential.version + 1 + round as i32);
        assert_eq!(after.settings.signed_in_as(), Some(person));
        assert_eq!(kept(&office, &credential).await.1, server.refresh_token());
    }
}

async fn a_state_that_is_forged_late_or_used_signs_nobody_in(fresh: Fresh) {
    let office = Office::open(fresh);
    let server = TokenServer::start(None).await;
    let credential = saved(&office, oauth2(&server, None, true)).await;
    let begin = || async { start_sign_in(&office.cx, &office.permit, credential.id).await.unwrap() };
    let stale = |ended: Result<(), Unfinished>| assert!(matches!(ended, Err(Unfinished::Stale)), "{ended:?}");
    let code = "any".to_owned().into();
    for forged in ["", "x", "AAAA", "<script>"] {
        stale(finish_sign_in(&office.cx, forged, Some(&code)).await);
    }
    let url = begin().await.authorize_url;
    let ended = finish_sign_in(&office.cx, &of(&url, "state"), None).await;
    assert!(matches!(ended, Err(Unfinished::Denied)), "{ended:?}");
    let ended = finish_sign_in(&office.cx, &of(&url, "state"), Some(&code)).await;
    assert!(matches!(ended, Err(Unfinished::Identity(_))), "{ended:?}");
    let code = server.sign_in(&url, "ada@example.com").into();
    finish_sign_in(&office.cx, &of(&url, "state"), Some(&code)).await.unwrap();
    stale(finish_sign_in(&office.cx, &of(&url, "state"), Some(&code)).await);
    let late = begin().await.authorize_url;
    office.clock.advance(chrono::TimeDelta::minutes(16));
    let code = server.sign_in(&late, "eve@example.com").into();
    stale(finish_sign_in(&office.cx, &of(&late, "state"), Some(&code)).await);
    assert_eq!(now(&office, &credential).await.settings.signed_in_as(), Some("ada@example.com"));
}

async fn nobody_signs_in_where_the_credential_is_not_for_that(fresh: Fresh) {
    let office = Office::open(fresh);
    let credential = saved(&office, basic("desk", Some("s3cret"))).await;
    let error = start_sign_in(&office.cx, &office.permit, credential.id).await.err().unwrap();
    let Error::Refused(errors) = error else { panic!("{error:?}") };
    assert_eq!((errors[0].code, errors[0].path[0].as_str()), (UserErrorCode::Unsupported, "credentialId"));
}

fn change(credential: &Credential, config: CredentialConfig) -> UpdateCredential {
    let config = Patch::Set(config);
    UpdateCredential { id: credential.id, name: Patch::Keep, config, expected_version: None }
}

async fn a_new_secret_is_tried_before_the_old_one_is_let_go_of(fresh: Fresh) {
    let mut office = Office::open(fresh);
    let house = House::open().await;
    office.cx.identities = house.identities.clone();
    let with = |secret: &str| CredentialConfig::EntraClientSecret {
        app: EntraApp {
            tenant_id: sandbox::sample::DOMAIN.to_owned(),
            client_id: sandbox::sample::CLIENT_ID.to_string(),
            cloud: EntraCloud::Global,
        },
        secret: Some(secret.to_owned().into()),
        expires_at: None,
    };
    let credential = saved(&office, with("old")).await;
    let error = update(&office.cx, &office.permit, change(&credential, with("wrong"))).await.err().unwrap();
    let Error::Refused(errors) = error else { panic!("{error:?}") };
    assert_eq!(errors[0].path, ["config", "entraClientSecret", "clientSecret"]);
    let fault = errors[0].fault.clone().unwrap();
    assert_eq!(fault.provider_code.as_deref(), Some("AADSTS7000215"));
    assert!(fault.request_id.is_some());
    assert_eq!(now(&office, &credential).await, credential);
    assert_eq!(kept(&office, &credential).await.0.as_deref(), Some("old"));
    let right = change(&credential, with(sandbox::sample::SECRET));
    assert_eq!(update(&office.cx, &office.permit, right).await.unwrap().version, 2);
    assert_eq!(kept(&office, &credential).await.0.as_deref(), Some(sandbox::sample::SECRET));
    // Nobody answers: that is no refusal.
    house.fault(sandbox::faults::Rule { status: Some(503), retry_after: Some(9), ..Default::default() });
    update(&office.cx, &office.permit, change(&credential, with("unseen"))).await.unwrap();
}

async fn a_refresh_token_that_the_trial_used_up_is_replaced_by_its_successor(fresh: Fresh) {
    let mut office = Office::open(fresh);
    let server = TokenServer::start(Some("given")).await;
    let keeper = Keeper::new(office.cx.db.clone(), Arc::clone(&office.cx.keys));
    office.cx.identities =
        Identities::new(&office.cx.reach.net, "", Arc::clone(&office.cx.clock)).keeping(Arc::new(keeper));
    let credential = saved(&office, oauth2(&server, Some("old"), false)).await;
    let wrong = change(&credential, oauth2(&server, Some("not-it"), false));
    update(&office.cx, &office.permit, wrong).await.err().unwrap();
    assert_eq!(kept(&office, &credential).await.1.as_deref(), Some("old"));
    let right = change(&credential, oauth2(&server, Some("given"), false));
    update(&office.cx, &office.permit, right).await.unwrap();
    assert_ne!(server.refresh_token().as_deref(), Some("given"));
    assert_eq!(kept(&office, &credential).await.1, server.refresh_token());
}
