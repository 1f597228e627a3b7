//! Which mailboxes have something to do, and taking them.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, Value};

use super::lease::{Lease, until_sql};
use super::{Database, Error, now_sql};
use crate::domain::id::MailboxId;

/// Free mailboxes that have an unfinished run, or a due job while they are neither paused nor waiting, up to `limit`: runs
/// first, then due jobs, fairly among credentials, then what is mapped again (decision 0013). Reads all that is due.
pub async fn rank(db: &Database, now: DateTime<Utc>, limit: u64) -> Result<Vec<MailboxId>, Error> {
    let db = db.read();
    let backend = db.get_database_backend();
    let rank = Statement::from_sql_and_values(backend, rank_sql(backend, limit), [now.into()]);
    let rows = db.query_all_raw(rank).await?;
    rows.into_iter().map(|row| Ok(MailboxId(row.try_get("", "mailbox_id")?))).collect()
}

/// Takes the leases of those of the mailboxes that are free and have something to do. Others that take the same ones at
/// the same time get others of them.
pub async fn take(
    db: &Database,
    owner: &str,
    ttl: Duration,
    now: DateTime<Utc>,
    mailboxes: &[MailboxId],
) -> Result<Vec<Lease>, Error> {
    if mailboxes.is_empty() {
        return Ok(Vec::new());
    }
    let asked = Instant::now();
    let db = db.write();
    let backend = db.get_database_backend();
    let mut values: Vec<Value> = vec![now.into(), owner.into()];
    values.extend(mailboxes.iter().map(|id| Value::from(id.0)));
    let take = Statement::from_sql_and_values(backend, take_sql(backend, ttl, mailboxes.len()), values);
    let rows = db.query_all_raw(take).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Lease {
                mailbox_id: MailboxId(row.try_get("", "mailbox_id")?),
                owner: owner.to_owned(),
                fence: row.try_get("", "fence")?,
                expires: asked + ttl,
            })
        })
        .collect()
}

/// A due job `j` of a mailbox `m` that runs; `$1`: now, by the process.
const DUE: &str = "j.next_run_at <= $1 AND j.enabled AND NOT m.paused \
                   AND (m.next_attempt_at IS NULL OR m.next_attempt_at <= $1)";
/// A run `r` that is not finished.
const OPEN: &str = "r.state IN ('QUEUED', 'RUNNING')";

/// A lease `l` that nobody holds.
fn free_sql(backend: DatabaseBackend) -> String {
    format!("(l.owner IS NULL OR l.expires_at < {})", now_sql(backend))
}

fn rank_sql(backend: DatabaseBackend, limit: u64) -> String {
    let (clock, free) = (now_sql(backend), free_sql(backend));
    format!(
        "WITH work AS ( \
           SELECT r.mailbox_id, CASE WHEN r.\"trigger\" = 'REPROCESS' THEN 2 ELSE 0 END AS class, r.queued_at AS since \
           FROM run r WHERE {OPEN} \
           UNION ALL \
           SELECT j.mailbox_id, 1, j.next_run_at FROM job j JOIN mailbox m ON m.id = j.mailbox_id WHERE {DUE} \
         ), held AS ( \
           SELECT m.credential_id, COUNT(*) AS places FROM lease l JOIN mailbox m ON m.id = l.mailbox_id \
           WHERE l.owner IS NOT NULL AND l.expires_at >= {clock} GROUP BY m.credential_id \
         ), first AS ( \
           SELECT w.mailbox_id, MIN(w.class) AS class, MIN(w.since) AS since FROM work w \
           JOIN lease l ON l.mailbox_id = w.mailbox_id WHERE {free} GROUP BY w.mailbox_id \
         ), ranked AS ( \
           SELECT f.mailbox_id, f.class, f.since, COALESCE(h.places, 0) + ROW_NUMBER() OVER \
             (PARTITION BY m.credential_id, f.class ORDER BY f.since, f.mailbox_id) AS place \
           FROM first f JOIN mailbox m ON m.id = f.mailbox_id LEFT JOIN held h ON h.credential_id = m.credential_id \
         ) \
         SELECT mailbox_id FROM ranked ORDER BY class, place, since, mailbox_id LIMIT {limit}"
    )
}

/// `$2`: the owner; from `$3` on: the mailboxes.
fn take_sql(backend: DatabaseBackend, ttl: Duration, count: usize) -> String {
    let (until, free) = (until_sql(backend, ttl), free_sql(backend));
    let lock = if backend == DatabaseBackend::Postgres { " FOR UPDATE OF l SKIP LOCKED" } else { "" };
    let marks: Vec<String> = (0..count).map(|index| format!("${}", index + 3)).collect();
    format!(
        "WITH taken AS ( \
           SELECT l.mailbox_id FROM lease l WHERE l.mailbox_id IN ({marks}) AND {free} AND ( \
             EXISTS (SELECT 1 FROM run r WHERE r.mailbox_id = l.mailbox_id AND {OPEN}) \
             OR EXISTS (SELECT 1 FROM job j JOIN mailbox m ON m.id = j.mailbox_id \
                        WHERE j.mailbox_id = l.mailbox_id AND {DUE})){lock} \
         ) \
         UPDATE lease SET owner = $2, fence = fence + 1, expires_at = {until} \
         WHERE mailbox_id IN (SELECT mailbox_id FROM taken) RETURNING mailbox_id, fence",
        marks = marks.join(", "),
    )
}
