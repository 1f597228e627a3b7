//! The demo's tenant: a Microsoft 365 in this process, with three shared mailboxes where mail arrives.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ::sandbox::input::{self, drip, generate::Generator};
use ::sandbox::server::{Options, Running, Sandbox};
use ::sandbox::state::State;
use ::sandbox::world::Mailbox;
use ::sandbox::{sample, snapshot};
use anyhow::Context as _;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::folder::{Folder, Settled};
use crate::cli::failure::Failure;

/// A shared mailbox of the demo.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shared {
    /// Its display name.
    pub(super) name: &'static str,
    /// Its address.
    pub(super) address: &'static str,
}

/// The mailboxes that the demo reads.
pub(super) const MAILBOXES: [Shared; 3] = [
    Shared { name: "Support", address: "support@contoso.example" },
    Shared { name: "Claims", address: "claims@contoso.example" },
    Shared { name: "Orders", address: "orders@contoso.example" },
];
/// Messages that are there at the first start.
const HISTORY: usize = 30;

/// The running tenant.
pub(super) struct Tenant {
    running: Running,
    snapshot: PathBuf,
    dripping: JoinHandle<()>,
}

impl Tenant {
    /// Starts it where it was, or with some mail; its authority's certificate is written into the folder.
    pub(super) async fn start(
        folder: &Folder,
        settled: &Settled,
        seed: u64,
        every: Duration,
    ) -> Result<Self, Failure> {
        let snapshot = folder.path().join("tenant.jsonl");
        let state = State::default();
        if snapshot.exists() {
            snapshot::load(&state, &snapshot)?;
        } else {
            furnish(&state, seed)?;
        }
        let at = |port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        let options = Options { http: at(settled.graph_port), https: Some(at(settled.entra_port)) };
        let running = Sandbox::start(options, state.clone()).await.map_err(|error| {
            Failure::from(error).hint("another demo may be running; or delete the folder to start afresh")
        })?;
        let pem = running.ca_pem.as_deref().unwrap_or_default();
        let ca = folder.authority();
        std::fs::write(&ca, pem).with_context(|| format!("{} can't be written", ca.display()))?;
        // Another seed than the history's, and another one each day: the same letters need not come again.
        let dripping = tokio::spawn(drip::run(state, seed.wrapping_add(1), every));
        Ok(Self { running, snapshot, dripping })
    }

    /// Where Graph is.
    pub(super) fn graph(&self) -> &str {
        &self.running.http_url
    }

    /// Ends it, and keeps what is in it.
    pub(super) async fn end(self) -> Result<(), Failure> {
        self.dripping.abort();
        let state = self.running.state.clone();
        self.running.stop().await;
        snapshot::save(&state, &self.snapshot)?;
        Ok(())
    }
}

/// Shared mailboxes only: nobody signs in to them.
fn furnish(state: &State, seed: u64) -> Result<(), Failure> {
    sample::add(state);
    if let Some(tenant) = state.world_mut().tenants.first_mut() {
        tenant.mailboxes.clear();
        for (number, shared) in (1..).zip(MAILBOXES) {
            let id = Uuid::from_u128(sample::TENANT.as_u128() + 0xd0 + number);
            let mut mailbox = Mailbox::new(id, shared.address, shared.name);
            mailbox.shared = true;
            tenant.mailboxes.insert(id, mailbox);
        }
    }
    let mut generator = Generator::new(seed, drip::readers(state));
    for (address, mail) in generator.history(HISTORY, state.clock.now()) {
        input::deliver(state, &address, "inbox", mail)?;
    }
    Ok(())
}
