//! Which process listens to which folder: a row a process with the end of its lease, a row a job with its process.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    Statement, Value,
};

use super::entity::{listener, listening};
use super::read::keyset::any_of;
use super::{Error, from_json, lease::until_sql, now_sql, parse, subscription, to_json};
use crate::domain::fault::Fault;
use crate::domain::id::JobId;
use crate::domain::watch::{Ear, Listening};

#[derive(FromQueryResult)]
struct Row {
    job_id: uuid::Uuid,
    attempts: i32,
}

/// A job that is to be listened for, taken up by a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job_id: JobId,
    /// Failures in a row.
    pub attempts: i32,
}

/// What is listened for while it can be: by jobs that watch, of mailboxes at which a connection can listen.
const WANTED: &str =
    "job.watch = TRUE AND job.enabled = TRUE AND mailbox.paused = FALSE AND mailbox.provider = 'IMAP'";

/// The process listens, for as long as it renews. Its name must never have been another's.
pub async fn begin(db: &impl ConnectionTrait, owner: &str, ttl: Duration) -> Result<(), Error> {
    let backend = db.get_database_backend();
    let sql = format!("INSERT INTO listener (owner, until) VALUES ($1, {})", until_sql(backend, ttl));
    db.execute_raw(Statement::from_sql_and_values(backend, sql, [owner.into()])).await?;
    Ok(())
}

/// Prolongs it, with everything that the process listens to, unless it has lapsed; answers whether it has not.
pub async fn renew(db: &impl ConnectionTrait, owner: &str, ttl: Duration) -> Result<bool, Error> {
    let backend = db.get_database_backend();
    let sql = format!(
        "UPDATE listener SET until = {until} WHERE owner = $1 AND until >= {now}",
        until = until_sql(backend, ttl),
        now = now_sql(backend)
    );
    let done = db.execute_raw(Statement::from_sql_and_values(backend, sql, [owner.into()])).await?;
    Ok(done.rows_affected() == 1)
}

/// The process listens to nothing any more; others may, at once.
pub async fn end(db: &impl ConnectionTrait, owner: &str) -> Result<(), Error> {
    listener::Entity::delete_by_id(owner).exec(db).await?;
    Ok(())
}

/// Forgets processes that have lapsed; with `all` every process: for the one process of an embedded database, when it
/// starts.
pub async fn forget(db: &impl ConnectionTrait, all: bool) -> Result<(), Error> {
    let backend = db.get_database_backend();
    let lapsed = if all { String::new() } else { format!(" WHERE until < {}", now_sql(backend)) };
    db.execute_raw(Statement::from_string(backend, format!("DELETE FROM listener{lapsed}"))).await?;
    Ok(())
}

/// Takes up jobs that nobody listens for, and whose mailbox's last run went well; answers which. Of two processes that ask
/// for the same one gets it.
pub async fn claim(
    db: &impl ConnectionTrait,
    owner: &str,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Claim>, Error> {
    let backend = db.get_database_backend();
    let sql = format!(
        "INSERT INTO listening (job_id, owner, due_at, attempts, job_version, mailbox_version) \
         SELECT job.id, $1, $2, 0, job.version, mailbox.version \
         FROM job JOIN mailbox ON mailbox.id = job.mailbox_id \
         LEFT JOIN listening l ON l.job_id = job.id LEFT JOIN listener o ON o.owner = l.owner AND o.until >= {now_db} \
         WHERE {WANTED} AND mailbox.state = 'OK' AND o.owner IS NULL \
         AND (l.job_id IS NULL OR l.due_at <= $2 OR l.job_version <> job.version OR l.mailbox_version <> mailbox.version) \
         ORDER BY job.id LIMIT {limit} \
         ON CONFLICT (job_id) DO UPDATE SET owner = excluded.owner, means = NULL, since = NULL, due_at = excluded.due_at, \
         job_version = excluded.job_version, mailbox_version = excluded.mailbox_version \
         WHERE NOT EXISTS (SELECT 1 FROM listener o WHERE o.owner = listening.owner AND o.until >= {now_db}) \
         RETURNING job_id, attempts",
        now_db = now_sql(backend),
    );
    let values: [Value; 2] = [owner.into(), now.into()];
    let rows = db.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter()
        .map(|row| {
            let Row { job_id, attempts } = Row::from_query_result(row, "")?;
            Ok(Claim { job_id: job_id.into(), attempts })
        })
        .collect()
}

/// What the process listens to, and is still to listen to as it does: neither paused, switched off, changed nor deleted.
pub async fn wanted(db: &impl ConnectionTrait, owner: &str) -> Result<HashSet<JobId>, Error> {
    #[derive(FromQueryResult)]
    struct Id {
        job_id: uuid::Uuid,
    }
    let backend = db.get_database_backend();
    let sql = format!(
        "SELECT l.job_id AS job_id FROM listening l JOIN job ON job.id = l.job_id JOIN mailbox ON mailbox.id = job.mailbox_id \
         WHERE l.owner = $1 AND {WANTED} AND mailbox.waits_for_person = FALSE \
         AND l.job_version = job.version AND l.mailbox_version = mailbox.version"
    );
    let rows = db.query_all_raw(Statement::from_sql_and_values(backend, sql, [owner.into()])).await?;
    rows.iter().map(|row| Ok(Id::from_query_result(row, "")?.job_id.into())).collect()
}

/// The connection listens.
pub async fn heard(
    db: &impl ConnectionTrait,
    (job, owner): (JobId, &str),
    ear: Ear,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = listening::ActiveModel {
        means: Set(Some(ear.as_str().to_owned())),
        since: Set(Some(now)),
        fault: Set(None),
        ..Default::default()
    };
    set(db, job, owner, row).await
}

/// The connection failed: it is made again at that time, by whoever is first.
pub async fn failed(
    db: &impl ConnectionTrait,
    (job, owner): (JobId, &str),
    fault: Option<&Fault>,
    attempts: i32,
    again_at: DateTime<Utc>,
) -> Result<(), Error> {
    let row = listening::ActiveModel {
        owner: Set(None),
        means: Set(None),
        since: Set(None),
        due_at: Set(again_at),
        attempts: Set(attempts),
        fault: Set(fault.map(to_json).transpose()?),
        ..Default::default()
    };
    set(db, job, owner, row).await
}

/// Nobody listens for these jobs any more, until one of them is taken up again.
pub async fn let_go(db: &impl ConnectionTrait, owner: &str, jobs: &[JobId]) -> Result<(), Error> {
    let row = listening::ActiveModel {
        owner: Set(None),
        means: Set(None),
        since: Set(None),
        attempts: Set(0),
        ..Default::default()
    };
    listening::Entity::update_many()
        .set(row)
        .filter(any_of(db, listening::Column::JobId, jobs))
        .filter(listening::Column::Owner.eq(owner))
        .exec(db)
        .await?;
    Ok(())
}

async fn set(
    db: &impl ConnectionTrait,
    job: JobId,
    owner: &str,
    row: listening::ActiveModel,
) -> Result<(), Error> {
    listening::Entity::update_many()
        .set(row)
        .filter(listening::Column::JobId.eq(job.0))
        .filter(listening::Column::Owner.eq(owner))
        .exec(db)
        .await?;
    Ok(())
}

/// What is known of the connections that listen for the jobs. One of a process that has lapsed is none.
pub async fn of_jobs(db: &impl ConnectionTrait, jobs: &[JobId]) -> Result<HashMap<JobId, Listening>, Error> {
    let backend = db.get_database_backend();
    let live = Query::select()
        .column(listener::Column::Owner)
        .from(listener::Entity)
        .and_where(Expr::col(listener::Column::Until).gte(Expr::cust(now_sql(backend))))
        .to_owned();
    let is_live = Expr::col((listening::Entity, listening::Column::Owner)).in_subquery(live);
    #[derive(FromQueryResult)]
    struct Known {
        job_id: uuid::Uuid,
        means: Option<String>,
        due_at: DateTime<Utc>,
        fault: Option<serde_json::Value>,
        is_live: Option<bool>,
    }
    let rows: Vec<Known> = listening::Entity::find()
        .select_only()
        .columns([
            listening::Column::JobId,
            listening::Column::Means,
            listening::Column::DueAt,
            listening::Column::Fault,
        ])
        .column_as(is_live, "is_live")
        .filter(any_of(db, listening::Column::JobId, jobs))
        .into_model()
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let means = row.means.filter(|_| row.is_live == Some(true));
            let known = Listening {
                ear: means.map(|means| parse("listening", &means)).transpose()?,
                due_at: row.due_at,
                fault: row.fault.map(|fault| from_json("listening", fault)).transpose()?,
            };
            Ok((row.job_id.into(), known))
        })
        .collect()
}

/// Whether somebody tells the job of new mail now: its provider, or a connection that listens.
pub async fn told(db: &impl ConnectionTrait, job: JobId, now: DateTime<Utc>) -> Result<bool, Error> {
    if subscription::live(db, &[job], now).await?.get(&job) == Some(&true) {
        return Ok(true);
    }
    Ok(of_jobs(db, &[job]).await?.get(&job).is_some_and(|one| one.ear.is_some()))
}
