//! Who reads a mailbox: one at a time, until the lease lapses, told apart by a fencing number.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use chrono::DateTime;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, QueryFilter, Statement, Value};

use super::entity::lease;
use super::{Error, now_sql};
use crate::domain::id::MailboxId;

/// Leases in one statement: two parameters each.
const MANY: usize = 1000;

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

/// Prolongs leases of one owner, all in one statement; answers which were, and until when. The others are another's by
/// now, or locked: it waits for no transaction, so that one that hangs costs no other lease.
pub async fn renew(
    db: &impl ConnectionTrait,
    owner: &str,
    leases: &[(MailboxId, i64)],
    ttl: Duration,
) -> Result<(HashSet<MailboxId>, Instant), Error> {
    let asked = Instant::now();
    let backend = db.get_database_backend();
    let lock = if backend == DatabaseBackend::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" };
    let mut renewed = HashSet::new();
    for some in leases.chunks(MANY) {
        let sql = format!(
            "WITH mine AS (SELECT mailbox_id FROM lease WHERE owner = $1 AND (mailbox_id, fence) IN (VALUES {pairs}){lock}) \
             UPDATE lease SET expires_at = {until} WHERE mailbox_id IN (SELECT mailbox_id FROM mine) \
             RETURNING mailbox_id",
            pairs = pairs(2, some.len()),
            until = until_sql(backend, ttl),
        );
        let mut values: Vec<Value> = vec![owner.into()];
        values.extend(some.iter().flat_map(|(id, fence)| [id.0.into(), (*fence).into()]));
        for row in db.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await? {
            renewed.insert(MailboxId(row.try_get("", "mailbox_id")?));
        }
    }
    Ok((renewed, asked + ttl))
}

/// Prolongs one lease, when whoever has its row locked is done; None when it is another's by then.
pub async fn renew_waiting(
    db: &impl ConnectionTrait,
    owner: &str,
    (mailbox_id, fence): (MailboxId, i64),
    ttl: Duration,
) -> Result<Option<Instant>, Error> {
    let backend = db.get_database_backend();
    let until = until_sql(backend, ttl);
    let sql =
        format!("UPDATE lease SET expires_at = {until} WHERE mailbox_id = $1 AND fence = $2 AND owner = $3");
    let values = [mailbox_id.0.into(), fence.into(), owner.into()];
    // The database's clock is read when the row is written: until then counts from here, which is earlier.
    let asked = Instant::now();
    let done = db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok((done.rows_affected() == 1).then(|| asked + ttl))
}

/// What an owner holds: the fencing number by mailbox.
pub async fn of_owner(db: &impl ConnectionTrait, owner: &str) -> Result<HashMap<MailboxId, i64>, Error> {
    let rows = lease::Entity::find().filter(lease::Column::Owner.eq(owner)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.mailbox_id.into(), row.fence)).collect())
}

/// How long until the first lease of another owner lapses, unless it is renewed before; None where there is none.
pub async fn next_lapse(db: &impl ConnectionTrait, owner: &str) -> Result<Option<Duration>, Error> {
    let backend = db.get_database_backend();
    if backend == DatabaseBackend::Sqlite {
        // One process, and so no other owner.
        return Ok(None);
    }
    let sql = "SELECT EXTRACT(EPOCH FROM MIN(expires_at) - clock_timestamp())::float8 AS seconds FROM lease \
               WHERE owner IS NOT NULL AND owner <> $1 AND expires_at > clock_timestamp()";
    let row = db.query_one_raw(Statement::from_sql_and_values(backend, sql, [owner.into()])).await?;
    let seconds: Option<f64> = row.map(|row| row.try_get("", "seconds")).transpose()?.flatten();
    Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}

/// Makes the row of a new mailbox: free.
pub(super) async fn make(db: &impl ConnectionTrait, mailbox_id: MailboxId) -> Result<(), Error> {
    let row = lease::ActiveModel {
        mailbox_id: Set(mailbox_id.0),
        owner: Set(None),
        fence: Set(0),
        expires_at: Set(DateTime::UNIX_EPOCH),
    };
    lease::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Parameters in pairs, from `$first`, as rows: `($2, $3), ($4, $5)`.
pub(super) fn pairs(first: usize, count: usize) -> String {
    let pair = |index: usize| format!("(${}, ${})", first + index * 2, first + index * 2 + 1);
    (0..count).map(pair).collect::<Vec<_>>().join(", ")
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

pub(super) fn until_sql(backend: DatabaseBackend, ttl: Duration) -> String {
    let seconds = ttl.as_secs_f64();
    match backend {
        DatabaseBackend::Sqlite => {
            format!("strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '+{seconds:.3} seconds')")
        }
        _ => format!("clock_timestamp() + make_interval(secs => {seconds:.3})"),
    }
}
