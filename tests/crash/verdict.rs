//! What must hold afterwards, read from the database's rows and from the mailbox itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Delivered, FOLDERS};
use crate::harness::database::Fresh;
use crate::harness::person::Person;
use crate::harness::rows::{count, query};
use crate::harness::service::Service;

/// A message's row, as far as it matters.
struct Row {
    id: uuid::Uuid,
    folder: String,
    message_id: String,
    state: String,
    disposition: String,
    purge: Option<String>,
    instance: Option<uuid::Uuid>,
    created: bool,
}

/// Waits until all is taken in and nothing is left to do.
pub async fn settled(fresh: &Fresh, service: &Service, messages: usize) {
    let deadline = Instant::now() + Duration::from_secs(180);
    loop {
        let left = [
            count(fresh, "SELECT count(*) FROM message").await - messages as i64,
            count(fresh, "SELECT count(*) FROM message WHERE disposition_state = 'PENDING'").await,
            count(fresh, "SELECT count(*) FROM message WHERE purge = 'WANTED'").await,
            count(fresh, "SELECT count(*) FROM intake WHERE state = 'LISTED'").await,
            count(fresh, "SELECT count(*) FROM run WHERE finished_at IS NULL").await,
        ];
        if left == [0; 5] {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "still to do (messages, dispositions, purges, listed, runs): {left:?}\n{}",
            service.log()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// One row and one effect a message.
pub async fn rows(fresh: &Fresh, delivered: &[Delivered]) {
    let rows = messages(fresh).await;
    let state = |fails| if fails { "FAILED" } else { "PROCESSED" };
    let expected: BTreeMap<(&str, &str), &str> = delivered
        .iter()
        .map(|mail| ((mail.folder, mail.message_id.trim_matches(['<', '>'])), state(mail.fails)))
        .collect();
    let found: BTreeMap<(&str, &str), &str> =
        rows.iter().map(|row| ((row.folder.as_str(), row.message_id.as_str()), row.state.as_str())).collect();
    assert_eq!((rows.len(), expected.len()), (found.len(), delivered.len()), "no message is there twice");
    assert!(found == expected, "each is there, in its state: {:?}", difference(&found, &expected));
    assert_eq!(
        count(fresh, "SELECT count(*) FROM message_source").await,
        rows.len() as i64,
        "one source a message"
    );
    assert_eq!(
        count(fresh, "SELECT count(*) FROM message_raw").await,
        rows.len() as i64,
        "raw bytes of each"
    );
    assert_eq!(
        count(fresh, "SELECT sum(processed + ignored + failed) FROM run").await,
        rows.len() as i64,
        "the runs counted each once"
    );
    instances(fresh, &rows).await;
    events(fresh, &rows).await;
}

/// An instance for each message that made one; the others changed theirs once, as `updates` tells.
async fn instances(fresh: &Fresh, rows: &[Row]) {
    let mut updates: HashMap<uuid::Uuid, Vec<String>> = HashMap::new();
    for row in rows.iter().filter(|row| row.state == "PROCESSED") {
        let instance = row.instance.expect("a processed message has an instance");
        let of = updates.entry(instance).or_default();
        if !row.created {
            of.push(row.message_id.clone());
        }
    }
    let made: BTreeSet<_> = rows.iter().filter(|row| row.created).filter_map(|row| row.instance).collect();
    assert_eq!(made.len(), rows.iter().filter(|row| row.created).count(), "nobody made the same instance");
    let mut numbers = Vec::new();
    for found in query(fresh, "SELECT id, reference, attributes FROM process_instance").await {
        let id: uuid::Uuid = found.try_get("", "id").unwrap();
        let reference: String = found.try_get("", "reference").unwrap();
        let attributes: Value = found.try_get("", "attributes").unwrap();
        numbers.push(reference.rsplit('-').next().unwrap().parse::<usize>().unwrap());
        let mut expected = updates.remove(&id).unwrap_or_else(|| panic!("{reference} is nobody's"));
        let appended = attributes["updates"].as_str().unwrap_or_default();
        let mut told: Vec<String> =
            appended.split_whitespace().map(|id| id.trim_matches(['<', '>']).to_owned()).collect();
        expected.sort();
        told.sort();
        assert_eq!(told, expected, "each message changed {reference} once");
        assert!(made.contains(&id), "{reference} was made by a message");
    }
    assert!(updates.is_empty(), "instances without a row: {updates:?}");
    numbers.sort_unstable();
    assert_eq!(
        numbers,
        (1..=made.len()).collect::<Vec<_>>(),
        "references have no gap and none is given twice"
    );
    let last = count(fresh, "SELECT sum(last_number) FROM reference_prefix").await;
    assert_eq!(last, made.len() as i64, "the counter is where the references are");
}

/// Offsets without a gap, one event a message and effect.
async fn events(fresh: &Fresh, rows: &[Row]) {
    let mut offsets = Vec::new();
    let mut told: BTreeMap<(String, String), usize> = BTreeMap::new();
    for found in query(fresh, "SELECT log_offset, type, data FROM event ORDER BY log_offset").await {
        offsets.push(found.try_get::<i64>("", "log_offset").unwrap());
        let kind: String = found.try_get("", "type").unwrap();
        let data: Value = found.try_get("", "data").unwrap();
        if let Some(message) = data["message_id"].as_str() {
            *told.entry((kind, message.to_owned())).or_default() += 1;
        }
    }
    let head = count(fresh, "SELECT head FROM event_head").await;
    assert_eq!(offsets, (1..=head).collect::<Vec<_>>(), "no gap in the log, and nothing beyond its head");
    let mut expected: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in rows {
        let mut tell = |kind: &str| expected.insert((kind.to_owned(), row.id.to_string()), 1);
        match (row.state.as_str(), row.created) {
            ("PROCESSED", true) => {
                tell("MESSAGE_RECEIVED");
                tell("PROCESS_INSTANCE_CREATED");
            }
            ("PROCESSED", false) => {
                tell("MESSAGE_RECEIVED");
                tell("PROCESS_INSTANCE_UPDATED");
            }
            _ => {
                tell("MESSAGE_FAILED");
            }
        }
    }
    assert!(told == expected, "each was told once: {:?}", difference(&told, &expected));
}

fn difference<K: Ord + Clone, V: PartialEq + Clone>(
    found: &BTreeMap<K, V>,
    expected: &BTreeMap<K, V>,
) -> Vec<(K, Option<V>, Option<V>)> {
    let keys: BTreeSet<&K> = found.keys().chain(expected.keys()).collect();
    let differing = keys.into_iter().filter(|key| found.get(key) != expected.get(key)).take(10);
    differing.map(|key| (key.clone(), found.get(key).cloned(), expected.get(key).cloned())).collect()
}

/// Each original where the handling put it, once, in the state that it says; asked of the server directly.
pub async fn originals(fresh: &Fresh, person: &mut Person) {
    let rows = messages(fresh).await;
    assert!(rows.iter().any(|row| row.state == "FAILED"), "the mail has some that fail");
    let mut expected: BTreeMap<&str, BTreeMap<String, bool>> = BTreeMap::new();
    for folder in &FOLDERS {
        expected.entry(folder.name).or_default();
        expected.entry(folder.target.unwrap_or(folder.name)).or_default();
        for row in rows.iter().filter(|row| row.folder == folder.name) {
            let id = format!("<{}>", row.message_id);
            let processed = row.state == "PROCESSED";
            let done = if processed { "DONE" } else { "NONE" };
            assert_eq!(row.disposition, done, "{id} in {}", folder.name);
            if processed && folder.purged {
                // GONE: killed after it was purged, and before that was written.
                assert!(
                    matches!(row.purge.as_deref(), Some("DONE" | "GONE")),
                    "{id} was purged: {:?}",
                    row.purge
                );
            } else {
                let place = folder.target.filter(|_| processed).unwrap_or(folder.name);
                // What is deleted keeps its flags.
                let seen = processed && place != "Trash";
                expected.entry(place).or_default().insert(id, seen);
            }
        }
    }
    expected.entry("Trash").or_default();
    for (place, expected) in expected {
        let ids = person.message_ids(place);
        let flags = person.flags(place);
        assert_eq!(ids.len(), flags.len(), "each message in {place} has a Message-ID");
        let found: BTreeMap<String, bool> = ids
            .iter()
            .cloned()
            .zip(flags.iter().map(|(_, flags)| flags.iter().any(|flag| flag == "\\Seen")))
            .collect();
        assert_eq!(found.len(), ids.len(), "no second copy in {place}");
        assert!(found == expected, "{place}: {:?}", difference(&found, &expected));
    }
}

async fn messages(fresh: &Fresh) -> Vec<Row> {
    let sql = "SELECT id, folder, internet_message_id, state, disposition_state, purge, instance_id, matched FROM message";
    let rows = query(fresh, sql).await;
    rows.into_iter()
        .map(|row| {
            let matched: Option<Value> = row.try_get("", "matched").unwrap();
            Row {
                id: row.try_get("", "id").unwrap(),
                folder: row.try_get("", "folder").unwrap(),
                message_id: row
                    .try_get::<Option<String>>("", "internet_message_id")
                    .unwrap()
                    .unwrap_or_default(),
                state: row.try_get("", "state").unwrap(),
                disposition: row.try_get("", "disposition_state").unwrap(),
                purge: row.try_get("", "purge").unwrap(),
                instance: row.try_get("", "instance_id").unwrap(),
                created: matched.is_some_and(|matched| matched["created"] == true),
            }
        })
        .collect()
}
