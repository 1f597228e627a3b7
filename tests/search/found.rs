//! What is found of messages and instances, with every other filter, in both orders, page by page.

use chrono::TimeDelta;
use mailroom::db::Database;
use mailroom::db::read::message::{self, MessageKey};
use mailroom::db::read::{COUNT_BOUND, instance};
use mailroom::domain::filter::{InstanceFilter, MessageFilter};
use mailroom::domain::id::{InstanceId, MailboxId, MessageId, RunId};
use mailroom::domain::message::MessageState;
use mailroom::domain::page::{Order, Page, PageRequest};
use mailroom::domain::parsed::AutomaticKind;
use sea_orm::{ConnectionTrait, Statement};

use super::{catch_up, query, take_in, tell, updated};
use crate::api_data::seed::{self, start};
use crate::harness::database::{Fresh, on_both};

on_both!(
    words_of_every_language_are_found_whatever_their_case_and_accents,
    a_message_is_found_by_its_subject_its_addresses_and_its_text,
    a_search_holds_together_with_every_other_filter,
    pages_of_what_is_found_hold_every_message_once_in_both_directions,
    messages_of_the_same_instant_are_in_the_order_of_the_list,
    each_parent_gets_its_own_page_of_what_is_found,
    instances_are_found_by_reference_external_id_and_attributes,
    what_is_found_is_counted_up_to_the_bound,
    a_word_that_every_message_holds_two_hundred_thousand_letters_away_does_no_harm,
);

fn searching(text: &str) -> MessageFilter {
    MessageFilter { search: query(text), ..MessageFilter::default() }
}

fn request(limit: u32) -> PageRequest<MessageKey> {
    PageRequest { limit, ..PageRequest::default() }
}

fn ids(page: &Page<mailroom::domain::message::Message>) -> Vec<MessageId> {
    page.items.iter().map(|message| message.id).collect()
}

/// What is found, newest first, and what is counted is as many.
async fn found(db: &Database, filter: &MessageFilter) -> Vec<MessageId> {
    let page = message::list(db.read(), filter, Order::NewestFirst, &request(100)).await.unwrap();
    let count = message::count(db.read(), filter).await.unwrap();
    assert_eq!(count, page.items.len() as u64, "{filter:?}");
    ids(&page)
}

async fn words_of_every_language_are_found_whatever_their_case_and_accents(fresh: Fresh) {
    let db = &fresh.database;
    let mailbox = MailboxId::new();
    let texts = [
        (
            "The printer on floor 3 is on fire, see INC-000042",
            &["PRINTER", "\"on fire\"", "inc-000042", "000042", "print*", "floor -water"][..],
        ),
        (
            "L'élève a déjà payé sa facture d'été, cœur léger",
            &["eleve", "ÉTÉ", "deja paye", "coeur", "l'eleve", "\"sa facture\""],
        ),
        (
            "Die Überweisung für die Straße Nº 5 ist überfällig",
            &["uberweisung", "STRASSE", "straße", "überfällig", "überf*"],
        ),
        ("Το τιμολόγιο είναι ληξιπρόθεσμο, λόγος άγνωστος", &["τιμολογιο", "ΛΌΓΟΣ", "αγνωστ*"]),
        ("Счёт-фактура просрочен, ещё раз Алёна", &["счет", "Счёт-фактура", "ЕЩЕ", "алена", "просроч*"]),
        ("東京都の請求書を送ります。ガラス", &["請求書", "東京", "京都の", "請", "送ります", "ｶﾞﾗｽ"]),
        ("您的发票已经寄出，请查收附件。", &["发票", "已经寄出", "附件", "查"]),
        ("청구서를 보내드립니다", &["청구서", "보내"]),
    ];
    let messages = texts.iter().zip(0..).map(|((text, _), minute)| {
        let mut new = seed::message(mailbox, minute);
        new.text = (*text).to_owned();
        new.message.subject = "About".to_owned();
        new
    });
    let stored = take_in(db, messages.collect()).await;
    catch_up(db).await;
    for ((_, searches), id) in texts.iter().zip(&stored) {
        for search in *searches {
            assert_eq!(found(db, &searching(search)).await, [*id], "{search}");
        }
    }
    for nothing in
        ["printe", "\"fire on\"", "printer -fire", "inc-42", "書請", "票发", "fire:*", "'", "facture straße"]
    {
        let Ok(query) = mailroom::domain::search::Query::parse(nothing) else { continue };
        let filter = MessageFilter { search: Some(query), ..MessageFilter::default() };
        let found = found(db, &filter).await;
        assert!(found.is_empty() || nothing == "fire:*", "{nothing}");
    }
}

async fn a_message_is_found_by_its_subject_its_addresses_and_its_text(fresh: Fresh) {
    let db = &fresh.database;
    let mut new = seed::message(MailboxId::new(), 0);
    new.message.subject = "Überfällige Rechnung".to_owned();
    new.text = "Please pay.\n> quoted words are found too".to_owned();
    new.addresses[0].1.address = "ann.lee@mail.example.com".to_owned();
    new.addresses[0].1.name = Some("Anne Lée".to_owned());
    let id = take_in(db, vec![new, seed::message(MailboxId::new(), 1)]).await[0];
    catch_up(db).await;
    for search in [
        "rechnung",
        "quoted",
        "ann",
        "anne",
        "\"anne lee\"",
        "ann.lee",
        "ann.lee@mail.example.com",
        "example.com",
        "mail.example.com",
        "@mail.example.com",
        "lee@mail*",
        "rechnung ann pay -printer",
    ] {
        assert_eq!(found(db, &searching(search)).await, [id], "{search}");
    }
    for search in ["ann@mail.example.com", "lee.ann", "\"rechnung anne\"", "\"pay ann\""] {
        assert!(found(db, &searching(search)).await.is_empty(), "{search}");
    }
}

async fn a_search_holds_together_with_every_other_filter(fresh: Fresh) {
    let db = &fresh.database;
    let (mine, other) = (MailboxId::new(), MailboxId::new());
    let owner = seed::instance(db, mine, "INC-000001").await;
    let run = RunId::new();
    let mut odd = seed::linked(seed::attached(seed::message(other, 10), "a.png"), owner);
    odd.message.state = MessageState::Failed;
    odd.message.automatic = Some(AutomaticKind::Bounce);
    odd.message.folder = "Archive".to_owned();
    odd.message.run_id = Some(run);
    let wanted = odd.message.clone();
    take_in(db, vec![seed::message(mine, 0), odd, seed::message(mine, 20)]).await;
    catch_up(db).await;
    let fire = || searching("fire");
    assert_eq!(found(db, &fire()).await.len(), 3);
    let matching = [
        MessageFilter { mailbox_ids: Some(vec![other]), ..fire() },
        MessageFilter { states: Some(vec![MessageState::Failed]), ..fire() },
        MessageFilter { automatic: Some(vec![AutomaticKind::Bounce]), ..fire() },
        MessageFilter { folder: Some("Archive".to_owned()), ..fire() },
        MessageFilter { subject: Some("printer 10".to_owned()), ..fire() },
        MessageFilter { source_id: Some(wanted.source_id.clone()), ..fire() },
        MessageFilter { internet_message_id: wanted.internet_message_id.clone(), ..fire() },
        MessageFilter { has_attachments: Some(true), ..fire() },
        MessageFilter { linked: Some(true), ..fire() },
        MessageFilter { instance_id: Some(owner), ..fire() },
        MessageFilter { run_id: Some(run), ..fire() },
        MessageFilter {
            received_since: Some(wanted.received_at),
            received_before: Some(wanted.received_at + TimeDelta::microseconds(1)),
            ..fire()
        },
        MessageFilter {
            mailbox_ids: Some(vec![mine, other]),
            received_since: Some(wanted.received_at),
            linked: Some(true),
            ..fire()
        },
    ];
    for filter in matching {
        assert_eq!(found(db, &filter).await, [wanted.id], "{filter:?}");
        let water = MessageFilter { search: query("water"), ..filter.clone() };
        assert!(found(db, &water).await.is_empty(), "{filter:?}");
    }
    for filter in [
        MessageFilter { mailbox_ids: Some(vec![]), ..fire() },
        MessageFilter { mailbox_ids: Some(vec![MailboxId::new()]), ..fire() },
        MessageFilter { unified: Some(true), ..fire() },
        MessageFilter { instance_id: Some(InstanceId::new()), ..fire() },
        MessageFilter { received_before: Some(start()), ..fire() },
        MessageFilter { received_since: Some(start() + TimeDelta::minutes(21)), ..fire() },
    ] {
        assert!(found(db, &filter).await.is_empty(), "{filter:?}");
    }
}

async fn walk(db: &Database, filter: &MessageFilter, order: Order, from_end: bool) -> Vec<MessageId> {
    let (mut walked, mut request) = (Vec::new(), PageRequest { from_end, ..request(3) });
    loop {
        let page = message::list(db.read(), filter, order, &request).await.unwrap();
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

/// Every second message is about water; they arrive in another order than they were received in.
async fn mixed(db: &Database, mailboxes: &[MailboxId], millis: impl Fn(i64) -> i64) -> Vec<MessageId> {
    let mut messages: Vec<_> = (0..40)
        .map(|at: i64| {
            let at = (at * 23) % 40;
            let mut new = seed::message(mailboxes[(at % 3) as usize], 0);
            new.message.received_at = start() + TimeDelta::milliseconds(millis(at));
            new.text = if at % 2 == 0 { "water everywhere" } else { "sand everywhere" }.to_owned();
            new
        })
        .collect();
    take_in(db, messages.clone()).await;
    catch_up(db).await;
    messages.retain(|new| new.text.starts_with("water"));
    messages.sort_by_key(|new| (new.message.received_at, new.message.id));
    messages.iter().map(|new| new.message.id).collect()
}

async fn every_walk_is(db: &Database, filter: &MessageFilter, oldest_first: &[MessageId]) {
    let newest_first: Vec<_> = oldest_first.iter().rev().copied().collect();
    for from_end in [false, true] {
        assert_eq!(walk(db, filter, Order::OldestFirst, from_end).await, oldest_first, "{filter:?}");
        assert_eq!(walk(db, filter, Order::NewestFirst, from_end).await, newest_first, "{filter:?}");
    }
}

async fn pages_of_what_is_found_hold_every_message_once_in_both_directions(fresh: Fresh) {
    let db = &fresh.database;
    let mailboxes = [MailboxId::new(), MailboxId::new(), MailboxId::new()];
    let expected = mixed(db, &mailboxes, |at| at * 60_000).await;
    assert_eq!(expected.len(), 20);
    every_walk_is(db, &searching("water"), &expected).await;
    // With a filter that the index does not answer.
    every_walk_is(db, &MessageFilter { folder: Some("INBOX".to_owned()), ..searching("wat*") }, &expected)
        .await;
    let all = MessageFilter { mailbox_ids: Some(mailboxes.to_vec()), ..searching("\"water everywhere\"") };
    every_walk_is(db, &all, &expected).await;
}

async fn messages_of_the_same_instant_are_in_the_order_of_the_list(fresh: Fresh) {
    let db = &fresh.database;
    let mailboxes = [MailboxId::new(), MailboxId::new(), MailboxId::new()];
    // Ten at each of four instants, two of which are within one millisecond of each other's.
    let expected = mixed(db, &mailboxes, |at| at / 10).await;
    every_walk_is(db, &searching("water"), &expected).await;
    every_walk_is(db, &MessageFilter { folder: Some("INBOX".to_owned()), ..searching("water") }, &expected)
        .await;
}

async fn each_parent_gets_its_own_page_of_what_is_found(fresh: Fresh) {
    let db = &fresh.database;
    let mailboxes = [MailboxId::new(), MailboxId::new(), MailboxId::new()];
    let all = mixed(db, &mailboxes, |at| at * 60_000).await;
    let filter = searching("water");
    let pages =
        message::list_of(db.read(), &mailboxes, &filter, Order::NewestFirst, &request(3)).await.unwrap();
    let counts = message::count_of(db.read(), &mailboxes, &filter).await.unwrap();
    let mut seen = 0;
    for mailbox in mailboxes {
        let alone = MessageFilter { mailbox_ids: Some(vec![mailbox]), ..filter.clone() };
        let expected = found(db, &alone).await;
        assert_eq!(ids(&pages[&mailbox]), expected[..3]);
        assert!(pages[&mailbox].has_next);
        assert_eq!(counts[&mailbox], expected.len() as u64);
        seen += expected.len();
    }
    assert_eq!(seen, all.len());
    let narrowed = MessageFilter { mailbox_ids: Some(vec![mailboxes[0]]), ..filter };
    let pages =
        message::list_of(db.read(), &mailboxes, &narrowed, Order::NewestFirst, &request(3)).await.unwrap();
    assert_eq!(pages[&mailboxes[0]].items.len(), 3);
    assert!(pages[&mailboxes[1]].items.is_empty() && pages[&mailboxes[2]].items.is_empty());
}

async fn instances_are_found_by_reference_external_id_and_attributes(fresh: Fresh) {
    let db = &fresh.database;
    let (mine, other) = (MailboxId::new(), MailboxId::new());
    let mut made = Vec::new();
    for number in 1..=12 {
        let mailbox = if number % 2 == 0 { mine } else { other };
        made.push(seed::instance(db, mailbox, &format!("INC-{number:06}")).await);
    }
    let sql = match db.read().get_database_backend() {
        sea_orm::DatabaseBackend::Postgres => {
            "UPDATE process_instance SET external_id = 'SAP/4711', \
             attributes = '{\"city\": \"Zürich\", \"sum\": 17.5, \"tags\": [\"straße\"]}' WHERE reference = 'INC-000007'"
        }
        _ => {
            "UPDATE process_instance SET external_id = 'SAP/4711', \
             attributes = '{\"city\": \"Zürich\", \"sum\": 17.5, \"tags\": [\"straße\"]}' WHERE reference = 'INC-000007'"
        }
    };
    db.write().execute_raw(Statement::from_string(db.write().get_database_backend(), sql)).await.unwrap();
    tell(db, made.iter().map(|id| updated(*id)).collect()).await;
    catch_up(db).await;
    let searching = |text| InstanceFilter { search: query(text), ..InstanceFilter::default() };
    let page = PageRequest { limit: 5, ..PageRequest::default() };
    for search in ["zurich", "inc-000007", "000007", "sap/4711", "4711", "17.5", "STRASSE"] {
        let found = instance::list(db.read(), &searching(search), Order::NewestFirst, &page).await.unwrap();
        assert_eq!(found.items.iter().map(|it| it.id).collect::<Vec<_>>(), [made[6]], "{search}");
    }
    let fires = InstanceFilter { open: Some(true), mailbox_ids: Some(vec![mine]), ..searching("fire") };
    assert_eq!(instance::count(db.read(), &fires).await.unwrap(), 6);
    let first = instance::list(db.read(), &fires, Order::OldestFirst, &page).await.unwrap();
    let rest = PageRequest { after: first.items.last().map(|it| it.id), ..page.clone() };
    let second = instance::list(db.read(), &fires, Order::OldestFirst, &rest).await.unwrap();
    let walked: Vec<InstanceId> = first.items.iter().chain(&second.items).map(|it| it.id).collect();
    assert_eq!(walked, [made[1], made[3], made[5], made[7], made[9], made[11]]);
    assert_eq!(instance::count(db.read(), &searching("fire")).await.unwrap(), 11);
    assert_eq!(instance::count(db.read(), &searching("water")).await.unwrap(), 0);
}

async fn what_is_found_is_counted_up_to_the_bound(fresh: Fresh) {
    let db = &fresh.database;
    let mailbox = MailboxId::new();
    for part in 0..22 {
        let minutes = (part % 2) * 500..(part % 2 + 1) * 500;
        seed::store(db, minutes.map(|at| seed::message(mailbox, at)).collect()).await;
    }
    catch_up(db).await;
    assert_eq!(message::count(db.read(), &searching("fire")).await.unwrap(), COUNT_BOUND);
    let half =
        MessageFilter { received_before: Some(start() + TimeDelta::minutes(500)), ..searching("fire") };
    assert_eq!(message::count(db.read(), &half).await.unwrap(), 5500);
    assert_eq!(message::count(db.read(), &searching("\"printer 7 is\"")).await.unwrap(), 11);
}

async fn a_word_that_every_message_holds_two_hundred_thousand_letters_away_does_no_harm(fresh: Fresh) {
    let db = &fresh.database;
    let mut long = seed::message(MailboxId::new(), 0);
    long.text = format!("early {} late", "x.y@zß ".repeat(60_000));
    let mut dense = seed::message(MailboxId::new(), 1);
    dense.text = (0..100_000u32).filter_map(|at| char::from_u32(0x4E00 + at % 20_000)).collect();
    let stored = take_in(db, vec![long, dense]).await;
    catch_up(db).await;
    assert_eq!(found(db, &searching("early")).await, [stored[0]]);
    assert!(found(db, &searching("late")).await.is_empty(), "what is far behind is not indexed");
    assert_eq!(found(db, &searching("一丁")).await, [stored[1]]);
}
