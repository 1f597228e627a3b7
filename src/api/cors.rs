//! Which pages of other origins may call the API (Fetch standard, CORS). Tokens travel in a header, never in a
//! cookie, so an allowed origin gains nothing without one.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Lets pages of these origins call the routes. `http://localhost:*` stands for every port.
pub fn allow(router: Router, origins: &[String]) -> Router {
    if origins.is_empty() {
        return router;
    }
    let origins: Arc<[String]> =
        origins.iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect();
    let allowed = move |given: &HeaderValue, _: &axum::http::request::Parts| {
        given.to_str().is_ok_and(|given| origins.iter().any(|origin| is_of(given, origin)))
    };
    router.layer(
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(allowed))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT]),
    )
}

fn is_of(given: &str, origin: &str) -> bool {
    match origin.strip_suffix(":*") {
        Some(host) => given.strip_prefix(host).is_some_and(|port| {
            port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()) || port.is_empty()
        }),
        None => given == origin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_itself_and_a_star_is_any_port() {
        for (given, origin, allowed) in [
            ("https://desk.example.com", "https://desk.example.com", true),
            ("https://desk.example.com:8443", "https://desk.example.com", false),
            ("http://localhost:5173", "http://localhost:*", true),
            ("http://localhost", "http://localhost:*", true),
            ("http://localhost.evil.example", "http://localhost:*", false),
            ("http://localhost:5173.evil.example", "http://localhost:*", false),
            ("http://localhost:", "http://localhost:*", false),
            ("https://localhost:5173", "http://localhost:*", false),
            ("null", "http://localhost:*", false),
        ] {
            assert_eq!(is_of(given, origin), allowed, "{given} {origin}");
        }
    }
}
