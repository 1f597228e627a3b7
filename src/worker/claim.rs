//! Mailboxes taken, and what is to be done on them, read for all of them together.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::Parts;
use crate::db;
use crate::db::job::Outlook;
use crate::db::lease::Lease;
use crate::domain::id::{JobId, MailboxId, MappingId};
use crate::domain::job::Job;
use crate::domain::mailbox::{Mailbox, MailboxMode};
use crate::domain::mapping::{CompiledMapping, Mapping, Surroundings};
use crate::domain::run::{Run, RunState, RunTrigger};
use crate::pipeline::Treatment;

/// Mailboxes that are ranked at once: it takes a look at all that is due.
const RANKED: u64 = 2000;
/// What was ranked so lately is not ranked anew for something that is new.
const FRESH: Duration = Duration::from_millis(250);

/// A mailbox taken.
pub(super) struct Claim {
    pub(super) lease: Lease,
    /// What is first; None: it was done, changed or deleted meanwhile.
    pub(super) task: Option<Task>,
}

/// What is to be executed.
pub(super) struct Task {
    pub(super) job: Arc<Job>,
    pub(super) mailbox: Arc<Mailbox>,
    /// What started it.
    pub(super) trigger: RunTrigger,
    /// The run, where someone asked for it or a dead worker left it.
    pub(super) run: Option<Run>,
    pub(super) outlook: Outlook,
    pub(super) work: Work,
    /// Whether something else is to be done on the mailbox by now.
    pub(super) more: bool,
}

/// What it comes to.
pub(super) enum Work {
    /// Take in mail.
    TakeIn(Arc<Treatment>),
    /// Map messages again, for a while.
    Reprocess(Arc<Treatment>),
    /// Only look whether there is unread mail.
    Check,
    /// It can't be done before a person changes its configuration.
    Misconfigured(&'static str),
}

/// Mailboxes that had something to do a moment ago, the first first.
pub(super) struct Queue {
    waiting: VecDeque<MailboxId>,
    ranked: Instant,
    /// Something new may come before them.
    is_stale: bool,
    is_cut: bool,
}

impl Queue {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::new(), ranked: Instant::now(), is_stale: true, is_cut: false }
    }

    /// There may be something that comes first.
    pub(super) const fn has_news(&mut self) {
        self.is_stale = true;
    }

    /// Whether more wait than were claimed.
    pub(super) fn has_more(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether more may wait than were ranked.
    pub(super) const fn was_cut(&self) -> bool {
        self.is_cut
    }

    /// Takes up to `places` mailboxes.
    pub(super) async fn claim(
        &mut self,
        parts: &Parts,
        owner: &str,
        places: usize,
    ) -> Result<Vec<Claim>, db::Error> {
        let (db, ttl, now) = (&parts.tools.db, parts.settings.lease, parts.tools.clock.now());
        if self.waiting.is_empty() || (self.is_stale && self.ranked.elapsed() > FRESH) {
            self.waiting = db::claim::rank(db, now, RANKED).await?.into();
            (self.ranked, self.is_stale) = (Instant::now(), false);
            self.is_cut = self.waiting.len() as u64 == RANKED;
        }
        let mut leases: Vec<Lease> = Vec::new();
        while leases.len() < places && !self.waiting.is_empty() {
            let count = (places - leases.len()).min(self.waiting.len());
            let some: Vec<MailboxId> = self.waiting.drain(..count).collect();
            leases.extend(db::claim::take(db, owner, ttl, now, &some).await?);
        }
        read(parts, leases, &[]).await
    }
}

/// What is to be done on the mailboxes of the leases, as it is now; `served` jobs come after the others.
pub(super) async fn read(
    parts: &Parts,
    leases: Vec<Lease>,
    served: &[JobId],
) -> Result<Vec<Claim>, db::Error> {
    if leases.is_empty() {
        return Ok(Vec::new());
    }
    let (db, now) = (parts.tools.db.read(), parts.tools.clock.now());
    let ids: Vec<MailboxId> = leases.iter().map(|lease| lease.mailbox_id).collect();
    let mut mailboxes = db::mailbox::by_ids(db, &ids).await?;
    let mut jobs = db::job::of_mailboxes(db, &ids).await?;
    let mut runs = HashMap::<MailboxId, Vec<Run>>::new();
    for run in db::run::unfinished_of(db, &ids).await? {
        runs.entry(run.mailbox_id).or_default().push(run);
    }
    let mut chosen: Vec<(Lease, Option<(Mailbox, Choice)>)> = Vec::with_capacity(leases.len());
    for lease in leases {
        let id = lease.mailbox_id;
        let choice = mailboxes.remove(&id).and_then(|mailbox| {
            let (jobs, runs) = (jobs.remove(&id).unwrap_or_default(), runs.remove(&id).unwrap_or_default());
            let choice = choose(&mailbox, jobs, runs, served, now)?;
            Some((mailbox, choice))
        });
        chosen.push((lease, choice));
    }
    let of_chosen = || chosen.iter().filter_map(|(_, choice)| choice.as_ref());
    let job_ids: Vec<JobId> = of_chosen().map(|(_, choice)| choice.job.id).collect();
    let mapping_ids: Vec<MappingId> = of_chosen().filter_map(|(mailbox, _)| mailbox.mapping_id).collect();
    let mut outlooks = db::job::outlooks(db, &job_ids, now).await?;
    let mut mappings = db::mapping::by_ids(db, &mapping_ids).await?;
    let claims = chosen.into_iter().map(|(lease, choice)| {
        let task = choice.map(|(mailbox, Choice { job, run, trigger, more })| {
            let mapping = mailbox.mapping_id.and_then(|id| mappings.remove(&id));
            let work = work(parts, &mailbox, mapping, trigger);
            let mut outlook = outlooks.remove(&job.id).unwrap_or_default();
            outlook.is_for_what_is_left &=
                run.is_none() && trigger == RunTrigger::Schedule && !job.is_its_turn();
            Task { job: Arc::new(job), mailbox: Arc::new(mailbox), trigger, run, outlook, work, more }
        });
        Claim { lease, task }
    });
    Ok(claims.collect())
}

/// What may be done on a mailbox.
struct Choice {
    job: Job,
    run: Option<Run>,
    trigger: RunTrigger,
    more: bool,
}

/// What comes first: a run that was asked for or left behind, then what is due longest, then mapping again; but whose job
/// was served already comes after the others.
fn choose(
    mailbox: &Mailbox,
    jobs: Vec<Job>,
    runs: Vec<Run>,
    served: &[JobId],
    now: DateTime<Utc>,
) -> Option<Choice> {
    let waits = mailbox.paused || mailbox.health.next_attempt_at.is_some_and(|at| at > now);
    let by_id: HashMap<JobId, &Job> = jobs.iter().map(|job| (job.id, job)).collect();
    let mut open: Vec<(u8, DateTime<Utc>, JobId, Option<&Run>)> = runs
        .iter()
        .filter(|run| by_id.contains_key(&run.job_id))
        .map(|run| {
            (if run.trigger == RunTrigger::Reprocess { 2 } else { 0 }, run.queued_at, run.job_id, Some(run))
        })
        .collect();
    let is_asked =
        |id: JobId| runs.iter().any(|run| run.job_id == id && run.trigger != RunTrigger::Reprocess);
    for job in jobs.iter().filter(|job| !waits && job.enabled && !is_asked(job.id)) {
        if let Some(since) = job.next_run_at.filter(|at| *at <= now) {
            open.push((1, since, job.id, None));
        }
    }
    let key = |(class, since, id, _): &(u8, DateTime<Utc>, JobId, Option<&Run>)| {
        (*class == 2, served.contains(id), *class, *since, *id)
    };
    let (_, _, id, run) = open.iter().min_by_key(|one| key(one))?;
    let job = Job::clone(by_id.get(id)?);
    let trigger = match run {
        Some(run) if run.trigger != RunTrigger::Reprocess && run.state == RunState::Running => {
            RunTrigger::Recovery
        }
        Some(run) => run.trigger,
        None => told(&job),
    };
    Some(Choice { trigger, job, run: run.cloned(), more: open.len() > 1 })
}

/// Told of something, and not looked since: the watch started it.
fn told(job: &Job) -> RunTrigger {
    match (job.noted_at, job.last_checked_at) {
        (Some(noted), Some(checked)) if noted >= checked => RunTrigger::Watch,
        (Some(_), None) => RunTrigger::Watch,
        _ => RunTrigger::Schedule,
    }
}

fn work(parts: &Parts, mailbox: &Mailbox, mapping: Option<Mapping>, trigger: RunTrigger) -> Work {
    // Mapping again needs no mail server: neither a pause nor a fault there keeps it from going on.
    let reprocesses = trigger == RunTrigger::Reprocess;
    if mailbox.paused && !reprocesses {
        return Work::Misconfigured("The mailbox is paused.");
    }
    if mailbox.mode == MailboxMode::CheckOnly && !reprocesses {
        return Work::Check;
    }
    let Some(mapping) = mapping else {
        return Work::Misconfigured("The mailbox has no mapping, so nothing says what its mail becomes.");
    };
    let Ok(compiled) = CompiledMapping::new(&mapping) else {
        return Work::Misconfigured("The mailbox's mapping does not work with this version of mailroom.");
    };
    let surroundings = Surroundings::of(mailbox, Arc::clone(&parts.services.installation));
    let treatment = Arc::new(Treatment { mapping, compiled: compiled.within(surroundings) });
    if reprocesses { Work::Reprocess(treatment) } else { Work::TakeIn(treatment) }
}
