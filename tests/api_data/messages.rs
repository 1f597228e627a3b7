//! Messages by filter, slice by slice, and those of many parents in one statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use mailroom::db::Database;
use mailroom::db::read::COUNT_BOUND;
use mailroom::db::read::message::{self, MessageKey};
use mailroom::db::read::part;
use mailroom::domain::filter::MessageFilter;
use mailroom::domain::handling::DispositionState;
use mailroom::domain::id::{InstanceId, MailboxId, MessageId};
use mailroom::domain::message::{AddressRole, MessageFailure, MessageState, Stage};
use mailroom::domain::page::{Order, Page, PageRequest};
use mailroom::domain::parsed::AutomaticKind;

use super::seed::{self, start};
use crate::harness::database::{Fresh, on_both};

on_both!(
    a_message_is_read_back_as_it_was_stored,
    every_filter_finds_what_it_names_and_nothing_else,
    pages_in_both_directions_hold_every_message_once,
    messages_of_the_same_instant_are_not_lost_between_pages,
    each_parent_gets_its_own_page_in_one_statement,
    parts_are_read_for_all_messages_at_once,
    a_count_is_given_up_where_it_grows_too_big,
);

fn request(limit: u32) -> PageRequest<MessageKey> {
    PageRequest { limit, ..PageRequest::default() }
}

fn ids(page: &Page<mailroom::domain::message::Message>) -> Vec<MessageId> {
    page.items.iter().map(|message| message.id).collect()
}

fn counting(database: &Database) -> (Database, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let counted = database.observed(move |_, _| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    (counted, count)
}

async fn a_message_is_read_back_as_it_was_stored(fresh: Fresh) {
    let mut new = seed::message(MailboxId::new(), 5);
    new.message.failure =
        Some(MessageFailure { stage: Stage::Map, fault: None, attempts: 2, occurred_at: start() });
    new.message.sent_at = None;
    let stored = new.message.clone();
    seed::store(&fresh.database, vec![new]).await;
    let found = message::by_ids(fresh.database.read(), &[stored.id, MessageId::new()]).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[&stored.id], stored);
}

async fn every_filter_finds_what_it_names_and_nothing_else(fresh: Fresh) {
    let (mine, other) = (MailboxId::new(), MailboxId::new());
    let instance = seed::instance(&fresh.database, mine, "INC-000001").await;
    let plain = seed::message(mine, 0);
    let mut odd = seed::linked(seed::attached(seed::message(other, 10), "a.png"), instance);
    odd.message.state = MessageState::Failed;
    odd.message.failure =
        Some(MessageFailure { stage: Stage::Map, fault: None, attempts: 1, occurred_at: start() });
    odd.message.automatic = Some(AutomaticKind::Bounce);
    odd.message.folder = "Archive/2026".to_owned();
    odd.message.subject = "100%_sure".to_owned();
    odd.message.disposition.state = DispositionState::Pending;
    odd.addresses[0].1.address = "bob@other.example".to_owned();
    odd.addresses[2].1.name = Some("Grace".to_owned());
    let wanted = odd.message.clone();
    seed::store(&fresh.database, vec![plain, odd]).await;
    let mail = MessageFilter::default;
    let finding = [
        MessageFilter { mailbox_ids: Some(vec![other]), ..mail() },
        MessageFilter { states: Some(vec![MessageState::Failed]), ..mail() },
        MessageFilter { stages: Some(vec![Stage::Map, Stage::Fetch]), ..mail() },
        MessageFilter { disposition_states: Some(vec![DispositionState::Pending]), ..mail() },
        MessageFilter { automatic: Some(vec![AutomaticKind::Bounce]), ..mail() },
        MessageFilter { folder: Some("Archive/2026".to_owned()), ..mail() },
        MessageFilter { from: Some("BOB@other".to_owned()), ..mail() },
        MessageFilter { to: Some("grace".to_owned()), ..mail() },
        MessageFilter { subject: Some("0%_SURE".to_owned()), ..mail() },
        MessageFilter { source_id: Some(wanted.source_id.clone()), ..mail() },
        MessageFilter {
            internet_message_id: wanted.internet_message_id.as_ref().map(|id| format!("<{id}>")),
            ..mail()
        },
        MessageFilter { received_since: Some(wanted.received_at), ..mail() },
        MessageFilter { has_attachments: Some(true), ..mail() },
        MessageFilter { linked: Some(true), ..mail() },
        MessageFilter { instance_id: Some(instance), ..mail() },
    ];
    let db = fresh.database.read();
    for filter in finding {
        let page = message::list(db, &filter, Order::NewestFirst, &request(10)).await.unwrap();
        assert_eq!(ids(&page), [wanted.id], "{filter:?}");
        assert_eq!(message::count(db, &filter).await.unwrap(), 1);
    }
    let missing = [
        MessageFilter { mailbox_ids: Some(vec![]), ..mail() },
        MessageFilter { mapping_ids: Some(vec![]), ..mail() },
        MessageFilter { unified: Some(true), ..mail() },
        MessageFilter { states: Some(vec![MessageState::Failed]), linked: Some(false), ..mail() },
        MessageFilter { from: Some("grace".to_owned()), ..mail() },
        MessageFilter { subject: Some("0__sure".to_owned()), ..mail() },
        MessageFilter { received_before: Some(start()), ..mail() },
        MessageFilter { instance_id: Some(InstanceId::new()), ..mail() },
    ];
    for filter in missing {
        let page = message::list(db, &filter, Order::NewestFirst, &request(10)).await.unwrap();
        assert!(page.items.is_empty(), "{filter:?}");
    }
    let since = MessageFilter { received_before: Some(wanted.received_at), ..mail() };
    assert_eq!(message::count(db, &since).await.unwrap(), 1);
}

async fn walk(database: &Database, order: Order, from_end: bool) -> Vec<MessageId> {
    let (mut walked, mut request) = (Vec::new(), PageRequest { from_end, ..request(3) });
    loop {
        let page = message::list(database.read(), &MessageFilter::default(), order, &request).await.unwrap();
        let more = if from_end { page.has_previous } else { page.has_next };
        assert!(page.items.len() == 3 || !more);
        if from_end {
            request.before = page.items.first().map(MessageKey::of);
            walked.splice(0..0, ids(&page));
        } else {
            request.after = page.items.last().map(MessageKey::of);
            walked.extend(ids(&page));
        }
        if !more {
            return walked;
        }
    }
}

async fn pages_in_both_directions_hold_every_message_once(fresh: Fresh) {
    let mailbox = MailboxId::new();
    let mut oldest_first =
        seed::store(&fresh.database, (0..10).map(|at| seed::message(mailbox, at)).collect()).await;
    assert_eq!(walk(&fresh.database, Order::OldestFirst, false).await, oldest_first);
    assert_eq!(walk(&fresh.database, Order::OldestFirst, true).await, oldest_first);
    oldest_first.reverse();
    assert_eq!(walk(&fresh.database, Order::NewestFirst, false).await, oldest_first);
    assert_eq!(walk(&fresh.database, Order::NewestFirst, true).await, oldest_first);
}

async fn messages_of_the_same_instant_are_not_lost_between_pages(fresh: Fresh) {
    let mailbox = MailboxId::new();
    let mut messages: Vec<_> = (0..10).map(|_| seed::message(mailbox, 1)).collect();
    // Fractions of a second of every length sort among each other.
    for (at, micros) in [(1, 0), (2, 1), (3, 1000), (4, 500_000), (5, 999_999)] {
        messages[at].message.received_at = start() - TimeDelta::microseconds(250_000 - micros);
    }
    let mut expected: Vec<_> = messages.iter().map(|new| (new.message.received_at, new.message.id)).collect();
    expected.sort();
    seed::store(&fresh.database, messages).await;
    let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
    assert_eq!(walk(&fresh.database, Order::OldestFirst, false).await, expected);
}

async fn each_parent_gets_its_own_page_in_one_statement(fresh: Fresh) {
    let mailbox = MailboxId::new();
    let (database, statements) = counting(&fresh.database);
    let mut instances = Vec::new();
    let mut stored = Vec::new();
    for (at, messages) in [4_i64, 0, 1, 7].into_iter().enumerate() {
        let id = seed::instance(&database, mailbox, &format!("INC-{at:06}")).await;
        let new = (0..messages).map(|minute| seed::linked(seed::message(mailbox, minute), id)).collect();
        stored.push(seed::store(&database, new).await);
        instances.push(id);
    }
    statements.store(0, Ordering::SeqCst);
    let all = MessageFilter::default();
    let pages =
        message::list_of(database.read(), &instances, &all, Order::OldestFirst, &request(3)).await.unwrap();
    let counts = message::count_of(database.read(), &instances, &all).await.unwrap();
    assert_eq!(statements.load(Ordering::SeqCst), 2);
    for (instance, stored) in instances.iter().zip(&stored) {
        assert_eq!(ids(&pages[instance]), stored[..stored.len().min(3)]);
        assert_eq!(pages[instance].has_next, stored.len() > 3);
        assert_eq!(counts[instance], stored.len() as u64);
    }
    let last = PageRequest { from_end: true, ..request(2) };
    let pages = message::list_of(database.read(), &instances, &all, Order::NewestFirst, &last).await.unwrap();
    assert_eq!(ids(&pages[&instances[3]]), [stored[3][1], stored[3][0]]);
    assert!(pages[&instances[3]].has_previous && !pages[&instances[3]].has_next);
    let mailboxes = [mailbox, MailboxId::new()];
    let pages =
        message::list_of(database.read(), &mailboxes, &all, Order::NewestFirst, &request(100)).await.unwrap();
    assert_eq!((pages[&mailbox].items.len(), pages[&mailboxes[1]].items.len()), (12, 0));
    let none: [MailboxId; 0] = [];
    let pages =
        message::list_of(database.read(), &none, &all, Order::NewestFirst, &request(5)).await.unwrap();
    assert!(pages.is_empty());
}

async fn parts_are_read_for_all_messages_at_once(fresh: Fresh) {
    let mailbox = MailboxId::new();
    let (database, statements) = counting(&fresh.database);
    let mut second = seed::message(mailbox, 2);
    second.new_text = None;
    let first = seed::attached(seed::attached(seed::message(mailbox, 1), "b.png"), "a.png");
    let attachments = first.attachments.clone();
    let ids = seed::store(&database, vec![first, second]).await;
    statements.store(0, Ordering::SeqCst);
    let db = database.read();
    let texts = part::texts(db, &ids).await.unwrap();
    let addresses = part::addresses(db, &ids).await.unwrap();
    let found = part::attachments(db, &ids).await.unwrap();
    assert_eq!(statements.load(Ordering::SeqCst), 3);
    assert_eq!(texts[&ids[0]].new_text, "It burns");
    assert_eq!(texts[&ids[1]].new_text, texts[&ids[1]].text);
    assert_eq!(found.get(&ids[0]), Some(&attachments));
    assert_eq!(found.get(&ids[1]), None);
    let roles: Vec<_> = addresses[&ids[1]].iter().map(|address| address.role).collect();
    assert_eq!(roles, [AddressRole::From, AddressRole::To, AddressRole::Cc]);
    let by_id = part::attachments_by_ids(db, &[attachments[1].id]).await.unwrap();
    assert_eq!(by_id.into_values().collect::<Vec<_>>(), attachments[1..]);
    let raws = part::raws(db, &ids).await.unwrap();
    let part::StoredRaw::Compressed(raw) = &raws[&ids[0]] else { panic!("a small message lies in its row") };
    assert!(zstd::decode_all(&raw[..]).unwrap().starts_with(b"Subject: "));
    assert!(part::raws(db, &[MessageId::new()]).await.unwrap().is_empty());
}

async fn a_count_is_given_up_where_it_grows_too_big(fresh: Fresh) {
    let (many, few) = (MailboxId::new(), MailboxId::new());
    for _ in 0..21 {
        seed::store(&fresh.database, (0..477).map(|at| bare(many, at)).collect()).await;
    }
    seed::store(&fresh.database, (0..10).map(|at| bare(few, at)).collect()).await;
    let all = MessageFilter::default();
    let counts = message::count_of(fresh.database.read(), &[few, many], &all).await.unwrap();
    assert_eq!((counts[&few], counts[&many]), (10, COUNT_BOUND));
    assert_eq!(message::count(fresh.database.read(), &all).await.unwrap(), COUNT_BOUND);
}

fn bare(mailbox: MailboxId, minute: i64) -> mailroom::db::store::NewMessage {
    let mut new = seed::message(mailbox, minute);
    new.addresses.clear();
    new.raw = mailroom::db::store::RawPlace::Nowhere;
    new
}
