//! Refresh tokens that rotate, with several who refresh at once.

use std::sync::Arc;

use mailroom::db;
use mailroom::domain::credential::{Credential, Oauth2Settings};
use mailroom::domain::id::CredentialId;
use mailroom::identity::{Identities, Secrets};
use mailroom::secret::ExposeSecret as _;
use mailroom::service::credential::{CreateCredential, CredentialConfig, Keeper, create};

use super::Office;
use crate::harness::database::{Fresh, on_both};
use crate::harness::token_server::TokenServer;

on_both!(
    of_two_processes_that_refresh_at_once_neither_loses_the_token,
    a_new_refresh_token_is_kept_and_nothing_else_of_the_credential_changes,
);

async fn saved(office: &Office, server: &TokenServer) -> Credential {
    let settings = Oauth2Settings {
        token_url: format!("{}/token", server.url),
        authorize_url: None,
        client_id: "c".to_owned(),
        scopes: Vec::new(),
        signed_in_as: None,
    };
    let refresh_token = Some("given".to_owned().into());
    let config = CredentialConfig::Oauth2 { settings, secret: None, refresh_token };
    let input = CreateCredential { name: "rotating".to_owned(), config };
    create(&office.cx, &office.permit, input).await.unwrap()
}

/// A process: a cache of its own over the same database.
fn process(office: &Office) -> Identities {
    let keeper = Keeper::new(office.cx.db.clone(), Arc::clone(&office.cx.keys));
    Identities::new(&office.cx.reach.net, "", Arc::clone(&office.cx.clock)).keeping(Arc::new(keeper))
}

async fn kept(office: &Office, id: CredentialId) -> String {
    let sealed = db::credential::sealed(office.cx.db.read(), id).await.unwrap().refresh_token.unwrap();
    office.cx.keys.open(db::credential::TABLE, id.0, &sealed).unwrap().expose_secret().to_owned()
}

async fn of_two_processes_that_refresh_at_once_neither_loses_the_token(fresh: Fresh) {
    let office = Office::open(fresh);
    let server = TokenServer::start(Some("given")).await;
    let credential = saved(&office, &server).await;
    // SQLite is for one process: there the second one is a second cache over the same keeper.
    let first = process(&office);
    let second = if office.cx.db.has_one_writer() {
        let keeper = Arc::new(Keeper::new(office.cx.db.clone(), Arc::clone(&office.cx.keys)));
        let cache = || {
            Identities::new(&office.cx.reach.net, "", Arc::clone(&office.cx.clock)).keeping(keeper.clone())
        };
        vec![cache(), cache(), cache()]
    } else {
        vec![first, process(&office), process(&office)]
    };
    let ask = |identities: Identities| {
        let tokens = identities.tokens(&credential, Secrets::default()).unwrap();
        async move { tokens.bearer("").await.map(|bearer| bearer.token.expose_secret().to_owned()) }
    };
    let all = futures::future::join_all(second.into_iter().map(ask)).await;
    for got in all {
        got.unwrap();
    }
    assert_eq!(server.asked().len(), 3);
    assert_eq!(Some(kept(&office, credential.id).await), server.refresh_token());
}

async fn a_new_refresh_token_is_kept_and_nothing_else_of_the_credential_changes(fresh: Fresh) {
    let office = Office::open(fresh);
    let server = TokenServer::start(Some("given")).await;
    let credential = saved(&office, &server).await;
    process(&office).tokens(&credential, Secrets::default()).unwrap().bearer("").await.unwrap();
    assert_eq!(kept(&office, credential.id).await, "refresh-1");
    let after = db::credential::get(office.cx.db.read(), credential.id).await.unwrap().unwrap();
    assert_eq!(after, credential);
    // A new process begins with what was kept.
    process(&office).tokens(&credential, Secrets::default()).unwrap().bearer("").await.unwrap();
    assert_eq!(kept(&office, credential.id).await, "refresh-2");
}
