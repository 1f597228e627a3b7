//! The token endpoint, for the client credentials grant
//! (learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow).

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Request, State as Shared};
use axum::http::{Extensions, HeaderMap, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::json;
use uuid::Uuid;

use super::credential::{self, Proof, Times};
use super::refusal::Refusal;
use super::{scope, signing};
use crate::state::State;
use crate::world::App;
use crate::{random, server};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// `POST /{tenant}/oauth2/v2.0/token`.
pub async fn answer(
    Shared(state): Shared<State>,
    Path(tenant): Path<String>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let login = server::called(&extensions, &headers);
    let asked = Asked::of(tenant, &headers, &body);
    let now = state.clock.now();
    let granting = {
        let (state, login) = (state.clone(), login.clone());
        // The first one may wait for the key.
        tokio::task::spawn_blocking(move || grant(&state, &asked, &login)).await
    };
    match granting.unwrap_or_else(|_| Err(Refusal::unavailable())) {
        Ok(token) => {
            let fields = [(header::CACHE_CONTROL, "no-store, no-cache"), (header::PRAGMA, "no-cache")];
            let seconds = state.switches().token_seconds;
            let body = json!({
                "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token,
            });
            (fields, Json(body)).into_response()
        }
        Err(refusal) => refusal.answer(&headers, &login, now),
    }
}

/// Any other method.
pub async fn only_post(Shared(state): Shared<State>, request: Request) -> Response {
    let login = server::called(request.extensions(), request.headers());
    Refusal::method(request.method().as_str()).answer(request.headers(), &login, state.clock.now())
}

/// What a request says.
struct Asked {
    tenant: String,
    form: HashMap<String, String>,
}

impl Asked {
    fn of(tenant: String, headers: &HeaderMap, body: &[u8]) -> Self {
        let mut form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        if let Some((id, secret)) = basic(headers) {
            form.entry("client_id".to_owned()).or_insert(id);
            form.entry("client_secret".to_owned()).or_insert(secret);
        }
        Self { tenant, form }
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.form.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn require(&self, name: &str) -> Result<&str, Refusal> {
        self.field(name).ok_or_else(|| Refusal::missing(name))
    }
}

/// RFC 6749 section 2.3.1: both are form-encoded before they are joined.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let field = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = field.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    let decoded = |text: &str| {
        percent_decode_str(&text.replace('+', " ")).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    Some((decoded(id)?, decoded(secret)?))
}

fn grant(state: &State, asked: &Asked, login: &str) -> Result<String, Refusal> {
    let name = asked.tenant.as_str();
    let is_guid = name.parse::<Uuid>().is_ok();
    if ["common", "organizations", "consumers"].contains(&name) {
        return Err(Refusal::shared_tenant());
    }
    if !is_guid && !name.contains('.') {
        return Err(Refusal::tenant_form(name));
    }
    let grant_type = asked.require("grant_type")?;
    if grant_type != "client_credentials" {
        return Err(Refusal::grant_type(grant_type));
    }
    let client_id = asked.require("client_id")?;
    let asked_scope = asked.require("scope")?;
    let (tenant, domain, app) = {
        let world = state.world();
        let tenant = world.tenant(name).ok_or_else(|| Refusal::tenant(name))?;
        let app = client_id.parse().ok().and_then(|id| tenant.apps.get(&id));
        let app = app.ok_or_else(|| Refusal::app(client_id, &tenant.domain))?;
        (tenant.id, tenant.domain.clone(), app.clone())
    };
    if app.disabled {
        return Err(Refusal::disabled(app.client_id, &app.name));
    }
    let host = login.split_once("://").map_or(login, |(_, host)| host);
    let audience = scope::audience(asked_scope, &domain, host)?;
    let sandbox = state.clock.now();
    let times = Times { sandbox, machine: sandbox - state.clock.ahead() };
    let proof = prove(&app, asked, times, |audience| {
        let path = audience.strip_prefix("https://").or_else(|| audience.strip_prefix("http://"));
        let path = path.and_then(|path| path.split_once('/'));
        let Some((at, path)) = path else { return false };
        let (named, endpoint) = path.split_once('/').unwrap_or((path, ""));
        [host, "login.microsoftonline.com"].contains(&at)
            && (named.eq_ignore_ascii_case(&domain) || named.parse() == Ok(tenant))
            && ["oauth2/v2.0/token", "oauth2/token", "v2.0"].contains(&endpoint)
    })?;
    sign(state, &app, tenant, &audience, proof).ok_or_else(Refusal::unavailable)
}

/// None for a secret.
fn prove(
    app: &App,
    asked: &Asked,
    times: Times,
    is_ours: impl Fn(&str) -> bool,
) -> Result<Option<Proof>, Refusal> {
    if let Some(assertion) = asked.field("client_assertion") {
        if asked.require("client_assertion_type")? != ASSERTION_TYPE {
            return Err(Refusal::no_credential());
        }
        return credential::assertion(app, assertion, is_ours, times).map(Some);
    }
    let secret = asked.field("client_secret").ok_or_else(Refusal::no_credential)?;
    credential::secret(app, secret, times).map(|()| None)
}

fn sign(state: &State, app: &App, tenant: Uuid, audience: &str, proof: Option<Proof>) -> Option<String> {
    let now = state.clock.now().timestamp();
    let issuer = format!("https://sts.windows.net/{tenant}/");
    let mut claims = json!({
        "aud": audience, "iss": issuer, "iat": now, "nbf": now, "exp": now + state.switches().token_seconds,
        "app_displayname": app.name, "appid": app.client_id, "appidacr": if proof.is_some() { "2" } else { "1" },
        "idp": issuer, "idtyp": "app", "oid": app.object_id, "sub": app.object_id, "tid": tenant,
        "uti": random::uuid().simple().to_string(), "ver": "1.0",
    });
    // A token without permissions has no such claim at all.
    if let (Some(claims), false) = (claims.as_object_mut(), app.roles.is_empty()) {
        claims.insert("roles".to_owned(), json!(app.roles));
    }
    signing::sign(&claims)
}
