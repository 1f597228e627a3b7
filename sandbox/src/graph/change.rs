//! Changing, moving, copying and deleting messages.

use axum::extract::{Path, State as Of};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, patch, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;

use super::answer::Problem;
use super::asked::Asked;
use super::caller::Caller;
use super::fields::{Fields, editable, summarize};
use super::given::{self, At};
use super::show;
use crate::state::State;
use crate::switches::DeletePuts;
use crate::world::{Mailbox, Message, MessageKey, Permission, Standing};

/// The routes of a message and of its actions.
pub(super) fn routes() -> Router<State> {
    let router = both(Router::new(), "", patch(change).delete(delete));
    let router = both(router, "/move", post(move_to));
    let router = both(router, "/copy", post(copy_to));
    both(router, "/permanentDelete", post(permanent_delete))
}

/// The same methods for a message of the mailbox and of a folder.
pub(super) fn both(router: Router<State>, tail: &str, methods: MethodRouter<State>) -> Router<State> {
    router
        .route(&format!("/users/{{u}}/messages/{{m}}{tail}"), methods.clone())
        .route(&format!("/users/{{u}}/mailFolders/{{f}}/messages/{{m}}{tail}"), methods)
}

/// The JSON of a message as the answer to a change.
pub(super) fn answered(
    status: StatusCode,
    mailbox: &Mailbox,
    key: MessageKey,
    asked: &Asked,
) -> Result<Response, Problem> {
    let message = mailbox.message(key).ok_or_else(Problem::no_item)?;
    let mut response = (status, Json(show::whole(mailbox, message, asked))).into_response();
    if let Ok(etag) = message.etag().parse() {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(response)
}

/// 507: nothing more can be stored.
pub(super) fn room(mailbox: &Mailbox) -> Result<(), Problem> {
    match mailbox.standing {
        Standing::Full => Err(Problem::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "ErrorQuotaExceeded",
            "The mailbox has exceeded the maximum mailbox size.",
        )),
        _ => Ok(()),
    }
}

async fn change(
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Of(state): Of<State>,
    Path(at): Path<At>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let fields = Fields::read(&given::object(&body)?)?;
    let now = state.clock.now();
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, now)?;
    let message = at.message(mailbox)?;
    given::unchanged(&headers, message)?;
    let key = message.key;
    allowed(message, &fields)?;
    mailbox.change(key, now, |message| {
        fields.mark(message);
        if let Some((envelope, draft)) = (!fields.content.is_empty()).then(|| editable(message)).flatten() {
            fields.content.apply(envelope, draft);
            summarize(envelope, draft);
        }
    })?;
    answered(StatusCode::OK, mailbox, key, &asked)
}

/// What is received or sent has its content for good; attachments have a path of their own.
fn allowed(message: &Message, fields: &Fields) -> Result<(), Problem> {
    if fields.attachments.is_some() {
        return Err(given::not_settable());
    }
    if !message.is_draft() && !fields.content.is_empty() {
        let message = "Message is not draft.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "ErrorInvalidPropertySet", message));
    }
    Ok(())
}

async fn move_to(
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Of(state): Of<State>,
    Path(at): Path<At>,
    body: Bytes,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, now)?;
    let (key, to) = (at.key(mailbox)?, destination(mailbox, &body)?);
    mailbox.move_to(key, to, now)?;
    answered(StatusCode::CREATED, mailbox, key, &asked)
}

async fn copy_to(
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Of(state): Of<State>,
    Path(at): Path<At>,
    body: Bytes,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, now)?;
    room(mailbox)?;
    let (key, to) = (at.key(mailbox)?, destination(mailbox, &body)?);
    let copy = mailbox.copy_to(key, to, now)?;
    answered(StatusCode::CREATED, mailbox, copy, &asked)
}

fn destination(mailbox: &Mailbox, body: &Bytes) -> Result<crate::world::FolderKey, Problem> {
    given::folder(mailbox, &given::text(&given::object(body)?, "destinationId")?)
}

async fn delete(
    Extension(caller): Extension<Caller>,
    Of(state): Of<State>,
    Path(at): Path<At>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    let puts = state.switches().delete_puts;
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, now)?;
    let message = at.message(mailbox)?;
    given::unchanged(&headers, message)?;
    let (key, folder) = (message.key, message.folder);
    let key_of =
        |name: &str| mailbox.well_known(name).map(|folder| folder.key).ok_or_else(Problem::no_folder);
    let (trash, dumpster, purges) =
        (key_of("deleteditems")?, key_of("recoverableitemsdeletions")?, key_of("recoverableitemspurges")?);
    if folder == dumpster || folder == purges {
        let message = "Object cannot be deleted.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "ErrorCannotDeleteObject", message));
    }
    let to = match puts {
        DeletePuts::DeletedItems if folder != trash => trash,
        _ => dumpster,
    };
    mailbox.move_to(key, to, now)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn permanent_delete(
    Extension(caller): Extension<Caller>,
    Of(state): Of<State>,
    Path(at): Path<At>,
) -> Result<Response, Problem> {
    if !state.switches().permanent_delete {
        let message = "Resource not found for the segment 'permanentDelete'.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "BadRequest", message));
    }
    let now = state.clock.now();
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, now)?;
    let key = at.key(mailbox)?;
    let purges = mailbox.well_known("recoverableitemspurges").map(|folder| folder.key);
    mailbox.move_to(key, purges.ok_or_else(Problem::no_folder)?, now)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::graph::trial::{ANNA, Trial};
    use crate::switches::DeletePuts;

    const MAIL: &str = "From: Joe <joe@example.org>\r\nTo: anna@example.com\r\nSubject: Offer\r\n\
        Message-ID: <1@example.org>\r\n\r\nHello\r\n";

    fn path(id: &str) -> String {
        format!("/users/{ANNA}/messages/{id}")
    }

    #[tokio::test]
    async fn what_is_given_is_changed_and_the_rest_stays() {
        let trial = Trial::new();
        let id = trial.deliver(MAIL);
        let flag = json!({ "flagStatus": "flagged" });
        let body = json!({ "isRead": true, "categories": ["Red"], "importance": "HIGH", "flag": flag,
            "inferenceClassification": "other", "@odata.type": "#microsoft.graph.message" });
        let answer = trial.ask("PATCH", &path(&id), body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.headers["etag"], answer.text("@odata.etag"));
        assert_eq!(answer.body["isRead"], true);
        assert_eq!(answer.body["categories"], json!(["Red"]));
        assert_eq!((answer.text("importance"), answer.text("subject")), ("high", "Offer"));
        assert_eq!(answer.body["flag"]["flagStatus"], "flagged");
        let answer = trial.ask("PATCH", &path(&id), json!({})).await;
        assert_eq!((&answer.body["isRead"], answer.text("inferenceClassification")), (&json!(true), "other"));
    }

    #[tokio::test]
    async fn what_cannot_be_changed_is_refused_and_nothing_happens() {
        let trial = Trial::new();
        let id = trial.deliver(MAIL);
        let bad = [
            (json!({ "isRead": true, "subject": "x" }), "ErrorInvalidPropertySet", "Message is not draft."),
            (
                json!({ "isRead": true, "id": "x" }),
                "ErrorInvalidPropertySet",
                "Set action is invalid for property.",
            ),
            (json!({ "isRead": "yes" }), "UnableToDeserializePostBody", "Edm.Boolean"),
            (json!({ "isRead": true, "colour": 1 }), "RequestBodyRead", "'colour' does not exist"),
            (json!({ "flag": { "flagStatus": "red" } }), "UnableToDeserializePostBody", "followupFlag"),
            (json!([1]), "BadRequest", "Unable to read JSON request payload"),
        ];
        for (body, code, sentence) in bad {
            let answer = trial.ask("PATCH", &path(&id), body).await;
            let (status, said, message) = answer.refused();
            assert_eq!((status, said), (400, code));
            assert!(message.contains(sentence), "{message}");
        }
        let answer = trial.ask("PATCH", &path(&id), json!({})).await;
        assert_eq!(answer.body["isRead"], false);
    }

    #[tokio::test]
    async fn a_change_to_another_version_is_refused() {
        let trial = Trial::new();
        let id = trial.deliver(MAIL);
        let etag = trial.ask("PATCH", &path(&id), json!({})).await.text("@odata.etag").to_owned();
        let send = |etag: String| {
            let (trial, path) = (&trial, path(&id));
            async move { trial.send("PATCH", &path, &[("if-match", &etag)], r#"{"isRead":true}"#).await }
        };
        assert_eq!(send(etag.clone()).await.status, 200);
        assert_eq!(send(etag).await.refused().1, "ErrorIrresolvableConflict");
    }

    #[tokio::test]
    async fn a_move_changes_the_mutable_id_and_keeps_the_immutable_one() {
        let trial = Trial::new();
        let id = trial.deliver(MAIL);
        let mutable = [("prefer", "return=x")];
        let before = trial.send("PATCH", &path(&id), &mutable, "{}").await.text("id").to_owned();
        let answer =
            trial.ask("POST", &format!("{}/move", path(&id)), json!({ "DestinationId": "archive" })).await;
        assert_eq!((answer.status.as_u16(), answer.text("id")), (201, id.as_str()));
        let gone = trial.send("PATCH", &path(&before), &mutable, "{}").await;
        assert_eq!(gone.refused().1, "ErrorItemNotFound");
        let after = trial.send("PATCH", &path(&id), &mutable, "{}").await.text("id").to_owned();
        assert_ne!(before, after);
        for (folder, status) in [("archive", 200), ("inbox", 404)] {
            let path = format!("/users/{ANNA}/mailFolders/{folder}/messages/{id}");
            assert_eq!(trial.ask("PATCH", &path, json!({})).await.status, status, "{folder}");
        }
    }

    #[tokio::test]
    async fn a_destination_must_be_there() {
        let trial = Trial::new();
        let id = trial.deliver(MAIL);
        let gone = trial.anna(|anna| {
            let root = anna.well_known("msgfolderroot").unwrap().key;
            let key = anna.create_folder(root, "x", false).unwrap();
            anna.remove_folder(key).unwrap();
            anna.ids().folder(key)
        });
        let bad: [(Value, &str); 4] = [
            (json!({ "destinationId": gone }), "ErrorFolderNotFound"),
            (json!({ "destinationId": "Support" }), "ErrorInvalidIdMalformed"),
            (json!({ "destinationId": 5 }), "UnableToDeserializePostBody"),
            (Value::Null, "ErrorInvalidParameter"),
        ];
        for (body, code) in bad {
            let answer = trial.ask("POST", &format!("{}/copy", path(&id)), body).await;
            assert_eq!(answer.refused().1, code);
        }
        let copy =
            trial.ask("POST", &format!("{}/copy", path(&id)), json!({ "destinationId": "archive" })).await;
        assert_eq!(copy.status, 201);
        assert_ne!(copy.text("id"), id);
    }

    #[tokio::test]
    async fn delete_puts_it_where_the_switch_says_and_purging_can_be_off() {
        let trial = Trial::new();
        let place = |id: &str| {
            let id = id.to_owned();
            trial.anna(move |anna| {
                let message = anna.named(anna.ids().read(&id).unwrap()).unwrap();
                anna.folder(message.folder).unwrap().well_known.unwrap()
            })
        };
        let id = trial.deliver(MAIL);
        assert_eq!(trial.ask("DELETE", &path(&id), Value::Null).await.status, 204);
        assert_eq!(place(&id), "deleteditems");
        trial.state.switch(|switches| switches.delete_puts = DeletePuts::RecoverableItems);
        let id = trial.deliver(MAIL);
        assert_eq!(trial.ask("DELETE", &path(&id), Value::Null).await.status, 204);
        assert_eq!(place(&id), "recoverableitemsdeletions");
        assert_eq!(trial.ask("DELETE", &path(&id), Value::Null).await.refused().1, "ErrorCannotDeleteObject");
        let purge = format!("{}/permanentDelete", path(&id));
        assert_eq!(trial.ask("POST", &purge, Value::Null).await.status, 204);
        assert_eq!(place(&id), "recoverableitemspurges");
        trial.state.switch(|switches| switches.permanent_delete = false);
        assert_eq!(trial.ask("POST", &purge, Value::Null).await.refused().0, 400);
    }
}
