//! The index keeps up with the log, whatever is repeated, cut short, or done by two at once.

use mailroom::db::read::message;
use mailroom::db::search::{self, Step};
use mailroom::db::{self, Database};
use mailroom::domain::filter::MessageFilter;
use mailroom::domain::id::{MailboxId, MessageId};
use mailroom::domain::page::{Order, PageRequest};
use sea_orm::{ConnectionTrait, Statement};

use super::{catch_up, query, received, take_in, tell};
use crate::api_data::seed;
use crate::harness::database::{Fresh, on_both, on_postgres};
use crate::harness::rows;

on_both!(
    what_was_stored_before_the_index_is_found_too,
    a_batch_that_is_repeated_changes_nothing,
    a_batch_that_was_cut_short_is_simply_repeated,
    what_is_removed_is_not_found_and_does_not_come_back,
    what_was_emptied_before_it_was_indexed_is_never_found,
    the_index_is_built_from_the_messages_when_the_log_was_shortened,
    the_index_is_built_anew_when_words_are_cut_another_way,
    two_indexers_leave_nothing_out,
    the_index_says_how_far_it_is_behind,
);

async fn found(db: &Database, text: &str) -> Vec<MessageId> {
    let filter = MessageFilter { search: query(text), ..MessageFilter::default() };
    let page = PageRequest { limit: 100, ..PageRequest::default() };
    let page = message::list(db.read(), &filter, Order::OldestFirst, &page).await.unwrap();
    page.items.iter().map(|message| message.id).collect()
}

async fn execute(db: &Database, sql: &str) {
    db.write().execute_raw(Statement::from_string(db.write().get_database_backend(), sql)).await.unwrap();
}

fn messages(count: i64) -> Vec<mailroom::db::store::NewMessage> {
    let mailbox = MailboxId::new();
    (0..count).map(|minute| seed::message(mailbox, minute)).collect()
}

async fn indexed(fresh: &Fresh) -> i64 {
    rows::count(fresh, "SELECT count(*) FROM message_search").await
}

/// Marks it as a tombstone, as whoever deletes it does.
async fn empty(tx: &impl ConnectionTrait, id: MessageId) {
    let backend = tx.get_database_backend();
    let sql = "UPDATE message SET emptied_at = received_at WHERE id = $1";
    tx.execute_raw(Statement::from_sql_and_values(backend, sql, [id.0.into()])).await.unwrap();
}

async fn what_was_stored_before_the_index_is_found_too(fresh: Fresh) {
    let db = &fresh.database;
    // More than a batch, and nothing in the log.
    let stored = seed::store(db, messages(450)).await;
    let instance = seed::instance(db, MailboxId::new(), "INC-000009").await;
    catch_up(db).await;
    assert_eq!(found(db, "fire").await, stored[..100]);
    assert_eq!(indexed(&fresh).await, 450);
    let instances = rows::count(&fresh, "SELECT count(*) FROM instance_search").await;
    assert_eq!(instances, 1, "{instance:?}");
    assert_eq!(search::step(db).await.unwrap(), Step::Idle);
}

async fn a_batch_that_is_repeated_changes_nothing(fresh: Fresh) {
    let db = &fresh.database;
    let stored = take_in(db, messages(10)).await;
    catch_up(db).await;
    execute(db, "UPDATE search_indexer SET log_offset = 0").await;
    assert_eq!(catch_up(db).await, 10);
    tell(db, stored.iter().chain(&stored).map(|id| received(*id)).collect()).await;
    catch_up(db).await;
    assert_eq!(found(db, "fire").await, stored);
    assert_eq!(indexed(&fresh).await, 10);
}

async fn a_batch_that_was_cut_short_is_simply_repeated(fresh: Fresh) {
    let db = &fresh.database;
    catch_up(db).await;
    let stored = take_in(db, messages(300)).await;
    // Dropped at a different place each time, as a process that ends in the middle.
    for micros in [0, 200, 1_000, 3_000, 8_000, 15_000, 30_000] {
        let step = search::step(db);
        let _cut = tokio::time::timeout(std::time::Duration::from_micros(micros), step).await;
        let sql = "SELECT (SELECT count(*) FROM message_search) + head - log_offset FROM search_indexer, event_head";
        assert_eq!(rows::count(&fresh, sql).await, 300, "what the position says is there, and nothing else");
    }
    catch_up(db).await;
    assert_eq!(found(db, "fire").await, stored[..100]);
    assert_eq!(indexed(&fresh).await, 300);
}

async fn what_is_removed_is_not_found_and_does_not_come_back(fresh: Fresh) {
    let db = &fresh.database;
    let stored = take_in(db, messages(4)).await;
    catch_up(db).await;
    let tx = db.begin().await.unwrap();
    empty(&tx, stored[1]).await;
    search::remove(&tx, &[stored[1], MessageId::new()]).await.unwrap();
    search::remove(&tx, &[]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(found(db, "fire").await, [stored[0], stored[2], stored[3]]);
    assert_eq!(indexed(&fresh).await, 3);
    tell(db, vec![received(stored[1])]).await;
    catch_up(db).await;
    assert_eq!(indexed(&fresh).await, 3);
}

async fn what_was_emptied_before_it_was_indexed_is_never_found(fresh: Fresh) {
    let db = &fresh.database;
    let stored = take_in(db, messages(3)).await;
    empty(db.write(), stored[2]).await;
    catch_up(db).await;
    assert_eq!(indexed(&fresh).await, 2);
    assert_eq!(found(db, "fire").await, stored[..2]);
}

async fn the_index_is_built_from_the_messages_when_the_log_was_shortened(fresh: Fresh) {
    let db = &fresh.database;
    catch_up(db).await;
    let stored = take_in(db, messages(20)).await;
    execute(db, "DELETE FROM event WHERE log_offset <= 10").await;
    catch_up(db).await;
    assert_eq!(found(db, "fire").await, stored);
    let more = take_in(db, messages(5)).await;
    execute(db, "DELETE FROM event").await;
    catch_up(db).await;
    assert_eq!(indexed(&fresh).await, 25, "{more:?}");
}

async fn the_index_is_built_anew_when_words_are_cut_another_way(fresh: Fresh) {
    let db = &fresh.database;
    let stored = take_in(db, messages(5)).await;
    catch_up(db).await;
    execute(db, "UPDATE message SET text = 'water'").await;
    assert_eq!(catch_up(db).await, 0);
    execute(db, "UPDATE search_indexer SET folding = 0").await;
    assert!(search::behind(db.read()).await.unwrap().rebuilding);
    catch_up(db).await;
    assert_eq!(found(db, "water").await, stored);
    assert!(found(db, "burns").await.is_empty());
    // A newer replica's index is left alone.
    execute(db, "UPDATE search_indexer SET folding = 1000").await;
    take_in(db, messages(5)).await;
    assert_eq!(search::step(db).await.unwrap(), Step::Idle);
}

async fn two_indexers_leave_nothing_out(fresh: Fresh) {
    let db = &fresh.database;
    catch_up(db).await;
    let stored = take_in(db, messages(500)).await;
    take_in(db, messages(500)).await;
    let indexer = |db: Database| async move {
        let mut written = 0;
        loop {
            match search::step(&db).await.unwrap() {
                Step::Indexed(rows) => written += rows,
                Step::Idle => return written,
                Step::Taken => tokio::task::yield_now().await,
            }
        }
    };
    let both = [tokio::spawn(indexer(db.clone())), tokio::spawn(indexer(db.clone()))];
    let mut written = 0;
    for one in both {
        written += one.await.unwrap();
    }
    assert_eq!(written, 1000, "none was written twice");
    assert_eq!(indexed(&fresh).await, 1000);
    assert_eq!(found(db, "\"printer 499\"").await[0], stored[499]);
}

async fn the_index_says_how_far_it_is_behind(fresh: Fresh) {
    let db = &fresh.database;
    catch_up(db).await;
    take_in(db, messages(3)).await;
    let behind = search::behind(db.read()).await.unwrap();
    assert_eq!((behind.events, behind.since, behind.rebuilding), (3, Some(seed::start()), false));
    catch_up(db).await;
    assert_eq!(search::behind(db.read()).await.unwrap().events, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_dies_in_the_middle_lets_the_next_one_take_over() {
    let fresh = on_postgres().await;
    let db = &fresh.database;
    catch_up(db).await;
    let stored = take_in(db, messages(5)).await;
    let held = db.begin().await.unwrap();
    held.query_one_raw(Statement::from_string(
        held.get_database_backend(),
        "SELECT id FROM search_indexer FOR UPDATE",
    ))
    .await
    .unwrap();
    assert_eq!(search::step(db).await.unwrap(), Step::Taken);
    drop(held);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while search::step(db).await.unwrap() == Step::Taken {
        assert!(std::time::Instant::now() < deadline, "the row is still held");
        tokio::task::yield_now().await;
    }
    catch_up(db).await;
    assert_eq!(found(db, "fire").await, stored);
}

/// The two transactions meet in every order: whoever is first, the words are gone in the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_emptied_while_it_is_indexed_is_not_found() {
    let fresh = on_postgres().await;
    let db = &fresh.database;
    catch_up(db).await;
    for round in 0..20 {
        let stored = take_in(db, messages(3)).await;
        let emptied = {
            let (db, id) = (db.clone(), stored[1]);
            tokio::spawn(async move {
                let tx = db.begin().await.unwrap();
                empty(&tx, id).await;
                db::search::remove(&tx, &[id]).await.unwrap();
                tx.commit().await.unwrap();
            })
        };
        while search::step(db).await.unwrap() != Step::Idle {}
        emptied.await.unwrap();
        while search::step(db).await.unwrap() != Step::Idle {}
        assert_eq!(indexed(&fresh).await, (round + 1) * 2);
    }
}
