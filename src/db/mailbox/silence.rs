//! When mail last came, and whether its absence was told.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::db::Error;
use crate::domain::id::MailboxId;
use crate::domain::silence::{ENOUGH, LEAST, Silence, WEEKS, hours_before};

/// A mailbox that has had no mail for a while, and of which that was not told.
#[derive(Debug, Clone, Copy)]
pub struct Silent {
    /// The mailbox.
    pub id: MailboxId,
    /// Its last mail.
    pub last_mail_at: Option<DateTime<Utc>>,
    /// How long, and what is expected.
    pub silence: Silence,
}

/// Mail arrived: the latest that was seen counts.
pub async fn mail_arrived(tx: &impl ConnectionTrait, id: MailboxId, at: DateTime<Utc>) -> Result<(), Error> {
    let sql =
        "UPDATE mailbox SET last_mail_at = $1 WHERE id = $2 AND (last_mail_at IS NULL OR last_mail_at < $1)";
    let values: [Value; 2] = [at.into(), id.0.into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// The mailboxes that are read by themselves, have had no mail for a while, and of which that was not told.
pub async fn silent(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Silent>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: uuid::Uuid,
        expect_mail_within_hours: Option<i32>,
        last_mail_at: Option<DateTime<Utc>>,
        created_at: DateTime<Utc>,
    }
    let sql = "SELECT id, expect_mail_within_hours, last_mail_at, created_at FROM mailbox m \
               WHERE NOT paused AND mode = 'INGEST' \
               AND (expect_mail_within_hours > 0 OR (expect_mail_within_hours IS NULL AND last_mail_at IS NOT NULL)) \
               AND COALESCE(last_mail_at, created_at) <= $1 \
               AND (silence_told_at IS NULL OR silence_told_at < COALESCE(last_mail_at, created_at)) \
               AND EXISTS (SELECT 1 FROM job j WHERE j.mailbox_id = m.id AND j.enabled) ORDER BY id";
    let backend = db.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [(now - LEAST).into()]);
    let rows = Row::find_by_statement(statement).all(db).await?;
    let silent = rows.into_iter().map(|row| Silent {
        id: row.id.into(),
        last_mail_at: row.last_mail_at,
        silence: Silence {
            expected_hours: row.expect_mail_within_hours,
            since: row.last_mail_at.unwrap_or(row.created_at),
        },
    });
    Ok(silent.collect())
}

/// How much mail came in the same hours of the weeks before, the last week first; weeks from before its first mail are left
/// out.
pub async fn weeks_before(
    db: &impl ConnectionTrait,
    id: MailboxId,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<u32>, Error> {
    let mut values: Vec<Value> = vec![id.0.into()];
    let mut columns = Vec::with_capacity(WEEKS);
    for weeks in 1..=WEEKS {
        let (from, to) = hours_before(since, now, weeks);
        columns.push(format!(
            "(SELECT COUNT(*) FROM (SELECT 1 FROM message WHERE mailbox_id = $1 AND received_at > ${} \
             AND received_at <= ${} LIMIT {ENOUGH}) AS w) AS week{weeks}",
            values.len() + 1,
            values.len() + 2
        ));
        values.extend([from.into(), to.into()]);
    }
    let sql = format!(
        "SELECT {}, (SELECT MIN(received_at) FROM message WHERE mailbox_id = $1) AS first",
        columns.join(", ")
    );
    let row =
        db.query_one_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    let Some(row) = row else { return Ok(Vec::new()) };
    let Some(first) = row.try_get::<Option<DateTime<Utc>>>("", "first")? else { return Ok(Vec::new()) };
    (1..=WEEKS)
        .take_while(|weeks| hours_before(since, now, *weeks).0 >= first)
        .map(|weeks| {
            let count: i64 = row.try_get("", &format!("week{weeks}"))?;
            Ok(u32::try_from(count).unwrap_or(u32::MAX))
        })
        .collect()
}

/// Notes that the silence is told; answers whether another process was not first, and no mail came meanwhile.
pub async fn tell_silence(
    tx: &impl ConnectionTrait,
    silent: &Silent,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let sql = "UPDATE mailbox SET silence_told_at = $1 WHERE id = $2 AND COALESCE(last_mail_at, created_at) = $3 \
               AND (silence_told_at IS NULL OR silence_told_at < $3)";
    let values: [Value; 3] = [now.into(), silent.id.0.into(), silent.silence.since.into()];
    let done = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(done.rows_affected() == 1)
}

/// How many mailboxes are silent, and it was told.
pub async fn count_silent(db: &impl ConnectionTrait) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) AS n FROM mailbox WHERE NOT paused AND silence_told_at >= COALESCE(last_mail_at, created_at)";
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    Ok(row.map(|row| row.try_get("", "n")).transpose()?.unwrap_or_default())
}
