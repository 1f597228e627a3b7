//! What is visible of the event log is always a prefix, whoever writes at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mailroom::db::{self, Database};
use mailroom::domain::event::{Fact, NewEvent};
use mailroom::domain::id::{EventId, RunId};
use sea_orm::{ConnectionTrait, Statement};

use crate::harness::database::{Fresh, on_both};

const WRITERS: usize = 6;
const COMMITS: usize = 40;

on_both!(a_reader_never_sees_an_offset_before_those_below_it);

fn events(count: usize) -> Vec<NewEvent> {
    let new = || NewEvent {
        id: EventId::new(),
        occurred_at: chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        actor: None,
        mailbox_id: None,
        fact: Fact::RunFinished { run_id: RunId::new() },
    };
    (0..count).map(|_| new()).collect()
}

/// The highest offset, and how many there are.
async fn seen(db: &Database) -> (i64, i64) {
    let sql = "SELECT CAST(COALESCE(MAX(log_offset), 0) AS BIGINT) AS high, COUNT(*) AS rows FROM event";
    let select = Statement::from_string(db.read().get_database_backend(), sql);
    let row = db.read().query_one_raw(select).await.unwrap().unwrap();
    (row.try_get("", "high").unwrap(), row.try_get("", "rows").unwrap())
}

async fn write(db: Database, writer: usize) {
    for commit in 0..COMMITS {
        let tx = db.begin().await.unwrap();
        // Some give up: their offsets are given to others.
        let gives_up = (writer + commit).is_multiple_of(5);
        db::event::append(&tx, events(1 + (writer * commit) % 3)).await.unwrap();
        if gives_up {
            tx.rollback().await.unwrap();
        } else {
            tx.commit().await.unwrap();
        }
    }
}

async fn a_reader_never_sees_an_offset_before_those_below_it(fresh: Fresh) {
    let db = fresh.database.clone();
    let ended = Arc::new(AtomicBool::new(false));
    let reader = {
        let (db, ended) = (db.clone(), Arc::clone(&ended));
        tokio::spawn(async move {
            let mut looks = 0;
            while !ended.load(Ordering::Relaxed) {
                let (high, rows) = seen(&db).await;
                assert_eq!(high, rows, "an offset is visible and one below it is not");
                looks += 1;
            }
            looks
        })
    };
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write(db.clone(), writer))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    ended.store(true, Ordering::Relaxed);
    assert!(reader.await.unwrap() > 10, "the reader looked while they wrote");
    let (high, rows) = seen(&db).await;
    assert_eq!(high, rows);
    let written = (0..WRITERS)
        .flat_map(|writer| (0..COMMITS).map(move |commit| (writer, commit)))
        .filter(|(writer, commit)| !(writer + commit).is_multiple_of(5))
        .map(|(writer, commit)| 1 + (writer * commit) % 3)
        .sum::<usize>();
    assert_eq!(rows, i64::try_from(written).unwrap());
}
