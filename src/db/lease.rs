//! Who reads a mailbox: one at a time, until the lease lapses, told apart by a fencing number.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

use super::{Error, now_sql};
use crate::domain::id::MailboxId;

/// The right to read a mailbox. The holder counts down its own monotonic clock, from before it asked.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The mailbox.
    pub mailbox_id: MailboxId,
    /// Who holds it.
    pub owner: String,
    /// Grows with every claim: what an earlier holder still sends is refused by it.
    pub fence: i64,
    /// When it lapses, on the holder's own clock.
    pub expires: Instant,
}

impl Lease {
    /// How long it still holds.
    pub fn left(&self) -> Duration {
        self.expires.saturating_duration_since(Instant::now())
    }
}

/// Takes the lease if it is free or has lapsed.
pub async fn claim(
    db: &impl ConnectionTrait,
    mailbox_id: MailboxId,
    owner: &str,
    ttl: Duration,
) -> Result<Option<Lease>, Error> {
    let asked = Instant::now();
    let backend = db.get_database_backend();
    let sql = format!(
        "INSERT INTO lease (mailbox_id, owner, fence, expires_at) VALUES ($1, $2, 1, {until}) \
         ON CONFLICT (mailbox_id) DO UPDATE \
         SET owner = excluded.owner, fence = lease.fence + 1, expires_at = excluded.expires_at \
         WHERE lease.owner IS NULL OR lease.expires_at < {now} RETURNING fence",
        until = until_sql(backend, ttl),
        now = now_sql(backend),
    );
    let claim = Statement::from_sql_and_values(backend, sql, [mailbox_id.0.into(), owner.into()]);
    let Some(row) = db.query_one_raw(claim).await? else { return Ok(None) };
    let fence = row.try_get("", "fence")?;
    Ok(Some(Lease { mailbox_id, owner: owner.to_owned(), fence, expires: asked + ttl }))
}

/// Prolongs the lease, unless it has passed to another; answers when it lapses now.
pub async fn renew(db: &impl ConnectionTrait, lease: &Lease, ttl: Duration) -> Result<Instant, Error> {
    let asked = Instant::now();
    let backend = db.get_database_backend();
    let sql = format!(
        "UPDATE lease SET expires_at = {until} WHERE mailbox_id = $1 AND fence = $2 AND owner = $3",
        until = until_sql(backend, ttl)
    );
    let values = [lease.mailbox_id.0.into(), lease.fence.into(), lease.owner.as_str().into()];
    let done = db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    if done.rows_affected() == 1 { Ok(asked + ttl) } else { Err(Error::LeaseLost) }
}

/// The first statement of every transaction that has effects: locks the lease row and checks that it is still ours.
pub async fn check(tx: &impl ConnectionTrait, lease: &Lease) -> Result<(), Error> {
    let backend = tx.get_database_backend();
    let lock = if backend == DatabaseBackend::Postgres { " FOR UPDATE" } else { "" };
    let sql = format!(
        "SELECT fence FROM lease WHERE mailbox_id = $1 AND fence = $2 AND owner = $3 AND expires_at > {now}{lock}",
        now = now_sql(backend)
    );
    let values = [lease.mailbox_id.0.into(), lease.fence.into(), lease.owner.as_str().into()];
    match tx.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await? {
        Some(_) => Ok(()),
        None => Err(Error::LeaseLost),
    }
}

/// Holds the lease rows of mailboxes until the transaction ends, whoever has the leases: what a worker commits there
/// comes before or after. For changes by hand of what a worker changes too; the first statement of their transaction.
pub async fn hold(tx: &impl ConnectionTrait, mailboxes: &[MailboxId]) -> Result<(), Error> {
    let backend = tx.get_database_backend();
    if backend != DatabaseBackend::Postgres || mailboxes.is_empty() {
        return Ok(());
    }
    let marks: Vec<String> = (1..=mailboxes.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT mailbox_id FROM lease WHERE mailbox_id IN ({}) ORDER BY mailbox_id FOR UPDATE",
        marks.join(", ")
    );
    let values = mailboxes.iter().map(|id| id.0.into());
    tx.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// Gives the lease back, so that the next one need not wait until it lapses.
pub async fn release(db: &impl ConnectionTrait, lease: &Lease) -> Result<(), Error> {
    let sql = "UPDATE lease SET owner = NULL WHERE mailbox_id = $1 AND fence = $2 AND owner = $3";
    let values = [lease.mailbox_id.0.into(), lease.fence.into(), lease.owner.as_str().into()];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Takes the lease from whoever holds it, because what is read was changed: nothing that was begun before can be
/// committed after. Waits for a batch that is being committed.
pub async fn revoke(tx: &impl ConnectionTrait, mailbox_id: MailboxId) -> Result<(), Error> {
    let sql = "UPDATE lease SET owner = NULL, fence = fence + 1 WHERE mailbox_id = $1";
    let revoke = Statement::from_sql_and_values(tx.get_database_backend(), sql, [mailbox_id.0.into()]);
    tx.execute_raw(revoke).await?;
    Ok(())
}

/// Frees every mailbox: for the one process of an embedded database, when it starts.
pub async fn release_all(db: &impl ConnectionTrait) -> Result<(), Error> {
    let sql = "UPDATE lease SET owner = NULL WHERE owner IS NOT NULL";
    db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    Ok(())
}

fn until_sql(backend: DatabaseBackend, ttl: Duration) -> String {
    let seconds = ttl.as_secs_f64();
    match backend {
        DatabaseBackend::Sqlite => {
            format!("strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '+{seconds:.3} seconds')")
        }
        _ => format!("clock_timestamp() + make_interval(secs => {seconds:.3})"),
    }
}
