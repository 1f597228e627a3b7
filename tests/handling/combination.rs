//! Every combination of selection, mark, end, purge and category.

use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::harness::database::Fresh;
use crate::harness::desk::{self, Desk};
use crate::harness::rows::count;
use crate::harness::service::Service;

/// Where originals are moved to.
pub const TARGET: &str = "Done";
pub const CATEGORY: &str = "mailroom";

/// Where the original ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Keep,
    Move,
    Delete,
    Purge,
}

/// The same for processed, ignored and failed mail of one folder.
#[derive(Debug, Clone)]
pub struct Combination {
    pub folder: String,
    pub unread_only: bool,
    pub mark_read: bool,
    pub end: End,
    pub category: bool,
}

/// What mail there is of each: its subject decides its outcome.
pub const OUTCOMES: [&str; 3] = ["processed", "ignored", "failed"];

pub fn all() -> Vec<Combination> {
    let mut all = Vec::new();
    for unread_only in [false, true] {
        for mark_read in [false, true] {
            for end in [End::Keep, End::Move, End::Delete, End::Purge] {
                for category in [false, true] {
                    let folder = format!("C{:02}", all.len());
                    all.push(Combination { folder, unread_only, mark_read, end, category });
                }
            }
        }
    }
    all
}

impl Combination {
    /// It would take the same mail for ever.
    pub fn is_endless(&self) -> bool {
        self.unread_only && !self.mark_read && self.end == End::Keep
    }

    /// The same job with a grace period.
    pub fn graceful_job(&self) -> Value {
        let mut job = self.job();
        job["handling"]["graceHours"] = json!(1);
        job
    }

    /// As the API takes it, without its mailbox.
    pub fn job(&self) -> Value {
        let (original, folder) = match self.end {
            End::Keep => ("KEEP", None),
            End::Move => ("MOVE", Some(TARGET)),
            End::Delete | End::Purge => ("DELETE", None),
        };
        let categories: &[&str] = if self.category { &[CATEGORY] } else { &[] };
        let wanted = json!({
            "markRead": self.mark_read, "original": original, "folder": folder, "categories": categories,
        });
        json!({
            "name": self.folder,
            "folder": self.folder,
            "since": null,
            "selection": if self.unread_only { "UNREAD" } else { "NEW" },
            "handling": {
                "onSuccess": wanted, "onIgnored": wanted, "onFailure": wanted,
                "purgeAtEndOfRun": self.end == End::Purge,
            },
        })
    }

    /// The message of that outcome.
    pub fn message_id(&self, outcome: &str) -> String {
        format!("{}.{outcome}@handling.example", self.folder)
    }

    pub fn mail(&self, outcome: &str) -> String {
        format!(
            "From: Ann <ann@test.example>\r\nTo: desk@mailroom.example\r\nSubject: {outcome}\r\n\
             Message-ID: <{}>\r\nDate: Mon, 5 Jan 2026 08:00:00 +0000\r\n\r\nText\r\n",
            self.message_id(outcome)
        )
    }
}

/// Those that wait for their grace period, with the marks that don't.
pub fn graceful() -> Vec<Combination> {
    let ends = [End::Move, End::Delete, End::Purge];
    ends.into_iter()
        .map(|end| Combination {
            folder: format!("G{end:?}"),
            unread_only: false,
            mark_read: true,
            end,
            category: true,
        })
        .collect()
}

/// Waits until each message of the folders is taken in and marked, and nothing else is done.
pub async fn marked(fresh: &Fresh, service: &Service, all: &[Combination]) {
    let deadline = Instant::now() + Duration::from_secs(120);
    let waits = "SELECT count(*) FROM message WHERE disposition_state = 'PENDING' AND disposition_early = 'DONE' \
                 AND disposition_attempts = 0 AND disposition_due_at > ingested_at";
    while count(fresh, waits).await < 3 * all.len() as i64 {
        assert!(Instant::now() < deadline, "not all are marked\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Gives up what is to become of the processed message of each folder.
pub async fn give_up(service: &Service) {
    let query = "{ messages(filter: { states: [PROCESSED] }) { nodes { id } } }";
    let found = service.run(query, json!({})).await;
    let nodes = found["messages"]["nodes"].as_array().unwrap();
    let ids: Vec<&Value> = nodes.iter().map(|node| &node["id"]).collect();
    let query = "mutation($ids: [ID!]!) { cancelDispositions(messageIds: $ids) {
        messages { id disposition { state note dueAt } } userErrors { code message path } } }";
    let given_up = service.run(query, json!({ "ids": ids })).await;
    let messages = given_up["cancelDispositions"]["messages"].as_array().unwrap().clone();
    assert_eq!(messages.len(), ids.len());
    for (message, id) in messages.iter().zip(ids) {
        let disposition = &message["disposition"];
        assert_eq!((&message["id"], &disposition["state"]), (id, &json!("CANCELLED")), "{given_up:#}");
        assert!(
            disposition["note"].as_str().unwrap().starts_with("tests gave it up by hand, 20"),
            "{given_up:#}"
        );
    }
}

/// The time is over, for a service that is started anew.
pub async fn lapse(fresh: &Fresh, service: &mut Service) {
    assert!(service.stop());
    let over = "UPDATE message SET disposition_due_at = ingested_at WHERE disposition_state = 'PENDING'";
    fresh.database.write().execute_unprepared(over).await.unwrap();
    service.restart(&[]).await;
}

/// A rule without a value where it must have one.
pub fn fails() -> Value {
    json!({ "attribute": "verdict", "source": { "expression": "message.subject == 'failed' ? null : 'fine'" },
            "required": true, "onUpdate": "REPLACE" })
}

/// Lets the mapping ignore what is to be ignored.
pub async fn ignore(service: &Service, desk: &Desk) {
    let query = "mutation($input: UpdateMappingInput!) { updateMapping(input: $input) {
        userErrors { code message path } } }";
    let filters = json!([{ "name": "ignored", "when": "message.subject == 'ignored'" }]);
    service.run(query, json!({ "input": { "id": desk.mapping, "filters": filters } })).await;
}

/// Makes a job of each; those that can't be are refused.
pub async fn order(service: &Service, desk: &Desk, all: &[Combination]) {
    for combination in all {
        if !combination.is_endless() {
            desk::create_job(service, desk, &combination.folder, combination.job()).await;
            continue;
        }
        let mut input = combination.job();
        input["mailboxId"] = json!(desk.mailbox);
        let query = "mutation($input: CreateJobInput!) { createJob(input: $input) {
            job { id } userErrors { code message path } } }";
        let answer = service.ask(query, json!({ "input": input })).await.unwrap();
        let refused = answer["data"]["createJob"]["userErrors"].as_array().unwrap().clone();
        let paths: Vec<String> =
            refused.iter().map(|error| error["path"][1].as_str().unwrap().to_owned()).collect();
        assert_eq!(paths, ["onSuccess", "onIgnored", "onFailure"], "{answer:#}");
        for error in refused {
            assert_eq!(error["code"], "INVALID");
            assert_eq!(
                error["message"],
                "With the selection UNREAD this outcome would be taken again and again: mark read, move or delete here."
            );
        }
    }
}

/// Waits until all is taken in and nothing is left to do; each outcome came to what it is for.
pub async fn settled(fresh: &Fresh, service: &Service, all: &[Combination]) {
    let folders = all.iter().filter(|one| !one.is_endless()).count() as i64;
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let left = [
            count(fresh, "SELECT count(*) FROM message").await - 3 * folders,
            count(fresh, "SELECT count(*) FROM message WHERE disposition_state = 'PENDING'").await,
            count(fresh, "SELECT count(*) FROM message WHERE purge = 'WANTED'").await,
            count(fresh, "SELECT count(*) FROM intake WHERE state = 'LISTED'").await,
            count(fresh, "SELECT count(*) FROM run WHERE finished_at IS NULL").await,
        ];
        if left == [0; 5] {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "still to do (messages, dispositions, purges, listed, runs): {left:?}\n{}",
            service.log()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for outcome in OUTCOMES {
        let state = outcome.to_uppercase();
        let sql = format!("SELECT count(*) FROM message WHERE subject = '{outcome}' AND state = '{state}'");
        assert_eq!(count(fresh, &sql).await, folders, "{outcome}");
    }
}
