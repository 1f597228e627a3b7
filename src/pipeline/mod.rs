//! One message's way, as in the picture: list, fetch, parse, correlate and map, store, dispose. Data moves one way.
//!
//! ```text
//!  list ─▶ ledger ─▶ fetch ─▶ parse ─▶ store (correlates and maps in its transaction) ─▶ dispose
//! ```
//!
//! Each stage takes the type that the stage before it returns. Order of safety, always: commit, then touch the
//! server, then count it. `flow` runs the stages side by side, a batch apart.

mod again;
mod assignment;
mod backlog;
mod correlate;
mod dispose;
mod error;
mod fetch;
mod flow;
pub mod kill;
mod list;
mod pair;
mod parse;
mod progress;
mod purge;
mod record;
mod reprocess;
mod returned;
mod store;
mod unread;

pub use assignment::{Assignment, Bounds, Hold, Stop, Tools, Treatment};
pub use backlog::Backlog;
pub use error::Error;
pub use progress::Tracker;
pub use reprocess::reprocess;

use crate::db;
use crate::db::job::Outlook;
use crate::provider::Session;

/// How much of a job was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// All that there was.
    All,
    /// As much as was done when another job of the mailbox came: the rest is in the ledger, or not listed yet.
    Slice,
}

/// Takes in what the folder has: finishes what is pending, lists, takes in what the ledger has waiting, purges. `outlook`
/// is what was found under the lease.
///
/// A check that finds nothing writes nothing but the job's position.
pub async fn take_in(
    tools: &Tools,
    assignment: &Assignment,
    outlook: &Outlook,
    session: &mut dyn Session,
    tracker: &Tracker,
) -> Result<Took, Error> {
    if outlook.disposes {
        dispose::finish_pending(tools, assignment, session, tracker).await?;
    }
    if outlook.is_for_what_is_left {
        if outlook.waits {
            tracker.begin().await?;
            if flow::run(tools, assignment, session, tracker).await? == Took::Slice {
                return Ok(Took::Slice);
            }
        }
        purge::purge(tools, assignment, session, tracker).await?;
        return Ok(Took::All);
    }
    let listed = list::list(tools, assignment, outlook.position.clone(), session).await?;
    let waits = || db::intake::has_waiting(tools.db.read(), assignment.job.id, tools.clock.now());
    if outlook.waits || listed.anything && waits().await? {
        tracker.begin().await?;
        if flow::run(tools, assignment, session, tracker).await? == Took::Slice {
            return Ok(Took::Slice);
        }
    }
    if listed.took == Took::Slice {
        return Ok(Took::Slice);
    }
    if outlook.purges || tracker.run().is_some() {
        purge::purge(tools, assignment, session, tracker).await?;
    }
    Ok(Took::All)
}
