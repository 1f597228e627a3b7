//! The control endpoint: everything that a tenant's administrator, a sender and a saboteur would do, as plain HTTP under
//! `/sandbox`. It asks for no token: the sandbox is a tool of the machine that it runs on.
//!
//! | file | holds |
//! |---|---|
//! | `answer` | refusals with what to do about them |
//! | `directory` | tenants, apps, credentials |
//! | `mailboxes` | mailboxes and their folders |
//! | `messages` | delivering, and looking at what is there |
//! | `notifications` | subscriptions, lifecycle events, what left its tenant |
//! | `running` | switches, faults, clock, snapshots, requests |

mod answer;
mod directory;
mod mailboxes;
mod messages;
mod notifications;
mod running;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;

use crate::state::State;
use answer::Refusal;

/// What a message may weigh: Exchange Online's largest.
const LIMIT: usize = 150 * 1024 * 1024;

/// All of it, below `/sandbox`.
pub fn routes() -> Router<State> {
    Router::new()
        .merge(running::routes())
        .merge(directory::routes())
        .merge(mailboxes::routes())
        .merge(messages::routes())
        .merge(notifications::routes())
        .fallback(async || {
            Refusal::new(StatusCode::NOT_FOUND, "noSuchPath", "the control endpoint has no such path")
                .hint("GET /sandbox names them all")
        })
        .method_not_allowed_fallback(async || {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "noSuchMethod", "this path has no such method")
                .hint("GET /sandbox names them all")
        })
        .layer(DefaultBodyLimit::max(LIMIT))
}
