//! A sign-in service that rotates refresh tokens, and takes each only once (RFC 6749; OAuth 2.1, 4.3.1).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A running one; it ends when this is dropped.
pub struct TokenServer {
    /// Without a path.
    pub url: String,
    /// The authority of its certificate, as PEM; empty without https.
    pub ca: String,
    state: Shared,
    task: JoinHandle<()>,
}

type Shared = Arc<Mutex<Tenant>>;

#[derive(Default)]
struct Tenant {
    /// The forms that were posted, with the header `Authorization` among them.
    asked: Vec<HashMap<String, String>>,
    issued: u32,
    /// The refresh token that is good now.
    refresh: Option<String>,
    /// A code that a person brought back, its challenge, and who it was.
    codes: HashMap<String, (String, String)>,
    /// What is answered to everything.
    says: Option<(u16, String)>,
    /// The access token that is given; numbered ones without.
    gives: Option<String>,
    /// Answers wait until it is not.
    holds: bool,
}

impl TokenServer {
    /// With this refresh token, and no other.
    pub async fn start(refresh: Option<&str>) -> Self {
        let state = Shared::default();
        state.lock().unwrap().refresh = refresh.map(str::to_owned);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = app(&state);
        let task = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Self { url, ca: String::new(), state, task }
    }

    /// The same over https, as Entra ID's place has it.
    pub async fn start_https(refresh: Option<&str>) -> Self {
        let state = Shared::default();
        state.lock().unwrap().refresh = refresh.map(str::to_owned);
        let (acceptor, ca) = sandbox::tls::acceptor().unwrap();
        let listener = Tls { tcp: TcpListener::bind("127.0.0.1:0").await.unwrap(), acceptor };
        let url = format!("https://{}", listener.tcp.local_addr().unwrap());
        let app = app(&state);
        let task = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Self { url, ca, state, task }
    }

    /// Gives this access token from now on.
    pub fn give(&self, token: &str) {
        self.state.lock().unwrap().gives = Some(token.to_owned());
    }

    /// What was posted, in order.
    pub fn asked(&self) -> Vec<HashMap<String, String>> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The refresh token that is good now.
    pub fn refresh_token(&self) -> Option<String> {
        self.state.lock().unwrap().refresh.clone()
    }

    /// Answers everything so.
    pub fn say(&self, status: u16, body: &str) {
        self.state.lock().unwrap().says = Some((status, body.to_owned()));
    }

    /// Hears what is asked, and does not answer until [`Self::let_go`].
    pub fn hold(&self) {
        self.state.lock().unwrap().holds = true;
    }

    /// Answers again.
    pub fn let_go(&self) {
        self.state.lock().unwrap().holds = false;
    }

    /// A person signed in at that address; the code that the browser brings back.
    pub fn sign_in(&self, authorize_url: &str, person: &str) -> String {
        let url = url::Url::parse(authorize_url).unwrap();
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["code_challenge_method"], "S256");
        let code = format!("code-for-{person}");
        let challenge = query["code_challenge"].clone();
        self.state.lock().unwrap().codes.insert(code.clone(), (challenge, person.to_owned()));
        code
    }
}

impl Drop for TokenServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Accepts TLS.
struct Tls {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            if let Ok((stream, from)) = self.tcp.accept().await
                && let Ok(stream) = self.acceptor.accept(stream).await
            {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

fn app(state: &Shared) -> Router {
    Router::new().route("/{*path}", post(token)).with_state(state.clone())
}

async fn token(
    State(state): State<Shared>,
    headers: HeaderMap,
    Form(mut form): Form<HashMap<String, String>>,
) -> Response {
    if let Some(header) = headers.get("authorization") {
        form.insert("authorization".to_owned(), header.to_str().unwrap().to_owned());
    }
    state.lock().unwrap().asked.push(form.clone());
    while state.lock().unwrap().holds {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let mut tenant = state.lock().unwrap();
    if let Some((status, body)) = tenant.says.clone() {
        return (StatusCode::from_u16(status).unwrap(), body).into_response();
    }
    tenant.issued += 1;
    let number = tenant.issued;
    let access = tenant.gives.clone().unwrap_or_else(|| format!("access-{number}"));
    let mut body = json!({"access_token": access, "token_type": "Bearer", "expires_in": 3600});
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    match form.get("grant_type").map(String::as_str) {
        Some("client_credentials") => {}
        Some("refresh_token") if tenant.refresh.as_ref() == form.get("refresh_token") => {
            tenant.refresh = Some(format!("refresh-{number}"));
        }
        Some("authorization_code") => {
            let Some((challenge, person)) = form.get("code").and_then(|code| tenant.codes.remove(code))
            else {
                return refused("invalid_grant");
            };
            let digest = Sha256::digest(form.get("code_verifier").map_or("", String::as_str));
            if base64url(&digest) != challenge {
                return refused("invalid_grant");
            }
            tenant.refresh = Some(format!("refresh-{number}"));
            let claims = base64url(json!({"preferred_username": person}).to_string().as_bytes());
            body["id_token"] = format!("e30.{claims}.x").into();
        }
        _ => return refused("invalid_grant"),
    }
    if let Some(refresh) = &tenant.refresh
        && form["grant_type"] != "client_credentials"
    {
        body["refresh_token"] = Value::String(refresh.clone());
    }
    Json(body).into_response()
}

fn base64url(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}
