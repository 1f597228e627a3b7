//! What a query costs in statements does not grow with what it returns.

use serde_json::json;

use super::house::{House, raw};
use super::seed;
use crate::harness::database::{Fresh, on_both};

on_both!(
    messages_with_all_that_belongs_to_them_cost_the_same_for_5_and_50,
    nested_lists_cost_one_statement_for_all_their_parents,
    a_count_costs_a_statement_only_when_it_is_asked_for,
);

async fn filled(fresh: Fresh) -> House {
    let house = House::open(fresh);
    for (number, name) in ["one", "two", "three"].into_iter().enumerate() {
        let desk = house.desk(name).await;
        let mailbox = raw(&desk.mailbox);
        let mut messages = Vec::new();
        for minute in 0..20 {
            let reference = format!("{}-{minute:06}", name.to_uppercase());
            let instance = seed::instance(&house.services.db, mailbox, &reference).await;
            let minute = minute * 3 + i64::try_from(number).unwrap();
            let new = seed::attached(seed::attached(seed::message(mailbox, minute), "a.png"), "b.png");
            let mut new = seed::linked(new, instance);
            new.message.mapping_id = Some(raw(&desk.mapping));
            messages.push(new);
        }
        seed::store(&house.services.db, messages).await;
    }
    house
}

async fn messages_with_all_that_belongs_to_them_cost_the_same_for_5_and_50(fresh: Fresh) {
    let house = filled(fresh).await;
    let query = "query($first: Int!) { messages(first: $first) { nodes {
        subject text newText from { address } to { address } cc { name } rawUrl
        mailbox { title } mapping { name } attachments { filename url }
        processInstance { reference mailbox { title } } run { state } } } }";
    let few = house.cost(query, json!({ "first": 5 })).await;
    let many = house.cost(query, json!({ "first": 50 })).await;
    // messages, texts, addresses, mailboxes, mappings, attachments, instances, and the instances' mailboxes
    assert_eq!((few, many), (8, 8));
}

async fn nested_lists_cost_one_statement_for_all_their_parents(fresh: Fresh) {
    let house = filled(fresh).await;
    let query = "query($first: Int!, $inner: Int!) { mailboxes(first: $first) { nodes {
        jobs { activeRun { id } lastRun { id } runs { totalCount nodes { id } } }
        messages(first: $inner) { totalCount nodes { processInstance { messages { nodes { id } } } } } } } }";
    let few = house.cost(query, json!({ "first": 1, "inner": 1 })).await;
    let many = house.cost(query, json!({ "first": 3, "inner": 20 })).await;
    // mailboxes, jobs, active runs, last runs, runs, their number, messages, their number, instances, their messages
    assert_eq!((few, many), (10, 10));
}

async fn a_count_costs_a_statement_only_when_it_is_asked_for(fresh: Fresh) {
    let house = filled(fresh).await;
    let page = house.cost("{ messages { nodes { subject } } }", json!({})).await;
    let counted = house.cost("{ messages { totalCount nodes { subject } } }", json!({})).await;
    assert_eq!((page, counted), (1, 2));
}
