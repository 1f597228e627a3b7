//! Messages mapped again, e.g. after the mapping was mended: accepted here, done by runs of their own.

use std::collections::{BTreeMap, HashMap};

use crate::db;
use crate::db::reprocess::{Order, Selection};
use crate::domain::filter::MessageFilter;
use crate::domain::id::{JobId, MailboxId, MessageId, ReprocessId};
use crate::domain::message::{Message, MessageState};
use crate::domain::run::{Run, RunTrigger};
use crate::service::error::Problems;
use crate::service::permit::MailHandle;
use crate::service::{Context, Error, Path, Permit, UserErrorCode};

/// Which messages.
#[derive(Debug, Clone)]
pub enum Reprocess {
    /// These.
    Ids(Vec<MessageId>),
    /// All that match and are stored by now.
    Filter(Box<MessageFilter>),
}

/// What was taken on.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// How many messages.
    pub count: i64,
    /// The runs that see to them: one for each job concerned.
    pub runs: Vec<Run>,
}

/// Takes on mapping messages again. Each of `ids` must be possible: exist, have its raw bytes or be one that was never
/// fetched, and have come to a mailbox that has a mapping and a job. Of a filter, messages of other mailboxes are left
/// out and not counted. Messages of a job that was deleted are seen to by another job of their mailbox.
pub async fn reprocess(
    cx: &Context,
    permit: &Permit<MailHandle>,
    wanted: Reprocess,
) -> Result<Accepted, Error> {
    let until = MessageId::new();
    let orders = match wanted {
        Reprocess::Ids(ids) => of_ids(cx, ids).await?,
        Reprocess::Filter(filter) => of_filter(cx, *filter).await?,
    };
    let mut accepted = Accepted { count: 0, runs: Vec::new() };
    for Part { job_id, mailbox_id, selection, count } in orders {
        let Some(run) = place(cx, permit, (job_id, mailbox_id), selection, count, until).await? else {
            continue;
        };
        cx.runs.progress(&run);
        accepted.count += count;
        accepted.runs.push(run);
    }
    cx.wake.ring();
    Ok(accepted)
}

/// What one job sees to.
struct Part {
    job_id: JobId,
    mailbox_id: MailboxId,
    selection: Selection,
    count: i64,
}

/// Gives the order to the job's run, a new one where none is going. None where the job is gone since.
async fn place(
    cx: &Context,
    permit: &Permit<MailHandle>,
    (job_id, mailbox_id): (JobId, MailboxId),
    selection: Selection,
    count: i64,
    until: MessageId,
) -> Result<Option<Run>, Error> {
    let tx = cx.db.begin().await?;
    let run = loop {
        let run = match db::run::open(&tx, job_id, mailbox_id, RunTrigger::Reprocess, cx.clock.now()).await {
            Err(db::Error::Referred(_)) => return Ok(None),
            run => run?,
        };
        // It may have ended since it was read; then it is not held, and a new one is opened.
        if db::reprocess::hold_run(&tx, run.id).await? {
            break run;
        }
    };
    let actor = permit.caller().subject.clone();
    let order = Order { id: ReprocessId::new(), run_id: run.id, selection, until, after: None, actor };
    db::reprocess::add(&tx, &order).await?;
    db::reprocess::expect(&tx, run.id, i32::try_from(count).unwrap_or(i32::MAX)).await?;
    let run = db::run::get(&tx, run.id).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(run)
}

async fn of_ids(cx: &Context, ids: Vec<MessageId>) -> Result<Vec<Part>, Error> {
    let found = db::read::message::by_ids(cx.db.read(), &ids).await?;
    let desks = desks(cx, found.values().map(|message| message.mailbox_id)).await?;
    let mut problems = Problems::new();
    let mut parts: BTreeMap<(MailboxId, JobId), Vec<MessageId>> = BTreeMap::new();
    for (index, id) in ids.iter().enumerate() {
        let path = Path::of("ids").index(index);
        let Some(message) = found.get(id) else {
            problems.add(UserErrorCode::NotFound, &path, "There is no such message.");
            continue;
        };
        match job_of(message, &desks) {
            Ok(job) => parts.entry((message.mailbox_id, job)).or_default().push(*id),
            Err(message) => problems.add(UserErrorCode::Invalid, &path, message),
        }
    }
    problems.finish()?;
    let part = |((mailbox_id, job_id), mut ids): ((MailboxId, JobId), Vec<MessageId>)| {
        ids.sort();
        ids.dedup();
        let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        Part { job_id, mailbox_id, selection: Selection::Ids(ids), count }
    };
    Ok(parts.into_iter().map(part).collect())
}

async fn of_filter(cx: &Context, filter: MessageFilter) -> Result<Vec<Part>, Error> {
    let matching = db::reprocess::count(cx.db.read(), &filter).await?;
    let desks = desks(cx, matching.iter().map(|matching| matching.mailbox_id)).await?;
    let mut parts: BTreeMap<(MailboxId, JobId), (Vec<JobId>, i64)> = BTreeMap::new();
    for matching in matching {
        let Some(taken_in_by) = matching.job_id else { continue };
        let Some(desk) = desks.get(&matching.mailbox_id) else { continue };
        let Some(job) = desk.job_for(Some(taken_in_by)) else { continue };
        let part = parts.entry((matching.mailbox_id, job)).or_default();
        part.0.push(taken_in_by);
        part.1 += matching.count;
    }
    let part = |((mailbox_id, job_id), (jobs, count)): ((MailboxId, JobId), (Vec<JobId>, i64))| {
        let filter = Box::new(filter.clone());
        Part { job_id, mailbox_id, selection: Selection::Matching { filter, mailbox_id, jobs }, count }
    };
    Ok(parts.into_iter().map(part).collect())
}

/// What a mailbox has to see to its messages.
struct Desk {
    jobs: Vec<JobId>,
}

impl Desk {
    /// The job that took the message in, else the mailbox's first.
    fn job_for(&self, taken_in_by: Option<JobId>) -> Option<JobId> {
        let own = taken_in_by.filter(|job| self.jobs.contains(job));
        own.or_else(|| self.jobs.first().copied())
    }
}

/// Of those of the mailboxes that have a mapping.
async fn desks(
    cx: &Context,
    mailboxes: impl Iterator<Item = MailboxId>,
) -> Result<HashMap<MailboxId, Desk>, Error> {
    let mut desks = HashMap::new();
    let mut ids: Vec<MailboxId> = mailboxes.collect();
    ids.sort();
    ids.dedup();
    for (id, mailbox) in db::mailbox::by_ids(cx.db.read(), &ids).await? {
        if mailbox.mapping_id.is_none() {
            continue;
        }
        let mut jobs: Vec<JobId> =
            db::job::of_mailbox(cx.db.read(), id).await?.into_iter().map(|job| job.id).collect();
        jobs.sort();
        desks.insert(id, Desk { jobs });
    }
    Ok(desks)
}

fn job_of(message: &Message, desks: &HashMap<MailboxId, Desk>) -> Result<JobId, &'static str> {
    if !message.has_raw && message.state != MessageState::Failed {
        return Err("Its raw bytes are not kept, so it can't be mapped again.");
    }
    let Some(desk) = desks.get(&message.mailbox_id) else {
        return Err("Its mailbox was deleted or has no mapping: give the mailbox a mapping first.");
    };
    let job = if message.has_raw {
        desk.job_for(message.job_id)
    } else {
        message.job_id.filter(|job| desk.jobs.contains(job))
    };
    job.ok_or(if message.has_raw {
        "Its mailbox has no job, and mapping again is a job's work: make one first, which may be disabled."
    } else {
        "It was never fetched, and the job that would fetch it was deleted."
    })
}
