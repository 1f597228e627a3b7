//! What is still to be done to originals, and what was done.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use super::read::structure_or_none;
use super::{Error, from_json, parse, to_json};
use crate::domain::fault::Fault;
use crate::domain::folder::Place;
use crate::domain::handling::{DispositionState, DispositionStatus, Early, Step};
use crate::domain::id::{JobId, MessageId};

/// An emptied message keeps its Message-ID for as long as something is to be done with the original.
const FORGET: &str = "internet_message_id = CASE WHEN emptied_at IS NULL THEN internet_message_id END";

/// An original whose disposition waits.
#[derive(Debug, Clone)]
pub struct Pending {
    /// The message.
    pub message_id: MessageId,
    /// Where its original was found.
    pub folder: String,
    /// Epoch of its source id.
    pub generation: String,
    /// Its id at the provider.
    pub source_id: String,
    /// Where we put it since, if we did.
    pub moved_to: Option<Place>,
    /// Its Message-ID.
    pub internet_message_id: Option<String>,
    /// Raw bytes.
    pub size: i64,
    /// What is to be done by now.
    pub step: Step,
    /// Attempts so far.
    pub attempts: i32,
}

/// What became of a disposition.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The message.
    pub message_id: MessageId,
    /// How far it has come.
    pub state: DispositionState,
    /// Why nothing was done.
    pub note: Option<String>,
    /// What the provider answered.
    pub fault: Option<Fault>,
    /// Where the original is now, if it moved.
    pub moved_to: Option<Place>,
    /// The original is to be purged at the end of the run.
    pub purge: bool,
    /// The original's version after our change.
    pub version: Option<String>,
    /// It is about what does not wait for the grace period.
    pub is_early: bool,
    /// When it is tried again, of one that still waits.
    pub due_at: Option<DateTime<Utc>>,
}

/// Dispositions of the job that wait and of which something is due, oldest first.
pub async fn pending(
    db: &impl ConnectionTrait,
    job_id: JobId,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Pending>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: uuid::Uuid,
        folder: String,
        generation: String,
        source_id: String,
        moved_to: Option<serde_json::Value>,
        internet_message_id: Option<String>,
        size: i64,
        disposition: serde_json::Value,
        disposition_attempts: i32,
        disposition_due_at: Option<DateTime<Utc>>,
        disposition_early: Option<String>,
    }
    let sql = format!(
        "SELECT m.id, m.folder, m.generation, m.source_id, m.moved_to, m.internet_message_id, m.size, \
                m.disposition, m.disposition_attempts, m.disposition_due_at, m.disposition_early \
         FROM message m JOIN job j ON j.mailbox_id = m.mailbox_id AND j.id = $1 \
         WHERE m.disposition_state = 'PENDING' AND m.job_id = $1 \
         AND (m.disposition_due_at IS NULL OR m.disposition_due_at <= $2 OR m.disposition_early = 'WANTED') ORDER BY m.id LIMIT {limit}"
    );
    let values: [Value; 2] = [job_id.0.into(), now.into()];
    let rows = Row::find_by_statement(Statement::from_sql_and_values(db.get_database_backend(), sql, values))
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let status = DispositionStatus {
                state: DispositionState::Pending,
                wanted: from_json("message", row.disposition)?,
                attempts: row.disposition_attempts,
                due_at: row.disposition_due_at,
                early: row.disposition_early.map(|name| parse("message", &name)).transpose()?,
                done_at: None,
                note: None,
                fault: None,
            };
            let Some(step) = status.due(now) else { return Ok(None) };
            Ok(Some(Pending {
                message_id: row.id.into(),
                folder: row.folder,
                generation: row.generation,
                source_id: row.source_id,
                moved_to: structure_or_none("message", row.moved_to)?,
                internet_message_id: row.internet_message_id,
                size: row.size,
                step,
                attempts: row.disposition_attempts,
            }))
        })
        .filter_map(Result::transpose)
        .collect()
}

/// Writes what became of dispositions that were pending; answers how many were. Led by [`super::lease::check`].
pub async fn record(
    tx: &impl ConnectionTrait,
    outcomes: &[Outcome],
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let (plain, told): (Vec<&Outcome>, Vec<&Outcome>) =
        outcomes.iter().partition(|outcome| is_plain(outcome));
    let mut changed = 0;
    for chunk in plain.chunks(500) {
        let mut values: Vec<Value> = vec![now.into()];
        let marks: Vec<String> = chunk
            .iter()
            .map(|outcome| {
                values.push(outcome.message_id.0.into());
                format!("${}", values.len())
            })
            .collect();
        let sql = format!(
            "UPDATE message SET disposition_state = 'DONE', disposition_done_at = $1, disposition_fault = NULL, \
             disposition_attempts = disposition_attempts + 1, purge = NULL, {FORGET} \
             WHERE disposition_state = 'PENDING' AND id IN ({})",
            marks.join(", ")
        );
        let done =
            tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
        changed += done.rows_affected();
    }
    for outcome in told {
        changed += record_one(tx, outcome, now).await?;
    }
    Ok(changed)
}

/// Done where it was, with nothing to tell.
fn is_plain(outcome: &Outcome) -> bool {
    outcome.state == DispositionState::Done
        && outcome.note.is_none()
        && outcome.moved_to.is_none()
        && outcome.version.is_none()
        && outcome.due_at.is_none()
        && !outcome.purge
        && !outcome.is_early
}

/// What was refused comes with the rest.
async fn record_early(tx: &impl ConnectionTrait, outcome: &Outcome) -> Result<u64, Error> {
    let early = outcome.fault.is_none().then_some(Early::Done.as_str());
    let sql = "UPDATE message SET disposition_early = $1, disposition_fault = $2, provider_version = $3 \
               WHERE disposition_state = 'PENDING' AND disposition_early = 'WANTED' AND id = $4";
    let values: [Value; 4] = [
        early.into(),
        outcome.fault.as_ref().map(to_json).transpose()?.into(),
        outcome.version.clone().into(),
        outcome.message_id.0.into(),
    ];
    let done = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(done.rows_affected())
}

async fn record_one(tx: &impl ConnectionTrait, outcome: &Outcome, now: DateTime<Utc>) -> Result<u64, Error> {
    if outcome.is_early {
        return record_early(tx, outcome).await;
    }
    let done_at = (outcome.state == DispositionState::Done).then_some(now);
    let fault = outcome.fault.as_ref().map(to_json).transpose()?;
    let moved_to = outcome.moved_to.as_ref().map(to_json).transpose()?;
    let purge = outcome.purge.then(|| "WANTED".to_owned());
    let is_over = outcome.state != DispositionState::Pending && !outcome.purge;
    let forget = if is_over { format!(", {FORGET}") } else { String::new() };
    let sql = format!(
        "UPDATE message SET disposition_state = $1, disposition_done_at = $2, disposition_note = $3, \
         disposition_fault = $4, moved_to = COALESCE($5, moved_to), \
         purge = CASE WHEN purge IN ('DONE', 'GONE') THEN purge ELSE $6 END, provider_version = $7, \
         disposition_attempts = disposition_attempts + 1, disposition_due_at = COALESCE($9, disposition_due_at){forget} \
         WHERE (disposition_state = 'PENDING' OR ($1 = 'DONE' AND disposition_state = 'CANCELLED')) AND id = $8"
    );
    let values: [Value; 9] = [
        outcome.state.as_str().into(),
        done_at.into(),
        outcome.note.clone().into(),
        fault.into(),
        moved_to.into(),
        purge.into(),
        outcome.version.clone().into(),
        outcome.message_id.0.into(),
        outcome.due_at.into(),
    ];
    let done = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(done.rows_affected())
}

/// An original that we deleted and that is to be removed for good.
#[derive(Debug, Clone)]
pub struct ToPurge {
    /// The message.
    pub message_id: MessageId,
    /// Where we put it.
    pub place: Place,
    /// Its Message-ID.
    pub internet_message_id: Option<String>,
}

/// Originals of the job that are to be removed for good; not those with which something else is to be done by now.
pub async fn to_purge(db: &impl ConnectionTrait, job_id: JobId, limit: u64) -> Result<Vec<ToPurge>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: uuid::Uuid,
        moved_to: Option<serde_json::Value>,
        internet_message_id: Option<String>,
    }
    let sql = format!(
        "SELECT id, moved_to, internet_message_id FROM message \
         WHERE purge = 'WANTED' AND job_id = $1 AND disposition_state <> 'PENDING' ORDER BY id LIMIT {limit}"
    );
    let rows = Row::find_by_statement(Statement::from_sql_and_values(
        db.get_database_backend(),
        sql,
        [job_id.0.into()],
    ))
    .all(db)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(place) = row.moved_to {
            found.push(ToPurge {
                message_id: row.id.into(),
                place: from_json("message", place)?,
                internet_message_id: row.internet_message_id,
            });
        }
    }
    Ok(found)
}

/// Writes that an original was removed for good; with a note, that it was no longer where we put it: removed by us
/// before a crash, or taken away by someone else.
pub async fn record_purge(
    tx: &impl ConnectionTrait,
    message_id: MessageId,
    note: Option<String>,
) -> Result<(), Error> {
    let sql = format!(
        "UPDATE message SET purge = $1, disposition_note = COALESCE($2, disposition_note), {FORGET} \
         WHERE purge = 'WANTED' AND id = $3"
    );
    let state = if note.is_none() { "DONE" } else { "GONE" };
    let values: [Value; 3] = [state.into(), note.into(), message_id.0.into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}
