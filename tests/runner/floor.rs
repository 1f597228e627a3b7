//! Many mailboxes of few credentials, and mail systems that answer as a test wants.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::stream::{self, BoxStream, StreamExt as _};
use mailroom::blob::Blobs;
use mailroom::config::Config;
use mailroom::db::{self, Database};
use mailroom::domain::clock::{Clock, SystemClock};
use mailroom::domain::credential::{Credential, CredentialSettings};
use mailroom::domain::folder::{Folder, Place};
use mailroom::domain::handling::Handling;
use mailroom::domain::health::MailboxHealth;
use mailroom::domain::id::{CredentialId, JobId, MailboxId, MappingId};
use mailroom::domain::installation::Installation;
use mailroom::domain::intake::Listed;
use mailroom::domain::job::{Job, Selection};
use mailroom::domain::mailbox::{
    ImapSettings, Mailbox, MailboxKind, MailboxMode, ProviderSettings, Security,
};
use mailroom::domain::mapping::{
    AttachmentPolicy, AttributeRule, AttributeType, Correlation, ForwardingPolicy, LoopProtection, Mapping,
    MessageField, UpdateAction, ValueSource,
};
use mailroom::domain::reply_token::ReplyKey;
use mailroom::event::hub::RunHub;
use mailroom::identity::Identities;
use mailroom::net::Net;
use mailroom::pipeline::{Backlog, Bounds, Tools};
use mailroom::provider::{
    Access, Capabilities, Disposed, Error, Fetched, ListPage, Order, Position, Provider, PurgeOrder, Purged,
    Reach, Session, Unread, Wanted,
};
use mailroom::secret::KeyRing;
use mailroom::service::{self, connection};
use mailroom::worker::{Parts, Reaches, Settings};
use tokio::sync::Semaphore;

/// Tells the prefixes of mappings apart.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A mailbox, and its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    pub mailbox: MailboxId,
    pub job: JobId,
}

/// Makes mailboxes with a mapping and a due job each; `count` for each of the credentials.
pub async fn furnish(db: &Database, credentials: usize, count: usize) -> Vec<Vec<Made>> {
    let mut all = Vec::new();
    for number in 0..credentials {
        all.push(furnish_with(db, &format!("m{number}"), count).await);
    }
    all
}

/// The same, for one credential of that name.
pub async fn furnish_with(db: &Database, name: &str, count: usize) -> Vec<Made> {
    let now = SystemClock.now();
    let credential = credential(name, now);
    let tx = db.begin().await.unwrap();
    db::credential::insert(&tx, &credential, None, None).await.unwrap();
    let mut made = Vec::with_capacity(count);
    for each in 0..count {
        let name = format!("{name}-{each}");
        let mapping = mapping(&name, now);
        let mailbox = mailbox(&name, &credential, &mapping, now);
        let job = job(&name, &mailbox, "INBOX", now);
        db::mapping::claim_prefix(&tx, &mapping).await.unwrap();
        db::mapping::insert(&tx, &mapping).await.unwrap();
        db::mailbox::insert(&tx, &mailbox, &name).await.unwrap();
        db::job::insert(&tx, &job).await.unwrap();
        made.push(Made { mailbox: mailbox.id, job: job.id });
    }
    tx.commit().await.unwrap();
    made
}

/// Another due job of a mailbox.
pub async fn another_job(db: &Database, of: Made, folder: &str) -> JobId {
    let mailbox = db::mailbox::get(db.read(), of.mailbox).await.unwrap().unwrap();
    let job = job(&format!("{folder} of {}", mailbox.title), &mailbox, folder, SystemClock.now());
    db::job::insert(db.write(), &job).await.unwrap();
    job.id
}

/// How mailboxes answer. Clones share it.
#[derive(Clone, Default)]
pub struct Systems(Arc<Mutex<Answers>>);

#[derive(Default)]
struct Answers {
    /// Looks at each folder so far.
    looks: HashMap<(MailboxId, String), usize>,
    /// Accept a connection, and never say a word.
    hang: HashSet<MailboxId>,
    /// Pages that a listing of INBOX goes on for, each with nothing new and taking so long.
    long: HashMap<MailboxId, (usize, Duration)>,
    at_once: usize,
    most_at_once: usize,
    by_worker: HashMap<String, usize>,
}

impl Systems {
    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the mailbox hangs.
    pub fn hang(&self, id: MailboxId) {
        self.answers().hang.insert(id);
    }

    /// Its INBOX has so many pages.
    pub fn is_long(&self, id: MailboxId, pages: usize, each: Duration) {
        self.answers().long.insert(id, (pages, each));
    }

    /// How often the folder was looked at.
    pub fn looks(&self, id: MailboxId, folder: &str) -> usize {
        self.answers().looks.get(&(id, folder.to_owned())).copied().unwrap_or_default()
    }

    /// How many looks there were.
    pub fn all_looks(&self) -> usize {
        self.answers().looks.values().sum()
    }

    /// How many were open at the same time at most.
    pub fn most_at_once(&self) -> usize {
        self.answers().most_at_once
    }

    /// Looks by worker.
    pub fn by_worker(&self) -> HashMap<String, usize> {
        self.answers().by_worker.clone()
    }

    /// A worker that reads them.
    pub fn parts(&self, db: &Database, worker: &str, concurrency: usize) -> Parts {
        let config = Config::defaults().unwrap();
        let net = Net::new(&config.net).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let installation =
            Arc::new(Installation { id: uuid::Uuid::from_u128(9), reply_key: ReplyKey::new([9; 32]) });
        let services = service::Context {
            db: db.clone(),
            keys: Arc::new(KeyRing::parse(&KeyRing::generate("test").unwrap()).unwrap()),
            clock: Arc::clone(&clock),
            blobs: Blobs::open("memory://").unwrap(),
            runs: RunHub::default(),
            wake: Default::default(),
            public_url: "https://mail.example".into(),
            reach: Reach::new(net.clone()),
            identities: Identities::new(&net, "", Arc::clone(&clock)),
            limits: Arc::default(),
            default_schedule: Arc::default(),
            installation: Arc::clone(&installation),
        };
        let tools = Tools {
            db: db.clone(),
            blobs: services.blobs.clone(),
            clock,
            hub: services.runs.clone(),
            memory: Arc::new(Semaphore::new(65_536)),
            backlog: Backlog::default(),
            bounds: Arc::new(bounds()),
            tombstones: Arc::new(installation.tombstones()),
            worker: Arc::from(worker),
        };
        let settings = Settings {
            concurrency,
            lease: Duration::from_secs(10),
            poll: Duration::from_secs(1),
            listeners: 0,
        };
        let reaches = Arc::new(Way { systems: self.clone(), worker: worker.to_owned() });
        Parts { tools, reaches, services, settings }
    }
}

struct Way {
    systems: Systems,
    worker: String,
}

#[async_trait]
impl Reaches for Way {
    async fn provider(&self, mailbox: &Mailbox) -> Result<Box<dyn Provider>, connection::Error> {
        *self.systems.answers().by_worker.entry(self.worker.clone()).or_default() += 1;
        Ok(Box::new(System { systems: self.systems.clone(), id: mailbox.id }))
    }
}

struct System {
    systems: Systems,
    id: MailboxId,
}

/// Counts down when it goes, in whatever way.
struct Open(Systems);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.answers().at_once -= 1;
    }
}

#[async_trait]
impl Provider for System {
    fn capabilities(&self) -> Capabilities {
        Capabilities::of(mailroom::domain::mailbox::ProviderKind::Imap).unwrap()
    }

    async fn open(&self, _access: Access) -> Result<Box<dyn Session>, Error> {
        let open = {
            let mut answers = self.systems.answers();
            answers.at_once += 1;
            answers.most_at_once = answers.most_at_once.max(answers.at_once);
            Open(self.systems.clone())
        };
        if self.systems.answers().hang.contains(&self.id) {
            std::future::pending::<()>().await;
        }
        Ok(Box::new(Connection { systems: self.systems.clone(), id: self.id, page: 0, _open: open }))
    }
}

struct Connection {
    systems: Systems,
    id: MailboxId,
    page: usize,
    _open: Open,
}

#[async_trait]
impl Session for Connection {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        Ok(Vec::new())
    }

    async fn list(&mut self, folder: &str, position: Option<&Position>) -> Result<ListPage, Error> {
        let long = {
            let mut answers = self.systems.answers();
            *answers.looks.entry((self.id, folder.to_owned())).or_default() += 1;
            answers.long.get(&self.id).copied().filter(|_| folder == "INBOX")
        };
        let mut page: usize = position.map_or(0, |at| at.token.parse().unwrap());
        let mut more = false;
        if let Some((pages, each)) = long {
            tokio::time::sleep(each).await;
            page = (page + 1).min(pages);
            more = page < pages;
        }
        self.page += 1;
        let position = Position { generation: "1".to_owned(), token: page.to_string() };
        Ok(ListPage { listed: Vec::new(), position, more, renumbered: false })
    }

    fn tells_changes(&self) -> bool {
        true
    }

    async fn unread(&mut self, _folder: &str, _told: &[String]) -> Result<Vec<Unread>, Error> {
        Ok(Vec::new())
    }

    async fn identify(&mut self, _folder: &str, listed: Vec<Listed>) -> Result<Vec<Listed>, Error> {
        Ok(listed)
    }

    async fn fetch<'a>(
        &'a mut self,
        _folder: &str,
        _wanted: &[Wanted],
    ) -> Result<BoxStream<'a, Result<Fetched, Error>>, Error> {
        Ok(stream::empty().boxed())
    }

    async fn dispose(&mut self, _folder: &str, _orders: &[Order]) -> Result<Vec<Disposed>, Error> {
        Ok(Vec::new())
    }

    async fn find(&mut self, _folder: &str, _internet_message_id: &str) -> Result<Option<Place>, Error> {
        Ok(None)
    }

    async fn purge(&mut self, _orders: &[PurgeOrder]) -> Result<Vec<Purged>, Error> {
        Ok(Vec::new())
    }

    async fn close(self: Box<Self>) {}
}

/// Waits until it holds, and says what did not if it never does.
pub async fn until(what: &str, within: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn bounds() -> Bounds {
    Bounds {
        batch_messages: 100,
        batch_bytes: 4 << 20,
        batch_time: Duration::from_millis(200),
        memory_kib: 65_536,
        max_bytes: 1 << 20,
        raw_in_database_bytes: 1 << 18,
        mail: mailroom::mail::Limits::default(),
        max_attempts: 5,
        provider_time: Duration::from_secs(5),
        lease_margin: Duration::from_secs(1),
    }
}

fn credential(name: &str, now: DateTime<Utc>) -> Credential {
    Credential {
        id: CredentialId::new(),
        name: name.to_owned(),
        settings: CredentialSettings::Basic { username: name.to_owned() },
        has_refresh_token: false,
        expires_at: None,
        has_secret: false,
        secret_updated_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn mapping(name: &str, now: DateTime<Utc>) -> Mapping {
    Mapping {
        id: MappingId::new(),
        name: name.to_owned(),
        process: name.to_owned(),
        reference_prefix: format!("M{}", NUMBER.fetch_add(1, Ordering::Relaxed)),
        rules: vec![AttributeRule {
            attribute: "summary".to_owned(),
            r#type: AttributeType::Text,
            source: ValueSource::Field(MessageField::Subject),
            required: false,
            max_length: Some(500),
            on_create: true,
            on_update: UpdateAction::Keep,
        }],
        correlation: Correlation::default(),
        filters: Vec::new(),
        loop_protection: LoopProtection::default(),
        forwarding: ForwardingPolicy::default(),
        attachments: AttachmentPolicy::default(),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn mailbox(name: &str, credential: &Credential, mapping: &Mapping, now: DateTime<Utc>) -> Mailbox {
    Mailbox {
        id: MailboxId::new(),
        title: name.to_owned(),
        address: format!("{name}@company.example"),
        display_name: None,
        kind: MailboxKind::Group,
        owner: None,
        mode: MailboxMode::Ingest,
        settings: ProviderSettings::Imap(ImapSettings {
            host: "127.0.0.1".to_owned(),
            port: 143,
            security: Security::None,
            login: Some(name.to_owned()),
        }),
        credential_id: credential.id,
        mapping_id: Some(mapping.id),
        folder_roles: Vec::new(),
        signature: None,
        aliases: Vec::new(),
        unified_inbox: false,
        expect_mail_within_hours: None,
        alert_to: Vec::new(),
        paused: false,
        health: MailboxHealth {
            state: mailroom::domain::health::MailboxState::Ok,
            ..MailboxHealth::new(now)
        },
        unread_count: None,
        epoch: "1".to_owned(),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn job(name: &str, mailbox: &Mailbox, folder: &str, now: DateTime<Utc>) -> Job {
    Job {
        id: JobId::new(),
        name: name.to_owned(),
        mailbox_id: mailbox.id,
        folder: folder.to_owned(),
        enabled: true,
        schedule: None,
        watch: false,
        selection: Selection::New,
        since: Some(now),
        handling: Some(Handling::default()),
        max_messages_per_run: None,
        next_run_at: Some(now),
        noted_at: None,
        last_checked_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}
