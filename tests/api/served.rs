//! An API that is served for one test.

use std::sync::{Arc, Once};

use chrono::TimeDelta;
use futures::FutureExt as _;
use mailroom::api::auth::Authenticator;
use mailroom::api::graphql::{Backend, Executor, Limits};
use mailroom::api::token::LocalKey;
use mailroom::api::{self, Api};
use mailroom::domain::access::{Caller, Scope};
use mailroom::domain::clock::{Clock, SystemClock};
use mailroom::secret::KeyRing;
use mailroom::service;
use serde_json::{Value, json};

use crate::harness::database::{Fresh, on_sqlite};

/// A served API with a database of its own. It ends with the test.
pub struct Served {
    pub address: std::net::SocketAddr,
    key: LocalKey,
    server: tokio::task::JoinHandle<()>,
    _fresh: Fresh,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Serves with the limits that hold by default.
pub async fn serve() -> Served {
    serve_within(Limits::default()).await
}

/// Serves within the limits.
pub async fn serve_within(limits: Limits) -> Served {
    serve_on(on_sqlite().await, limits).await
}

/// Serves a database within the limits.
pub async fn serve_on(fresh: Fresh, limits: Limits) -> Served {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keys = Arc::new(KeyRing::parse(&KeyRing::generate("test").unwrap()).unwrap());
    let services = service::Context {
        db: fresh.database.clone(),
        keys,
        clock: Arc::clone(&clock),
        blobs: mailroom::blob::Blobs::open("memory://").unwrap(),
        runs: mailroom::event::hub::RunHub::default(),
        wake: mailroom::event::wake::Wake::default(),
        public_url: "http://mailroom.test".into(),
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
    let key = LocalKey::new(&[7; 32]).unwrap();
    let database = fresh.database.clone();
    let api = Api {
        graphql: Executor::new(Backend { services }, limits),
        auth: Authenticator::new(key.clone(), clock),
        ready: Arc::new(move || {
            let database = database.clone();
            async move { database.ping().await.is_ok() }.boxed()
        }),
        graphiql: true,
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, api::router(api)).await.unwrap() });
    Served { address, key, server, _fresh: fresh }
}

impl Served {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A token with the scopes, good from `now` for so long.
    pub fn token_for(&self, scopes: &[Scope], lifetime: TimeDelta) -> String {
        let caller = Caller { subject: "ada".into(), name: Some("Ada".into()), scopes: scopes.to_vec() };
        self.key.mint(&caller, SystemClock.now(), lifetime).unwrap()
    }

    /// An administrator's token.
    pub fn token(&self) -> String {
        self.token_for(&[Scope::Admin], TimeDelta::hours(1))
    }

    /// Asks as an administrator, by POST; the whole answer.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        self.ask_as(&self.token(), query, variables).await
    }

    /// Asks with the token, by POST; the whole answer.
    pub async fn ask_as(&self, token: &str, query: &str, variables: Value) -> Value {
        let response = self.post(token, &json!({ "query": query, "variables": variables }).to_string()).await;
        response.json().await.unwrap()
    }

    /// Posts a body.
    pub async fn post(&self, token: &str, body: &str) -> reqwest::Response {
        client()
            .post(self.url("/graphql"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("accept", "application/graphql-response+json")
            .body(body.to_owned())
            .send()
            .await
            .unwrap()
    }
}

/// An HTTP client.
pub fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// The code of the answer's first error.
pub fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code in {answer}"))
}
