//! Full-text search: what is found, in which order, and how the index keeps up with the log.

mod api;
mod found;
mod indexer;

use std::time::{Duration, Instant};

use mailroom::db::Database;
use mailroom::db::search::{self, Step};
use mailroom::db::store::NewMessage;
use mailroom::domain::event::{Fact, NewEvent};
use mailroom::domain::id::{EventId, InstanceId, MessageId};
use mailroom::domain::search::Query;

use crate::api_data::seed;

/// Indexes until there is nothing left; how many rows were written.
pub async fn catch_up(db: &Database) -> usize {
    let mut written = 0;
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match search::step(db).await.unwrap() {
            Step::Indexed(rows) => written += rows,
            Step::Idle => return written,
            // PostgreSQL rolls back what was cut short a moment after it was dropped.
            Step::Taken => assert!(Instant::now() < deadline, "nobody else indexes here"),
        }
    }
}

/// Stores messages and tells of them, as the intake does.
async fn take_in(db: &Database, messages: Vec<NewMessage>) -> Vec<MessageId> {
    let ids = seed::store(db, messages).await;
    tell(db, ids.iter().map(|id| received(*id)).collect()).await;
    ids
}

fn received(message_id: MessageId) -> Fact {
    Fact::MessageReceived { message_id, instance_id: None }
}

fn updated(instance_id: InstanceId) -> Fact {
    Fact::ProcessInstanceUpdated { message_id: None, instance_id, changed: Vec::new() }
}

async fn tell(db: &Database, facts: Vec<Fact>) {
    let event = |fact| NewEvent {
        id: EventId::new(),
        occurred_at: seed::start(),
        actor: None,
        mailbox_id: None,
        fact,
    };
    let tx = db.begin().await.unwrap();
    mailroom::db::event::append(&tx, facts.into_iter().map(event).collect()).await.unwrap();
    tx.commit().await.unwrap();
}

fn query(text: &str) -> Option<Query> {
    Some(Query::parse(text).unwrap())
}
