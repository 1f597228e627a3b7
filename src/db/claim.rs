//! Which mailboxes have something to do, and taking as many of them as there are places.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, Value};

use super::lease::{Lease, until_sql};
use super::{Database, Error, now_sql};
use crate::domain::id::MailboxId;

/// Takes the leases of up to `limit` free mailboxes that have an unfinished run, or a due job while they are neither
/// paused nor waiting: runs first, then due jobs, fairly among credentials, then what is mapped again (decision 0013).
/// Others that claim at the same time get others.
pub async fn claim(
    db: &Database,
    owner: &str,
    ttl: Duration,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Lease>, Error> {
    let asked = Instant::now();
    let db = db.write();
    let backend = db.get_database_backend();
    let values: [Value; 2] = [now.into(), owner.into()];
    let claim = Statement::from_sql_and_values(backend, claim_sql(backend, ttl, limit), values);
    let rows = db.query_all_raw(claim).await?;
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

/// `$1`: now, by the process; `$2`: the owner.
fn claim_sql(backend: DatabaseBackend, ttl: Duration, limit: u64) -> String {
    let (clock, until) = (now_sql(backend), until_sql(backend, ttl));
    let lock = if backend == DatabaseBackend::Postgres { "FOR UPDATE OF l SKIP LOCKED" } else { "" };
    let free = format!("(l.owner IS NULL OR l.expires_at < {clock})");
    format!(
        "WITH work AS ( \
           SELECT mailbox_id, CASE WHEN \"trigger\" = 'REPROCESS' THEN 2 ELSE 0 END AS class, queued_at AS since \
           FROM run WHERE state IN ('QUEUED', 'RUNNING') \
           UNION ALL \
           SELECT j.mailbox_id, 1, j.next_run_at FROM job j JOIN mailbox m ON m.id = j.mailbox_id \
           WHERE j.next_run_at <= $1 AND j.enabled AND NOT m.paused \
           AND (m.next_attempt_at IS NULL OR m.next_attempt_at <= $1) \
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
         ), taken AS ( \
           SELECT l.mailbox_id FROM lease l JOIN ranked r ON r.mailbox_id = l.mailbox_id WHERE {free} \
           ORDER BY r.class, r.place, r.since LIMIT {limit} {lock} \
         ) \
         UPDATE lease SET owner = $2, fence = fence + 1, expires_at = {until} \
         WHERE mailbox_id IN (SELECT mailbox_id FROM taken) RETURNING mailbox_id, fence"
    )
}
