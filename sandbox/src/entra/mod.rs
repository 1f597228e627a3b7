//! Entra ID: its token endpoint for the client credentials grant, and the documents that describe it.
//!
//! | file | holds |
//! |---|---|
//! | `token` | the endpoint: what a request asks for, and the answer |
//! | `credential` | what a request proves itself with: secret, certificate, federated token |
//! | `scope` | for whom a token is asked |
//! | `refusal` | refusals with their AADSTS numbers |
//! | `signing` | the key, and tokens made and read with it |
//! | `metadata` | discovery documents and keys |

mod credential;
mod metadata;
mod refusal;
mod scope;
mod signing;
mod token;

use axum::Router;
use axum::routing::{get, post};

use crate::state::State;

pub use signing::{Claims, TokenError, prepare, read as read_token, sign};

/// All of Entra.
pub fn routes() -> Router<State> {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/token", post(token::answer).fallback(token::only_post))
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(metadata::openid))
        .route("/{tenant}/.well-known/openid-configuration", get(metadata::openid))
        .route("/{tenant}/discovery/v2.0/keys", get(metadata::keys))
        .route("/{tenant}/discovery/keys", get(metadata::keys))
        .route("/{tenant}/discovery/instance", get(metadata::instance))
}
