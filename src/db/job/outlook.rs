//! What a check of a job has to do, read for many jobs at once.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::db::intake::JobPosition;
use crate::db::{Error, parse};
use crate::domain::id::JobId;
use crate::domain::job::Job;

/// How far a job has listed, and what earlier runs left to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// How far it has listed.
    pub position: Option<JobPosition>,
    /// Whether lines of the ledger wait to be fetched, and are due.
    pub waits: bool,
    /// Whether dispositions are pending, and due.
    pub disposes: bool,
    /// Whether originals are to be purged.
    pub purges: bool,
    /// Whether it runs at this instant because something that an earlier turn left is due.
    pub is_for_what_is_left: bool,
}

#[derive(FromQueryResult)]
struct Row {
    id: uuid::Uuid,
    generation: Option<String>,
    token: Option<String>,
    listing: Option<String>,
    waits: bool,
    disposes: bool,
    purges: bool,
    is_for_what_is_left: bool,
}

/// The outlook of each job; one that is gone is absent.
pub async fn outlooks(
    db: &impl ConnectionTrait,
    ids: &[JobId],
    now: DateTime<Utc>,
) -> Result<HashMap<JobId, Outlook>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let marks: Vec<String> = (0..ids.len()).map(|index| format!("${}", index + 2)).collect();
    let sql = format!(
        "SELECT j.id, p.generation, p.token, p.listing, \
           EXISTS (SELECT 1 FROM intake i WHERE i.job_id = j.id AND i.state = 'LISTED' \
             AND (i.next_try_at IS NULL OR i.next_try_at <= $1)) AS waits, \
           EXISTS (SELECT 1 FROM message m WHERE m.mailbox_id = j.mailbox_id AND m.job_id = j.id \
             AND m.disposition_state = 'PENDING' \
             AND (m.disposition_due_at IS NULL OR m.disposition_due_at <= $1 OR m.disposition_early = 'WANTED')) AS disposes, \
           EXISTS (SELECT 1 FROM message m WHERE m.mailbox_id = j.mailbox_id AND m.job_id = j.id \
             AND m.purge = 'WANTED') AS purges, \
           (EXISTS (SELECT 1 FROM intake i WHERE i.job_id = j.id AND i.state = 'LISTED' \
              AND i.next_try_at = j.next_run_at) \
            OR EXISTS (SELECT 1 FROM message m WHERE m.mailbox_id = j.mailbox_id AND m.job_id = j.id \
              AND m.disposition_state = 'PENDING' AND m.disposition_due_at = j.next_run_at)) AS is_for_what_is_left \
         FROM job j LEFT JOIN job_position p ON p.job_id = j.id WHERE j.id IN ({})",
        marks.join(", ")
    );
    let mut values: Vec<Value> = vec![now.into()];
    values.extend(ids.iter().map(|id| Value::from(id.0)));
    let rows = Row::find_by_statement(Statement::from_sql_and_values(db.get_database_backend(), sql, values))
        .all(db)
        .await?;
    rows.into_iter().map(|row| Ok((row.id.into(), row.try_into()?))).collect()
}

/// When the first of what the job left is due that waits for its time: a message to be fetched, or an original to be
/// handled.
pub async fn left_until(
    db: &impl ConnectionTrait,
    job: &Job,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    #[derive(FromQueryResult)]
    struct Due {
        due_at: Option<DateTime<Utc>>,
    }
    let sql = "SELECT MIN(due_at) AS due_at FROM ( \
                 SELECT MIN(next_try_at) AS due_at FROM intake \
                   WHERE job_id = $1 AND state = 'LISTED' AND next_try_at > $2 \
                 UNION ALL SELECT MIN(disposition_due_at) FROM message \
                   WHERE mailbox_id = $3 AND job_id = $1 AND disposition_state = 'PENDING' AND disposition_due_at > $2 \
               ) AS waiting";
    let values: [Value; 3] = [job.id.0.into(), now.into(), job.mailbox_id.0.into()];
    let found =
        Due::find_by_statement(Statement::from_sql_and_values(db.get_database_backend(), sql, values));
    Ok(found.one(db).await?.and_then(|row| row.due_at))
}

/// The outlook of one job.
pub async fn outlook(db: &impl ConnectionTrait, id: JobId, now: DateTime<Utc>) -> Result<Outlook, Error> {
    Ok(outlooks(db, &[id], now).await?.remove(&id).unwrap_or_default())
}

impl TryFrom<Row> for Outlook {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let position = match (row.generation, row.token, row.listing) {
            (Some(generation), Some(token), Some(listing)) => {
                Some(JobPosition { generation, token, phase: parse("job_position", &listing)? })
            }
            _ => None,
        };
        Ok(Self {
            position,
            waits: row.waits,
            disposes: row.disposes,
            purges: row.purges,
            is_for_what_is_left: row.is_for_what_is_left,
        })
    }
}
