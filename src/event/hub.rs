//! Fans the progress of runs out to subscribers within the process.
//!
//! Publishing never waits: each subscriber has a slot in which a later state of a run replaces an earlier one that
//! was not read yet, so that a slow subscriber misses steps but never the last.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::id::{JobId, RunId};
use crate::domain::run::Run;

/// Runs that one slot holds unread; of a job whose subscriber sleeps, the oldest are forgotten.
const SLOT_RUNS: usize = 32;

/// What a subscriber follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// One run.
    Run(RunId),
    /// All runs of a job.
    Job(JobId),
}

/// Where runners tell their progress and subscribers hear of it. Clones share one hub.
#[derive(Debug, Clone, Default)]
pub struct RunHub {
    topics: Arc<Mutex<HashMap<Topic, Vec<Arc<Slot>>>>>,
}

#[derive(Debug, Default)]
struct Slot {
    unread: Mutex<VecDeque<Run>>,
    filled: Notify,
}

/// A subscriber's end of the hub; unsubscribes when dropped.
#[derive(Debug)]
pub struct RunUpdates {
    hub: RunHub,
    topic: Topic,
    slot: Arc<Slot>,
}

impl RunHub {
    /// Tells how a run stands now: as often as the runner likes, and always when it starts and ends.
    pub fn progress(&self, run: &Run) {
        let topics = lock(&self.topics);
        for topic in [Topic::Run(run.id), Topic::Job(run.job_id)] {
            for slot in topics.get(&topic).into_iter().flatten() {
                slot.fill(run);
            }
        }
    }

    /// Hears from now on of the topic. Subscribe first and read the row then, and nothing is missed.
    pub fn subscribe(&self, topic: Topic) -> RunUpdates {
        let slot = Arc::new(Slot::default());
        lock(&self.topics).entry(topic).or_default().push(Arc::clone(&slot));
        RunUpdates { hub: self.clone(), topic, slot }
    }

    /// How many subscribers there are.
    pub fn subscribers(&self) -> usize {
        lock(&self.topics).values().map(Vec::len).sum()
    }
}

impl Slot {
    fn fill(&self, run: &Run) {
        let mut unread = lock(&self.unread);
        if let Some(earlier) = unread.iter_mut().find(|earlier| earlier.id == run.id) {
            earlier.clone_from(run);
        } else {
            if unread.len() == SLOT_RUNS {
                unread.pop_front();
            }
            unread.push_back(run.clone());
        }
        drop(unread);
        self.filled.notify_one();
    }
}

impl RunUpdates {
    /// The latest state of the run that has waited longest; waits for one. May be dropped and called again.
    pub async fn next(&mut self) -> Run {
        loop {
            if let Some(run) = lock(&self.slot.unread).pop_front() {
                return run;
            }
            self.slot.filled.notified().await;
        }
    }
}

impl Drop for RunUpdates {
    fn drop(&mut self) {
        let mut topics = lock(&self.hub.topics);
        if let Some(slots) = topics.get_mut(&self.topic) {
            slots.retain(|slot| !Arc::ptr_eq(slot, &self.slot));
            if slots.is_empty() {
                topics.remove(&self.topic);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::{Clock, SystemClock};
    use crate::domain::id::MailboxId;
    use crate::domain::run::{RunProgress, RunState, RunTrigger};

    fn run(job_id: JobId) -> Run {
        Run {
            id: RunId::new(),
            job_id,
            mailbox_id: MailboxId::new(),
            trigger: RunTrigger::Manual,
            state: RunState::Running,
            queued_at: SystemClock.now(),
            started_at: None,
            finished_at: None,
            progress: RunProgress::default(),
            fault: None,
            worker: None,
            cancel_requested: false,
        }
    }

    #[tokio::test]
    async fn a_slow_subscriber_misses_steps_but_never_the_last() {
        let hub = RunHub::default();
        let mut run = run(JobId::new());
        let mut updates = hub.subscribe(Topic::Run(run.id));
        for found in 0..10_000 {
            run.progress.found = found;
            hub.progress(&run);
        }
        run.state = RunState::Succeeded;
        hub.progress(&run);
        assert_eq!(updates.next().await, run);
        assert!(lock(&updates.slot.unread).is_empty());
    }

    #[tokio::test]
    async fn a_job_s_subscriber_hears_the_end_of_one_run_before_the_start_of_the_next() {
        let hub = RunHub::default();
        let job = JobId::new();
        let mut updates = hub.subscribe(Topic::Job(job));
        let (mut first, second) = (run(job), run(job));
        hub.progress(&first);
        first.state = RunState::Failed;
        hub.progress(&first);
        hub.progress(&second);
        assert_eq!(updates.next().await, first);
        assert_eq!(updates.next().await, second);
    }

    #[tokio::test]
    async fn nobody_hears_of_a_stranger_s_run() {
        let hub = RunHub::default();
        let (mine, other) = (run(JobId::new()), run(JobId::new()));
        let mut updates = hub.subscribe(Topic::Run(mine.id));
        hub.progress(&other);
        hub.progress(&mine);
        assert_eq!(updates.next().await, mine);
    }

    #[test]
    fn who_leaves_leaves_nothing_behind() {
        let hub = RunHub::default();
        let run = run(JobId::new());
        let first = hub.subscribe(Topic::Run(run.id));
        let second = hub.subscribe(Topic::Run(run.id));
        drop(first);
        assert_eq!(hub.subscribers(), 1);
        drop(second);
        assert_eq!(hub.subscribers(), 0);
        assert!(lock(&hub.topics).is_empty());
    }
}
