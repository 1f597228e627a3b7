//! `$value`: a message as MIME.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Path, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;

use super::answer::Problem;
use super::caller::Caller;
use super::given::At;
use crate::mime;
use crate::state::State;
use crate::world::{Content, Permission};

/// The bytes of messages.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/users/{u}/messages/{m}/$value", get(value))
        .route("/users/{u}/mailFolders/{f}/messages/{m}/$value", get(scoped))
}

/// Each read is another turn, so that no two have the same bytes.
static TURN: AtomicU64 = AtomicU64::new(1);

async fn value(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    let content = {
        let world = state.world();
        let mailbox = caller.reach(&world, &at.u, Permission::Read, now)?;
        let message = at.message(mailbox)?;
        match &message.content {
            Content::Mime(raw) => Ok(raw.clone()),
            Content::Draft(draft) => Err((message.envelope.clone(), draft.clone())),
        }
    };
    let raw = content.unwrap_or_else(|(envelope, draft)| mime::compose(&envelope, &draft, now));
    let raw = if state.switches().rebuild_value {
        Bytes::from(mime::rebuild(&raw, TURN.fetch_add(1, Ordering::Relaxed)))
    } else {
        raw
    };
    Ok(text(raw))
}

/// The description has it, and the service refuses it.
async fn scoped(state: Shared<State>, caller: Extension<Caller>, at: Path<At>) -> Result<Response, Problem> {
    if !state.switches().folder_scoped_value {
        return Err(Problem::unsupported());
    }
    value(state, caller, at).await
}

/// MIME as Graph gives it: plain text of no charset.
pub(super) fn text(raw: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "text/plain")], raw).into_response()
}
