//! Who asks: the token of a request, as Graph checks it.

use axum::http::{HeaderMap, header};

use super::answer::Problem;
use super::caller::Caller;
use crate::entra::{self, TokenError};
use crate::state::State;

/// Names of Graph itself, as a token may have them for its audience.
const AUDIENCES: [&str; 5] = [
    "https://graph.microsoft.com",
    "00000003-0000-0000-c000-000000000000",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
];

/// The app that asks, by its token: whole, ours, for Graph, and not expired by the sandbox's clock.
pub fn caller(state: &State, headers: &HeaderMap) -> Result<Caller, Problem> {
    let field = headers.get(header::AUTHORIZATION).and_then(|field| field.to_str().ok()).unwrap_or_default();
    let (scheme, token) = field.split_once(' ').unwrap_or((field, ""));
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(refused("Access token is empty."));
    }
    let claims = entra::read_token(token.trim()).map_err(|error| match error {
        TokenError::Malformed => refused("IDX14100: JWT is not well formed, there are no dots (.)."),
        TokenError::Signature => refused("Access token validation failure. Invalid signature."),
        TokenError::Unready => refused("The keys of the tenant can't be made."),
    })?;
    let now = state.clock.now().timestamp();
    if claims.exp <= now {
        return Err(refused("Lifetime validation failed, the token is expired."));
    }
    if claims.nbf > now + 300 {
        return Err(refused("Lifetime validation failed, the token is not yet valid."));
    }
    if !AUDIENCES.contains(&claims.aud.trim_end_matches('/')) {
        return Err(refused("Access token validation failure. Invalid audience."));
    }
    let scoped = {
        let world = state.world();
        let tenant = world.tenants.iter().find(|tenant| tenant.id == claims.tid);
        let app = tenant.and_then(|tenant| tenant.apps.get(&claims.appid));
        app.map(|app| !app.scoped.is_empty())
    };
    let scoped = scoped.ok_or_else(|| refused("The tenant or app of the token is not there any more."))?;
    if claims.roles.is_empty() && !scoped {
        return Err(Problem::unauthenticated(
            "NoPermissionsInAccessToken",
            "The token contains no permissions, or permissions can not be understood.",
        ));
    }
    Ok(Caller { tenant: claims.tid, app: claims.appid, roles: claims.roles })
}

fn refused(message: &str) -> Problem {
    Problem::unauthenticated("InvalidAuthenticationToken", message)
}
