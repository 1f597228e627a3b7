//! An API over a fresh database, asked within the process, with every statement counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::to_bytes;
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::TimeDelta;
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use mailroom::api::auth::Authenticator;
use mailroom::api::graphql::{Backend, Executor, Limits};
use mailroom::api::token::LocalKey;
use mailroom::api::{self, Api};
use mailroom::blob::Blobs;
use mailroom::domain::access::{Caller, Scope};
use mailroom::domain::clock::{Clock as _, ManualClock};
use mailroom::secret::KeyRing;
use mailroom::service;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::seed::start;
use crate::harness::database::Fresh;

/// Signs tokens.
const KEY: [u8; 32] = [7; 32];

/// An API over a fresh database.
pub struct House {
    pub services: service::Context,
    pub clock: Arc<ManualClock>,
    executor: Executor,
    statements: Arc<AtomicUsize>,
    _fresh: Fresh,
}

impl House {
    pub fn open(fresh: Fresh) -> Self {
        let statements = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&statements);
        let clock = Arc::new(ManualClock::new(start()));
        let services = service::Context {
            db: fresh.database.observed(move |_, _| {
                counter.fetch_add(1, Ordering::SeqCst);
            }),
            keys: Arc::new(KeyRing::parse(&KeyRing::generate("test").unwrap()).unwrap()),
            clock: clock.clone(),
            blobs: Blobs::open("memory://").unwrap(),
            runs: Default::default(),
            wake: Default::default(),
            public_url: "https://mail.example".into(),
            installation: std::sync::Arc::new(mailroom::domain::installation::Installation {
                id: uuid::Uuid::from_u128(7),
                reply_key: mailroom::domain::reply_token::ReplyKey::new([7; 32]),
            }),
            reach: mailroom::provider::Reach::new(
                mailroom::net::Net::new(&mailroom::config::Config::defaults().unwrap().net).unwrap(),
            ),
            identities: mailroom::identity::Identities::new(
                &mailroom::net::Net::new(&mailroom::config::Config::defaults().unwrap().net).unwrap(),
                "",
                Arc::new(mailroom::domain::clock::SystemClock),
            ),
            default_schedule: Arc::default(),
            limits: Arc::default(),
        };
        let executor = Executor::new(Backend { services: services.clone() }, Limits::default());
        Self { services, clock, executor, statements, _fresh: fresh }
    }

    /// The whole answer to an administrator.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        self.ask_as(&[Scope::Admin], query, variables).await
    }

    /// The whole answer to a caller with these scopes.
    pub async fn ask_as(&self, scopes: &[Scope], query: &str, variables: Value) -> Value {
        let prepared = self.executor.prepare(request(query, variables), "r").unwrap();
        let answer = self.executor.run(caller(scopes), prepared, "r").await;
        serde_json::from_str(&answer.json()).unwrap()
    }

    /// The data of an answer without errors.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await;
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].clone()
    }

    /// How many statements a query costs.
    pub async fn cost(&self, query: &str, variables: Value) -> usize {
        self.statements.store(0, Ordering::SeqCst);
        self.data(query, variables).await;
        self.statements.load(Ordering::SeqCst)
    }

    /// The answers of a subscription.
    pub fn follow(&self, query: &str, variables: Value) -> BoxStream<'static, Value> {
        let prepared = self.executor.prepare(request(query, variables), "r").unwrap();
        let answers = self.executor.stream(caller(&[Scope::Admin]), prepared, "r".to_owned());
        answers.map(|answer| serde_json::from_str(&answer.json()).unwrap()).boxed()
    }

    /// Fetches a link.
    pub async fn get(&self, link: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let path = link.strip_prefix("https://mail.example").unwrap();
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        let (parts, body) = self.router().oneshot(request).await.unwrap().into_parts();
        (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
    }

    /// Everything that is served.
    pub fn router(&self) -> axum::Router {
        self.router_with(true)
    }

    /// The same, with or without the page to try queries in.
    pub fn router_with(&self, graphiql: bool) -> axum::Router {
        api::router(Api {
            graphql: self.executor.clone(),
            auth: Authenticator::new(LocalKey::new(&KEY).unwrap(), self.clock.clone()),
            ready: Arc::new(|| async { true }.boxed()),
            graphiql,
        })
    }

    /// An administrator's token.
    pub fn token(&self) -> String {
        let key = LocalKey::new(&KEY).unwrap();
        key.mint(&caller(&[Scope::Admin]), self.clock.now(), TimeDelta::hours(1)).unwrap()
    }

    /// A mailbox with a mapping and a job; their ids as clients see them.
    pub async fn desk(&self, name: &str) -> Desk {
        let prefix: String = name.to_uppercase();
        let mapping = json!({ "name": name, "process": name, "referencePrefix": prefix,
            "rules": [{ "attribute": "title", "source": { "field": "SUBJECT" } }] });
        let data = self
            .data(
                "mutation($input: CreateMappingInput!) { createMapping(input: $input) {
                    mapping { id } userErrors { message path } } }",
                json!({ "input": mapping }),
            )
            .await;
        let mapping = text(&data["createMapping"]["mapping"]["id"]);
        let mailbox = json!({ "title": name, "address": format!("{name}@company.example"),
            "provider": { "imap": { "host": format!("{name}.company.example") } },
            "newCredential": { "name": name, "config": { "basic": { "username": name, "password": "x" } } },
            "mappingId": mapping, "job": { "name": name } });
        let data = self
            .data(
                "mutation($input: CreateMailboxInput!) { createMailbox(input: $input) {
                    mailbox { id jobs { id } } userErrors { message path } } }",
                json!({ "input": mailbox }),
            )
            .await;
        let mailbox = &data["createMailbox"]["mailbox"];
        assert!(mailbox.is_object(), "{data:#}");
        Desk { mailbox: text(&mailbox["id"]), job: text(&mailbox["jobs"][0]["id"]), mapping }
    }
}

/// Ids as clients see them.
pub struct Desk {
    pub mailbox: String,
    pub job: String,
    pub mapping: String,
}

/// The id within a global one.
pub fn raw<T: api::graphql::node::Global>(id: &str) -> T {
    api::graphql::node::decode(id).unwrap()
}

/// The global form of an id.
pub fn global<T: api::graphql::node::Global>(id: T) -> String {
    api::graphql::node::encode(id).0
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

pub fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

fn caller(scopes: &[Scope]) -> Caller {
    Caller { subject: "ada".to_owned(), name: None, scopes: scopes.to_vec() }
}

fn request(query: &str, variables: Value) -> async_graphql::Request {
    async_graphql::Request::new(query).variables(async_graphql::Variables::from_json(variables))
}
