//! Switches, faults, clock, snapshots, requests.

use std::path::PathBuf;

use axum::extract::{Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::answer::{Given, Refusal};
use crate::faults::{Rule, Scenario};
use crate::log::Line;
use crate::snapshot;
use crate::state::State;
use crate::switches::Switches;

pub fn routes() -> Router<State> {
    Router::new()
        .route("/", get(overview))
        .route("/switches", get(switches).patch(switch))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/faults/{name}", delete(remove_fault))
        .route("/scenario", post(scenario))
        .route("/clock", get(clock).post(advance))
        .route("/snapshot/save", post(save))
        .route("/snapshot/load", post(load))
        .route("/requests", get(requests).delete(forget))
}

/// What each path does, for who looks without the manual.
const PATHS: [(&str, &str); 25] = [
    ("GET POST /sandbox/tenants", "tenants: domain, id"),
    ("GET DELETE /sandbox/tenants/{tenant}", "one, by id or domain"),
    ("GET POST /sandbox/tenants/{tenant}/apps", "apps: name, clientId, secret, roles"),
    ("GET PATCH DELETE /sandbox/tenants/{tenant}/apps/{app}", "one: name, disabled, roles, scoped"),
    ("POST /sandbox/tenants/{tenant}/apps/{app}/secrets", "another secret: value, expiresInSeconds"),
    ("POST /sandbox/tenants/{tenant}/apps/{app}/certificates", "der, publicKeyPem, expiresInSeconds"),
    ("POST /sandbox/tenants/{tenant}/apps/{app}/federated", "issuer, subject, audience, publicKeyPem"),
    ("POST /sandbox/tenants/{tenant}/apps/{app}/lapse", "its secrets have expired"),
    ("POST /sandbox/tenants/{tenant}/mailboxes", "a mailbox: address, name, shared, aliases"),
    ("GET PATCH DELETE /sandbox/mailboxes/{address}", "one: name, aliases, shared, standing, awkwardIds"),
    ("GET POST /sandbox/mailboxes/{address}/folders", "folders: name, parent, hidden"),
    (
        "GET POST /sandbox/mailboxes/{address}/messages",
        "what is there; deliver a raw message (?folder= ?received= ?read=)",
    ),
    ("GET /sandbox/mailboxes/{address}/messages/{id}", "the bytes as they are kept"),
    ("POST /sandbox/deliver?to=ADDRESS", "deliver a raw message"),
    ("GET /sandbox/sent", "what the mailboxes sent"),
    ("GET DELETE /sandbox/outgoing", "what left its tenant, as it was sent"),
    ("GET /sandbox/subscriptions", "who is told what happens"),
    (
        "POST /sandbox/subscriptions/{id}/{event}",
        "tells reauthorizationRequired, subscriptionRemoved or missed",
    ),
    ("GET PATCH /sandbox/switches", "what the documents leave open"),
    ("GET POST DELETE /sandbox/faults", "what becomes of which calls; a rule or several"),
    ("POST /sandbox/scenario", "switches, rules and lapsed secrets at once"),
    ("GET POST /sandbox/clock", "the time; advanceSeconds moves it"),
    ("POST /sandbox/snapshot/save", "the state to a file: path"),
    ("POST /sandbox/snapshot/load", "and back: path"),
    ("GET DELETE /sandbox/requests", "the requests of late (?last=)"),
];

async fn overview(Shared(state): Shared<State>) -> Json<Value> {
    let tenants: Vec<Value> = state.world().tenants.iter().map(super::directory::shown).collect();
    let paths: Map<String, Value> =
        PATHS.iter().map(|(path, what)| ((*path).to_owned(), json!(what))).collect();
    Json(json!({ "tenants": tenants, "now": state.clock.now(), "paths": paths }))
}

async fn switches(Shared(state): Shared<State>) -> Json<Switches> {
    Json(state.switches())
}

/// Those that are given change; the others stay.
async fn switch(
    Shared(state): Shared<State>,
    Given(change): Given<Map<String, Value>>,
) -> Result<Json<Switches>, Refusal> {
    let wrong = |error: serde_json::Error| {
        Refusal::wrong(error.to_string()).hint("GET /sandbox/switches shows each with its value")
    };
    let mut whole = serde_json::to_value(state.switches()).map_err(wrong)?;
    if let Some(whole) = whole.as_object_mut() {
        whole.extend(change);
    }
    let changed: Switches = serde_json::from_value(whole).map_err(wrong)?;
    let awkward = changed.awkward_ids;
    if awkward != state.switches().awkward_ids {
        let mut world = state.world_mut();
        let mailboxes = world.tenants.iter_mut().flat_map(|tenant| tenant.mailboxes.values_mut());
        mailboxes.for_each(|mailbox| mailbox.awkward_ids = awkward);
    }
    state.switch(|switches| *switches = changed);
    Ok(Json(state.switches()))
}

async fn faults(Shared(state): Shared<State>) -> Json<Value> {
    Json(json!(state.faults.list()))
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    More(Vec<Value>),
    One(Value),
}

async fn add_fault(
    Shared(state): Shared<State>,
    Given(given): Given<OneOrMore>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let given = match given {
        OneOrMore::More(given) => given,
        OneOrMore::One(given) => vec![given],
    };
    // Read first, so that either all of them hold or none.
    let read =
        |given| serde_json::from_value::<Rule>(given).map_err(|error| Refusal::wrong(error.to_string()));
    let rules = given.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    rules.iter().try_for_each(Rule::check)?;
    let names = rules.into_iter().map(|rule| state.faults.add(rule)).collect::<Result<Vec<_>, _>>()?;
    Ok((StatusCode::CREATED, Json(json!({ "names": names }))))
}

async fn clear_faults(Shared(state): Shared<State>) -> StatusCode {
    state.faults.clear();
    StatusCode::NO_CONTENT
}

async fn remove_fault(Shared(state): Shared<State>, Path(name): Path<String>) -> Result<StatusCode, Refusal> {
    match state.faults.remove(&name) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Refusal::unknown("rule", &name).hint("GET /sandbox/faults names them")),
    }
}

async fn scenario(Shared(state): Shared<State>, Given(given): Given<Value>) -> Result<StatusCode, Refusal> {
    Scenario::parse(&given.to_string(), true)?.apply(&state)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn clock(Shared(state): Shared<State>) -> Json<Value> {
    Json(json!({ "now": state.clock.now(), "aheadSeconds": state.clock.ahead().num_seconds() }))
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    advance_seconds: f64,
}

async fn advance(Shared(state): Shared<State>, Given(by): Given<Advance>) -> Result<Json<Value>, Refusal> {
    // A hundred years are enough for anything that grows old here.
    if !(0.0..=3.2e9).contains(&by.advance_seconds) {
        return Err(Refusal::wrong(
            "advanceSeconds is a number from 0 to 3,200,000,000; time never goes back",
        ));
    }
    state.clock.advance(TimeDelta::milliseconds((by.advance_seconds * 1_000.0) as i64));
    Ok(clock(Shared(state)).await)
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct At {
    path: PathBuf,
}

async fn save(Shared(state): Shared<State>, Given(at): Given<At>) -> Result<Json<Value>, Refusal> {
    aside(move || snapshot::save(&state, &at.path)).await
}

async fn load(Shared(state): Shared<State>, Given(at): Given<At>) -> Result<Json<Value>, Refusal> {
    aside(move || snapshot::load(&state, &at.path)).await
}

/// Files are read and written beside the answering of requests.
async fn aside(
    work: impl FnOnce() -> Result<usize, snapshot::Error> + Send + 'static,
) -> Result<Json<Value>, Refusal> {
    let failed = |_| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", "the snapshot was given up");
    let messages = tokio::task::spawn_blocking(work).await.map_err(failed)??;
    Ok(Json(json!({ "messages": messages })))
}

#[derive(serde::Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Last {
    last: Option<usize>,
}

async fn requests(Shared(state): Shared<State>, Query(last): Query<Last>) -> Json<Vec<Line>> {
    Json(state.log.last(last.last.unwrap_or(100)))
}

async fn forget(Shared(state): Shared<State>) -> StatusCode {
    state.log.clear();
    StatusCode::NO_CONTENT
}
