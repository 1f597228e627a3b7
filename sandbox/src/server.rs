//! The listeners: Entra and Graph together on each, http always and https where it is wanted.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, header};
use axum::response::Response;
use axum::{Extension, Router, middleware};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::graph::frame;
use crate::state::State;
use crate::{control, entra, faults, log, path, tls};

/// A client that does not get on with TLS is let go after this.
const PATIENCE: Duration = Duration::from_secs(30);
/// A client that asks nothing, or never ends its header, is let go after this; clients that pool connections count on
/// a minute or two.
const IDLE: Duration = Duration::from_secs(120);

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// For http; port 0 takes a free one.
    pub http: SocketAddr,
    /// For https.
    pub https: Option<SocketAddr>,
}

impl Default for Options {
    /// Free ports of this machine, http and https.
    fn default() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { http: any, https: Some(any) }
    }
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Someone listens there already, or it is no address of this machine.
    #[error("can't listen on {0}; give another address, or port 0 for a free one")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// No https.
    #[error(transparent)]
    Tls(#[from] tls::Error),
}

/// Starts sandboxes.
#[derive(Debug)]
pub struct Sandbox;

/// A sandbox that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    /// Such as `http://127.0.0.1:8080`.
    pub http_url: String,
    /// Such as `https://127.0.0.1:8443`.
    pub https_url: Option<String>,
    /// The authority of the https certificate, for clients to trust; PEM.
    pub ca_pem: Option<String>,
    /// What it serves.
    pub state: State,
    listeners: JoinSet<()>,
}

impl Sandbox {
    /// Serves that state; ready when this returns.
    pub async fn start(options: Options, state: State) -> Result<Running, Error> {
        entra::prepare();
        let app = app(&state);
        let mut listeners = JoinSet::new();
        let (http, http_url) = listen(options.http, "http").await?;
        listeners.spawn(accept(http, None, app.clone().layer(Extension(Scheme("http")))));
        let (mut https_url, mut ca_pem) = (None, None);
        if let Some(address) = options.https {
            let (acceptor, authority) = tls::acceptor()?;
            let (https, url) = listen(address, "https").await?;
            listeners.spawn(accept(https, Some(acceptor), app.layer(Extension(Scheme("https")))));
            (https_url, ca_pem) = (Some(url), Some(authority));
        }
        listeners.spawn(crate::notify::run(state.clone()));
        Ok(Running { http_url, https_url, ca_pem, state, listeners })
    }
}

impl Running {
    /// Closes the listeners and all their connections.
    pub async fn stop(mut self) {
        self.listeners.shutdown().await;
    }

    /// Waits; a sandbox ends by itself only when its listeners do.
    pub async fn wait(mut self) {
        while self.listeners.join_next().await.is_some() {}
    }
}

/// Everything that is served, its paths brought into one form first.
pub fn app(state: &State) -> Router {
    let served = Router::new()
        .merge(entra::routes().layer(middleware::from_fn_with_state(state.clone(), faults::around)))
        .merge(frame::tokenless(crate::graph::open_routes(), state))
        .nest("/v1.0", frame::framed(crate::graph::routes(), state))
        .nest("/sandbox", control::routes())
        .fallback(frame::unknown_version)
        .with_state(state.clone());
    Router::new()
        .fallback_service(served)
        .layer(middleware::map_request(path::normalise))
        .layer(middleware::from_fn_with_state(state.clone(), log::around))
}

/// How a connection came in.
#[derive(Debug, Clone, Copy)]
pub struct Scheme(pub &'static str);

/// The server as the client of a request calls it, such as `https://localhost:8443`.
pub fn called(extensions: &Extensions, headers: &HeaderMap) -> String {
    let scheme = extensions.get::<Scheme>().map_or("http", |scheme| scheme.0);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("{scheme}://{host}")
}

async fn listen(address: SocketAddr, scheme: &str) -> Result<(TcpListener, String), Error> {
    let listener = TcpListener::bind(address).await.map_err(|error| Error::Listen(address, error))?;
    let at = listener.local_addr().map_err(|error| Error::Listen(address, error))?;
    let url = if at.ip().is_unspecified() {
        format!("{scheme}://127.0.0.1:{}", at.port())
    } else {
        format!("{scheme}://{at}")
    };
    Ok((listener, url))
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, app: Router) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(converse(stream, tls.clone(), app.clone()));
            }
            // Such as too many open files: it passes.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn converse(stream: TcpStream, tls: Option<TlsAcceptor>, app: Router) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    match tls {
        None => serve(stream, app).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
                serve(stream, app).await;
            }
        }
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, app: Router) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(IDLE);
    let service = TowerToHyperService::new(tower::service_fn(move |request: axum::http::Request<_>| {
        let app = app.clone();
        async move {
            let request: Request = request.map(axum::body::Body::new);
            let response: Result<Response, Infallible> = tower::ServiceExt::oneshot(app, request).await;
            response
        }
    }));
    // A client that goes away in the middle is no matter of ours.
    drop(builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await);
}
