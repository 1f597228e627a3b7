//! Runs started, followed and cancelled.

use std::time::Duration;

use futures::stream::BoxStream;
use futures::{SinkExt as _, StreamExt as _};
use mailroom::db;
use mailroom::domain::id::RunId;
use mailroom::domain::run::RunState;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::house::{Desk, House, raw, text};
use super::seed::start;
use crate::harness::database::{Fresh, on_both};

on_both!(
    a_job_has_one_run_at_a_time_and_is_told_which,
    a_run_is_followed_to_its_end,
    a_job_is_followed_from_run_to_run,
    a_run_that_another_process_ends_is_seen_to_end,
    a_queued_run_is_cancelled_at_once,
    a_running_one_is_asked_to_stop_and_a_finished_one_is_not,
    a_run_is_followed_over_a_websocket,
);

const RUN: &str =
    "mutation($id: ID!) { runJob(id: $id) { run { id state trigger job { id } } userErrors { code path } } }";
const CANCEL: &str =
    "mutation($id: ID!) { cancelRun(id: $id) { run { id state } userErrors { code path } } }";

async fn queued(house: &House, desk: &Desk) -> String {
    text(&house.data(RUN, json!({ "id": desk.job })).await["runJob"]["run"]["id"])
}

async fn stands(house: &House, run: &str, state: RunState, processed: i32) -> mailroom::domain::run::Run {
    let db = house.services.db.write();
    let mut found = db::run::get(db, raw(run)).await.unwrap().unwrap();
    found.progress.processed = processed;
    found.progress.found = processed;
    if state.is_finished() {
        assert!(db::run::finish(db, found.id, state, &found.progress, None, start()).await.unwrap());
    } else {
        db::run::start(db, found.id, "worker-1", start()).await.unwrap();
        db::run::progress(db, found.id, &found.progress).await.unwrap();
    }
    db::run::get(db, found.id).await.unwrap().unwrap()
}

async fn next(stream: &mut BoxStream<'static, Value>) -> Option<Value> {
    tokio::time::timeout(Duration::from_secs(20), stream.next()).await.expect("an answer in time")
}

fn step(answer: &Value) -> (String, i64) {
    let run = &answer["data"]["runProgress"];
    (text(&run["state"]), run["progress"]["processed"].as_i64().unwrap())
}

async fn a_job_has_one_run_at_a_time_and_is_told_which(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let mut woken = house.services.wake.listen();
    let data = house.data(RUN, json!({ "id": desk.job })).await;
    let run = data["runJob"]["run"].clone();
    assert_eq!((&run["state"], &run["trigger"]), (&json!("QUEUED"), &json!("MANUAL")));
    assert_eq!(run["job"]["id"], desk.job);
    tokio::time::timeout(Duration::from_secs(5), woken.rung()).await.expect("a wake-up");
    assert_eq!(house.data(RUN, json!({ "id": desk.job })).await["runJob"]["run"]["id"], run["id"]);
    let query = "query($id: ID!) { job(id: $id) { activeRun { id } lastRun { id } runs { totalCount } }
        runs(filter: { jobId: $id, states: [QUEUED] }) { nodes { id } } }";
    let data = house.data(query, json!({ "id": desk.job })).await;
    assert_eq!(
        data["job"],
        json!({ "activeRun": { "id": run["id"] }, "lastRun": null, "runs": { "totalCount": 1 } })
    );
    assert_eq!(data["runs"]["nodes"], json!([{ "id": run["id"] }]));
    let refused = house.data(RUN, json!({ "id": run["id"] })).await["runJob"].clone();
    assert_eq!(refused, json!({ "run": null, "userErrors": [{ "code": "NOT_FOUND", "path": ["id"] }] }));
}

const FOLLOW: &str = "subscription($run: ID, $job: ID) { runProgress(runId: $run, jobId: $job) {
    id state progress { processed } job { name } } }";

async fn a_run_is_followed_to_its_end(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let run = queued(&house, &desk).await;
    let mut answers = house.follow(FOLLOW, json!({ "run": run }));
    let first = next(&mut answers).await.unwrap();
    assert_eq!(step(&first), ("QUEUED".to_owned(), 0));
    assert_eq!(first["data"]["runProgress"]["job"]["name"], "help");
    house.services.runs.progress(&stands(&house, &run, RunState::Running, 3).await);
    assert_eq!(step(&next(&mut answers).await.unwrap()), ("RUNNING".to_owned(), 3));
    house.services.runs.progress(&stands(&house, &run, RunState::SucceededWithFailures, 8).await);
    assert_eq!(step(&next(&mut answers).await.unwrap()), ("SUCCEEDED_WITH_FAILURES".to_owned(), 8));
    assert_eq!(next(&mut answers).await, None);
    let mut again = house.follow(FOLLOW, json!({ "run": run }));
    assert_eq!(step(&next(&mut again).await.unwrap()).1, 8);
    assert_eq!(next(&mut again).await, None);
    drop(answers);
    drop(again);
    assert_eq!(house.services.runs.subscribers(), 0);
}

async fn a_job_is_followed_from_run_to_run(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let mut answers = house.follow(FOLLOW, json!({ "job": desk.job }));
    // It subscribes when it is first asked.
    assert!(tokio::time::timeout(Duration::from_millis(200), answers.next()).await.is_err());
    for round in 1..=2 {
        let run = queued(&house, &desk).await;
        assert_eq!(step(&next(&mut answers).await.unwrap()), ("QUEUED".to_owned(), 0));
        house.services.runs.progress(&stands(&house, &run, RunState::Succeeded, round).await);
        let ended = next(&mut answers).await.unwrap();
        assert_eq!(step(&ended), ("SUCCEEDED".to_owned(), i64::from(round)));
        assert_eq!(ended["data"]["runProgress"]["id"], run);
    }
    for wrong in [json!({}), json!({ "run": "x", "job": "y" })] {
        let answer = next(&mut house.follow(FOLLOW, wrong)).await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_ARGUMENT");
    }
    let unknown = mailroom::api::graphql::node::encode(RunId::new()).0;
    let answer = next(&mut house.follow(FOLLOW, json!({ "run": unknown }))).await.unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "NOT_FOUND");
}

async fn a_run_that_another_process_ends_is_seen_to_end(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let run = queued(&house, &desk).await;
    let mut answers = house.follow(FOLLOW, json!({ "run": run }));
    assert_eq!(step(&next(&mut answers).await.unwrap()).0, "QUEUED");
    stands(&house, &run, RunState::Failed, 1).await;
    assert_eq!(step(&next(&mut answers).await.unwrap()), ("FAILED".to_owned(), 1));
    assert_eq!(next(&mut answers).await, None);
}

async fn a_queued_run_is_cancelled_at_once(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let run = queued(&house, &desk).await;
    let mut answers = house.follow(FOLLOW, json!({ "run": run }));
    assert_eq!(step(&next(&mut answers).await.unwrap()).0, "QUEUED");
    let data = house.data(CANCEL, json!({ "id": run })).await;
    assert_eq!(data["cancelRun"], json!({ "run": { "id": run, "state": "CANCELLED" }, "userErrors": [] }));
    assert_eq!(step(&next(&mut answers).await.unwrap()).0, "CANCELLED");
    assert_eq!(next(&mut answers).await, None);
    assert_ne!(queued(&house, &desk).await, run);
}

async fn a_running_one_is_asked_to_stop_and_a_finished_one_is_not(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let run = queued(&house, &desk).await;
    stands(&house, &run, RunState::Running, 0).await;
    let data = house.data(CANCEL, json!({ "id": run })).await;
    assert_eq!(data["cancelRun"], json!({ "run": { "id": run, "state": "RUNNING" }, "userErrors": [] }));
    assert!(stands(&house, &run, RunState::Cancelled, 0).await.cancel_requested);
    let data = house.data(CANCEL, json!({ "id": run })).await;
    assert_eq!(
        data["cancelRun"],
        json!({ "run": null, "userErrors": [{ "code": "CONFLICT", "path": ["id"] }] })
    );
}

async fn a_run_is_followed_over_a_websocket(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let run = queued(&house, &desk).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = house.router();
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let init = json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {}", house.token()) } });
    let subscribe = json!({ "id": "1", "type": "subscribe", "payload": { "query": FOLLOW, "variables": { "run": run } } });
    for message in [init, subscribe] {
        socket.send(Message::text(message.to_string())).await.unwrap();
    }
    assert_eq!(told(&mut socket).await["type"], "connection_ack");
    assert_eq!(step(&told(&mut socket).await["payload"]).0, "QUEUED");
    house.services.runs.progress(&stands(&house, &run, RunState::Succeeded, 4).await);
    assert_eq!(step(&told(&mut socket).await["payload"]), ("SUCCEEDED".to_owned(), 4));
    assert_eq!(told(&mut socket).await, json!({ "id": "1", "type": "complete" }));
    server.abort();
}

/// The next message that is not about the connection's life.
async fn told<S>(socket: &mut S) -> Value
where
    S: futures::Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
{
    loop {
        let message =
            tokio::time::timeout(Duration::from_secs(20), socket.next()).await.expect("a message in time");
        if let Message::Text(text) = message.unwrap().unwrap() {
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["type"] != "ping" {
                return message;
            }
        }
    }
}
