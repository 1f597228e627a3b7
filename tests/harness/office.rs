//! A Microsoft 365 tenant (our sandbox), with every request to its Graph looked at on the way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use chrono::{TimeDelta, Utc};
use mailroom::config::NetConfig;
use mailroom::domain::clock::{Clock as _, SystemClock};
use mailroom::domain::credential::{Credential, CredentialSettings};
use mailroom::domain::entra::{EntraApp, EntraCloud};
use mailroom::domain::folder::FolderAssignment;
use mailroom::domain::id::CredentialId;
use mailroom::domain::mailbox::{GraphSettings, ProviderSettings};
use mailroom::identity::{Identities, Secrets};
use mailroom::net::Net;
use mailroom::provider::{self, Login, Provider, Reach};
use sandbox::faults::Rule;
use sandbox::sample;
use sandbox::server::{self, Options, Running, Sandbox};
use sandbox::state::State;
use sandbox::world::Mailbox as World;
use tempfile::NamedTempFile;

/// Says what is wrong with a request: method, path with query, body.
pub type Judge = fn(&str, &str, &[u8]) -> Vec<String>;

/// What one request was.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Such as `GET`.
    pub method: String,
    /// With its query.
    pub path: String,
    /// Of the body.
    pub body: String,
    /// The preferences that it had.
    pub prefer: String,
}

/// A running tenant.
pub struct Tenant {
    /// What it serves.
    pub state: State,
    /// Where Graph is, watched.
    pub port: u16,
    /// Where Entra and Graph are, over https.
    pub https: String,
    /// The authority of its certificate.
    pub ca: NamedTempFile,
    /// What was asked of Graph.
    pub seen: Arc<Mutex<Vec<Seen>>>,
    /// What was wrong with it.
    pub faults: Arc<Mutex<Vec<String>>>,
    _running: Running,
}

impl Tenant {
    /// Serves within the runtime that this is called in.
    pub async fn start(judge: Judge) -> Self {
        let state = sample::state();
        state.switch(|switches| switches.rebuild_value = false);
        let running = Sandbox::start(Options::default(), state.clone()).await.unwrap();
        let ca = NamedTempFile::new().unwrap();
        std::fs::write(ca.path(), running.ca_pem.as_deref().unwrap()).unwrap();
        let (seen, faults) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (keep, wrong) = (Arc::clone(&seen), Arc::clone(&faults));
        let watched = server::app(&state).layer(middleware::from_fn(move |request: Request, next: Next| {
            watch(request, next, judge, Arc::clone(&keep), Arc::clone(&wrong))
        }));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, watched).await });
        let https = running.https_url.clone().unwrap();
        Self { state, port, https, ca, seen, faults, _running: running }
    }

    /// One for all tests that leave its switches alone.
    pub fn shared(judge: Judge) -> &'static Self {
        static SHARED: OnceLock<Tenant> = OnceLock::new();
        SHARED.get_or_init(|| {
            let (send, receive) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let mut runtime = tokio::runtime::Builder::new_multi_thread();
                let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
                runtime.block_on(async {
                    send.send(Self::start(judge).await).unwrap();
                    std::future::pending::<()>().await;
                });
            });
            receive.recv().unwrap()
        })
    }

    /// Outgoing connections that trust it, with short time limits.
    pub fn net(&self) -> Net {
        Net::new(&NetConfig {
            ca_file: self.ca.path().to_owned(),
            connect_timeout_seconds: 3,
            read_timeout_seconds: 3,
            allow: Vec::new(),
        })
        .unwrap()
    }
}

async fn watch(
    request: Request,
    next: Next,
    judge: Judge,
    seen: Arc<Mutex<Vec<Seen>>>,
    wrong: Arc<Mutex<Vec<String>>>,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 64 * 1024 * 1024).await.unwrap();
    let method = parts.method.to_string();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let header = |name: &str| {
        let values = parts.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(", ")
    };
    let prefer = header("prefer");
    let mut faults = judge(&method, &path, &body);
    if !prefer.contains("IdType=\"ImmutableId\"") {
        faults.push(format!("{method} {path}: without immutable ids"));
    }
    if !header("authorization").starts_with("Bearer ") {
        faults.push(format!("{method} {path}: without a token"));
    }
    if uuid::Uuid::parse_str(&header("client-request-id")).is_err() {
        faults.push(format!("{method} {path}: without client-request-id"));
    }
    let text = String::from_utf8_lossy(&body).into_owned();
    seen.lock().unwrap().push(Seen { method, path, body: text, prefer });
    if !faults.is_empty() {
        let answer = format!("{faults:#?}");
        wrong.lock().unwrap().extend(faults);
        return (axum::http::StatusCode::BAD_REQUEST, answer).into_response();
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// A mailbox of one test's own in the tenant.
pub struct Office<'a> {
    /// Where it is.
    pub tenant: &'a Tenant,
    /// Its address.
    pub address: String,
    clock: AtomicI64,
    identities: Identities,
    net: Net,
}

impl<'a> Office<'a> {
    /// A new mailbox.
    pub fn new(tenant: &'a Tenant, name: &str) -> Self {
        let address = format!("{name}@{}", sample::DOMAIN);
        let mailbox = World::new(uuid::Uuid::now_v7(), &address, name);
        tenant.state.world_mut().tenants[0].mailboxes.insert(mailbox.id, mailbox);
        let net = tenant.net();
        let identities = Identities::new(&net, &tenant.https, Arc::new(SystemClock));
        Self { tenant, address, clock: AtomicI64::new(0), identities, net }
    }

    /// What it is reached with.
    pub fn login(&self, client: uuid::Uuid, secret: &str) -> Login {
        let now = SystemClock.now();
        let cloud = EntraCloud::Global;
        let credential = Credential {
            id: CredentialId::new(),
            name: "app".to_owned(),
            settings: CredentialSettings::EntraClientSecret(EntraApp {
                tenant_id: sample::DOMAIN.to_owned(),
                client_id: client.to_string(),
                cloud,
            }),
            has_secret: true,
            has_refresh_token: false,
            expires_at: None,
            secret_updated_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let secrets = Secrets { secret: Some(secret.to_owned().into()), refresh_token: None };
        let tokens = self.identities.tokens(&credential, secrets).unwrap();
        Login::Token { username: self.address.clone(), tokens, cloud: Some(cloud) }
    }

    /// Where it is, by the port of Graph.
    pub fn settings(&self, port: u16) -> ProviderSettings {
        let endpoint = Some(format!("http://127.0.0.1:{port}"));
        ProviderSettings::Graph(GraphSettings { user: self.address.clone(), endpoint })
    }

    /// What it is reached through.
    pub fn reach(&self) -> Reach {
        Reach::new(self.net.clone())
    }

    /// The mailbox, reached by that login through that port.
    pub fn connect(&self, login: Login, port: u16, roles: &[FolderAssignment]) -> Box<dyn Provider> {
        provider::connect(&self.settings(port), login, roles.to_vec(), &self.reach()).unwrap()
    }

    /// Reached the usual way.
    pub fn provider(&self) -> Box<dyn Provider> {
        self.connect(self.login(sample::CLIENT_ID, sample::SECRET), self.tenant.port, &[])
    }

    /// Works on the mailbox in the sandbox's world.
    pub fn world<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.tenant.state.world_mut();
        work(world.tenants[0].mailbox_mut(&self.address).unwrap())
    }

    /// The number of a folder; made where it is not there.
    pub fn folder(&self, path: &str) -> sandbox::world::FolderKey {
        self.world(|mailbox| {
            let mut here = mailbox.well_known("msgfolderroot").unwrap().key;
            for part in path.split('/') {
                let name = if part == "INBOX" { "Inbox" } else { part };
                let found =
                    mailbox.children(here).find(|folder| folder.name == name).map(|folder| folder.key);
                here = found.unwrap_or_else(|| mailbox.create_folder(here, name, false).unwrap());
            }
            here
        })
    }

    /// Puts a message into a folder, a second after the one before.
    pub fn deliver(&self, folder: &str, raw: &[u8]) -> sandbox::world::MessageKey {
        let folder = self.folder(folder);
        let second = self.clock.fetch_add(1, Ordering::SeqCst);
        let now = SystemClock.now();
        let received = now.date_naive().and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::days(1);
        let envelope = sandbox::mime::envelope(raw);
        let received = received.with_timezone(&Utc) + TimeDelta::seconds(second);
        self.world(|mailbox| mailbox.deliver(folder, envelope, raw.to_vec().into(), received, now).unwrap())
    }

    /// The messages of a folder: whether each is read, by Message-ID.
    pub fn seen(&self, folder: &str) -> BTreeMap<String, bool> {
        let folder = self.folder(folder);
        self.world(|mailbox| {
            let messages: Vec<_> = mailbox.messages().filter(|message| message.folder == folder).collect();
            let id = |id: &Option<String>| id.clone().unwrap_or_default().trim_matches(['<', '>']).to_owned();
            let seen: BTreeMap<String, bool> = messages
                .iter()
                .map(|message| (id(&message.envelope.internet_message_id), message.is_read))
                .collect();
            assert_eq!(seen.len(), messages.len(), "a message is there twice");
            seen
        })
    }

    /// The number of a message of a folder.
    pub fn message(&self, folder: &str, message_id: &str) -> sandbox::world::MessageKey {
        let folder = self.folder(folder);
        let wanted = format!("<{message_id}>");
        self.world(|mailbox| {
            let mut messages = mailbox.messages().filter(|message| message.folder == folder);
            messages.find(|one| one.envelope.internet_message_id.as_deref() == Some(&wanted)).unwrap().key
        })
    }

    /// Someone else moves a message.
    pub fn carry_off(&self, folder: &str, message_id: &str, to: &str) {
        let (key, to) = (self.message(folder, message_id), self.folder(to));
        self.world(|mailbox| mailbox.move_to(key, to, SystemClock.now()).unwrap());
    }

    /// A fault of this mailbox.
    pub fn fault(&self, rule: Rule) {
        let rule = Rule { mailbox: Some(self.address.clone()), ..rule };
        self.tenant.state.faults.add(rule).unwrap();
    }

    /// What was asked of this mailbox.
    pub fn asked(&self) -> Vec<Seen> {
        let address = self.address.replace('@', "%40");
        let is_ours = |one: &&Seen| one.path.contains(&address) || one.body.contains(&address);
        self.tenant.seen.lock().unwrap().iter().filter(is_ours).cloned().collect()
    }
}

impl Drop for Office<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let faults = self.tenant.faults.lock().unwrap();
        let address = self.address.replace('@', "%40");
        let ours: Vec<&String> = faults.iter().filter(|fault| fault.contains(&address)).collect();
        assert!(ours.is_empty(), "{ours:#?}");
    }
}
