//! A Microsoft 365 tenant in this process, with shared mailboxes, for a mailroom that runs beside it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use sandbox::input::{self, Mail};
use sandbox::log::Seen;
use sandbox::sample;
use sandbox::server::{Options, Running, Sandbox};
use sandbox::state::State;
use sandbox::world::Mailbox;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::description;
use super::desk::{self, Desk};
use super::service::Service;

/// The running tenant.
pub struct Office365 {
    pub running: Running,
    folder: TempDir,
    /// What was asked otherwise than Microsoft describes.
    faults: Arc<Mutex<Vec<String>>>,
}

impl Office365 {
    /// A tenant with these mailboxes, such as `support@contoso.example`, all empty.
    pub async fn start(addresses: &[&str]) -> Self {
        let state = sample::state();
        if let Some(tenant) = state.world_mut().tenants.first_mut() {
            tenant.mailboxes.clear();
            for address in addresses {
                let mut mailbox = Mailbox::new(Uuid::now_v7(), address, address);
                mailbox.shared = true;
                tenant.mailboxes.insert(mailbox.id, mailbox);
            }
        }
        let running = Sandbox::start(Options::default(), state).await.unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("ca.pem"), running.ca_pem.as_ref().unwrap()).unwrap();
        Self { running, folder, faults: Arc::default() }
    }

    /// The same, where every request has to be one that Microsoft describes: the test fails at its end if one was not.
    pub async fn judged(addresses: &[&str]) -> Self {
        let office = Self::start(addresses).await;
        let faults = Arc::clone(&office.faults);
        let watches = office.state().log.watch(move |seen| {
            if let Seen::Answer(exchange) = seen
                && let Some(path) = exchange.path.strip_prefix("/v1.0")
            {
                let found = description::faults(exchange.method.as_str(), path, &exchange.request);
                faults.lock().unwrap().extend(found);
            }
        });
        assert!(watches, "nobody else watches");
        office
    }

    /// What is in it.
    pub fn state(&self) -> &State {
        &self.running.state
    }

    /// What a mailroom needs to find it.
    pub fn variables(&self) -> [(&'static str, String); 2] {
        [
            ("MAILROOM_ENTRA__AUTHORITY", self.running.https_url.clone().unwrap()),
            ("MAILROOM_NET__CA_FILE", self.folder.path().join("ca.pem").display().to_string()),
        ]
    }

    /// A mailroom on that database that finds it, looks for work every second, and has more of its configuration.
    pub async fn service(&self, database_url: &str, more: &[(&str, &str)]) -> Service {
        let own = self.variables();
        let mut variables = vec![("MAILROOM_WORKER__POLL_INTERVAL_SECONDS", "1")];
        variables.extend(own.iter().map(|(name, value)| (*name, value.as_str())));
        variables.extend_from_slice(more);
        Service::start_with(database_url, &variables).await
    }

    /// What was asked of Graph of late, as method and path with its query, oldest first; without what token requests ask.
    pub fn asked(&self) -> Vec<String> {
        let lines = self.state().log.last(usize::MAX).into_iter();
        lines
            .filter(|line| !line.path.contains("/oauth2/"))
            .map(|line| format!("{} {}", line.method, line.path))
            .collect()
    }

    /// Puts a message into a folder of a mailbox.
    pub fn deliver(&self, address: &str, folder: &str, raw: &[u8], received: Option<DateTime<Utc>>) {
        let mail = Mail { raw: Bytes::copy_from_slice(raw), received, is_read: false };
        input::deliver(self.state(), address, folder, mail).unwrap();
    }

    /// A folder beside the inbox.
    pub fn make_folder(&self, address: &str, name: &str) {
        let mut world = self.state().world_mut();
        let mailbox = world.tenants.iter_mut().find_map(|tenant| tenant.mailbox_mut(address)).unwrap();
        let root = mailbox.well_known("msgfolderroot").unwrap().key;
        mailbox.create_folder(root, name, false).unwrap();
    }

    /// How many messages lie in each folder, by its name and whether they are read.
    pub fn originals(&self, address: &str) -> BTreeMap<(String, bool), usize> {
        let world = self.state().world();
        let mailbox = world.tenants.iter().find_map(|tenant| tenant.mailbox(address)).unwrap();
        let mut places = BTreeMap::new();
        for message in mailbox.messages() {
            let folder = mailbox.folder(message.folder).unwrap().name.clone();
            *places.entry((folder, message.is_read)).or_default() += 1;
        }
        places
    }

    /// A credential for all of it.
    pub async fn credential(&self, service: &Service) -> String {
        let app = json!({
            "tenantId": sample::DOMAIN,
            "clientId": sample::CLIENT_ID,
            "clientSecret": sample::SECRET,
        });
        let input = json!({ "name": "Contoso", "config": { "entraClientSecret": app } });
        let query = "mutation($input: CreateCredentialInput!) { createCredential(input: $input) {
            credential { id } userErrors { code message path } } }";
        let data = service.run(query, json!({ "input": input })).await;
        data["createCredential"]["credential"]["id"].as_str().unwrap().to_owned()
    }

    /// A mailbox there, with a mapping and a first job: `json!({ "folder": "INBOX", "since": null })`.
    pub async fn desk(
        &self,
        service: &Service,
        credential: &str,
        address: &str,
        first_job: Value,
        rules: &[Value],
    ) -> Desk {
        let name = address.split('@').next().unwrap();
        let mapping = desk::create_mapping(service, name, rules).await;
        let input = json!({
            "title": name,
            "address": address,
            "provider": { "graph": { "user": address, "endpoint": self.running.http_url } },
            "credentialId": credential,
            "mappingId": mapping,
            "job": first_job,
        });
        desk::create_mailbox(service, input, mapping).await
    }
}

impl Drop for Office365 {
    fn drop(&mut self) {
        let faults = std::mem::take(&mut *self.faults.lock().unwrap());
        if !std::thread::panicking() {
            assert!(faults.is_empty(), "not as Microsoft describes it: {faults:#?}");
        }
    }
}
