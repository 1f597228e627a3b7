//! Drafts: new ones, and those that answer or forward a message.

use axum::extract::{Path, State as Of};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::answer::Problem;
use super::answering::{Way, answer};
use super::asked::Asked;
use super::caller::Caller;
use super::change::{answered, both, room};
use super::fields::{Fields, summarize};
use super::given::{self, At, Called};
use crate::mime;
use crate::state::State;
use crate::world::{Content, Draft, Envelope, FolderKey, Mailbox, Message, MessageKey, Permission, Person};

/// The routes of drafts.
pub(super) fn routes() -> Router<State> {
    let router = Router::new()
        .route("/users/{u}/messages", post(create))
        .route("/users/{u}/mailFolders/{f}/messages", post(create));
    let router = both(router, "/createReply", post(create_reply));
    let router = both(router, "/createReplyAll", post(create_reply_all));
    both(router, "/createForward", post(create_forward))
}

/// A message that is not stored yet.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What is shown of it.
    pub envelope: Envelope,
    /// What it is made of.
    pub content: Content,
    /// Marks that the client gave.
    pub marks: Fields,
}

impl Letter {
    /// One that came whole, as MIME.
    pub fn whole(raw: Bytes) -> Self {
        Self { envelope: mime::envelope(&raw), content: Content::Mime(raw), marks: Fields::default() }
    }

    /// One that came as JSON.
    pub fn written(mailbox: &Mailbox, object: &Map<String, Value>) -> Result<Self, Problem> {
        let me = Person { name: mailbox.name.clone(), address: mailbox.address.clone() };
        let envelope = Envelope {
            from: Some(me.clone()),
            sender: Some(me),
            internet_message_id: Some(mailbox.fresh_message_id()),
            ..Envelope::default()
        };
        let mut letter = Self { envelope, content: Content::Draft(Box::default()), marks: Fields::default() };
        letter.fill(Fields::read(object)?);
        Ok(letter)
    }

    /// The answer to a message, with what the parameters of the action say.
    pub fn answering(
        mailbox: &Mailbox,
        message: &Message,
        way: Way,
        parameters: &Map<String, Value>,
    ) -> Result<Self, Problem> {
        let comment = match given::parameter(parameters, "comment") {
            None => "",
            Some(Value::String(comment)) => comment,
            Some(_) => return Err(given::wrong_type("comment", "Edm.String")),
        };
        let mut object = match given::parameter(parameters, "message") {
            None => Map::new(),
            Some(Value::Object(object)) => object.clone(),
            Some(_) => return Err(given::wrong_type("message", "microsoft.graph.message")),
        };
        if let Some(to) = given::parameter(parameters, "toRecipients").filter(|_| way == Way::Forward) {
            object.insert("toRecipients".to_owned(), to.clone());
        }
        let fields = Fields::read(&object)?;
        if !comment.is_empty() && fields.content.body.is_some() {
            let message =
                "Specify either a comment or the body of the message; both at once are not allowed.";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "ErrorInvalidRequest", message));
        }
        let (envelope, draft) = answer(mailbox, message, way, comment);
        let mut letter =
            Self { envelope, content: Content::Draft(Box::new(draft)), marks: Fields::default() };
        letter.fill(fields);
        Ok(letter)
    }

    fn fill(&mut self, mut fields: Fields) {
        let mut draft = match &mut self.content {
            Content::Draft(draft) => std::mem::take(draft.as_mut()),
            Content::Mime(_) => Draft::default(),
        };
        std::mem::take(&mut fields.content).apply(&mut self.envelope, &mut draft);
        for attachment in fields.attachments.take().into_iter().flatten() {
            attachment.attach(&mut draft);
        }
        summarize(&mut self.envelope, &draft);
        if let Some(importance) = fields.importance {
            self.envelope.importance = importance;
        }
        self.content = Content::Draft(Box::new(draft));
        self.marks = fields;
    }

    /// Stores it as a draft.
    fn keep(self, mailbox: &mut Mailbox, folder: FolderKey, state: &State) -> Result<MessageKey, Problem> {
        let now = state.clock.now();
        let key = match self.content {
            Content::Draft(draft) => mailbox.begin_draft(folder, self.envelope, *draft, now)?,
            Content::Mime(raw) => mailbox.begin_mime_draft(folder, self.envelope, raw, now)?,
        };
        if self.marks != Fields::default() {
            mailbox.change(key, now, |message| self.marks.mark(message))?;
        }
        Ok(key)
    }
}

async fn create(
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Of(state): Of<State>,
    Path(at): Path<At>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, state.clock.now())?;
    room(mailbox)?;
    let folder = given::folder(mailbox, at.f.as_deref().unwrap_or("drafts"))?;
    let letter = if given::is_mime(&headers) {
        Letter::whole(given::mime(&body)?)
    } else {
        Letter::written(mailbox, &given::object(&body)?)?
    };
    let key = letter.keep(mailbox, folder, &state)?;
    answered(StatusCode::CREATED, mailbox, key, &asked)
}

/// The letter of an answering action: in MIME as it is, or made from the message.
pub(super) fn letter(
    mailbox: &Mailbox,
    at: &At,
    way: Way,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Letter, Problem> {
    let message = at.message(mailbox)?;
    if given::is_mime(headers) && !body.is_empty() {
        return Ok(Letter::whole(given::mime(body)?));
    }
    Letter::answering(mailbox, message, way, &given::object(body)?)
}

fn begin(called: Called, way: Way, headers: &HeaderMap, body: &Bytes) -> Result<Response, Problem> {
    let Called { caller, asked, state, at } = called;
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, state.clock.now())?;
    room(mailbox)?;
    let letter = letter(mailbox, &at, way, headers, body)?;
    let folder = given::folder(mailbox, "drafts")?;
    let key = letter.keep(mailbox, folder, &state)?;
    answered(StatusCode::CREATED, mailbox, key, &asked)
}

async fn create_reply(called: Called, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    begin(called, Way::Reply, &headers, &body)
}

async fn create_reply_all(called: Called, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    begin(called, Way::ReplyAll, &headers, &body)
}

async fn create_forward(called: Called, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    begin(called, Way::Forward, &headers, &body)
}
