//! Reading attachments.

use axum::extract::{Path, State as Shared};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};

use super::answer::Problem;
use super::asked::Asked;
use super::caller::Caller;
use super::given::At;
use super::odata::{ATTACHMENT, Expand, Here, Options, Select};
use super::show::{attachment, attachment_number, attachments, page, selected};
use crate::mime::{Part, PartKind};
use crate::state::State;
use crate::world::{Message, Permission};

/// The attachments of a message.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/users/{u}/messages/{m}/attachments", get(list))
        .route("/users/{u}/messages/{m}/attachments/$count", get(count))
        .route("/users/{u}/messages/{m}/attachments/{a}", get(one))
        .route("/users/{u}/messages/{m}/attachments/{a}/$value", get(value))
        .route("/users/{u}/mailFolders/{f}/messages/{m}/attachments", get(list))
        .route("/users/{u}/mailFolders/{f}/messages/{m}/attachments/$count", get(count))
        .route("/users/{u}/mailFolders/{f}/messages/{m}/attachments/{a}", get(one))
        .route("/users/{u}/mailFolders/{f}/messages/{m}/attachments/{a}/$value", get(value))
}

/// A message as it is now, out of the world.
fn found(
    state: &State,
    caller: &Caller,
    at: &At,
    asked: &Asked,
) -> Result<(Message, String, String), Problem> {
    let world = state.world();
    let mailbox = caller.reach(&world, &at.u, Permission::Read, state.clock.now())?;
    let message = at.message(mailbox)?;
    Ok((message.clone(), mailbox.id_of(message, asked.ids), mailbox.id.to_string()))
}

fn part(message: &Message, id: &str) -> Result<Part, Problem> {
    let number = attachment_number(id).ok_or_else(Problem::malformed_id)?;
    attachments(message).into_iter().find(|part| part.number == number).ok_or_else(Problem::no_item)
}

async fn list(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Path(at): Path<At>,
    here: Here,
) -> Result<Response, Problem> {
    let known = ["select", "expand", "top", "skip", "count", "filter", "orderby", "format"];
    let options = Options::of(&here.uri, &known)?;
    let select = Select::of(options.get("$select"), ATTACHMENT)?;
    let expand = Expand::of(options.get("$expand"), ATTACHMENT.0)?;
    let (message, id, user) = found(&state, &caller, &at, &asked)?;
    let parts = attachments(&message);
    let count = options.flag("$count")?.then_some(parts.len());
    let top = if options.get("$top").is_some() { options.top(None)? } else { usize::MAX };
    let skip = options.skip()?;
    let shown = parts.iter().skip(skip).take(top);
    let shown = shown.map(|part| attachment(&id, &message, part, select.as_ref(), expand.item)).collect();
    let end = skip.saturating_add(top);
    let link = (end < parts.len()).then(|| here.link(&[], &[("$skip", &end.to_string())]));
    let what = format!("messages('{id}')/attachments{}", selected(select.as_ref()));
    Ok(page(here.context(&user, &what), shown, count, link.map(|link| ("@odata.nextLink", link))))
}

async fn count(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Path(at): Path<At>,
) -> Result<Response, Problem> {
    let (message, ..) = found(&state, &caller, &at, &asked)?;
    Ok(attachments(&message).len().to_string().into_response())
}

async fn one(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Path(at): Path<At>,
    here: Here,
) -> Result<Response, Problem> {
    let options = Options::of(&here.uri, &["select", "expand", "format"])?;
    let select = Select::of(options.get("$select"), ATTACHMENT)?;
    let expand = Expand::of(options.get("$expand"), ATTACHMENT.0)?;
    let (message, id, user) = found(&state, &caller, &at, &asked)?;
    let part = part(&message, &at.a)?;
    let mut shown = attachment(&id, &message, &part, select.as_ref(), expand.item);
    let what = format!("messages('{id}')/attachments{}/$entity", selected(select.as_ref()));
    shown.insert("@odata.context".to_owned(), here.context(&user, &what).into());
    Ok(Json(shown).into_response())
}

async fn value(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Path(at): Path<At>,
) -> Result<Response, Problem> {
    let (message, ..) = found(&state, &caller, &at, &asked)?;
    let part = part(&message, &at.a)?;
    match part.kind {
        PartKind::Message(raw) => Ok(super::value::text(raw)),
        PartKind::File(bytes) => {
            let kind = HeaderValue::from_str(&part.content_type)
                .unwrap_or(HeaderValue::from_static("application/octet-stream"));
            Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response())
        }
    }
}
