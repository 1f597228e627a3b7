//! After the commit: what is done to the originals, confirmed by the server for each, then counted.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::store::Original;
use super::{Assignment, Error, Tools, Tracker, kill};
use crate::db;
use crate::db::disposition::{Outcome, Pending};
use crate::domain::event::{Fact, NewEvent};
use crate::domain::folder::Place;
use crate::domain::handling::{Disposition, DispositionState, OriginalFate};
use crate::domain::id::EventId;
use crate::provider::{self, DisposeOutcome, Disposed, Order, Session};

/// Dispositions that are read at once.
const BATCH: usize = 100;
/// Of an original that can't be found where we put it.
const NOWHERE: &str = "The server did not tell where it put the original, and no message there, or several, bear its \
                       Message-ID: it is left as it is.";
/// Of an original that we put into a folder which is no more.
const NO_FOLDER: &str = "The folder that it was moved to is gone: the original is left as it is.";
/// How long a disposition that was refused waits for the next attempt, in minutes: an administrator's change takes up to
/// two hours to work in Exchange Online. One that is refused after all of them is FAILED.
const WAITS: [i64; 4] = [1, 5, 30, 120];

/// Finishes what a run before this one left pending, before anything is listed.
pub(super) async fn finish_pending(
    tools: &Tools,
    assignment: &Assignment,
    session: &mut dyn Session,
    tracker: &Tracker,
) -> Result<(), Error> {
    loop {
        let now = tools.clock.now();
        let pending = db::disposition::pending(tools.db.read(), assignment.job.id, now, BATCH as u64).await?;
        if pending.is_empty() {
            return Ok(());
        }
        tracker.begin().await?;
        let mut by_folder: BTreeMap<String, Vec<Original>> = BTreeMap::new();
        let count = pending.len();
        let mut lost = Vec::new();
        for pending in pending {
            match locate(assignment, session, pending).await? {
                (Some(folder), original) => by_folder.entry(folder).or_default().push(original),
                (None, original) => lost.push(original),
            }
        }
        let nowhere = lost.iter().map(|original| elsewhere(&original.source_id, NOWHERE)).collect();
        let mut recorded = record(tools, assignment, tracker, &lost, nowhere).await?;
        for (folder, originals) in by_folder {
            recorded += dispose(tools, assignment, session, tracker, &folder, originals).await?;
        }
        // What has to be tried again stays pending: the next run's.
        if recorded < count as u64 {
            return Ok(());
        }
    }
}

/// The original, and its folder: where we found it or, if we moved it before, where we put it. No folder, where the
/// server did not tell then, and it can't be found now.
async fn locate(
    assignment: &Assignment,
    session: &mut dyn Session,
    pending: Pending,
) -> Result<(Option<String>, Original), Error> {
    let original = Original {
        message_id: pending.message_id,
        generation: pending.generation,
        source_id: pending.source_id,
        internet_message_id: pending.internet_message_id,
        size: pending.size,
        step: pending.step,
        repeated: true,
        attempts: pending.attempts,
    };
    let is_here = assignment.mailbox.own_generation(&original.generation).is_some();
    let Some(put) = pending.moved_to.filter(|_| is_here) else { return Ok((Some(pending.folder), original)) };
    let place = match (&put.source_id, original.internet_message_id.as_deref()) {
        (Some(_), _) => Some(put),
        (None, Some(id)) => match session.find(&put.folder, id).await {
            Err(provider::Error::FolderNotFound { .. }) => None,
            found => found?,
        },
        (None, None) => None,
    };
    let Some(Place { folder, generation: Some(generation), source_id: Some(source_id) }) = place else {
        return Ok((None, Original { source_id: original.message_id.to_string(), ..original }));
    };
    let generation = assignment.mailbox.generation(&generation);
    Ok((Some(folder), Original { generation, source_id, ..original }))
}

/// Handles originals of one folder; answers how many are no longer pending.
pub(super) async fn dispose(
    tools: &Tools,
    assignment: &Assignment,
    session: &mut dyn Session,
    tracker: &Tracker,
    folder: &str,
    originals: Vec<Original>,
) -> Result<u64, Error> {
    let mut recorded = 0;
    let mut waiting = VecDeque::from(originals);
    while !waiting.is_empty() {
        let at_once = session.orders_at_once().min(waiting.len());
        let batch: Vec<Original> = waiting.drain(..at_once).collect();
        let orders: Vec<Order> = batch.iter().map(|original| order(assignment, original)).collect();
        kill::point("dispose.before");
        let answers = match assignment.hold.touch(&tools.bounds, session.dispose(folder, &orders)).await? {
            Err(provider::Error::FolderNotFound { .. }) if folder != assignment.job.folder => {
                orders.iter().map(|order| elsewhere(&order.source_id, NO_FOLDER)).collect()
            }
            answers => answers?,
        };
        kill::point("dispose.done_unrecorded");
        let (postponed, answers): (Vec<Disposed>, Vec<Disposed>) =
            answers.into_iter().partition(|one| matches!(one.outcome, DisposeOutcome::Postponed(_)));
        let changed = record(tools, assignment, tracker, &batch, answers).await?;
        kill::point("dispose.recorded");
        recorded += changed;
        let postponed: HashSet<String> = postponed.into_iter().map(|one| one.source_id).collect();
        if !postponed.is_empty() && changed == 0 {
            // What keeps all of these from being done keeps the others, too: the next run comes to them.
            tracing::info!("what is to be done to originals was put off");
            return Ok(recorded);
        }
        for original in batch.into_iter().rev().filter(|one| postponed.contains(&one.source_id)) {
            waiting.push_front(Original { repeated: true, ..original });
        }
    }
    Ok(recorded)
}

async fn record(
    tools: &Tools,
    assignment: &Assignment,
    tracker: &Tracker,
    batch: &[Original],
    answers: Vec<Disposed>,
) -> Result<u64, Error> {
    let by_source: HashMap<&str, &Original> =
        batch.iter().map(|original| (original.source_id.as_str(), original)).collect();
    if answers.is_empty() {
        return Ok(0);
    }
    let now = tools.clock.now();
    let outcomes: Vec<Outcome> = answers
        .into_iter()
        .filter_map(|answer| {
            let original = by_source.get(answer.source_id.as_str())?;
            outcome(assignment, original, answer.outcome, now)
        })
        .collect();
    let events: Vec<NewEvent> = outcomes
        .iter()
        .filter(|outcome| outcome.state == DispositionState::Failed)
        .map(|outcome| NewEvent {
            id: EventId::new(),
            occurred_at: now,
            actor: None,
            mailbox_id: Some(assignment.mailbox.id),
            fact: Fact::DispositionFailed { message_id: outcome.message_id, fault: outcome.fault.clone() },
        })
        .collect();
    let tx = tools.db.begin().await?;
    db::lease::check(&tx, &assignment.hold.lease).await?;
    let changed = db::disposition::record(&tx, &outcomes, now).await?;
    let done = outcomes.iter().filter(|outcome| outcome.state == DispositionState::Done).count();
    let done = i32::try_from(done).unwrap_or(0);
    if let Some((run_id, progress)) = tracker.after(|progress| progress.disposed += done) {
        db::run::progress(&tx, run_id, &progress).await?;
    }
    db::event::append(&tx, events).await?;
    tx.commit().await.map_err(db::Error::from)?;
    tracker.count(|progress| progress.disposed += done);
    if let Some(fault) = outcomes.iter().find_map(|outcome| outcome.fault.as_ref()) {
        tracing::info!(code = %fault.code, "what is to be done to an original was refused");
    }
    Ok(changed)
}

fn elsewhere(source_id: &str, note: &str) -> Disposed {
    Disposed { source_id: source_id.to_owned(), outcome: DisposeOutcome::Elsewhere(note.to_owned()) }
}

fn order(assignment: &Assignment, original: &Original) -> Order {
    // Of another server or login: no generation there, and so left alone.
    let generation = assignment.mailbox.own_generation(&original.generation).unwrap_or_default();
    Order {
        generation: generation.to_owned(),
        source_id: original.source_id.clone(),
        internet_message_id: original.internet_message_id.clone(),
        size: u64::try_from(original.size).unwrap_or(0),
        disposition: original.step.wanted.clone(),
        repeated: original.repeated,
    }
}

/// What is to be written; None where nothing is.
fn outcome(
    assignment: &Assignment,
    original: &Original,
    answer: DisposeOutcome,
    now: DateTime<Utc>,
) -> Option<Outcome> {
    let blank = Outcome {
        message_id: original.message_id,
        state: DispositionState::Done,
        note: None,
        fault: None,
        moved_to: None,
        purge: false,
        version: None,
        is_early: original.step.is_early,
        due_at: None,
    };
    if original.step.is_early {
        return early(answer, blank, now);
    }
    match answer {
        DisposeOutcome::Done { moved_to, version } => {
            let purges =
                assignment.job.handling.as_ref().is_some_and(|handling| handling.purge_at_end_of_run);
            let purge = purges && deletes(&original.step.wanted) && moved_to.is_some();
            Some(Outcome { moved_to, version, purge, ..blank })
        }
        DisposeOutcome::Elsewhere(note) => Some(Outcome { note: Some(note), ..blank }),
        DisposeOutcome::Refused(error) => {
            let wait = next_try(original.attempts).filter(|_| error.may_pass());
            let state = if wait.is_some() { DispositionState::Pending } else { DispositionState::Failed };
            let fault = Some(error.fault(now));
            Some(Outcome { state, fault, due_at: wait.map(|wait| now + wait), ..blank })
        }
        DisposeOutcome::Postponed(_) => None,
    }
}

/// The rest waits, whatever became of what does not.
fn early(answer: DisposeOutcome, blank: Outcome, now: DateTime<Utc>) -> Option<Outcome> {
    let blank = Outcome { state: DispositionState::Pending, ..blank };
    match answer {
        DisposeOutcome::Done { version, .. } => Some(Outcome { version, ..blank }),
        DisposeOutcome::Elsewhere(_) => Some(blank),
        DisposeOutcome::Refused(error) => Some(Outcome { fault: Some(error.fault(now)), ..blank }),
        DisposeOutcome::Postponed(_) => None,
    }
}

/// How long until the try after this one; None where this was the last.
fn next_try(attempts: i32) -> Option<TimeDelta> {
    WAITS.get(usize::try_from(attempts).ok()?).copied().map(TimeDelta::minutes)
}

fn deletes(disposition: &Disposition) -> bool {
    disposition.original == OriginalFate::Delete
}
