//! From the ledger to raw bytes: so many at a time as the batch and the memory allow, oldest arrival first.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::backlog::Behind;
use super::{Assignment, Error, Tools, Tracker};
use crate::db;
use crate::db::intake::IntakeRow;
use crate::domain::fault::Verdict;
use crate::provider::{Extent, FetchOutcome, Session, Wanted};

/// How many lines are read from the ledger at once.
const PAGE: u64 = 500;

/// Messages fetched together; they are stored together. Holds its share of the memory until it is dropped.
pub(super) struct Batch {
    /// In the order of arrival.
    pub(super) items: Vec<Arrived>,
    _memory: Arc<OwnedSemaphorePermit>,
}

/// A line of the ledger and what was fetched for it.
pub(super) struct Arrived {
    /// The line.
    pub(super) row: IntakeRow,
    /// How much was asked for.
    pub(super) extent: Extent,
    /// Its bytes, or why there are none.
    pub(super) outcome: FetchOutcome,
}

/// Reads the ledger, a batch at a time; never the same line twice in a run.
pub(super) struct Ledger {
    read: VecDeque<IntakeRow>,
    last: Option<IntakeRow>,
    left: u64,
    behind: Option<Behind>,
}

impl Ledger {
    /// As far as the job's `maxMessagesPerRun` allows.
    pub(super) fn new(assignment: &Assignment) -> Self {
        let left = assignment.job.max_messages_per_run.and_then(|most| u64::try_from(most).ok());
        Self { read: VecDeque::new(), last: None, left: left.unwrap_or(u64::MAX), behind: None }
    }

    /// The lines of the next batch; empty at the end.
    pub(super) async fn next(
        &mut self,
        tools: &Tools,
        assignment: &Assignment,
    ) -> Result<Vec<IntakeRow>, Error> {
        let mut batch: Vec<IntakeRow> = Vec::new();
        let mut bytes = 0;
        while batch.len() < tools.bounds.batch_messages && self.left > 0 {
            if self.read.is_empty() {
                let now = tools.clock.now();
                let db = tools.db.read();
                let rows = db::intake::waiting(db, assignment.job.id, self.last.as_ref(), now, PAGE).await?;
                self.behind = (rows.len() as u64 == PAGE).then(|| tools.backlog.begin());
                self.read = rows.into();
            }
            let Some(next) = self.read.front() else { break };
            let size = wanted_bytes(tools, next);
            if !batch.is_empty() && bytes + size > tools.bounds.batch_bytes {
                break;
            }
            bytes += size;
            self.left -= 1;
            if let Some(row) = self.read.pop_front() {
                self.last = Some(row.clone());
                batch.push(row);
            }
        }
        Ok(batch)
    }
}

/// Fetches the lines and sends them on, as one batch or, when the server is slow, as several.
pub(super) async fn fetch(
    tools: &Tools,
    assignment: &Assignment,
    session: &mut dyn Session,
    tracker: &Tracker,
    rows: Vec<IntakeRow>,
    batches: &mpsc::Sender<Batch>,
) -> Result<(), Error> {
    let kib: u64 = rows.iter().map(|row| wanted_bytes(tools, row).div_ceil(1024)).sum();
    let share = u32::try_from(kib).unwrap_or(u32::MAX).clamp(1, tools.bounds.memory_kib);
    let memory = Arc::clone(&tools.memory).acquire_many_owned(share).await;
    let Ok(memory) = memory.map(Arc::new) else { return Ok(()) };
    let wanted: Vec<Wanted> = rows.iter().map(|row| wanted(tools, row)).collect();
    let mut waiting: HashMap<String, (usize, IntakeRow)> =
        rows.into_iter().enumerate().map(|(at, row)| (row.source_id.clone(), (at, row))).collect();
    let mut arrived: Vec<(usize, Arrived)> = Vec::with_capacity(waiting.len());
    let mut lost = None;
    let mut began = Instant::now();
    let mut stream = session.fetch(&assignment.job.folder, &wanted).await?;
    while let Some(item) = stream.next().await {
        match item {
            Ok(fetched) => {
                let Some((at, row)) = waiting.remove(&fetched.source_id) else { continue };
                if let FetchOutcome::Raw(bytes) = &fetched.outcome {
                    let bytes = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
                    tracker.count(|progress| progress.bytes = progress.bytes.saturating_add(bytes));
                }
                let extent = extent(tools, &row);
                arrived.push((at, Arrived { row, extent, outcome: fetched.outcome }));
            }
            Err(error) => {
                lost = Some(error);
                break;
            }
        }
        if began.elapsed() > tools.bounds.batch_time {
            send(&mut arrived, &memory, batches).await;
            began = Instant::now();
        }
    }
    drop(stream);
    send(&mut arrived, &memory, batches).await;
    let Some(error) = lost else { return Ok(()) };
    // We stopped waiting: no message's fault.
    assignment.hold.go_on()?;
    // The first one without an answer may be what ends the connection: it waits, the others go first next time. A refused
    // credential and a throttle are no message's fault.
    let is_ones = !matches!(error.verdict(), Verdict::Halt(_) | Verdict::Retry { throttled: true, .. });
    if is_ones && let Some((_, suspect)) = waiting.into_values().min_by_key(|(at, _)| *at) {
        super::store::defer(tools, assignment, &suspect).await?;
    }
    Err(error.into())
}

async fn send(
    arrived: &mut Vec<(usize, Arrived)>,
    memory: &Arc<OwnedSemaphorePermit>,
    batches: &mpsc::Sender<Batch>,
) {
    if arrived.is_empty() {
        return;
    }
    arrived.sort_by_key(|(at, _)| *at);
    let items = std::mem::take(arrived).into_iter().map(|(_, item)| item).collect();
    // A closed channel: the next stage has failed, and its error ends the run.
    let _closed = batches.send(Batch { items, _memory: Arc::clone(memory) }).await;
}

fn extent(tools: &Tools, row: &IntakeRow) -> Extent {
    if u64::try_from(row.size).unwrap_or(0) > tools.bounds.max_bytes {
        Extent::HeaderOnly
    } else {
        Extent::Whole
    }
}

fn wanted(tools: &Tools, row: &IntakeRow) -> Wanted {
    Wanted {
        source_id: row.source_id.clone(),
        size: u64::try_from(row.size).unwrap_or(0),
        extent: extent(tools, row),
    }
}

/// What it will take in memory; of a message that is too big, its header.
fn wanted_bytes(tools: &Tools, row: &IntakeRow) -> u64 {
    match extent(tools, row) {
        Extent::Whole => u64::try_from(row.size).unwrap_or(0),
        Extent::HeaderOnly => 64 * 1024,
    }
}
