//! A model of a mailbox beside the real one: whatever happens to it, what several clients add up from their delta rounds
//! is what lies in the folders, and ids live as long as Microsoft says.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::trial::Trial;

pub(super) const USER: &str = "/users/anna@example.com";
pub(super) const FOLDERS: [&str; 3] = ["inbox", "archive", "junkemail"];
const MUTABLE: &str = "odata.maxpagesize=1000";

/// What a client does.
#[derive(Debug, Clone)]
enum Step {
    Deliver,
    Read(usize, bool),
    Move(usize, usize),
    Copy(usize, usize),
    Delete(usize),
    Purge(usize),
    /// That reader follows its link of that folder once.
    Follow(usize, usize),
    /// Time goes on.
    Wait(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let (message, folder) = (0..64_usize, 0..FOLDERS.len());
    prop_oneof![
        4 => Just(Step::Deliver),
        2 => (message.clone(), any::<bool>()).prop_map(|(at, read)| Step::Read(at, read)),
        3 => (message.clone(), folder.clone()).prop_map(|(at, to)| Step::Move(at, to)),
        1 => (message.clone(), folder.clone()).prop_map(|(at, to)| Step::Copy(at, to)),
        1 => message.clone().prop_map(Step::Delete),
        1 => message.prop_map(Step::Purge),
        6 => (0..READERS.len(), folder).prop_map(|(reader, at)| Step::Follow(reader, at)),
        1 => any::<u8>().prop_map(Step::Wait),
    ]
}

/// How each reader asks.
const READERS: [&str; 3] = [
    "IdType=\"ImmutableId\", odata.maxpagesize=2",
    "odata.maxpagesize=1",
    "IdType=\"ImmutableId\", odata.maxpagesize=7",
];

/// What a reader knows of a folder.
pub(super) struct Known {
    prefer: &'static str,
    link: String,
    pub(super) read: BTreeMap<String, bool>,
}

impl Known {
    pub(super) fn new(prefer: &'static str, folder: &str) -> Self {
        let link = format!("{USER}/mailFolders/{folder}/messages/delta?$select=isRead");
        Self { prefer, link, read: BTreeMap::new() }
    }

    /// Takes a page in; whether it was the last of its round.
    pub(super) async fn follow(&mut self, trial: &Trial) -> bool {
        let page = trial.send("GET", &self.link, &[("prefer", self.prefer)], "").await;
        assert_eq!(page.status, 200, "{:?}", page.problem);
        for item in page.body["value"].as_array().unwrap() {
            let id = item["id"].as_str().unwrap().to_owned();
            match item.get("@removed") {
                Some(_) => self.read.remove(&id),
                None => self.read.insert(id, item["isRead"].as_bool().unwrap()),
            };
        }
        let (next, last) = (page.body.get("@odata.nextLink"), page.body.get("@odata.deltaLink"));
        assert!(next.is_some() != last.is_some(), "{:#}", page.body);
        let link = next.or(last).unwrap().as_str().unwrap();
        self.link = link.strip_prefix("http://localhost").unwrap().to_owned();
        last.is_some()
    }
}

/// What lies in a folder, as a list tells.
pub(super) async fn listed(trial: &Trial, folder: &str, prefer: &str) -> BTreeMap<String, bool> {
    let at = format!("{USER}/mailFolders/{folder}/messages?$top=1000&$select=isRead");
    let list = trial.send("GET", &at, &[("prefer", prefer)], "").await;
    let value = list.body["value"].as_array().unwrap().iter();
    value.map(|it| (it["id"].as_str().unwrap().to_owned(), it["isRead"].as_bool().unwrap())).collect()
}

async fn mutable(trial: &Trial, id: &str) -> String {
    let it = trial.send("GET", &format!("{USER}/messages/{id}?$select=id"), &[("prefer", MUTABLE)], "").await;
    it.text("id").to_owned()
}

/// Moves a message; the mutable id dies, the immutable one lives.
async fn moved(trial: &Trial, id: &str, to: &str) {
    let before = mutable(trial, id).await;
    let answer =
        trial.ask("POST", &format!("{USER}/messages/{id}/move"), json!({ "destinationId": to })).await;
    assert_eq!((answer.status.as_u16(), answer.text("id")), (201, id));
    let after = mutable(trial, id).await;
    assert_ne!(before, after);
    let stale = trial.ask("GET", &format!("{USER}/messages/{before}"), Value::Null).await;
    assert_eq!(stale.refused().1, "ErrorItemNotFound");
    assert_eq!(trial.ask("GET", &format!("{USER}/messages/{after}"), Value::Null).await.text("id"), id);
}

async fn play(steps: Vec<Step>) {
    let trial = Trial::new();
    let mut ids: Vec<String> = Vec::new();
    let mut readers: Vec<Vec<Known>> =
        READERS.map(|prefer| FOLDERS.map(|folder| Known::new(prefer, folder)).into()).into();
    for (number, step) in steps.into_iter().enumerate() {
        let pick = |at: usize| ids.get(at.checked_rem(ids.len())?).cloned();
        match step {
            Step::Deliver => ids.push(trial.deliver(&format!("Subject: {number}\r\n\r\nx\r\n"))),
            Step::Wait(seconds) => trial.state.clock.advance(chrono::TimeDelta::seconds(seconds.into())),
            Step::Follow(reader, folder) => {
                readers[reader][folder].follow(&trial).await;
            }
            Step::Read(at, read) => {
                let Some(id) = pick(at) else { continue };
                let at = format!("{USER}/messages/{id}");
                assert_eq!(trial.ask("PATCH", &at, json!({ "isRead": read })).await.status, 200);
            }
            Step::Move(at, to) => {
                let Some(id) = pick(at) else { continue };
                moved(&trial, &id, FOLDERS[to]).await;
            }
            Step::Copy(at, to) => {
                let Some(id) = pick(at) else { continue };
                let at = format!("{USER}/messages/{id}/copy");
                let copy = trial.ask("POST", &at, json!({ "destinationId": FOLDERS[to] })).await;
                assert_ne!(copy.text("id"), id);
                ids.push(copy.text("id").to_owned());
            }
            Step::Delete(at) => {
                let Some(id) = pick(at) else { continue };
                assert_eq!(
                    trial.ask("DELETE", &format!("{USER}/messages/{id}"), Value::Null).await.status,
                    204
                );
                ids.retain(|at| *at != id);
            }
            Step::Purge(at) => {
                let Some(id) = pick(at) else { continue };
                let at = format!("{USER}/messages/{id}/permanentDelete");
                assert_eq!(trial.ask("POST", &at, Value::Null).await.status, 204);
                ids.retain(|at| *at != id);
            }
        }
    }
    for known in readers.iter_mut().flatten() {
        // Where it was in the middle of the first round, what happened meanwhile is in the next.
        for _ in 0..2 {
            while !known.follow(&trial).await {}
        }
    }
    for (folder, name) in FOLDERS.iter().enumerate() {
        for (reader, prefer) in READERS.iter().enumerate() {
            let kind = prefer.replace("odata.maxpagesize", "x");
            assert_eq!(readers[reader][folder].read, listed(&trial, name, &kind).await, "{name}, {prefer}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn delta_rounds_add_up_to_the_folders_whatever_happens(steps in prop::collection::vec(step(), 1..60)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(play(steps));
    }
}
