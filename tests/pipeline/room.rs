//! A mailbox with a mapping and a job in a fresh database, and runs of the pipeline over the fake mail system.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use mailroom::blob::Blobs;
use mailroom::db::{self, Database};
use mailroom::domain::clock::{Clock, ManualClock};
use mailroom::domain::credential::{Credential, CredentialSettings};
use mailroom::domain::handling::Handling;
use mailroom::domain::health::MailboxHealth;
use mailroom::domain::id::{CredentialId, JobId, MailboxId, MappingId};
use mailroom::domain::installation::Installation;
use mailroom::domain::job::{Job, Selection};
use mailroom::domain::mailbox::{
    ImapSettings, Mailbox, MailboxKind, MailboxMode, ProviderSettings, Security,
};
use mailroom::domain::mapping::{
    AttachmentPolicy, AttributeRule, AttributeType, CompiledMapping, Correlation, ForwardingPolicy,
    LoopProtection, Mapping, MessageField, Surroundings, UpdateAction, ValueSource,
};
use mailroom::domain::reply_token::ReplyKey;
use mailroom::domain::run::{Run, RunTrigger};
use mailroom::domain::schedule::Schedule;
use mailroom::event::hub::RunHub;
use mailroom::mail;
use mailroom::pipeline::{self, Assignment, Backlog, Bounds, Hold, Stop, Tools, Tracker, Treatment};
use mailroom::secret::KeyRing;
use mailroom::service;
use sea_orm::{ConnectionTrait, Statement};
use tokio::sync::{Semaphore, watch};

use super::fake::Fake;
use crate::harness::database::Fresh;

/// The instant at which every job here is made.
pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// Everything that a run needs.
pub struct Room {
    pub db: Database,
    pub fake: Fake,
    pub clock: Arc<ManualClock>,
    pub tools: Tools,
    pub mailbox: Arc<Mailbox>,
    pub job: Job,
    pub treatment: Arc<Treatment>,
    _fresh: Option<Fresh>,
    _blobs: Option<tempfile::TempDir>,
}

impl Room {
    /// Made in the fresh database; the job takes in all new mail of INBOX and marks it read.
    pub async fn make(fresh: Fresh) -> Self {
        Self::make_with(fresh, mapping()).await
    }

    /// The same, with the mapping changed before.
    pub async fn make_but(fresh: Fresh, change: impl FnOnce(&mut Mapping)) -> Self {
        let mut mapping = mapping();
        change(&mut mapping);
        Self::make_with(fresh, mapping).await
    }

    /// The same, with a mapping of one's own.
    pub async fn make_with(fresh: Fresh, mapping: Mapping) -> Self {
        let clock = Arc::new(ManualClock::new(start() + TimeDelta::hours(1)));
        let blobs = tempfile::tempdir().unwrap();
        let tools = Tools {
            db: fresh.database.clone(),
            blobs: Blobs::open(&format!("file://{}", blobs.path().display())).unwrap(),
            clock: Arc::<ManualClock>::clone(&clock) as Arc<dyn Clock>,
            hub: RunHub::default(),
            memory: Arc::new(Semaphore::new(1024)),
            backlog: Backlog::default(),
            bounds: Arc::new(bounds()),
            tombstones: Arc::new(installation().tombstones()),
            worker: Arc::from("test"),
        };
        let room = Self::furnish(tools, clock, "support", mapping).await;
        Self { _fresh: Some(fresh), _blobs: Some(blobs), ..room }
    }

    /// Another mailbox of the same installation, with a mapping of its own.
    pub async fn beside(&self, name: &str, change: impl FnOnce(&mut Mapping)) -> Self {
        let mut mapping = Mapping { name: name.to_owned(), ..mapping() };
        change(&mut mapping);
        Self::furnish(self.tools.clone(), Arc::clone(&self.clock), name, mapping).await
    }

    async fn furnish(tools: Tools, clock: Arc<ManualClock>, name: &str, mapping: Mapping) -> Self {
        let db = tools.db.clone();
        let (credential, mailbox) = mailbox(&mapping);
        let credential = Credential { name: name.to_owned(), ..credential };
        let mailbox =
            Mailbox { title: name.to_owned(), address: format!("{name}@company.example"), ..mailbox };
        let job = Job { name: name.to_owned(), ..job(&mailbox) };
        let write = db.write();
        db::credential::insert(write, &credential, None, None).await.unwrap();
        db::mapping::claim_prefix(write, &mapping).await.unwrap();
        db::mapping::insert(write, &mapping).await.unwrap();
        db::mailbox::insert(write, &mailbox, name).await.unwrap();
        db::job::insert(write, &job).await.unwrap();
        let compiled = CompiledMapping::new(&mapping).unwrap();
        let compiled = compiled.within(Surroundings::of(&mailbox, installation()));
        Self {
            db,
            fake: Fake::default(),
            clock,
            tools,
            mailbox: Arc::new(mailbox),
            job,
            treatment: Arc::new(Treatment { mapping, compiled }),
            _fresh: None,
            _blobs: None,
        }
    }

    /// What a person works with, on the same data.
    pub fn services(&self) -> service::Context {
        service::Context {
            db: self.db.clone(),
            keys: Arc::new(KeyRing::parse(&KeyRing::generate("test").unwrap()).unwrap()),
            clock: Arc::clone(&self.tools.clock),
            blobs: self.tools.blobs.clone(),
            runs: self.tools.hub.clone(),
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
        }
    }

    /// The mailbox is at another server from now on.
    pub fn point_elsewhere(&mut self) {
        self.mailbox = Arc::new(Mailbox { epoch: "2".to_owned(), ..Mailbox::clone(&self.mailbox) });
    }

    /// Executes the job once under a lease of its own.
    pub async fn run(&self) -> Result<Option<Run>, pipeline::Error> {
        let ttl = Duration::from_secs(30);
        let lease = db::lease::claim(self.db.write(), self.mailbox.id, "test", ttl)
            .await?
            .expect("the mailbox is free");
        let result = self.run_under(lease.clone()).await;
        db::lease::release(self.db.write(), &lease).await?;
        result
    }

    /// Executes the job once under the given lease, which may have been lost.
    pub async fn run_under(&self, lease: db::lease::Lease) -> Result<Option<Run>, pipeline::Error> {
        let (_expires, expires) = watch::channel(Instant::now() + Duration::from_secs(30));
        let (_stop, stop) = watch::channel(None::<Stop>);
        let assignment = Assignment {
            mailbox: Arc::clone(&self.mailbox),
            job: Arc::new(self.job.clone()),
            treatment: Arc::clone(&self.treatment),
            hold: Hold { lease, expires, stop, others: watch::channel(false).1 },
        };
        let tracker = Tracker::new(&self.tools, &assignment, RunTrigger::Manual, None);
        let mut session = self.fake.clone();
        let outlook = db::job::outlook(self.db.read(), self.job.id, self.tools.clock.now()).await?;
        pipeline::take_in(&self.tools, &assignment, &outlook, &mut session, &tracker).await?;
        let run = tracker.run();
        if let Some(run) = &run {
            let state = mailroom::domain::run::RunState::Succeeded;
            db::run::finish(self.db.write(), run.id, state, &run.progress, None, self.clock.now()).await?;
        }
        Ok(run)
    }

    /// The first column of every row, as text.
    pub async fn column(&self, sql: &str) -> Vec<String> {
        let db = self.db.read();
        let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect()
    }

    /// How many rows the condition holds for, e.g. `message WHERE state = 'FAILED'`.
    pub async fn count(&self, from: &str) -> usize {
        self.column(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {from}")).await[0].parse().unwrap()
    }
}

/// The one that every room is in.
pub fn installation() -> Arc<Installation> {
    Arc::new(Installation { id: uuid::Uuid::from_u128(9), reply_key: ReplyKey::new([9; 32]) })
}

pub fn bounds() -> Bounds {
    Bounds {
        batch_messages: 4,
        batch_bytes: 64 * 1024,
        batch_time: Duration::from_millis(200),
        memory_kib: 1024,
        max_bytes: 100_000,
        raw_in_database_bytes: 4096,
        mail: mail::Limits::default(),
        max_attempts: 3,
        provider_time: Duration::from_secs(10),
        lease_margin: Duration::from_secs(5),
    }
}

pub fn rule(attribute: &str, field: MessageField, on_update: UpdateAction) -> AttributeRule {
    AttributeRule {
        attribute: attribute.to_owned(),
        r#type: AttributeType::Text,
        source: ValueSource::Field(field),
        required: false,
        max_length: Some(500),
        on_create: true,
        on_update,
    }
}

pub fn mapping() -> Mapping {
    Mapping {
        id: MappingId::new(),
        name: "Incidents".to_owned(),
        process: "incident".to_owned(),
        reference_prefix: "INC".to_owned(),
        rules: vec![
            rule("summary", MessageField::Subject, UpdateAction::Keep),
            rule("history", MessageField::BodyText, UpdateAction::Append),
        ],
        correlation: Correlation::default(),
        filters: Vec::new(),
        loop_protection: LoopProtection::default(),
        forwarding: ForwardingPolicy::default(),
        attachments: AttachmentPolicy::default(),
        version: 1,
        created_at: start(),
        updated_at: start(),
    }
}

fn mailbox(mapping: &Mapping) -> (Credential, Mailbox) {
    let credential = Credential {
        id: CredentialId::new(),
        name: "support".to_owned(),
        settings: CredentialSettings::Basic { username: "support".to_owned() },
        has_refresh_token: false,
        expires_at: None,
        has_secret: false,
        secret_updated_at: None,
        version: 1,
        created_at: start(),
        updated_at: start(),
    };
    let mailbox = Mailbox {
        id: MailboxId::new(),
        title: "Support".to_owned(),
        address: "support@company.example".to_owned(),
        display_name: None,
        kind: MailboxKind::Group,
        owner: None,
        mode: MailboxMode::Ingest,
        settings: ProviderSettings::Imap(ImapSettings {
            host: "127.0.0.1".to_owned(),
            port: 143,
            security: Security::None,
            login: None,
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
        health: MailboxHealth::new(start()),
        unread_count: None,
        epoch: "1".to_owned(),
        version: 1,
        created_at: start(),
        updated_at: start(),
    };
    (credential, mailbox)
}

fn job(mailbox: &Mailbox) -> Job {
    Job {
        id: JobId::new(),
        name: "Support".to_owned(),
        mailbox_id: mailbox.id,
        folder: "INBOX".to_owned(),
        enabled: true,
        schedule: Some(Schedule::default()),
        watch: false,
        selection: Selection::New,
        since: Some(start()),
        handling: Some(Handling::default()),
        max_messages_per_run: None,
        next_run_at: None,
        noted_at: None,
        last_checked_at: None,
        version: 1,
        created_at: start(),
        updated_at: start(),
    }
}
