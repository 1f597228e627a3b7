//! The data: messages of many mailboxes with realistic shares, written by the service's own functions.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use mailroom::db::search;
use mailroom::db::store::{NewMessage, RawPlace, insert_messages};
use mailroom::db::{Database, Options, instance};
use mailroom::domain::id::{InstanceId, MailboxId, MappingId};
use mailroom::domain::instance::{InstanceState, ProcessInstance, reference};
use mailroom::domain::message::{AddressRole, Match, MatchedBy, MessageState};
use mailroom::domain::parsed::Address;
use serde_json::json;

use crate::corpus::chance::Chance;
use crate::corpus::{envelope, language};
use crate::harness::desk;
use crate::harness::service::Service;
use crate::seed;

/// How many mailboxes.
pub const MAILBOXES: usize = 20;
/// Messages of one statement: SQLite binds at most 32,766 values.
const STATEMENT: usize = 400;
/// Statements of one transaction.
const TRANSACTION: usize = 10;
/// A word in one message of a thousand.
pub const RARE: &str = "quasar";
/// A word in one message of a hundred.
pub const SELDOM: &str = "halcyon";
/// A word in every other message.
pub const COMMON: &str = "umbrella";
/// Words and how many messages of a thousand hold them.
const WORDS: [(&str, usize); 3] = [(RARE, 1), (SELDOM, 10), (COMMON, 500)];

/// Places in the data that the cases ask for; ids and cursors as clients know them.
pub struct Landmarks {
    /// The mailbox with the most messages.
    pub biggest: String,
    /// The one with the fewest.
    pub smallest: String,
    /// Three of them.
    pub three: Vec<String>,
    /// The beginning of a week in the middle.
    pub since: String,
    /// Its end.
    pub before: String,
    /// The cursor of a message in the middle.
    pub middle: String,
    /// Part of an address that few messages are from.
    pub rare_sender: String,
}

/// Makes sure that the service's database holds so many messages, and finds the landmarks.
pub async fn ensure(service: &Service, url: &str, messages: usize) -> Landmarks {
    let there = mailboxes(service).await;
    if there.is_empty() {
        for number in 0..MAILBOXES {
            let letter = char::from(b'a' + u8::try_from(number).unwrap());
            desk::create(service, 1, &format!("desk{letter}"), json!({ "folder": "INBOX" })).await;
        }
        let desks = mailboxes(service).await;
        fill(url, &desks, messages).await;
    }
    landmarks(service, messages).await
}

/// The mailboxes' ids with their mappings', by title.
async fn mailboxes(service: &Service) -> Vec<(String, String)> {
    let query = "{ mailboxes(first: 100) { nodes { id mapping { id } } } }";
    let data = service.run(query, json!({})).await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let nodes = data["mailboxes"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| (text(&node["id"]), text(&node["mapping"]["id"]))).collect()
}

/// One message every 150 seconds.
fn received(number: usize) -> DateTime<Utc> {
    seed::start() + TimeDelta::seconds(150 * number as i64)
}

async fn landmarks(service: &Service, messages: usize) -> Landmarks {
    let ids: Vec<String> = mailboxes(service).await.into_iter().map(|(id, _)| id).collect();
    let middle = received(messages / 2);
    let query = "query($before: DateTime) { messages(first: 1, filter: { receivedBefore: $before }) {
        edges { cursor } } }";
    let data = service.run(query, json!({ "before": middle.to_rfc3339() })).await;
    Landmarks {
        biggest: ids[0].clone(),
        smallest: ids[MAILBOXES - 1].clone(),
        three: ids[3..6].to_vec(),
        since: (middle - TimeDelta::days(7)).to_rfc3339(),
        before: middle.to_rfc3339(),
        middle: data["messages"]["edges"][0]["cursor"].as_str().unwrap().to_owned(),
        rare_sender: "person29@tech3".to_owned(),
    }
}

async fn fill(url: &str, desks: &[(String, String)], messages: usize) {
    let options = Options { url: url.to_owned(), max_connections: 2, statement_cache: 100 };
    let database = Database::connect(&options).await.unwrap();
    let mut desks: Vec<Desk> = desks.iter().map(|(mailbox, mapping)| Desk::of(mailbox, mapping)).collect();
    let mut next = 0;
    while next < messages {
        let tx = database.begin().await.unwrap();
        for _ in 0..TRANSACTION {
            let numbers = next..messages.min(next + STATEMENT);
            next = numbers.end;
            let mut instances = Vec::new();
            let rows = numbers.map(|number| message(number, &mut desks, &mut instances)).collect();
            instance::insert(&tx, &instances).await.unwrap();
            insert_messages(&tx, rows).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    let began = Instant::now();
    while search::step(&database).await.unwrap() != search::Step::Idle {}
    eprintln!(
        "  the index of words of {} was built in {:.0} s",
        database.kind(),
        began.elapsed().as_secs_f64()
    );
}

/// A mailbox, and the instances that its mail made lately.
struct Desk {
    mailbox: MailboxId,
    mapping: MappingId,
    instances: Vec<InstanceId>,
}

impl Desk {
    fn of(mailbox: &str, mapping: &str) -> Self {
        let raw = |id: &str| mailroom::api::graphql::node::decode(id).unwrap();
        let mapping = mailroom::api::graphql::node::decode(mapping).unwrap();
        Self { mailbox: raw(mailbox), mapping, instances: Vec::new() }
    }

    /// The instance that the message belongs to; two of five make their own.
    fn instance(
        &mut self,
        at: usize,
        number: usize,
        chance: &mut Chance,
    ) -> (InstanceId, Option<InstanceState>) {
        let recent = self.instances.len().min(40);
        if recent > 0 && chance.percent(56) {
            return (self.instances[self.instances.len() - 1 - chance.below(recent)], None);
        }
        let created = received(number);
        let title = language::of(chance).title(chance, 5);
        let prefix = format!("DESK{}", char::from(b'A' + u8::try_from(at).unwrap()));
        let instance = ProcessInstance {
            id: InstanceId::new(),
            reference: reference(&prefix, self.instances.len() as i64 + 1),
            process: "request".to_owned(),
            mapping_id: Some(self.mapping),
            mailbox_id: Some(self.mailbox),
            open: chance.percent(30),
            attributes: serde_json::Map::from_iter([
                ("title".to_owned(), json!(title)),
                ("sender".to_owned(), json!(envelope::person(chance).1)),
                ("priority".to_owned(), json!(chance.below(4))),
            ]),
            external_id: None,
            version: 1,
            created_at: created,
            updated_at: created,
        };
        self.instances.push(instance.id);
        (instance.id, Some(InstanceState { instance, closed_at: None, last_message_id: None }))
    }
}

/// The message of that number; what instance it makes is added.
fn message(number: usize, desks: &mut [Desk], made: &mut Vec<InstanceState>) -> NewMessage {
    let mut chance = Chance::new(1, "query", number);
    let at = chance.often_small(desks.len());
    let desk = &mut desks[at];
    let mut new = seed::message(desk.mailbox, 0);
    let language = language::of(&mut chance);
    let words = 3 + chance.below(6);
    let bytes = 1000 + chance.often_small(3000);
    new.text = text(language, &mut chance, bytes);
    new.new_text = chance.percent(30).then(|| cut(&new.text, new.text.len() / 2));
    new.raw = RawPlace::Nowhere;
    new.addresses = addresses(&mut chance, at);
    for file in 0..[0, 0, 0, 1, 2, 3][chance.below(6)] {
        new = seed::attached(new, &format!("{}-{file}.pdf", language.title(&mut chance, 1)));
    }
    let received = received(number);
    let message = &mut new.message;
    message.subject = language.title(&mut chance, words);
    message.snippet = cut(&new.text, 200);
    message.mapping_id = Some(desk.mapping);
    message.received_at = received;
    message.sent_at = Some(received - TimeDelta::seconds(chance.below(90) as i64));
    message.ingested_at = received + TimeDelta::seconds(20);
    message.size = new.text.len() as i64 + 2000;
    message.has_raw = false;
    message.internet_message_id = Some(format!("{:016x}.{number}@sender.example", chance.next()));
    match chance.below(100) {
        0..90 => {
            let (instance, new) = desk.instance(at, number, &mut chance);
            message.instance_id = Some(instance);
            message.matched = Some(Match {
                by: if new.is_some() { MatchedBy::Nothing } else { MatchedBy::ThreadHeaders },
                evidence: "References".to_owned(),
                created: new.is_some(),
            });
            made.extend(new);
        }
        90..98 => {
            message.state = MessageState::Ignored;
            message.reason = Some("A machine sent it.".to_owned());
            message.matched = None;
        }
        _ => {
            message.state = MessageState::Failed;
            message.reason = Some("A required attribute has no value.".to_owned());
            message.matched = None;
        }
    }
    new
}

fn text(language: &language::Language, chance: &mut Chance, bytes: usize) -> String {
    let mut text = language.prose(chance, bytes);
    for (word, thousandths) in WORDS {
        if chance.below(1000) < thousandths {
            text.push_str(&format!("\r\n{word}\r\n"));
        }
    }
    text
}

fn addresses(chance: &mut Chance, desk: usize) -> Vec<(AddressRole, Address)> {
    let mut of = |role| {
        let (name, address) = envelope::person(chance);
        (role, Address { name: Some(name), address })
    };
    let us = Address { name: None, address: format!("desk{desk}@mailroom.example") };
    let mut all =
        vec![of(AddressRole::From), (AddressRole::To, us), of(AddressRole::To), of(AddressRole::Cc)];
    if !chance.percent(15) {
        all.pop();
    }
    if !chance.percent(30) {
        all.remove(2);
    }
    all
}

/// The text's beginning, at most so many bytes.
fn cut(text: &str, bytes: usize) -> String {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default().to_owned()
}
