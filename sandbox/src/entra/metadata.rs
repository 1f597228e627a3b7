//! What describes the token endpoint to clients: discovery documents and keys.

use axum::Json;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{Extensions, HeaderMap};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::signing;
use crate::server;
use crate::state::State;

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`, everything at the address by which the client knows us.
pub async fn openid(
    Shared(state): Shared<State>,
    Path(tenant): Path<String>,
    extensions: Extensions,
    headers: HeaderMap,
) -> Response {
    let login = server::called(&extensions, &headers);
    let known = state.world().tenant(&tenant).map(|tenant| tenant.id.to_string());
    let id = match known {
        Some(id) => id,
        None if ["common", "organizations"].contains(&tenant.as_str()) => "{tenantid}".to_owned(),
        None => return Refusal::tenant(&tenant).answer(&headers, &login, state.clock.now()),
    };
    let host = login.split_once("://").map_or("", |(_, host)| host);
    Json(json!({
        "token_endpoint": format!("{login}/{tenant}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{login}/{tenant}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("{login}/{id}/v2.0"),
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": format!("{login}/oidc/userinfo"),
        "authorization_endpoint": format!("{login}/{tenant}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{login}/{tenant}/oauth2/v2.0/devicecode"),
        "http_logout_supported": true,
        "end_session_endpoint": format!("{login}/{tenant}/oauth2/v2.0/logout"),
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "ver", "appid", "roles", "idtyp"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": host,
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": host,
        "rbac_url": "https://pas.windows.net",
    }))
    .into_response()
}

/// `GET /{tenant}/discovery/v2.0/keys`.
pub async fn keys(Path(tenant): Path<String>, Shared(state): Shared<State>) -> Json<Value> {
    let known = state.world().tenant(&tenant).map(|tenant| tenant.id.to_string());
    let issuer = format!("https://sts.windows.net/{}/", known.as_deref().unwrap_or("{tenantid}"));
    let keys = tokio::task::spawn_blocking(move || signing::jwks(&issuer)).await;
    Json(keys.unwrap_or_else(|_| json!({ "keys": [] })))
}

/// What instance discovery is asked about.
#[derive(Debug, serde::Deserialize)]
pub struct Discovered {
    authorization_endpoint: Option<String>,
}

/// `GET /common/discovery/instance`: which hosts are one cloud; here only this one.
pub async fn instance(
    Query(asked): Query<Discovered>,
    extensions: Extensions,
    headers: HeaderMap,
) -> Json<Value> {
    let login = server::called(&extensions, &headers);
    let host = login.split_once("://").map_or("", |(_, host)| host);
    let asked = asked.authorization_endpoint.unwrap_or_default();
    let tenant = asked.split('/').nth(3).filter(|tenant| !tenant.is_empty()).unwrap_or("common");
    Json(json!({
        "tenant_discovery_endpoint": format!("{login}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
    }))
}
