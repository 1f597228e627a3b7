//! Graph's routes without their frame, with one mailbox and one app, for the tests of handlers.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::{Extension, Router};
use bytes::Bytes;
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

use super::answer::Problem;
use super::asked::Asked;
use super::caller::Caller;
use super::frame::Root;
use crate::contract;
use crate::log::Exchange;
use crate::mime;
use crate::state::State;
use crate::world::{App, IdKind, Mailbox, MessageKey, Tenant};

/// The mailbox of all tests.
pub const ANNA: &str = "anna@example.com";
/// Another one of the same tenant.
pub const BEN: &str = "ben@example.com";

/// A sandbox with two mailboxes.
pub struct Trial {
    /// Its state.
    pub state: State,
    caller: Caller,
    _witness: contract::held::Witness,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The refusal, which the frame would write.
    pub problem: Option<Problem>,
    /// The fields.
    pub headers: HeaderMap,
    /// The body as JSON; null where there is none.
    pub body: Value,
}

impl Answer {
    /// The refusal's status, code and sentence.
    pub fn refused(&self) -> (u16, &str, &str) {
        let problem = self.problem.as_ref().unwrap();
        (problem.status.as_u16(), &problem.code, &problem.message)
    }

    /// A text of the body.
    pub fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name} in {:#}", self.body))
    }
}

impl Trial {
    pub fn new() -> Self {
        let state = State::default();
        let roles = ["Mail.ReadWrite", "Mail.Send", "User.Read.All"].map(str::to_owned).to_vec();
        let caller = Caller { tenant: Uuid::from_u128(1), app: Uuid::from_u128(2), roles: roles.clone() };
        let app = App {
            client_id: caller.app,
            object_id: Uuid::from_u128(3),
            name: "app".to_owned(),
            disabled: false,
            secrets: vec![],
            certificates: vec![],
            federated: vec![],
            roles,
            scoped: vec![],
        };
        let mailboxes = [(4, ANNA, "Anna"), (5, BEN, "Ben")].map(|(id, address, name)| {
            (Uuid::from_u128(id), Mailbox::new(Uuid::from_u128(id), address, name))
        });
        state.world_mut().tenants.push(Tenant {
            id: caller.tenant,
            domain: "example.com".to_owned(),
            apps: [(caller.app, app)].into(),
            mailboxes: mailboxes.into(),
        });
        let witness = contract::held::Witness::of(&state);
        Self { state, caller, _witness: witness }
    }

    /// The same, with a token of these roles.
    pub fn only(mut self, roles: &[&str]) -> Self {
        self.caller.roles = roles.iter().map(|role| (*role).to_owned()).collect();
        self
    }

    /// Changes Anna's mailbox.
    pub fn anna<T>(&self, change: impl FnOnce(&mut Mailbox) -> T) -> T {
        self.mailbox(ANNA, change)
    }

    /// Changes a mailbox.
    pub fn mailbox<T>(&self, name: &str, change: impl FnOnce(&mut Mailbox) -> T) -> T {
        change(self.state.world_mut().tenants[0].mailbox_mut(name).unwrap())
    }

    /// Delivers a message to Anna; its immutable id.
    pub fn deliver(&self, raw: &str) -> String {
        let now = self.state.clock.now();
        self.anna(|anna| {
            let inbox = anna.well_known("inbox").unwrap().key;
            let raw = Bytes::copy_from_slice(raw.as_bytes());
            let key: MessageKey = anna.deliver(inbox, mime::envelope(&raw), raw, now, now).unwrap();
            anna.id_of(anna.message(key).unwrap(), IdKind::Immutable)
        })
    }

    /// All routes, as this app calls them.
    pub fn router(&self) -> Router {
        let asked =
            axum::middleware::from_fn(|mut request: Request<Body>, next: axum::middleware::Next| async {
                let asked = Asked::of(request.headers());
                request.extensions_mut().insert(asked);
                next.run(request).await
            });
        super::routes()
            .layer(asked)
            .layer(Extension(self.caller.clone()))
            .layer(Extension(Root("http://localhost/v1.0".to_owned())))
            .with_state(self.state.clone())
    }

    /// Asks with a JSON body.
    pub async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &[("content-type", "application/json")], body).await
    }

    /// Asks with these fields and bytes; ids are immutable unless a field says otherwise.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        if !fields.iter().any(|(name, _)| *name == "prefer") {
            request = request.header("prefer", "IdType=\"ImmutableId\"");
        }
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        answer("/v1.0", self.router(), request.body(body.into()).unwrap()).await
    }

    /// Asks with what is around each call, but its token.
    pub async fn framed(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        let request = request.header("content-type", "application/json").body(Body::from(body.to_string()));
        let router = super::frame::trusted(super::routes(), &self.state, self.caller.clone());
        answer("/v1.0", router, request.unwrap()).await
    }

    /// Asks outside of Graph.
    pub async fn open(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let router = super::frame::tokenless(super::open_routes(), &self.state);
        answer("", router.with_state(self.state.clone()), request.body(body.into()).unwrap()).await
    }
}

async fn answer(version: &str, router: Router, request: Request<Body>) -> Answer {
    let (method, path) = (request.method().clone(), format!("{version}{}", request.uri()));
    let (parts, body) = request.into_parts();
    let asked = to_bytes(body, usize::MAX).await.unwrap();
    let request = Request::from_parts(parts, Body::from(asked.clone()));
    let response = router.oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let problem = response.extensions().get::<Problem>().cloned();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    // Without the frame a refusal is not written yet.
    if problem.is_none() {
        let headers = headers.clone();
        let wrong = contract::wrong(&Exchange { method, path, request: asked, status, headers, body: bytes });
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
    Answer { status, problem, headers, body }
}
