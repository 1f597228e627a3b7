//! Which pages of other origins may call the API (Fetch standard, CORS). Tokens travel in a header, never in a
//! cookie, so an allowed origin gains nothing without one.

use axum::Router;
use axum::http::{HeaderValue, Method, header};
use tower_http::cors::CorsLayer;

/// Lets pages of these origins call the routes.
pub fn allow(router: Router, origins: &[String]) -> Router {
    let origins: Vec<HeaderValue> =
        origins.iter().filter_map(|origin| origin.trim_end_matches('/').parse().ok()).collect();
    if origins.is_empty() {
        return router;
    }
    router.layer(
        CorsLayer::new().allow_origin(origins).allow_methods([Method::GET, Method::POST]).allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
        ]),
    )
}
