//! Refresh tokens that rotate, with several who refresh at once.

use std::sync::Arc;

use mailroom::db;
use mailroom::domain::credential::{Credential, Oauth2Settings};
use mailroom::domain::id::CredentialId;
use mailroom::identity::{Identities, RefreshTokens as _, Secrets};
use mailroom::secret::ExposeSecret as _;
use mailroom::service::credential::{CreateCredential, CredentialConfig, Keeper, create};

use sea_orm::{ConnectionTrait as _, Statement};

use super::Office;
use crate::harness::database::{Fresh, on_both};
use crate::harness::token_server::TokenServer;

on_both!(
    of_two_processes_that_refresh_at_once_neither_loses_the_token,
    a_new_refresh_token_is_kept_and_nothing_else_of_the_credential_changes,
    a_new_refresh_token_outlives_the_connection_that_held_the_lock,
    more_credentials_than_connections_refresh_at_once,
    who_ends_waits_for_the_fetch_that_is_under_way,
);

fn at(server: &TokenServer) -> Oauth2Settings {
    Oauth2Settings {
        token_url: format!("{}/token", server.url),
        authorize_url: None,
        client_id: "c".to_owned(),
        scopes: Vec::new(),
        signed_in_as: None,
    }
}

async fn saved(office: &Office, server: &TokenServer) -> Credential {
    let settings = at(server);
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

async fn a_new_refresh_token_outlives_the_connection_that_held_the_lock(fresh: Fresh) {
    let office = Office::open(fresh);
    let server = TokenServer::start(Some("given")).await;
    let credential = saved(&office, &server).await;
    let keeper = Keeper::new(office.cx.db.clone(), Arc::clone(&office.cx.keys));
    let held = keeper.hold(credential.id).await.unwrap().unwrap();
    assert_eq!(held.token().unwrap().expose_secret(), "given");
    // Some databases end transactions that wait for long.
    if !office.cx.db.has_one_writer() {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND state = 'idle in transaction'";
        let db = office.cx.db.read();
        let ended = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        assert_eq!(ended.len(), 1);
    }
    held.replace(&"successor".to_owned().into()).await.unwrap();
    assert_eq!(kept(&office, credential.id).await, "successor");
}

async fn more_credentials_than_connections_refresh_at_once(fresh: Fresh) {
    let office = Office::open(fresh);
    let identities = process(&office);
    let mut servers = Vec::new();
    let mut credentials = Vec::new();
    for number in 0..30 {
        let server = TokenServer::start(Some("given")).await;
        let refresh_token = Some("given".to_owned().into());
        let config = CredentialConfig::Oauth2 { settings: at(&server), secret: None, refresh_token };
        let input = CreateCredential { name: format!("rotating {number}"), config };
        credentials.push(create(&office.cx, &office.permit, input).await.unwrap());
        servers.push(server);
    }
    for server in &servers {
        server.hold();
    }
    let asks = credentials.iter().map(|credential| {
        let tokens = identities.tokens(credential, Secrets::default()).unwrap();
        async move { tokens.bearer("").await.map(drop) }
    });
    let asking = futures::future::join_all(asks);
    // While the endpoints keep silent, everyone else gets at the database.
    let others = async {
        crate::identity::eventually(async || servers.iter().any(|server| !server.asked().is_empty())).await;
        for _ in 0..20 {
            office.cx.db.begin().await.unwrap().rollback().await.unwrap();
        }
        for server in &servers {
            server.let_go();
        }
    };
    let (got, ()) = tokio::join!(asking, others);
    assert!(got.iter().all(Result::is_ok), "{:?}", got.iter().find_map(|one| one.as_ref().err()));
    for (server, credential) in servers.iter().zip(&credentials) {
        assert_eq!(Some(kept(&office, credential.id).await), server.refresh_token());
    }
}

async fn who_ends_waits_for_the_fetch_that_is_under_way(fresh: Fresh) {
    let office = Office::open(fresh);
    let server = TokenServer::start(Some("given")).await;
    let credential = saved(&office, &server).await;
    let identities = process(&office);
    server.hold();
    let tokens = identities.tokens(&credential, Secrets::default()).unwrap();
    // Whoever asked goes away.
    let asking = tokio::spawn(async move { tokens.bearer("").await.map(drop) });
    crate::identity::eventually(async || !server.asked().is_empty()).await;
    asking.abort();
    let ends = tokio::spawn(async move { identities.settled().await });
    tokio::task::yield_now().await;
    assert!(!ends.is_finished());
    server.let_go();
    ends.await.unwrap();
    assert_eq!(Some(kept(&office, credential.id).await), server.refresh_token());
    assert_ne!(server.refresh_token().as_deref(), Some("given"));
}
