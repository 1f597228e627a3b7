//! One execution of a job, or a slice of it: connection, pipeline, conclusion.

use super::claim::{Task, Work};
use super::conclusion::{self, Ended};
use super::lending::Lending;
use super::places::Place;
use super::quiet::Quiet;
use super::{Parts, check, reprocess};
use crate::db::job::Outlook;
use crate::pipeline::{self, Assignment, Hold, Took, Tracker};
use crate::provider::Access;

/// How the turn of its mailbox goes on.
pub(super) enum Next {
    /// It is done.
    Done,
    /// It is not: others go first.
    Slice,
    /// It is done, nothing else was to be done, and the mailbox is given back already.
    Freed,
    /// Nothing more can be done under this lease.
    Stop,
}

/// Executes it.
pub(super) async fn execute(
    parts: &Parts,
    quiet: &Quiet,
    hold: &Hold,
    task: Task,
    place: &mut Place,
) -> Next {
    let Task { job, mailbox, trigger, run, outlook, work, more } = task;
    let ended = match work {
        Work::TakeIn(treatment) => {
            let assignment = Assignment { mailbox, job, treatment, hold: hold.clone() };
            let tracker = Tracker::new(&parts.tools, &assignment, trigger, run);
            let result = match take_in(parts, &assignment, &outlook, &tracker, place).await {
                Ok(Took::Slice) => return Next::Slice,
                Ok(Took::All) => Ok(()),
                Err(cause) => Err(cause),
            };
            let looked = !outlook.is_for_what_is_left;
            Ended { mailbox: assignment.mailbox, job: assignment.job, run: tracker.run(), looked, result }
        }
        Work::Check => {
            let checked = place.while_waiting(check::unread(parts, &hold.lease, &mailbox, &job)).await;
            Ended { mailbox, job, run, looked: true, result: checked }
        }
        Work::Reprocess(treatment) => {
            let assignment = Assignment { mailbox, job, treatment, hold: hold.clone() };
            let tracker = Tracker::new(&parts.tools, &assignment, trigger, run);
            return reprocess::slice(parts, &assignment, &tracker).await;
        }
        Work::Misconfigured(fault) if trigger == crate::domain::run::RunTrigger::Reprocess => {
            return reprocess::give_up(parts, &hold.lease, run.as_ref(), fault).await;
        }
        Work::Misconfigured(fault) => Ended {
            mailbox,
            job,
            run,
            looked: true,
            result: Err(conclusion::Cause::Misconfigured(fault.to_owned())),
        },
    };
    let quiet = (!more).then_some(quiet);
    match conclusion::conclude(parts, quiet, &hold.lease, ended).await {
        Ok(true) => Next::Freed,
        Ok(false) if hold.go_on().is_err() => Next::Stop,
        Ok(false) => Next::Done,
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the end of a run could not be written"
            );
            Next::Stop
        }
    }
}

async fn take_in(
    parts: &Parts,
    assignment: &Assignment,
    outlook: &Outlook,
    tracker: &Tracker,
    place: &mut Place,
) -> Result<Took, conclusion::Cause> {
    if tracker.run().is_some() {
        tracker.begin().await?;
    }
    let hold = &assignment.hold;
    let mut stop = hold.stop.clone();
    let opened = async {
        let provider = parts.reaches.provider(&assignment.mailbox).await?;
        let session = provider.open(Access::Handle).await.map_err(pipeline::Error::from)?;
        Ok::<_, conclusion::Cause>(session)
    };
    let opened = async {
        tokio::select! {
            biased;
            opened = opened => opened.map(Some),
            Ok(_) = stop.wait_for(Option::is_some) => Ok(None),
        }
    };
    let Some(session) = place.while_waiting(opened).await? else {
        hold.go_on()?;
        return Ok(Took::Slice);
    };
    let mut lending = Lending { session, place, stop: hold.stop.clone() };
    let result = pipeline::take_in(&parts.tools, assignment, outlook, &mut lending, tracker).await;
    if result.is_ok() {
        let Lending { session, place, .. } = lending;
        place.while_waiting(session.close()).await;
    } else {
        // An answer that was not waited for is no failure of the server.
        hold.go_on()?;
    }
    Ok(result?)
}
