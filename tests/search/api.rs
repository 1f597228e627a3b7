//! Search as front ends ask for it.

use mailroom::domain::access::Scope;
use mailroom::domain::id::MailboxId;
use serde_json::json;

use super::{catch_up, take_in, tell, updated};
use crate::api_data::house::{House, global, raw};
use crate::api_data::seed;
use crate::harness::database::{Fresh, on_both};

on_both!(
    a_search_is_one_statement_and_counts_only_when_asked,
    a_search_of_a_mailbox_s_messages_is_its_own,
    a_hopeless_search_is_refused_with_the_reason,
    a_search_needs_the_same_right_as_a_list,
);

const MESSAGES: &str = "query($search: String) { messages(first: 5, filter: { search: $search }) { nodes { id subject } pageInfo { hasNextPage } } }";

async fn a_search_is_one_statement_and_counts_only_when_asked(fresh: Fresh) {
    let house = House::open(fresh);
    let mailbox = MailboxId::new();
    let stored =
        take_in(&house.services.db, (0..8).map(|minute| seed::message(mailbox, minute)).collect()).await;
    catch_up(&house.services.db).await;
    let fire = json!({ "search": "PRINTER fire" });
    let data = house.data(MESSAGES, fire.clone()).await;
    assert_eq!(data["messages"]["nodes"][0]["id"], global(stored[7]));
    assert_eq!(data["messages"]["nodes"].as_array().unwrap().len(), 5);
    assert_eq!(data["messages"]["pageInfo"]["hasNextPage"], true);
    assert_eq!(house.cost(MESSAGES, fire.clone()).await, 1);
    let counted = "query($search: String) { messages(first: 1, filter: { search: $search }) { totalCount nodes { id } } }";
    assert_eq!(house.data(counted, fire.clone()).await["messages"]["totalCount"], 8);
    assert_eq!(house.cost(counted, fire).await, 2);
    let instance = seed::instance(&house.services.db, mailbox, "INC-000001").await;
    tell(&house.services.db, vec![updated(instance)]).await;
    catch_up(&house.services.db).await;
    let found = house
        .data(
            "{ processInstances(filter: { search: \"inc-000001 FÍRE\" }) { totalCount nodes { id } } }",
            json!({}),
        )
        .await;
    assert_eq!(found["processInstances"], json!({ "totalCount": 1, "nodes": [{ "id": global(instance) }] }));
}

async fn a_search_of_a_mailbox_s_messages_is_its_own(fresh: Fresh) {
    let house = House::open(fresh);
    let (first, second) = (house.desk("first").await, house.desk("second").await);
    let mut messages: Vec<_> = (0..6).map(|minute| seed::message(raw(&first.mailbox), minute)).collect();
    messages.push(seed::message(raw(&second.mailbox), 7));
    let mut odd = seed::message(raw(&second.mailbox), 8);
    odd.text = "nothing but water".to_owned();
    messages.push(odd);
    take_in(&house.services.db, messages).await;
    catch_up(&house.services.db).await;
    let ask = "query($search: String) { mailboxes { nodes { title messages(first: 2, filter: { search: $search }) { totalCount nodes { subject } } } } }";
    let data = house.data(ask, json!({ "search": "burns" })).await;
    let counts: Vec<_> = data["mailboxes"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (node["title"].clone(), node["messages"]["totalCount"].clone()))
        .collect();
    assert_eq!(counts, [(json!("first"), json!(6)), (json!("second"), json!(1))]);
    let data = house.data(ask, json!({ "search": "water" })).await;
    assert_eq!(data["mailboxes"]["nodes"][0]["messages"]["nodes"], json!([]));
    assert_eq!(
        data["mailboxes"]["nodes"][1]["messages"]["nodes"],
        json!([{ "subject": "Printer 8 is on fire" }])
    );
}

async fn a_hopeless_search_is_refused_with_the_reason(fresh: Fresh) {
    let house = House::open(fresh);
    for (search, sentence) in [
        ("", "`search` holds no word: give letters or digits, such as `invoice` or `\"overdue invoice\"`"),
        ("-fire", "`search` only says what to leave out: give at least one word without a `-` before it"),
        ("a*", "`search` asks for words that begin with `a`: give at least 3 letters before the `*`"),
    ] {
        let answer = house.ask(MESSAGES, json!({ "search": search })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_ARGUMENT", "{answer}");
        assert_eq!(answer["errors"][0]["message"], sentence);
    }
    // What would mean something to a database means nothing here.
    for search in
        ["fire) OR (x", "fire' | 'x", "NEAR(fire x)", "words:fire", "fire & !x", "\"fire", "x\0fire"]
    {
        let answer = house.ask(MESSAGES, json!({ "search": search })).await;
        assert!(answer.get("errors").is_none(), "{search}: {answer}");
    }
}

async fn a_search_needs_the_same_right_as_a_list(fresh: Fresh) {
    let house = House::open(fresh);
    let fire = json!({ "search": "fire" });
    let answer = house.ask_as(&[Scope::ConfigRead], MESSAGES, fire.clone()).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
    assert!(house.ask_as(&[Scope::MailRead], MESSAGES, fire).await.get("errors").is_none());
}
