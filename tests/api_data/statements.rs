//! What a query costs in statements does not grow with what it returns.
//!
//! On one thread: loaders gather keys for a moment of real time, and a thread that is held up by other tests may gather
//! them in two portions.

use serde_json::json;

use super::house::{House, raw};
use super::seed;
use crate::harness::database::{Fresh, on_postgres, on_sqlite};

macro_rules! on_one_thread {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[tokio::test(flavor = "current_thread")]
            async fn on_sqlite() {
                super::$name(super::on_sqlite().await).await;
            }
            #[tokio::test(flavor = "current_thread")]
            async fn on_postgres() {
                super::$name(super::on_postgres().await).await;
            }
        }
    )+ };
}

on_one_thread!(
    messages_with_all_that_belongs_to_them_cost_the_same_for_5_and_50,
    nested_lists_cost_one_statement_for_all_their_parents,
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
