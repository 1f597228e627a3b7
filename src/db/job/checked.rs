//! Checks that found nothing: written for many jobs in one transaction, each under its fence.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, Value};

use crate::db::lease::{Lease, pairs};
use crate::db::{Database, Error, now_sql};
use crate::domain::id::{JobId, MailboxId};

/// How a check ended that found nothing.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Under which it looked.
    pub lease: Lease,
    /// What looked.
    pub job_id: JobId,
    /// When a watch had told the last time, as the check saw it: told since, it looks again at once.
    pub noted_at: Option<DateTime<Utc>>,
    /// When it looked.
    pub checked_at: DateTime<Utc>,
    /// When it looks next by itself.
    pub next_run_at: Option<DateTime<Utc>>,
}

/// Writes the checks and gives their leases back; answers the mailboxes whose lease still held. Of the others, nothing
/// is written.
pub async fn set_quiet(db: &Database, owner: &str, checks: &[Checked]) -> Result<HashSet<MailboxId>, Error> {
    let tx = db.begin().await?;
    let freed = free(&tx, owner, checks).await?;
    let held: Vec<&Checked> = checks.iter().filter(|one| freed.contains(&one.lease.mailbox_id)).collect();
    if !held.is_empty() {
        write(&tx, &held).await?;
    }
    tx.commit().await?;
    Ok(freed)
}

async fn free(
    tx: &impl ConnectionTrait,
    owner: &str,
    checks: &[Checked],
) -> Result<HashSet<MailboxId>, Error> {
    let backend = tx.get_database_backend();
    let sql = format!(
        "WITH seen (mailbox_id, fence) AS (VALUES {rows}) UPDATE lease SET owner = NULL FROM seen \
         WHERE lease.mailbox_id = seen.mailbox_id AND lease.fence = seen.fence AND lease.owner = $1 \
         AND lease.expires_at > {clock} RETURNING lease.mailbox_id",
        rows = pairs(2, checks.len()),
        clock = now_sql(backend),
    );
    let mut values: Vec<Value> = vec![owner.into()];
    values.extend(
        checks.iter().flat_map(|one| [Value::from(one.lease.mailbox_id.0), Value::from(one.lease.fence)]),
    );
    let freed = tx.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    freed.into_iter().map(|row| Ok(MailboxId(row.try_get("", "mailbox_id")?))).collect()
}

async fn write(tx: &impl ConnectionTrait, checks: &[&Checked]) -> Result<(), Error> {
    let backend = tx.get_database_backend();
    super::lock_in_order(tx, checks.iter().map(|one| one.job_id)).await?;
    let rows: Vec<String> = (0..checks.len())
        .map(|index| {
            let first = index * 4 + 1;
            format!("(${}, ${}, ${}, ${})", first, first + 1, first + 2, first + 3)
        })
        .collect();
    let same = match backend {
        DatabaseBackend::Sqlite => "job.noted_at IS seen.noted_at",
        _ => "job.noted_at IS NOT DISTINCT FROM seen.noted_at",
    };
    let sql = format!(
        "WITH seen (id, noted_at, checked_at, next_run_at) AS (VALUES {rows}) \
         UPDATE job SET last_checked_at = seen.checked_at, \
           next_run_at = CASE WHEN {same} THEN seen.next_run_at ELSE job.next_run_at END \
         FROM seen WHERE job.id = seen.id",
        rows = rows.join(", "),
    );
    let values: Vec<Value> = checks
        .iter()
        .flat_map(|one| {
            [one.job_id.0.into(), one.noted_at.into(), one.checked_at.into(), one.next_run_at.into()]
        })
        .collect();
    tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}
