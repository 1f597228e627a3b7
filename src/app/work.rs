//! The worker's parts, from the configuration.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::App;
use crate::config::Config;
use crate::domain::schedule::Schedule;
use crate::mail::Limits;
use crate::pipeline::{Backlog, Bounds, Tools};
use crate::worker::{Parts, Settings};

impl App {
    /// What the worker is given.
    pub(super) fn worker_parts(&self) -> Parts {
        let bounds = bounds(&self.config);
        let tools = Tools {
            db: self.services.db.clone(),
            blobs: self.services.blobs.clone(),
            clock: Arc::clone(&self.services.clock),
            hub: self.services.runs.clone(),
            memory: Arc::new(Semaphore::new(bounds.memory_kib as usize)),
            backlog: Backlog::default(),
            bounds: Arc::new(bounds),
            tombstones: Arc::new(self.services.installation.tombstones()),
            worker: Arc::from(self.config.worker.name.as_str()),
        };
        Parts {
            tools,
            reaches: Arc::new(self.services.clone()),
            services: self.services.clone(),
            settings: settings(&self.config),
        }
    }
}

fn settings(config: &Config) -> Settings {
    let worker = &config.worker;
    Settings {
        concurrency: worker.concurrency,
        lease: Duration::from_secs(worker.lease_seconds),
        poll: Duration::from_secs(worker.poll_interval_seconds),
        listeners: worker.listeners,
    }
}

fn bounds(config: &Config) -> Bounds {
    let lease = Duration::from_secs(config.worker.lease_seconds);
    Bounds {
        batch_messages: config.worker.batch_messages,
        batch_bytes: config.worker.batch_bytes,
        batch_time: Duration::from_millis(config.worker.batch_millis),
        memory_kib: u32::try_from(config.mail.memory_bytes / 1024).unwrap_or(u32::MAX).max(1),
        max_bytes: config.mail.max_bytes,
        raw_in_database_bytes: usize::try_from(config.mail.raw_in_database_bytes).unwrap_or(usize::MAX),
        mail: mail_limits(config),
        max_attempts: 5,
        provider_time: lease / 2,
        lease_margin: lease / 6,
    }
}

/// When a job runs of which nobody said when.
pub(super) fn default_schedule(config: &Config) -> Schedule {
    Schedule::every_seconds(u32::try_from(config.worker.default_interval_seconds).unwrap_or(u32::MAX))
}

pub(super) fn mail_limits(config: &Config) -> Limits {
    Limits {
        max_bytes: usize::try_from(config.mail.max_bytes).unwrap_or(usize::MAX),
        max_parts: config.mail.max_parts,
        ..Limits::default()
    }
}
