//! Attachments of drafts: small ones at once, large ones in pieces.

use axum::extract::{DefaultBodyLimit, Path, State as Of};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, post, put};
use axum::{Extension, Json, Router};
use bytes::{Bytes, BytesMut};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::{Problem, time};
use super::change::both;
use super::fields::{self, NewAttachment, editable, summarize};
use super::frame::Root;
use super::given::{self, Called, wrong_type};
use super::show::{attachment, attachment_id, attachment_number, attachments};
use crate::state::State;
use crate::world::{Mailbox, Message, MessageKey, Permission, Upload};

/// What an attachment may weigh that comes at once.
const SMALL: usize = 3 * 1024 * 1024;
/// What one may weigh that comes in pieces.
const LARGE: usize = 150 * 1024 * 1024;
/// What a piece may weigh.
const PIECE: usize = 4 * 1024 * 1024;
/// How long a session lives.
const SESSION: TimeDelta = TimeDelta::hours(24);

/// The routes of attachments that change something.
pub(super) fn routes() -> Router<State> {
    let router = both(Router::new(), "/attachments", post(attach));
    let router = both(router, "/attachments/{a}", delete(detach));
    both(router, "/attachments/createUploadSession", post(begin))
}

/// Where the pieces go: outside of Graph and without a token, because the address is a secret.
pub fn open_routes() -> Router<State> {
    let methods: MethodRouter<State> = put(piece).get(status).delete(cancel);
    Router::new().route("/upload/{session}", methods.layer(DefaultBodyLimit::max(PIECE + 1024)))
}

/// The draft that a request is about; what is received or sent keeps its attachments.
fn draft(message: &Message) -> Result<MessageKey, Problem> {
    if message.is_draft() {
        return Ok(message.key);
    }
    let message = "Message is not draft.";
    Err(Problem::new(StatusCode::BAD_REQUEST, "ErrorInvalidPropertySet", message))
}

fn put_into(
    mailbox: &mut Mailbox,
    key: MessageKey,
    new: NewAttachment,
    state: &State,
) -> Result<u32, Problem> {
    let mut number = None;
    mailbox.change(key, state.clock.now(), |message| {
        number = editable(message).map(|(envelope, draft)| {
            let number = new.attach(draft);
            summarize(envelope, draft);
            number
        });
    })?;
    number.ok_or_else(Problem::no_item)
}

async fn attach(called: Called, body: Bytes) -> Result<Response, Problem> {
    let Called { caller, asked, state, at } = called;
    let new = fields::attachment(&given::object(&body)?)?;
    if new.bytes.len() >= SMALL {
        let message = "An attachment of 3 MB or more is sent with an upload session.";
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message));
    }
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, state.clock.now())?;
    let key = draft(at.message(mailbox)?)?;
    super::change::room(mailbox)?;
    let number = put_into(mailbox, key, new, &state)?;
    let message = mailbox.message(key).ok_or_else(Problem::no_item)?;
    let id = mailbox.id_of(message, asked.ids);
    let part = attachments(message).into_iter().find(|part| part.number == number);
    let shown = attachment(&id, message, &part.ok_or_else(Problem::no_item)?, None, false);
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

async fn detach(called: Called, headers: HeaderMap) -> Result<Response, Problem> {
    let Called { caller, state, at, .. } = called;
    let now = state.clock.now();
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, now)?;
    let message = at.message(mailbox)?;
    given::unchanged(&headers, message)?;
    let number = attachment_number(&at.a).ok_or_else(Problem::malformed_id)?;
    if !attachments(message).iter().any(|part| part.number == number) {
        return Err(Problem::no_item());
    }
    let key = draft(message)?;
    mailbox.change(key, now, |message| {
        if let Some((envelope, draft)) = editable(message) {
            draft.attachments.retain(|attachment| attachment.number != number);
            summarize(envelope, draft);
        }
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn begin(called: Called, Extension(root): Extension<Root>, body: Bytes) -> Result<Response, Problem> {
    let Called { caller, asked, state, at } = called;
    let root = root.0;
    let parameters = given::object(&body)?;
    let item = match given::parameter(&parameters, "AttachmentItem") {
        Some(Value::Object(item)) => item,
        Some(_) => return Err(wrong_type("AttachmentItem", "microsoft.graph.attachmentItem")),
        None => return Err(given::missing("AttachmentItem")),
    };
    let now = state.clock.now();
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, now)?;
    let message = at.message(mailbox)?;
    let key = draft(message)?;
    let place = format!("{root}/users/{}/messages/{}", mailbox.id, mailbox.id_of(message, asked.ids));
    let upload = Upload {
        tenant: caller.tenant,
        mailbox: mailbox.id,
        message: key,
        received: BytesMut::new(),
        expires: now + SESSION,
        place,
        ..announced(item)?
    };
    let session = crate::random::uuid();
    let answer = json!({
        "uploadUrl": format!("{}/upload/{}", root.trim_end_matches("/v1.0"), session.simple()),
        "expirationDateTime": time(upload.expires),
        "nextExpectedRanges": ["0-"],
    });
    world.uploads.retain(|_, upload| upload.expires > now);
    world.uploads.insert(session, upload);
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// What the client says of the attachment that is to come.
fn announced(item: &Map<String, Value>) -> Result<Upload, Problem> {
    let kind = given::text(item, "attachmentType")?;
    if !kind.eq_ignore_ascii_case("file") {
        return Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "ErrorAttachmentSessionIsSupportedOnlyForFileAttachments",
            "Attachment session is supported only for file attachments.",
        ));
    }
    let size = match given::parameter(item, "size") {
        Some(size) => size.as_u64().and_then(|size| usize::try_from(size).ok()),
        None => return Err(given::missing("size")),
    };
    let size = size.filter(|size| *size > 0).ok_or_else(|| wrong_type("size", "Edm.Int64"))?;
    if size > LARGE {
        let message = "The attachment exceeds the maximum supported size.";
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "ErrorMessageSizeExceeded", message));
    }
    let text = |name: &str| match given::parameter(item, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong_type(name, "Edm.String")),
    };
    Ok(Upload {
        tenant: Uuid::nil(),
        mailbox: Uuid::nil(),
        message: MessageKey(0),
        name: given::text(item, "name")?,
        content_type: text("contentType")?.unwrap_or_else(|| "application/octet-stream".to_owned()),
        inline: given::parameter(item, "isInline") == Some(&Value::Bool(true)),
        content_id: text("contentId")?,
        size,
        received: BytesMut::new(),
        expires: Default::default(),
        place: String::new(),
    })
}

async fn piece(
    Of(state): Of<State>,
    Path(session): Path<Uuid>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    take(&state, session, &headers, &body)
}

async fn status(Of(state): Of<State>, Path(session): Path<Uuid>) -> Result<Response, Problem> {
    let mut world = state.world_mut();
    upload(&mut world.uploads, session, &state).map(|upload| expected(upload))
}

async fn cancel(Of(state): Of<State>, Path(session): Path<Uuid>) -> Result<Response, Problem> {
    let gone = state.world_mut().uploads.remove(&session);
    gone.map(|_| StatusCode::NO_CONTENT.into_response()).ok_or_else(lost)
}

type Uploads = std::collections::BTreeMap<Uuid, Upload>;

fn upload<'u>(uploads: &'u mut Uploads, session: Uuid, state: &State) -> Result<&'u mut Upload, Problem> {
    let now = state.clock.now();
    uploads.get_mut(&session).filter(|upload| upload.expires > now).ok_or_else(lost)
}

fn lost() -> Problem {
    let message = "The upload session was not found; it expired, was cancelled, or is complete.";
    Problem::new(StatusCode::NOT_FOUND, "ErrorItemNotFound", message)
}

fn expected(upload: &Upload) -> Response {
    Json(json!({
        "expirationDateTime": time(upload.expires),
        "nextExpectedRanges": [upload.received.len().to_string()],
    }))
    .into_response()
}

/// Takes a piece; after the last one the attachment is there.
fn take(state: &State, session: Uuid, headers: &HeaderMap, body: &Bytes) -> Result<Response, Problem> {
    let mut world = state.world_mut();
    let upload = upload(&mut world.uploads, session, state)?;
    let (from, to, size) = range(headers)?;
    let refused = |message: String| {
        Err(Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "ErrorInvalidContentRange", message))
    };
    if size != upload.size || to >= size || to + 1 - from != body.len() {
        return refused(
            "The Content-Range does not fit the size of the attachment or of the body.".to_owned(),
        );
    }
    if from != upload.received.len() {
        return refused(format!("The next expected range begins at {}.", upload.received.len()));
    }
    upload.received.extend_from_slice(body);
    if upload.received.len() < upload.size {
        return Ok(expected(upload));
    }
    let Some(done) = world.uploads.remove(&session) else { return Err(lost()) };
    let tenant = world.tenant_mut(done.tenant).ok_or_else(lost)?;
    let mailbox = tenant.mailboxes.get_mut(&done.mailbox).ok_or_else(lost)?;
    let new = NewAttachment {
        name: done.name,
        content_type: done.content_type,
        bytes: done.received.freeze(),
        inline: done.inline,
        content_id: done.content_id,
    };
    let number = put_into(mailbox, done.message, new, state)?;
    let message_id = done.place.rsplit('/').next().unwrap_or_default();
    let location = format!("{}/attachments/{}", done.place, attachment_id(message_id, number));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)]).into_response())
}

/// `bytes a-b/N`.
fn range(headers: &HeaderMap) -> Result<(usize, usize, usize), Problem> {
    let value = headers.get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let parsed = value.trim().strip_prefix("bytes ").and_then(|value| {
        let (range, size) = value.split_once('/')?;
        let (from, to) = range.split_once('-')?;
        let number = |text: &str| text.trim().parse::<usize>().ok();
        Some((number(from)?, number(to)?, number(size)?)).filter(|(from, to, _)| from <= to)
    });
    parsed.ok_or_else(|| Problem::bad_request("A Content-Range of the form 'bytes 0-99/1000' is needed."))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::graph::trial::{ANNA, Answer, Trial};

    async fn draft(trial: &Trial) -> String {
        let answer = trial.ask("POST", &format!("/users/{ANNA}/messages"), json!({ "subject": "s" })).await;
        format!("/users/{ANNA}/messages/{}", answer.text("id"))
    }

    fn file(bytes: &str) -> Value {
        json!({ "@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentBytes": bytes })
    }

    #[tokio::test]
    async fn an_attachment_comes_and_goes() {
        let trial = Trial::new();
        let draft = draft(&trial).await;
        let answer = trial.ask("POST", &format!("{draft}/attachments"), file("AQID")).await;
        assert_eq!((answer.status.as_u16(), answer.text("name")), (201, "a.txt"), "{answer:?}");
        let path = format!("{draft}/attachments/{}", answer.text("id"));
        assert_eq!(trial.ask("PATCH", &draft, json!({})).await.body["hasAttachments"], true);
        assert_eq!(trial.ask("DELETE", &path, Value::Null).await.status, 204);
        assert_eq!(trial.ask("DELETE", &path, Value::Null).await.refused().1, "ErrorItemNotFound");
        assert_eq!(trial.ask("PATCH", &draft, json!({})).await.body["hasAttachments"], false);
        let bad = trial.ask("POST", &format!("{draft}/attachments"), file("no base64")).await;
        assert_eq!(bad.refused().1, "UnableToDeserializePostBody");
        let item = json!({ "@odata.type": "#microsoft.graph.itemAttachment", "name": "x" });
        assert_eq!(trial.ask("POST", &format!("{draft}/attachments"), item).await.refused().0, 400);
    }

    async fn session(trial: &Trial, draft: &str, size: usize) -> Answer {
        let item = json!({ "AttachmentItem": { "attachmentType": "file", "name": "b.bin", "size": size } });
        trial.ask("POST", &format!("{draft}/attachments/createUploadSession"), item).await
    }

    async fn put(trial: &Trial, url: &str, range: &str, bytes: &[u8]) -> Answer {
        let path = url.split_once("/upload").map(|(_, rest)| format!("/upload{rest}")).unwrap();
        trial.open("PUT", &path, &[("content-range", range)], bytes.to_vec()).await
    }

    #[tokio::test]
    async fn pieces_in_order_make_an_attachment() {
        let trial = Trial::new();
        let draft = draft(&trial).await;
        let began = session(&trial, &draft, 6).await;
        assert_eq!((began.status.as_u16(), &began.body["nextExpectedRanges"]), (201, &json!(["0-"])));
        let url = began.text("uploadUrl");
        let first = put(&trial, url, "bytes 0-3/6", b"abcd").await;
        assert_eq!((first.status.as_u16(), &first.body["nextExpectedRanges"]), (200, &json!(["4"])));
        for (range, bytes) in [("bytes 0-3/6", &b"abcd"[..]), ("bytes 4-5/7", b"ef"), ("bytes 4-5/6", b"e")] {
            assert_eq!(put(&trial, url, range, bytes).await.status, 416, "{range}");
        }
        assert_eq!(put(&trial, url, "4-5", b"ef").await.status, 400);
        let last = put(&trial, url, "bytes 4-5/6", b"ef").await;
        assert_eq!(last.status, 201);
        let place = last.headers["location"].to_str().unwrap().to_owned();
        let path = place.split_once("/v1.0").unwrap().1;
        assert_eq!(trial.ask("DELETE", path, Value::Null).await.status, 204, "{path}");
        assert_eq!(put(&trial, url, "bytes 0-3/6", b"abcd").await.status, 404);
    }

    #[tokio::test]
    async fn a_session_dies_of_age_and_is_for_files_only() {
        let trial = Trial::new();
        let draft = draft(&trial).await;
        let began = session(&trial, &draft, 6).await;
        trial.state.clock.advance(chrono::TimeDelta::hours(25));
        let late = put(&trial, began.text("uploadUrl"), "bytes 0-3/6", b"abcd").await;
        assert_eq!(
            (late.status.as_u16(), late.body["error"]["code"].as_str()),
            (404, Some("ErrorItemNotFound"))
        );
        let item = json!({ "AttachmentItem": { "attachmentType": "item", "name": "b", "size": 5 } });
        let refused = trial.ask("POST", &format!("{draft}/attachments/createUploadSession"), item).await;
        assert_eq!(refused.refused().1, "ErrorAttachmentSessionIsSupportedOnlyForFileAttachments");
    }
}
