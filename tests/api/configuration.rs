//! Credentials, mailboxes, mappings and jobs, as a front end configures and reads them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use mailroom::api::graphql::Limits;
use mailroom::domain::access::Scope;
use serde_json::{Value, json};

use super::served::{Served, code, serve, serve_on};
use crate::harness::database::on_sqlite;

const CREATE: &str = "mutation($input: CreateMailboxInput!) { createMailbox(input: $input) {
    mailbox { id title version paused settings { ... on ImapSettings { host port security } }
              credential { id name username hasSecret } mapping { name } jobs { id name folder handlingSummary } }
    userErrors { code path message } } }";

const MAPPING: &str = "mutation($input: CreateMappingInput!) { createMapping(input: $input) {
    mapping { id name rules { attribute source { field expression } } } userErrors { code path } } }";

fn mailbox(number: usize) -> Value {
    json!({ "input": {
        "title": format!("Mailbox {number:02}"),
        "address": format!("box{number}@company.example"),
        "provider": { "imap": { "host": "imap.company.example" } },
        "newCredential": {
            "name": format!("Credential {number:02}"),
            "config": { "basic": { "username": format!("company\\box{number}"), "password": "correct horse" } },
        },
        "job": { "handling": { "onSuccess": { "markRead": true, "original": "MOVE", "folder": "Done" } } },
    } })
}

fn mapping(name: &str, expression: &str) -> Value {
    json!({ "input": {
        "name": name, "process": "incident", "referencePrefix": "INC",
        "rules": [
            { "attribute": "title", "source": { "field": "SUBJECT" } },
            { "attribute": "domain", "source": { "expression": expression } },
        ],
    } })
}

/// Makes so many mailboxes, each with its credential and its job; the ids.
async fn mailboxes(served: &Served, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 1..=count {
        let answer = served.ask(CREATE, mailbox(number)).await;
        let payload = &answer["data"]["createMailbox"];
        assert_eq!(payload["userErrors"], json!([]), "{answer}");
        ids.push(payload["mailbox"]["id"].as_str().unwrap().to_owned());
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_made_with_its_credential_and_its_first_job_in_one_step() {
    let served = serve().await;
    let answer = served.ask(CREATE, mailbox(1)).await;
    let made = &answer["data"]["createMailbox"]["mailbox"];
    assert_eq!(made["settings"], json!({ "host": "imap.company.example", "port": 993, "security": "TLS" }));
    assert_eq!(made["credential"]["username"], "company\\box1");
    assert_eq!(made["credential"]["hasSecret"], true);
    assert_eq!(made["jobs"][0]["name"], "Mailbox 01");
    assert_eq!(
        made["jobs"][0]["handlingSummary"],
        "Processed mail is marked read and is moved to Done; ignored and failed mail stays unread where it is."
    );
    assert!(!answer.to_string().contains("correct horse"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_mailbox_leaves_nothing_behind() {
    let served = serve().await;
    mailboxes(&served, 1).await;
    let mut again = mailbox(2);
    again["input"]["title"] = json!("Mailbox 01");
    let answer = served.ask(CREATE, again).await;
    let payload = &answer["data"]["createMailbox"];
    assert_eq!(payload["mailbox"], Value::Null);
    assert_eq!(payload["userErrors"][0]["code"], "TAKEN");
    assert_eq!(payload["userErrors"][0]["path"], json!(["title"]));
    let counts = served
        .ask("{ credentials { totalCount } mailboxes { totalCount } jobs { totalCount } }", json!({}))
        .await;
    for list in ["credentials", "mailboxes", "jobs"] {
        assert_eq!(counts["data"][list]["totalCount"], 1, "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_keeps_what_is_absent_clears_what_is_null_and_refuses_a_stale_version() {
    let served = serve().await;
    let id = mailboxes(&served, 1).await.remove(0);
    let update = "mutation($input: UpdateMailboxInput!) { updateMailbox(input: $input) {
        mailbox { title displayName aliases version } userErrors { code path } } }";
    let input = json!({ "id": id, "displayName": "The team", "aliases": ["help@company.example"], "expectedVersion": 1 });
    let answer = served.ask(update, json!({ "input": input })).await;
    let made = &answer["data"]["updateMailbox"]["mailbox"];
    assert_eq!(made["displayName"], "The team", "{answer}");
    let version = made["version"].as_i64().unwrap();
    assert!(version > 1);
    let answer = served.ask(update, json!({ "input": { "id": id, "displayName": null } })).await;
    let made = &answer["data"]["updateMailbox"]["mailbox"];
    assert_eq!(made["displayName"], Value::Null, "{answer}");
    assert_eq!(made["title"], "Mailbox 01");
    assert_eq!(made["aliases"], json!(["help@company.example"]));
    let stale = json!({ "input": { "id": id, "title": "Other", "expectedVersion": version } });
    let answer = served.ask(update, stale).await;
    let errors = &answer["data"]["updateMailbox"]["userErrors"];
    assert_eq!(errors, &json!([{ "code": "CONFLICT", "path": ["expectedVersion"] }]), "{answer}");
    let answer = served.ask(update, json!({ "input": { "id": id, "title": null } })).await;
    let errors = &answer["data"]["updateMailbox"]["userErrors"];
    assert_eq!(errors, &json!([{ "code": "REQUIRED", "path": ["title"] }]), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_names_nothing_is_a_refusal_with_its_path() {
    let served = serve().await;
    let id = mailboxes(&served, 1).await.remove(0);
    let mut input = mailbox(2);
    input["input"]["mappingId"] = json!(id);
    let answer = served.ask(CREATE, input).await;
    let errors = &answer["data"]["createMailbox"]["userErrors"];
    assert_eq!(
        (&errors[0]["code"], &errors[0]["path"]),
        (&json!("NOT_FOUND"), &json!(["mappingId"])),
        "{answer}"
    );
    let answer = served
        .ask("mutation { deleteMapping(id: \"nonsense\") { deletedId userErrors { code path } } }", json!({}))
        .await;
    let expected = json!({ "deletedId": null, "userErrors": [{ "code": "NOT_FOUND", "path": ["id"] }] });
    assert_eq!(answer["data"]["deleteMapping"], expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_cannot_work_is_refused_with_its_path() {
    let served = serve().await;
    let answer = served.ask(MAPPING, mapping("Incidents", "message.from.address.split(")).await;
    let payload = &answer["data"]["createMapping"];
    assert_eq!(payload["mapping"], Value::Null);
    assert_eq!(payload["userErrors"][0]["code"], "INVALID", "{answer}");
    assert_eq!(payload["userErrors"][0]["path"], json!(["rules", "1", "source", "expression"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_that_no_mailbox_uses_can_be_listed_with_ones_own() {
    let served = serve().await;
    let id = mailboxes(&served, 1).await.remove(0);
    for name in ["Bound", "Free"] {
        let answer = served.ask(MAPPING, mapping(name, "message.subject")).await;
        let made = &answer["data"]["createMapping"]["mapping"]["id"];
        if name == "Bound" {
            let bind = "mutation($input: UpdateMailboxInput!) { updateMailbox(input: $input) { userErrors { code } } }";
            let answer = served.ask(bind, json!({ "input": { "id": id, "mappingId": made } })).await;
            assert_eq!(answer["data"]["updateMailbox"]["userErrors"], json!([]), "{answer}");
        }
    }
    let list = "query($filter: MappingFilter) { mappings(filter: $filter) { nodes { name mailbox { title } } totalCount } }";
    let free = served.ask(list, json!({ "filter": { "available": true } })).await;
    let expected = json!({ "nodes": [{ "name": "Free", "mailbox": null }], "totalCount": 1 });
    assert_eq!(free["data"]["mappings"], expected);
    let with_own = served.ask(list, json!({ "filter": { "available": true, "forMailboxId": id } })).await;
    assert_eq!(with_own["data"]["mappings"]["totalCount"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_in_both_directions() {
    let served = serve().await;
    mailboxes(&served, 5).await;
    let list = "query($first: Int, $after: String, $last: Int, $before: String) {
        mailboxes(first: $first, after: $after, last: $last, before: $before) {
            nodes { title } edges { cursor } totalCount
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let titles = |page: &Value| {
        let nodes = page["nodes"].as_array().unwrap().clone();
        nodes.iter().map(|node| node["title"].as_str().unwrap()[8..].to_owned()).collect::<Vec<_>>().join(" ")
    };
    let first = served.ask(list, json!({ "first": 2 })).await["data"]["mailboxes"].clone();
    assert_eq!(titles(&first), "01 02");
    assert_eq!(first["totalCount"], 5);
    assert_eq!(
        (&first["pageInfo"]["hasNextPage"], &first["pageInfo"]["hasPreviousPage"]),
        (&json!(true), &json!(false))
    );
    let after = &first["pageInfo"]["endCursor"];
    let second = served.ask(list, json!({ "first": 2, "after": after })).await["data"]["mailboxes"].clone();
    assert_eq!(titles(&second), "03 04");
    let before = &second["pageInfo"]["startCursor"];
    let back = served.ask(list, json!({ "last": 1, "before": before })).await["data"]["mailboxes"].clone();
    assert_eq!(titles(&back), "02");
    let last = served.ask(list, json!({ "last": 2 })).await["data"]["mailboxes"].clone();
    assert_eq!(titles(&last), "04 05");
    assert_eq!(last["pageInfo"]["hasPreviousPage"], true);

    let jobs = "query($after: String) { jobs(after: $after) { nodes { id } } }";
    assert_eq!(code(&served.ask(jobs, json!({ "after": after })).await), "INVALID_CURSOR");
    for (arguments, expected) in [
        (json!({ "first": 101 }), "INVALID_ARGUMENT"),
        (json!({ "first": 0 }), "INVALID_ARGUMENT"),
        (json!({ "first": 1, "last": 1 }), "INVALID_ARGUMENT"),
        (json!({ "after": "nonsense" }), "INVALID_CURSOR"),
    ] {
        assert_eq!(code(&served.ask(list, arguments.clone()).await), expected, "{arguments}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_does_not_allow_is_refused_or_does_not_exist() {
    let served = serve().await;
    let id = mailboxes(&served, 1).await.remove(0);
    let reader = served.token_for(&[Scope::MailRead], TimeDelta::hours(1));
    let query = "query($id: ID!) { mailbox(id: $id) { title settings { __typename } credential { id } grants { subject }
        outgoing { via } viewerRights } }";
    let seen = served.ask_as(&reader, query, json!({ "id": id })).await;
    let expected = json!({ "title": "Mailbox 01", "settings": null, "credential": null, "grants": null,
        "outgoing": null, "viewerRights": ["READ"] });
    assert_eq!(seen, json!({ "data": { "mailbox": expected } }));
    let admin = served.ask(query, json!({ "id": id })).await;
    assert_eq!(admin["data"]["mailbox"]["settings"]["__typename"], "ImapSettings");
    assert_eq!(admin["data"]["mailbox"]["outgoing"]["via"], "NONE");
    assert_eq!(admin["data"]["mailbox"]["grants"], json!([]));

    let credential = admin["data"]["mailbox"]["credential"]["id"].as_str().unwrap();
    let node = "query($id: ID!) { node(id: $id) { id __typename } }";
    assert_eq!(
        served.ask_as(&reader, node, json!({ "id": credential })).await,
        json!({ "data": { "node": null } })
    );
    assert_eq!(
        served.ask(node, json!({ "id": credential })).await["data"]["node"]["__typename"],
        "Credential"
    );
    for refused in [
        "{ credentials { nodes { id } } }",
        "{ mappings { nodes { id } } }",
        "mutation { pauseMailbox(id: \"x\") { userErrors { code } } }",
    ] {
        assert_eq!(code(&served.ask_as(&reader, refused, json!({})).await), "FORBIDDEN", "{refused}");
    }
    let nullable =
        served.ask_as(&reader, "{ viewer { subject } credential(id: \"x\") { id } }", json!({})).await;
    assert_eq!(nullable["data"], json!({ "viewer": { "subject": "ada" }, "credential": null }));
    assert_eq!(code(&nullable), "FORBIDDEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_statements_does_not_grow_with_the_page() {
    let statements = Arc::new(AtomicUsize::new(0));
    let mut fresh = on_sqlite().await;
    let counter = Arc::clone(&statements);
    fresh.database = fresh.database.observed(move |_, _| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let served = serve_on(fresh, Limits::default()).await;
    mailboxes(&served, 30).await;
    let query = "query($first: Int) { mailboxes(first: $first) { totalCount nodes { title
        credential { name mailboxes(first: 3) { totalCount nodes { title } } } mapping { name }
        jobs { name mailbox { title } } } } }";
    let mut counted = Vec::new();
    for first in [2, 30] {
        let before = statements.load(Ordering::Relaxed);
        let answer = served.ask(query, json!({ "first": first })).await;
        let nodes =
            answer["data"]["mailboxes"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        assert_eq!(nodes.len(), first);
        assert!(
            nodes.iter().all(|node| node["credential"]["mailboxes"]["nodes"][0]["title"] == node["title"])
        );
        counted.push(statements.load(Ordering::Relaxed) - before);
    }
    // Batches may be cut by time: a few more are fine, one a row is not.
    assert!(counted[1] <= counted[0] + 5, "{counted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_tried_step_by_step_without_being_saved() {
    let served = serve().await;
    let query = "mutation($input: TestMailboxInput!) { testMailbox(input: $input) {
        test { ok steps { step side ok error { code } } folders { path } } userErrors { code path } } }";
    let port = crate::harness::free_port();
    let draft = json!({
        "address": "box@company.example",
        "provider": { "imap": { "host": "127.0.0.1", "port": port, "security": "NONE" } },
        "credential": { "config": { "basic": { "username": "box", "password": "correct horse" } } },
    });
    let answer = served.ask(query, json!({ "input": draft })).await;
    let test = &answer["data"]["testMailbox"]["test"];
    assert_eq!(test["ok"], false, "{answer}");
    let steps = test["steps"].as_array().unwrap();
    let last = steps.last().unwrap();
    assert_eq!(
        (&last["step"], &last["error"]["code"]),
        (&json!("CONNECT"), &json!("UNREACHABLE")),
        "{answer}"
    );
    let answer = served.ask(query, json!({ "input": {} })).await;
    let errors = answer["data"]["testMailbox"]["userErrors"].as_array().unwrap().clone();
    let mut required: Vec<_> = errors.iter().map(|error| error["path"][0].as_str().unwrap()).collect();
    required.sort_unstable();
    assert_eq!(required, ["address", "credential", "provider"], "{answer}");
    let count = served.ask("{ mailboxes { totalCount } credentials { totalCount } }", json!({})).await;
    assert_eq!(count["data"]["mailboxes"]["totalCount"], 0);
    assert_eq!(count["data"]["credentials"]["totalCount"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_tells_what_it_runs_on_and_which_mail_systems_it_reaches() {
    let served = serve().await;
    let query = "{ serverInfo { version database eventBus objectStore }
        providers { provider credentialKinds move ports { security port } } }";
    let answer = served.ask(query, json!({})).await;
    assert_eq!(answer["data"]["serverInfo"]["database"], "SQLite");
    let providers = &answer["data"]["providers"];
    let (graph, imap) = (&providers[0], &providers[1]);
    assert_eq!((&graph["provider"], &imap["provider"]), (&json!("GRAPH"), &json!("IMAP")));
    assert_eq!(graph["ports"], json!([]));
    assert_eq!(graph["credentialKinds"].as_array().map(Vec::len), Some(5));
    assert_eq!(imap["credentialKinds"].as_array().map(Vec::len), Some(7));
    assert_eq!(imap["ports"][0], json!({ "security": "TLS", "port": 993 }));
}
