//! What a person may do with the configuration, on both databases: each refusal with its code and path.

mod circles;
mod credentials;
mod installation;
mod jobs;
mod listening;
mod mailboxes;
mod mappings;
mod national;
mod reach;
mod refresh;
mod schedules;
mod sign_in;
mod trial;
mod turns;
mod watch;

use std::sync::Arc;

use mailroom::blob::Blobs;
use mailroom::domain::access::{Caller, Scope};
use mailroom::domain::clock::{Clock as _, ManualClock};
use mailroom::domain::credential::Credential;
use mailroom::domain::job::{Job, Selection};
use mailroom::domain::mailbox::{Mailbox, MailboxKind, MailboxMode, Security};
use mailroom::domain::mapping::{
    AttributeRule, AttributeType, Mapping, MessageField, UpdateAction, ValueSource,
};
use mailroom::secret::{KeyRing, SecretString};
use mailroom::service::credential::{CreateCredential, CredentialConfig};
use mailroom::service::job::{CreateJob, FirstJob};
use mailroom::service::mailbox::{CreateMailbox, ImapInput, ProviderInput};
use mailroom::service::mapping::CreateMapping;
use mailroom::service::permit::ConfigWrite;
use mailroom::service::{self, Context, Error, Patch, Permit};

use crate::harness::database::Fresh;

/// The services over a fresh database, and someone who may configure.
struct Office {
    cx: Context,
    permit: Permit<ConfigWrite>,
    clock: Arc<ManualClock>,
    _fresh: Fresh,
}

impl Office {
    fn open(fresh: Fresh) -> Self {
        let caller = Caller { subject: "admin".to_owned(), name: None, scopes: vec![Scope::ConfigWrite] };
        let clock = Arc::new(ManualClock::new(chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap()));
        let keys = KeyRing::generate("test").unwrap();
        let cx = Context {
            db: fresh.database.clone(),
            keys: Arc::new(KeyRing::parse(&keys).unwrap_or_else(|error| panic!("{error}"))),
            clock: clock.clone(),
            blobs: Blobs::open("memory://").unwrap(),
            runs: Default::default(),
            wake: Default::default(),
            public_url: "https://mail.example".into(),
            installation: std::sync::Arc::new(mailroom::domain::installation::Installation {
                id: uuid::Uuid::from_u128(7),
                reply_key: mailroom::domain::reply_token::ReplyKey::new([7; 32]),
            }),
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
        };
        Self { cx, permit: Permit::of(&caller).unwrap(), clock, _fresh: fresh }
    }

    async fn credential(&self, name: &str) -> Credential {
        service::credential::create(&self.cx, &self.permit, credential(name)).await.unwrap()
    }

    async fn mailbox(&self, name: &str) -> Mailbox {
        let credential = self.credential(&format!("of {name}")).await;
        let input = CreateMailbox { credential_id: Some(credential.id), ..mailbox(name) };
        service::mailbox::create(&self.cx, &self.permit, input).await.unwrap()
    }

    async fn mapping(&self, name: &str) -> Mapping {
        service::mapping::create(&self.cx, &self.permit, mapping(name)).await.unwrap()
    }

    async fn job(&self, mailbox: &Mailbox, folder: &str) -> Job {
        let name = format!("{folder} of {}", mailbox.title);
        let job = FirstJob { name: Some(name), folder: folder.to_owned(), ..first_job() };
        let input = CreateJob { mailbox_id: mailbox.id, job };
        service::job::create(&self.cx, &self.permit, input).await.unwrap()
    }

    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }
}

fn basic(username: &str, password: Option<&str>) -> CredentialConfig {
    CredentialConfig::Basic { username: username.to_owned(), password: password.map(SecretString::from) }
}

fn credential(name: &str) -> CreateCredential {
    let config = basic(&format!("company\\{name}"), Some("s3cret"));
    CreateCredential { name: name.to_owned(), config }
}

/// Without a credential.
fn mailbox(name: &str) -> CreateMailbox {
    CreateMailbox {
        title: name.to_owned(),
        address: format!("{name}@example.com"),
        display_name: None,
        kind: MailboxKind::Group,
        owner: None,
        mode: MailboxMode::Ingest,
        provider: imap("imap.example.com"),
        credential_id: None,
        new_credential: None,
        mapping_id: None,
        job: None,
        signature: None,
        aliases: Vec::new(),
        expect_mail_within_hours: None,
        alert_to: Vec::new(),
        folder_roles: Vec::new(),
        unified_inbox: false,
    }
}

fn imap(host: &str) -> ProviderInput {
    let host = host.to_owned();
    ProviderInput::Imap(ImapInput { host, port: None, security: Security::Tls, login: None })
}

fn first_job() -> FirstJob {
    FirstJob {
        name: None,
        folder: "INBOX".to_owned(),
        enabled: true,
        schedule: Patch::Keep,
        watch: false,
        selection: Selection::New,
        since: Patch::Keep,
        handling: None,
        max_messages_per_run: None,
    }
}

fn mapping(name: &str) -> CreateMapping {
    CreateMapping {
        name: name.to_owned(),
        process: "incident".to_owned(),
        reference_prefix: "INC".to_owned(),
        rules: vec![rule("title", ValueSource::Field(MessageField::Subject))],
        correlation: None,
        filters: Vec::new(),
        loop_protection: None,
        forwarding: None,
        attachments: None,
    }
}

fn rule(attribute: &str, source: ValueSource) -> AttributeRule {
    AttributeRule {
        attribute: attribute.to_owned(),
        r#type: AttributeType::String,
        source,
        required: false,
        max_length: None,
        on_create: true,
        on_update: UpdateAction::Keep,
    }
}

/// Code and dotted path of each refusal.
fn refusals<T>(result: Result<T, Error>) -> Vec<String> {
    match result {
        Err(Error::Refused(errors)) => {
            assert!(errors.iter().all(|error| error.message.ends_with('.')), "{errors:?}");
            errors.iter().map(|error| format!("{} {}", error.code.as_str(), error.path.join("."))).collect()
        }
        Err(other) => panic!("not refused but failed: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}
