//! translateExchangeIds: the same message, named in the other way.

use axum::Router;
use axum::extract::{Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::answer::Problem;
use super::caller::Caller;
use super::given::{self, At, wrong_type};
use crate::state::State;
use crate::world::{IdKind, Mailbox, Named, Permission};

/// Ids that one call may have.
const MOST: usize = 1_000;

/// The route.
pub(super) fn routes() -> Router<State> {
    Router::new().route("/users/{u}/translateExchangeIds", post(translate))
}

async fn translate(
    Extension(caller): Extension<Caller>,
    Of(state): Of<State>,
    Path(at): Path<At>,
    body: Bytes,
) -> Result<Response, Problem> {
    let parameters = given::object(&body)?;
    let ids = match given::parameter(&parameters, "inputIds") {
        Some(ids) => serde_json::from_value::<Vec<String>>(ids.clone())
            .map_err(|_| wrong_type("inputIds", "Collection(Edm.String)"))?,
        None => return Err(given::missing("inputIds")),
    };
    if ids.len() > MOST {
        let message = format!("At most {MOST} ids are translated at a time.");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "ErrorInvalidArgument", message));
    }
    let (source, target) = (kind(&parameters, "sourceIdType")?, kind(&parameters, "targetIdType")?);
    let world = state.world();
    let mailbox = caller.reach(&world, &at.u, Permission::Directory, state.clock.now())?;
    let results: Vec<Value> = ids.iter().map(|id| translated(mailbox, id, source, target)).collect();
    let context = "https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.convertIdResult)";
    Ok(Json(json!({ "@odata.context": context, "value": results })).into_response())
}

/// The two kinds that Graph itself uses; MAPI's and EWS's are not the sandbox's.
fn kind(parameters: &Map<String, Value>, name: &str) -> Result<IdKind, Problem> {
    match given::text(parameters, name)?.to_ascii_lowercase().as_str() {
        "restid" => Ok(IdKind::Mutable),
        "restimmutableentryid" => Ok(IdKind::Immutable),
        "entryid" | "ewsid" | "immutableentryid" => Err(Problem::new(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            "The sandbox translates between restId and restImmutableEntryId only.",
        )),
        _ => Err(wrong_type(name, "microsoft.graph.exchangeIdFormat")),
    }
}

fn translated(mailbox: &Mailbox, id: &str, source: IdKind, target: IdKind) -> Value {
    let named = mailbox.ids().read(id).filter(|named| {
        matches!(
            (named, source),
            (Named::Mutable(..), IdKind::Mutable) | (Named::Immutable(_), IdKind::Immutable)
        )
    });
    match named.and_then(|named| mailbox.named(named)) {
        Some(message) => json!({ "sourceId": id, "targetId": mailbox.id_of(message, target) }),
        None => {
            let details = json!({ "code": "ErrorInvalidIdMalformed", "message": "Id is malformed." });
            let missing = json!({ "code": "ErrorItemNotFound", "message": Problem::no_item().message });
            json!({ "sourceId": id, "errorDetails": if named.is_some() { missing } else { details } })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::graph::trial::{ANNA, Trial};

    async fn translate(trial: &Trial, ids: Value, from: &str, to: &str) -> crate::graph::trial::Answer {
        let body = json!({ "inputIds": ids, "sourceIdType": from, "targetIdType": to });
        trial.ask("POST", &format!("/users/{ANNA}/translateExchangeIds"), body).await
    }

    #[tokio::test]
    async fn ids_are_translated_there_and_back_and_bad_ones_are_named() {
        let trial = Trial::new();
        let id = trial.deliver("Subject: s\r\n\r\n");
        let there = translate(&trial, json!([id, "x"]), "restImmutableEntryId", "restId").await;
        assert_eq!(there.status, 200, "{there:?}");
        assert_eq!(there.body["value"][1]["errorDetails"]["code"], "ErrorInvalidIdMalformed");
        let mutable = &there.body["value"][0]["targetId"];
        let back = translate(&trial, json!([mutable]), "restId", "restImmutableEntryId").await;
        assert_eq!(back.body["value"][0], json!({ "sourceId": mutable, "targetId": id }));
        let moved = format!("/users/{ANNA}/messages/{id}/move");
        trial.ask("POST", &moved, json!({ "destinationId": "archive" })).await;
        let gone = translate(&trial, json!([mutable]), "restId", "restImmutableEntryId").await;
        assert_eq!(gone.body["value"][0]["errorDetails"]["code"], "ErrorItemNotFound");
    }

    #[tokio::test]
    async fn a_thousand_are_taken_and_no_more() {
        let trial = Trial::new();
        let many = |count: usize| json!(vec!["x"; count]);
        assert_eq!(translate(&trial, many(1000), "restId", "restId").await.status, 200);
        assert_eq!(
            translate(&trial, many(1001), "restId", "restId").await.refused().1,
            "ErrorInvalidArgument"
        );
        assert_eq!(
            translate(&trial, many(1), "restId", "x").await.refused().1,
            "UnableToDeserializePostBody"
        );
        assert_eq!(translate(&trial, many(1), "ewsId", "restId").await.refused().0, 501);
    }
}
