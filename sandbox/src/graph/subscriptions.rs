//! Subscriptions: made with a handshake, renewed, ended.

use axum::extract::{Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::{Problem, time};
use super::asked::Asked;
use super::caller::Caller;
use super::frame::Root;
use super::given::{self, parameter};
use crate::state::State;
use crate::world::{Change, LONGEST, Permission, SHORTEST, Subscription, World};

/// Subscriptions that a mailbox may have, over all apps.
const MOST: usize = 1_000;
/// Letters that a client state may have.
const STATE: usize = 128;

/// The routes.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/subscriptions", post(create).get(list))
        .route("/subscriptions/{s}", get(one).patch(renew).delete(end))
        .route("/subscriptions/{s}/reauthorize", post(reauthorize))
}

async fn create(
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Extension(root): Extension<Root>,
    Of(state): Of<State>,
    body: Bytes,
) -> Result<Response, Problem> {
    let subscription = wanted(&caller, &asked, &state, &given::object(&body)?)?;
    free(&state.world(), &subscription)?;
    // Once for each address.
    for url in [Some(&subscription.url), subscription.lifecycle_url.as_ref()].into_iter().flatten() {
        proven(&state, url).await?;
    }
    let mut shown = shown(&subscription, true);
    crate::notify::from_now_on(&state, |world| {
        free(world, &subscription)?;
        world.subscriptions.insert(subscription.id, subscription);
        Ok::<(), Problem>(())
    })?;
    shown["@odata.context"] = format!("{}/$metadata#subscriptions/$entity", root.0).into();
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

fn invalid(message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "InvalidRequest", message)
}

async fn proven(state: &State, url: &str) -> Result<(), Problem> {
    let proof = state.courier.prove(url, state.switches().notification_seconds).await;
    proof.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "ValidationError", error.to_string()))
}

/// 409 where the app has the same one; 403 where the mailbox has too many.
fn free(world: &World, subscription: &Subscription) -> Result<(), Problem> {
    if world.subscriptions.values().any(|other| other.doubles(subscription)) {
        let message = "Subscription Id already exists for the requested combination.";
        return Err(Problem::new(StatusCode::CONFLICT, "Conflict", message));
    }
    let of_mailbox = world.subscriptions.values().filter(|other| other.mailbox == subscription.mailbox);
    if of_mailbox.count() >= MOST {
        let message = "Maximum number of subscriptions for the mailbox has been reached.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "ExtensionError", message));
    }
    Ok(())
}

/// The subscription that a client asks for.
fn wanted(
    caller: &Caller,
    asked: &Asked,
    state: &State,
    object: &Map<String, Value>,
) -> Result<Subscription, Problem> {
    let needed = |name: &str| match parameter(object, name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::String(_)) | None => Err(invalid(format!("'{name}' is a required property."))),
        Some(_) => Err(given::wrong_type(name, "Edm.String")),
    };
    let optional = |name: &str| match parameter(object, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(given::wrong_type(name, "Edm.String")),
    };
    if parameter(object, "includeResourceData") == Some(&Value::Bool(true)) {
        return Err(invalid("The sandbox sends no resource data: leave includeResourceData out."));
    }
    let client_state = optional("clientState")?;
    if client_state.as_ref().is_some_and(|text| text.chars().count() > STATE) {
        return Err(invalid(format!("'clientState' has at most {STATE} characters.")));
    }
    let now = state.clock.now();
    let resource = needed("resource")?;
    let place = Place::of(&resource)?;
    let world = state.world();
    let mailbox = caller.reach(&world, &place.user, Permission::ReadBasic, now).map_err(wrapped)?;
    let folder = place.folder.as_deref().map(|name| given::folder(mailbox, name)).transpose()?;
    Ok(Subscription {
        id: crate::random::uuid(),
        tenant: caller.tenant,
        app: caller.app,
        mailbox: mailbox.id,
        folder,
        is_read: place.is_read,
        changes: changes(&needed("changeType")?)?,
        url: needed("notificationUrl")?,
        lifecycle_url: optional("lifecycleNotificationUrl")?,
        expires: expiry(&needed("expirationDateTime")?, now)?,
        client_state,
        ids: asked.ids,
        tls: optional("latestSupportedTlsVersion")?.unwrap_or_else(|| "v1_2".to_owned()),
        resource,
    })
}

/// Subscriptions wrap what Outlook refuses.
fn wrapped(problem: Problem) -> Problem {
    if problem.status != StatusCode::FORBIDDEN {
        return problem;
    }
    let message = "Operation: Create; Exception: [Status Code: Forbidden; Reason: Access is denied. Check credentials \
                   and try again.]";
    Problem::new(StatusCode::FORBIDDEN, "ExtensionError", message)
}

fn changes(text: &str) -> Result<Vec<Change>, Problem> {
    let change = |name: &str| match name.trim().to_ascii_lowercase().as_str() {
        "created" => Ok(Change::Created),
        "updated" => Ok(Change::Updated),
        "deleted" => Ok(Change::Deleted),
        _ => Err(invalid("'changeType' is a list with commas of created, updated and deleted.")),
    };
    text.split(',').map(change).collect()
}

fn expiry(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    let expires = DateTime::parse_from_rfc3339(text.trim()).map(|at| at.with_timezone(&Utc));
    let expires = expires.map_err(|_| given::wrong_type("expirationDateTime", "Edm.DateTimeOffset"))?;
    if expires <= now {
        return Err(invalid("Subscription expiration must be in the future."));
    }
    if expires > now + LONGEST {
        let minutes = LONGEST.num_minutes();
        return Err(invalid(format!("Subscription expiration can only be {minutes} minutes in the future.")));
    }
    Ok(expires.max(now + SHORTEST))
}

/// What a resource names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    user: String,
    folder: Option<String>,
    is_read: Option<bool>,
}

impl Place {
    /// `users/{u}/messages` or `users/{u}/mailFolders('{f}')/messages`, with a filter on the read state.
    fn of(resource: &str) -> Result<Self, Problem> {
        let (path, query) = resource.split_once('?').unwrap_or((resource, ""));
        let path = path.replace("('", "/").replace("')", "");
        let decoded =
            |text: &&str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let segments: Vec<String> =
            path.split('/').filter(|part| !part.is_empty()).map(|part| decoded(&part)).collect();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let is = |part: &str, name: &str| part.eq_ignore_ascii_case(name);
        let (user, folder) = match parts.as_slice() {
            [users, user, messages] if is(users, "users") && is(messages, "messages") => (*user, None),
            [users, user, folders, folder, messages]
                if is(users, "users") && is(folders, "mailFolders") && is(messages, "messages") =>
            {
                (*user, Some((*folder).to_owned()))
            }
            _ => {
                return Err(invalid(
                    "The resource must be users/{id}/messages or users/{id}/mailFolders('{id}')/messages.",
                ));
            }
        };
        let mut is_read = None;
        for option in query.split('&').filter(|option| !option.is_empty()) {
            is_read = Some(filter(&decoded(&option).replace('+', " "))?);
        }
        Ok(Self { user: user.to_owned(), folder, is_read })
    }
}

fn filter(option: &str) -> Result<bool, Problem> {
    let folded = option.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    match folded.replace("= ", "=").as_str() {
        "$filter=isread eq true" => Ok(true),
        "$filter=isread eq false" => Ok(false),
        _ => Err(invalid("The sandbox knows $filter=isRead eq true or false here, and no other option.")),
    }
}

/// As JSON; the client state is shown once only.
fn shown(subscription: &Subscription, with_state: bool) -> Value {
    json!({
        "id": subscription.id,
        "resource": subscription.resource,
        "applicationId": subscription.app,
        "changeType": subscription.change_type(),
        "clientState": subscription.client_state.as_ref().filter(|_| with_state),
        "notificationUrl": subscription.url,
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "notificationQueryOptions": null,
        "notificationUrlAppId": null,
        "expirationDateTime": time(subscription.expires),
        "creatorId": subscription.app,
        "includeResourceData": false,
        "latestSupportedTlsVersion": subscription.tls,
        "encryptionCertificate": null,
        "encryptionCertificateId": null,
    })
}

fn gone() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "ResourceNotFound", "The object was not found.")
}

/// Whether it is that app's, and still lives.
fn is_theirs(subscription: &Subscription, caller: &Caller, now: DateTime<Utc>) -> bool {
    (subscription.tenant, subscription.app) == (caller.tenant, caller.app) && subscription.expires > now
}

/// An app's subscription of that id.
fn found(world: &World, caller: &Caller, id: &str, now: DateTime<Utc>) -> Result<Subscription, Problem> {
    let id: Uuid = id.parse().map_err(|_| gone())?;
    let subscription =
        world.subscriptions.get(&id).filter(|subscription| is_theirs(subscription, caller, now));
    subscription.cloned().ok_or_else(gone)
}

async fn list(
    Extension(caller): Extension<Caller>,
    Extension(root): Extension<Root>,
    Of(state): Of<State>,
) -> Json<Value> {
    let now = state.clock.now();
    let world = state.world();
    let theirs = world.subscriptions.values().filter(|subscription| is_theirs(subscription, &caller, now));
    let value: Vec<Value> = theirs.map(|subscription| shown(subscription, false)).collect();
    Json(json!({ "@odata.context": format!("{}/$metadata#subscriptions", root.0), "value": value }))
}

async fn one(
    Extension(caller): Extension<Caller>,
    Of(state): Of<State>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(shown(&found(&state.world(), &caller, &id, state.clock.now())?, false)))
}

async fn renew(
    Extension(caller): Extension<Caller>,
    Of(state): Of<State>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let object = given::object(&body)?;
    let now = state.clock.now();
    let mut subscription = found(&state.world(), &caller, &id, now)?;
    for (name, value) in object.iter().filter(|(name, _)| !name.contains('@')) {
        match (name.as_str(), value) {
            ("expirationDateTime", Value::String(text)) => subscription.expires = expiry(text, now)?,
            ("notificationUrl", Value::String(url)) if *url != subscription.url => {
                proven(&state, url).await?;
                subscription.url.clone_from(url);
            }
            ("notificationUrl", Value::String(_)) => {}
            ("expirationDateTime" | "notificationUrl", _) => {
                return Err(given::wrong_type(name, "Edm.String"));
            }
            _ => {
                return Err(invalid(format!(
                    "'{name}' can't be changed; only expirationDateTime and notificationUrl."
                )));
            }
        }
    }
    let shown = shown(&subscription, false);
    let mut world = state.world_mut();
    // It may have been ended during the handshake.
    found(&world, &caller, &id, now)?;
    world.subscriptions.insert(subscription.id, subscription);
    Ok(Json(shown))
}

async fn end(
    Extension(caller): Extension<Caller>,
    Of(state): Of<State>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let mut world = state.world_mut();
    let subscription = found(&world, &caller, &id, state.clock.now())?;
    world.subscriptions.remove(&subscription.id);
    Ok(StatusCode::NO_CONTENT)
}

async fn reauthorize(
    Extension(caller): Extension<Caller>,
    Of(state): Of<State>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    found(&state.world(), &caller, &id, state.clock.now())?;
    Ok(StatusCode::NO_CONTENT)
}
