//! Delivering, and looking at what is there.

use axum::body::Bytes;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::answer::Refusal;
use super::mailboxes::mailbox;
use crate::input::{self, Mail, with_crlf};
use crate::state::State;
use crate::world::{Content, IdKind, Mailbox, Message, Origin};

pub fn routes() -> Router<State> {
    Router::new()
        .route("/deliver", post(deliver))
        .route("/mailboxes/{mailbox}/messages", get(list).post(deliver_into))
        .route("/mailboxes/{mailbox}/messages/{message}", get(raw))
        .route("/sent", get(sent))
}

#[derive(serde::Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Delivery {
    /// Whom for; several are parted by commas.
    to: Option<String>,
    folder: Option<String>,
    received: Option<DateTime<Utc>>,
    read: bool,
}

/// A raw message for whom `to` says.
async fn deliver(
    Shared(state): Shared<State>,
    Query(about): Query<Delivery>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let to = about
        .to
        .clone()
        .ok_or_else(|| Refusal::wrong("whom for is missing").hint("POST /sandbox/deliver?to=ADDRESS"))?;
    let ids = to.split(',').map(|address| take(&state, address.trim(), &about, &body));
    Ok((StatusCode::CREATED, Json(ids.collect::<Result<Vec<_>, _>>()?.into())))
}

async fn deliver_into(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    Query(about): Query<Delivery>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    Ok((StatusCode::CREATED, Json(take(&state, &name, &about, &body)?)))
}

fn take(state: &State, address: &str, about: &Delivery, body: &[u8]) -> Result<Value, Refusal> {
    let raw = with_crlf(body);
    if !input::files::has_fields(&raw) {
        return Err(Refusal::wrong("the body is no mail: it has no fields")
            .hint("send a raw message, such as curl --data-binary @mail.eml"));
    }
    let folder = about.folder.as_deref().unwrap_or("inbox");
    let mail = Mail { raw, received: about.received, is_read: about.read };
    let key = input::deliver(state, address, folder, mail)?;
    let world = state.world();
    let mailbox = mailbox(&world, address)?;
    mailbox.message(key).map(|message| shown(mailbox, message)).ok_or_else(|| Refusal::unknown("message", ""))
}

fn shown(mailbox: &Mailbox, message: &Message) -> Value {
    let envelope = &message.envelope;
    let addresses = |people: &[crate::world::Person]| -> Vec<String> {
        people.iter().map(|person| person.address.clone()).collect()
    };
    json!({
        "mailbox": mailbox.address,
        "id": mailbox.id_of(message, IdKind::Mutable),
        "immutableId": mailbox.id_of(message, IdKind::Immutable),
        "folder": mailbox.folder(message.folder).map(|folder| folder.well_known.unwrap_or(&folder.name)),
        "origin": message.origin,
        "internetMessageId": envelope.internet_message_id,
        "subject": envelope.subject,
        "from": envelope.from.as_ref().map(|from| &from.address),
        "to": addresses(&envelope.to),
        "cc": addresses(&envelope.cc),
        "bcc": addresses(&envelope.bcc),
        "received": message.received,
        "isRead": message.is_read,
        "hasAttachments": envelope.has_attachments,
        "categories": message.categories,
    })
}

#[derive(serde::Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Which {
    folder: Option<String>,
    /// The newest so many.
    last: Option<usize>,
}

async fn list(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, Refusal> {
    let world = state.world();
    let mailbox = mailbox(&world, &name)?;
    let place = match &which.folder {
        None => None,
        Some(folder) => {
            Some(input::folder(mailbox, folder).ok_or_else(|| Refusal::unknown("folder", folder))?)
        }
    };
    let mut messages: Vec<&Message> =
        mailbox.messages().filter(|message| place.is_none_or(|place| message.folder == place)).collect();
    messages.sort_by_key(|message| std::cmp::Reverse((message.received, message.key)));
    Ok(Json(
        messages
            .into_iter()
            .take(which.last.unwrap_or(1_000))
            .map(|message| shown(mailbox, message))
            .collect(),
    ))
}

/// The bytes as they are kept, not as `$value` writes them.
async fn raw(
    Shared(state): Shared<State>,
    Path((name, id)): Path<(String, String)>,
) -> Result<impl IntoResponse, Refusal> {
    let world = state.world();
    let mailbox = mailbox(&world, &name)?;
    let message = mailbox.ids().read(&id).and_then(|named| mailbox.named(named));
    match message.map(|message| &message.content) {
        Some(Content::Mime(raw)) => Ok(([(header::CONTENT_TYPE, "message/rfc822")], raw.clone())),
        Some(Content::Draft(_)) => Err(Refusal::wrong("it is being written and has no bytes yet")),
        None => Err(Refusal::unknown("message", &id)),
    }
}

/// What the mailboxes sent, newest first.
async fn sent(Shared(state): Shared<State>, Query(which): Query<Which>) -> Json<Value> {
    let world = state.world();
    let mut messages: Vec<(&Mailbox, &Message)> = world
        .tenants
        .iter()
        .flat_map(|tenant| tenant.mailboxes.values())
        .flat_map(|mailbox| mailbox.messages().map(move |message| (mailbox, message)))
        .filter(|(_, message)| message.origin == Origin::Sent)
        .collect();
    messages.sort_by_key(|(_, message)| std::cmp::Reverse((message.received, message.key)));
    let last = which.last.unwrap_or(1_000);
    Json(messages.into_iter().take(last).map(|(mailbox, message)| shown(mailbox, message)).collect())
}
