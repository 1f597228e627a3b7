//! The database schema: append-only, one change a file, up and down, on SQLite and PostgreSQL alike.

pub use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

mod m20261122_000001_credential;
mod m20261122_000002_mapping;
mod m20261122_000003_mailbox;
mod m20261122_000004_job;
mod m20261122_000005_intake;
mod m20261122_000006_run;
mod m20261122_000007_lease;
mod m20261122_000008_process_instance;
mod m20261122_000009_message;
mod m20261122_000010_event;
mod m20261122_000011_mapping_policy;
mod m20261122_000012_message_kinds;
mod m20261122_000013_search;
mod m20261122_000014_installation;
mod m20261122_000015_reprocess;
mod m20261122_000016_shared_key;
mod m20261123_000017_credential_kinds;
mod m20261123_000018_watch;
mod m20261123_000019_credential_expiry;
mod m20261123_000020_job_schedule;
mod m20261123_000020_job_unread;
mod m20261123_000021_listening;
mod m20261123_000023_runner;
mod m20261123_000024_silence;

/// Every migration, oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_credential::Migration),
            Box::new(m20261122_000002_mapping::Migration),
            Box::new(m20261122_000003_mailbox::Migration),
            Box::new(m20261122_000004_job::Migration),
            Box::new(m20261122_000005_intake::Migration),
            Box::new(m20261122_000006_run::Migration),
            Box::new(m20261122_000007_lease::Migration),
            Box::new(m20261122_000008_process_instance::Migration),
            Box::new(m20261122_000009_message::Migration),
            Box::new(m20261122_000010_event::Migration),
            Box::new(m20261122_000011_mapping_policy::Migration),
            Box::new(m20261122_000012_message_kinds::Migration),
            Box::new(m20261122_000013_search::Migration),
            Box::new(m20261122_000014_installation::Migration),
            Box::new(m20261122_000015_reprocess::Migration),
            Box::new(m20261122_000016_shared_key::Migration),
            Box::new(m20261123_000017_credential_kinds::Migration),
            Box::new(m20261123_000018_watch::Migration),
            Box::new(m20261123_000019_credential_expiry::Migration),
            Box::new(m20261123_000020_job_schedule::Migration),
            Box::new(m20261123_000020_job_unread::Migration),
            Box::new(m20261123_000021_listening::Migration),
            Box::new(m20261123_000023_runner::Migration),
            Box::new(m20261123_000024_silence::Migration),
        ]
    }
}
