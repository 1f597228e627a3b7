//! Several clients that write to one mailbox at the same time, two by mutable and two by immutable ids: what each adds up
//! from its delta rounds is what lies in the folders, and nothing they do to each other is the server's failure.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::model::{FOLDERS, Known, USER, listed};
use super::trial::Trial;

/// What a client does, to one of the messages that it sees in a folder.
#[derive(Debug, Clone)]
enum Act {
    Deliver,
    Read(bool),
    Move(usize),
    Copy(usize),
    Delete,
    Purge,
    /// It follows its link of the folder.
    Follow,
}

fn act() -> impl Strategy<Value = (Act, usize, usize)> {
    let folder = 0..FOLDERS.len();
    let act = prop_oneof![
        3 => Just(Act::Deliver),
        2 => any::<bool>().prop_map(Act::Read),
        4 => folder.clone().prop_map(Act::Move),
        1 => folder.clone().prop_map(Act::Copy),
        1 => Just(Act::Delete),
        1 => Just(Act::Purge),
        4 => Just(Act::Follow),
    ];
    (act, folder, 0..64_usize)
}

/// How each client asks.
const CLIENTS: [&str; 4] = [
    "IdType=\"ImmutableId\", odata.maxpagesize=2",
    "odata.maxpagesize=1",
    "IdType=\"ImmutableId\", odata.maxpagesize=7",
    "odata.maxpagesize=3",
];

async fn live(trial: Arc<Trial>, prefer: &'static str, acts: Vec<(Act, usize, usize)>) -> Vec<Known> {
    let mut known = FOLDERS.map(|folder| Known::new(prefer, folder));
    let all = prefer.replace("odata.maxpagesize", "x");
    for (act, folder, at) in acts {
        tokio::task::yield_now().await;
        let seen = listed(&trial, FOLDERS[folder], &all).await;
        let Some(id) = seen.keys().nth(at % seen.len().max(1)).cloned() else {
            trial.deliver("Subject: first\r\n\r\nx\r\n");
            continue;
        };
        let path = format!("{USER}/messages/{id}");
        let (method, path, body, done) = match act {
            Act::Deliver => {
                trial.deliver("Subject: more\r\n\r\nx\r\n");
                continue;
            }
            Act::Follow => {
                known[folder].follow(&trial).await;
                continue;
            }
            Act::Read(read) => ("PATCH", path, json!({ "isRead": read }), 200),
            Act::Move(to) => ("POST", format!("{path}/move"), json!({ "destinationId": FOLDERS[to] }), 201),
            Act::Copy(to) => ("POST", format!("{path}/copy"), json!({ "destinationId": FOLDERS[to] }), 201),
            Act::Delete => ("DELETE", path, Value::Null, 204),
            Act::Purge => ("POST", format!("{path}/permanentDelete"), Value::Null, 204),
        };
        let fields = [("prefer", all.as_str()), ("content-type", "application/json")];
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let answer = trial.send(method, &path, &fields, text).await;
        let status = answer.status.as_u16();
        if status == 404 {
            // Another was faster.
            assert_eq!(answer.refused().1, "ErrorItemNotFound");
            continue;
        }
        if let (Act::Delete, 400) = (&act, status) {
            // Another deleted it meanwhile; an immutable id still names it among the recoverable items.
            assert_eq!(
                (answer.refused().1, prefer.contains("ImmutableId")),
                ("ErrorCannotDeleteObject", true)
            );
            continue;
        }
        assert_eq!(status, done, "{act:?}: {:?}", answer.problem);
        if let Act::Move(_) = act {
            assert_eq!(answer.text("id") == id, prefer.contains("ImmutableId"), "{prefer}");
        }
    }
    known.into()
}

async fn play(lives: Vec<Vec<(Act, usize, usize)>>) {
    let trial = Arc::new(Trial::new());
    let clients = CLIENTS.into_iter().zip(lives);
    let clients: Vec<_> =
        clients.map(|(prefer, acts)| tokio::spawn(live(trial.clone(), prefer, acts))).collect();
    // Nobody is compared before all have ended.
    let mut ended = Vec::new();
    for client in clients {
        ended.push(client.await.unwrap());
    }
    for (mut known, prefer) in ended.into_iter().zip(CLIENTS) {
        for (known, folder) in known.iter_mut().zip(FOLDERS) {
            for _ in 0..2 {
                while !known.follow(&trial).await {}
            }
            let all = prefer.replace("odata.maxpagesize", "x");
            assert_eq!(known.read, listed(&trial, folder, &all).await, "{folder}, {prefer}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn delta_rounds_add_up_for_clients_that_write_at_once(
        lives in prop::collection::vec(prop::collection::vec(act(), 1..30), CLIENTS.len()),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
        runtime.block_on(play(lives));
    }
}
