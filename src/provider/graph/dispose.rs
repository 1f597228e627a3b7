//! What happens to the originals of one folder: step by step in small batches, confirmed message by message.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::address::id;
use super::batch::{self, Part};
use super::course::{Course, Step, Target};
use super::{GENERATION, GraphSession};
use crate::domain::fault::{FaultCode, Halted, Verdict};
use crate::domain::folder::FolderRole;
use crate::domain::handling::{Disposition, OriginalFate};
use crate::provider::{Access, DisposeOutcome, Disposed, Error, Order};

/// No longer is waited for an entry of a batch: what remains is repeated by the next run.
const PATIENCE: Duration = Duration::from_secs(4);
/// After this time no further batch begins, so that what was done is written down however slow the service is.
const TURN: Duration = Duration::from_secs(3);
/// What is read where a message is looked for.
pub(super) const LOOK: &str = "id,parentFolderId,isRead,categories,changeKey";

/// Nothing is changed by a session that only looks.
pub(super) fn only_looks() -> Error {
    Error::Forbidden { what: "changes in a session that only looks".to_owned(), provider_code: None }
}

impl GraphSession {
    pub(super) async fn dispose_all(
        &mut self,
        folder: &str,
        orders: &[Order],
    ) -> Result<Vec<Disposed>, Error> {
        if self.wire.access == Access::Look {
            return Err(only_looks());
        }
        let source = self.folder_id(folder).await?;
        let mut courses = Vec::with_capacity(orders.len());
        for order in orders {
            courses.push(self.course(order, folder, &source).await?);
        }
        self.run(orders, &mut courses).await;
        let unfinished = Arc::new(Error::Unavailable { provider_code: None });
        Ok(orders
            .iter()
            .zip(courses)
            .map(|(order, course)| Disposed {
                source_id: order.source_id.clone(),
                outcome: course.outcome.unwrap_or_else(|| DisposeOutcome::Postponed(Arc::clone(&unfinished))),
            })
            .collect())
    }

    async fn course(&mut self, order: &Order, folder: &str, source: &str) -> Result<Course, Error> {
        if order.generation != GENERATION {
            let mut course = Course::new(order, source, None);
            let note = "The mailbox was read by another protocol then: the original is left as it is.";
            course.outcome = Some(DisposeOutcome::Elsewhere(note.to_owned()));
            return Ok(course);
        }
        match self.target(&order.disposition, folder).await {
            Ok(target) => Ok(Course::new(order, source, target)),
            Err(error) if error.ends_session() => Err(error),
            Err(error) => {
                let mut course = Course::new(order, source, None);
                course.outcome = Some(DisposeOutcome::Refused(Arc::new(error)));
                Ok(course)
            }
        }
    }

    async fn target(&mut self, disposition: &Disposition, folder: &str) -> Result<Option<Target>, Error> {
        match disposition.original {
            OriginalFate::Keep => Ok(None),
            OriginalFate::Move => match disposition.folder.as_deref() {
                Some(path) if path != folder => {
                    let id = self.folder_id_or_new(path).await?;
                    Ok(Some(Target { path: path.to_owned(), id }))
                }
                _ => Ok(None),
            },
            OriginalFate::Delete => {
                let (path, id) = self.with_role(FolderRole::Trash).await?;
                Ok(Some(Target { path, id }))
            }
        }
    }

    /// Goes on with all courses, a few at a time, until each is at its end or the mailbox refuses as a whole.
    async fn run(&mut self, orders: &[Order], courses: &mut [Course]) {
        let turn = Instant::now() + TURN;
        while Instant::now() < turn {
            let mut round: Vec<(usize, Step)> = Vec::new();
            for (at, course) in courses.iter().enumerate() {
                if round.len() == self.wire.batch_size() {
                    break;
                }
                if let Some(step) = course.next() {
                    round.push((at, step));
                }
            }
            if round.is_empty() {
                return;
            }
            let parts: Vec<Part> = round
                .iter()
                .filter_map(|(at, step)| Some(self.part(orders.get(*at)?, courses.get(*at)?, step)))
                .collect();
            let mut wait = None;
            match self.wire.batch(&parts).await {
                Ok(answers) => {
                    for ((at, step), answer) in round.iter().zip(answers) {
                        let Some(course) = courses.get_mut(*at) else { continue };
                        match answer {
                            Ok(body) => course.done(step, batch::message(body)),
                            Err(refusal) => wait = wait.max(course.refused(step, refusal)),
                        }
                        if let Some(DisposeOutcome::Refused(error)) = &course.outcome
                            && let Error::FolderNotFound { folder } = &**error
                        {
                            self.folder_ids.remove(folder);
                        }
                    }
                }
                Err(error) => {
                    let error = Arc::new(error);
                    let unclear = is_unclear(&error);
                    let mut goes_on = unclear;
                    for (at, step) in &round {
                        if let Some(course) = courses.get_mut(*at)
                            && unclear
                        {
                            goes_on &= course.lost(step);
                        }
                    }
                    if !goes_on {
                        // It is about the mailbox or the connection: asking on for each message would not help.
                        for course in courses.iter_mut().filter(|course| course.outcome.is_none()) {
                            course.outcome = Some(DisposeOutcome::Postponed(Arc::clone(&error)));
                        }
                        return;
                    }
                    wait = Some(super::budget::backoff(0, None).min(PATIENCE));
                }
            }
            if halts(courses) {
                return;
            }
            if let Some(wait) = wait {
                tokio::time::sleep(wait.min(PATIENCE)).await;
            }
        }
    }

    fn part(&self, order: &Order, course: &Course, step: &Step) -> Part {
        let message = id(&order.source_id);
        match step {
            Step::Look => Part::read(self.wire.address.path(&["messages", &message], &[("$select", LOOK)])),
            Step::Mark(patch) => Part {
                method: "PATCH",
                path: self.wire.address.path(&["messages", &message], &[]),
                body: Some(patch.clone()),
            },
            Step::Move => Part {
                method: "POST",
                path: self.wire.address.path(&["messages", &message, "move"], &[]),
                body: Some(json!({ "destinationId": course.target_id() })),
            },
        }
    }
}

/// Whether it is unknown what was done.
fn is_unclear(error: &Error) -> bool {
    match error {
        Error::Closed { .. }
        | Error::Silent { .. }
        | Error::Slow { .. }
        | Error::Malformed { .. }
        | Error::TooLong { .. } => true,
        Error::Graph(refusal) => refusal.kind.is_unclear(),
        _ => false,
    }
}

/// A refusal of the whole mailbox ends all courses: each would be refused in the same way.
fn halts(courses: &mut [Course]) -> bool {
    let Some(error) = courses.iter().find_map(|course| course.outcome.as_ref().and_then(halting)) else {
        return false;
    };
    let is_of_all = |course: &&mut Course| course.outcome.as_ref().is_none_or(|one| halting(one).is_some());
    // What a person has to mend is told with each message; what passes by itself is not.
    let is_lasting =
        matches!(error.verdict(), Verdict::Halt(Halted::Mailbox)) || error.code() == FaultCode::Quota;
    let outcome = if is_lasting { DisposeOutcome::Refused } else { DisposeOutcome::Postponed };
    for course in courses.iter_mut().filter(is_of_all) {
        course.outcome = Some(outcome(Arc::clone(&error)));
    }
    true
}

/// The refusal of the whole mailbox that an outcome is.
fn halting(outcome: &DisposeOutcome) -> Option<Arc<Error>> {
    match outcome {
        DisposeOutcome::Refused(error) | DisposeOutcome::Postponed(error) => match &**error {
            Error::Graph(refusal) if !refusal.is_of_item() => Some(Arc::clone(error)),
            _ => None,
        },
        DisposeOutcome::Done { .. } | DisposeOutcome::Elsewhere(_) => None,
    }
}
