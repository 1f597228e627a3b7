//! What a person does to messages and instances, on both databases: links, makes, changes, deletes, maps again.

mod by_hand;
mod deleting;
mod dispositions;
mod filters;
#[cfg(feature = "failpoints")]
mod killed;
mod moved;
mod over_http;
mod reprocess;
mod together;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mailroom::db;
use mailroom::domain::access::{Caller, Scope};
use mailroom::domain::id::{InstanceId, MessageId};
use mailroom::domain::instance::ProcessInstance;
use mailroom::domain::mapping::{CompiledMapping, Mapping, Surroundings};
use mailroom::domain::message::Message;
use mailroom::domain::run::{Run, RunState, RunTrigger};
use mailroom::pipeline::{self, Assignment, Hold, Stop, Tracker, Treatment};
use mailroom::secret::KeyRing;
use mailroom::service::message::Reprocess;
use mailroom::service::permit::MailHandle;
use mailroom::service::{self, Context, Error, Permit};
use serde_json::Value;
use tokio::sync::watch;

use crate::harness::database::Fresh;
use crate::pipeline::room::{Room, installation, start};

/// A mailbox whose mail is taken in, and Ada, who handles it.
pub struct Desk {
    pub room: Room,
    pub cx: Context,
    pub permit: Permit<MailHandle>,
}

impl Desk {
    pub async fn open(fresh: Fresh) -> Self {
        let room = Room::make(fresh).await;
        let keys = KeyRing::generate("test").unwrap();
        let cx = Context {
            db: room.db.clone(),
            keys: Arc::new(KeyRing::parse(&keys).unwrap_or_else(|error| panic!("{error}"))),
            clock: Arc::<mailroom::domain::clock::ManualClock>::clone(&room.clock),
            blobs: room.tools.blobs.clone(),
            runs: room.tools.hub.clone(),
            wake: Default::default(),
            public_url: "https://mail.example".into(),
            reach: mailroom::provider::Reach::new(
                mailroom::net::Net::new(&mailroom::config::Config::defaults().unwrap().net).unwrap(),
            ),
            identities: mailroom::identity::Identities::new(
                &mailroom::net::Net::new(&mailroom::config::Config::defaults().unwrap().net).unwrap(),
                "",
                Arc::new(mailroom::domain::clock::SystemClock),
            ),
            default_schedule: Arc::default(),
            limits: Arc::default(),
            installation: installation(),
        };
        Self { room, cx, permit: Permit::of(&ada()).unwrap() }
    }

    /// Another mapping from now on.
    pub async fn remap(&mut self, change: impl FnOnce(&mut Mapping)) {
        let mut mapping = self.room.treatment.mapping.clone();
        change(&mut mapping);
        let was = mapping.version;
        mapping.version += 1;
        db::mapping::update(self.room.db.write(), &mapping, was).await.unwrap();
        let compiled = CompiledMapping::new(&mapping).unwrap();
        let compiled = compiled.within(Surroundings::of(&self.room.mailbox, installation()));
        self.room.treatment = Arc::new(Treatment { mapping, compiled });
    }

    /// Puts a mail into INBOX: `a` is `<a@x>`, about `Case of a`.
    pub fn deliver(&self, name: &str, more: &str, body: &str) -> u32 {
        let raw = format!(
            "Message-ID: <{name}@x>\nFrom: Ada <ada@sender.example>\nTo: support@company.example\n\
             Subject: Case of {name}\nDate: Tue, 22 Sep 2026 10:00:00 +0000\n{more}\n{body}\n"
        );
        let before = self.room.fake.change("INBOX", |folder| folder.next);
        let arrived = start() + chrono::TimeDelta::seconds(60 + i64::from(before));
        self.room.fake.deliver("INBOX", arrived, &raw)
    }

    pub async fn take_in(&self) {
        self.room.run().await.unwrap();
    }

    pub async fn id(&self, name: &str) -> MessageId {
        let found = self.find(name).await;
        found.unwrap_or_else(|| panic!("{name} is not there"))
    }

    pub async fn find(&self, name: &str) -> Option<MessageId> {
        let filter = mailroom::domain::filter::MessageFilter {
            internet_message_id: Some(format!("{name}@x")),
            ..Default::default()
        };
        let page = mailroom::domain::page::PageRequest { limit: 1, ..Default::default() };
        let order = mailroom::domain::page::Order::NewestFirst;
        let found = db::read::message::list(self.room.db.write(), &filter, order, &page).await.unwrap();
        found.items.first().map(|message| message.id)
    }

    pub async fn message(&self, name: &str) -> Message {
        let id = self.id(name).await;
        db::read::message::by_ids(self.room.db.write(), &[id]).await.unwrap().remove(&id).unwrap()
    }

    pub async fn instance(&self, reference: &str) -> ProcessInstance {
        db::read::instance::by_reference(self.room.db.write(), reference).await.unwrap().unwrap()
    }

    pub async fn attributes(&self, reference: &str) -> Value {
        Value::Object(self.instance(reference).await.attributes)
    }

    /// The reference of the instance that the message belongs to.
    pub async fn belongs(&self, name: &str) -> Option<String> {
        let id: InstanceId = self.message(name).await.instance_id?;
        let found = db::read::instance::by_ids(self.room.db.write(), &[id]).await.unwrap().remove(&id);
        Some(found.unwrap().reference)
    }

    pub async fn link(&self, name: &str, reference: Option<&str>) -> Result<Message, Error> {
        let instance = match reference {
            Some(reference) => Some(self.instance(reference).await.id),
            None => None,
        };
        service::message::link(&self.cx, &self.permit, self.id(name).await, instance).await
    }

    /// Asks for the messages to be mapped again, and does it; the run.
    pub async fn again(&self, names: &[&str]) -> Run {
        let mut ids = Vec::new();
        for name in names {
            ids.push(self.id(name).await);
        }
        let wanted = Reprocess::Ids(ids);
        let accepted = service::message::reprocess(&self.cx, &self.permit, wanted).await.unwrap();
        assert_eq!(accepted.count, names.len() as i64);
        self.work().await
    }

    /// Works the orders off, and ends the run.
    pub async fn work(&self) -> Run {
        let room = &self.room;
        let db = room.db.write();
        let ttl = Duration::from_secs(30);
        let lease = db::lease::claim(db, room.mailbox.id, "test", ttl).await.unwrap().expect("it is free");
        let (_expires, expires) = watch::channel(Instant::now() + ttl);
        let (_stop, stop) = watch::channel(None::<Stop>);
        let assignment = Assignment {
            mailbox: Arc::clone(&room.mailbox),
            job: Arc::new(room.job.clone()),
            treatment: Arc::clone(&room.treatment),
            hold: Hold { lease: lease.clone(), expires, stop, others: watch::channel(false).1 },
        };
        let run = db::run::reprocessing(db, room.job.id).await.unwrap().expect("there is an order");
        assert_eq!(run.trigger, RunTrigger::Reprocess);
        let tracker = Tracker::new(&room.tools, &assignment, run.trigger, Some(run));
        let until = Instant::now() + Duration::from_secs(60);
        let done = pipeline::reprocess(&room.tools, &assignment, &tracker, until).await.unwrap();
        assert!(done, "it has a minute");
        db::lease::release(db, &lease).await.unwrap();
        let run = tracker.run().unwrap();
        let state = RunState::Succeeded;
        db::run::finish(db, run.id, state, &run.progress, None, room.tools.clock.now()).await.unwrap();
        run
    }

    /// What the log tells since that offset: type, who, and what changed.
    pub async fn told(&self, since: i64) -> Vec<String> {
        let sql = format!(
            "SELECT type || ' ' || COALESCE(actor, '-') || ' ' || \
             COALESCE(CAST(data ->> 'changed' AS text), '') FROM event \
             WHERE log_offset > {since} AND type <> 'RUN_FINISHED' ORDER BY log_offset"
        );
        let told = self.room.column(&sql).await;
        told.into_iter().map(|line| line.trim().replace("\", \"", "\",\"")).collect()
    }

    pub async fn head(&self) -> i64 {
        self.room.column("SELECT CAST(head AS text) FROM event_head").await[0].parse().unwrap()
    }
}

pub fn ada() -> Caller {
    Caller { subject: "ada".to_owned(), name: None, scopes: vec![Scope::MailHandle, Scope::MailRead] }
}

/// Code and dotted path of each refusal.
pub fn refusals<T>(result: Result<T, Error>) -> Vec<String> {
    match result {
        Err(Error::Refused(errors)) => {
            assert!(errors.iter().all(|error| error.message.ends_with('.')), "{errors:?}");
            errors.iter().map(|error| format!("{} {}", error.code.as_str(), error.path.join("."))).collect()
        }
        Err(other) => panic!("not refused but failed: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}
