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

pub use assignment::{Assignment, Bounds, Hold, Stop, Tools, Treatment};
pub use backlog::Backlog;
pub use error::Error;
pub use progress::Tracker;
pub use reprocess::reprocess;

use crate::db;
use crate::provider::Session;

/// Takes in what the folder has: finishes what is pending, lists, takes in what the ledger has waiting, purges.
///
/// A check that finds nothing writes nothing but the job's position.
pub async fn take_in(
    tools: &Tools,
    assignment: &Assignment,
    session: &mut dyn Session,
    tracker: &Tracker,
) -> Result<(), Error> {
    dispose::finish_pending(tools, assignment, session, tracker).await?;
    list::list(tools, assignment, session).await?;
    if db::intake::has_waiting(tools.db.read(), assignment.job.id, tools.clock.now()).await? {
        tracker.begin().await?;
        flow::run(tools, assignment, session, tracker).await?;
    }
    purge::purge(tools, assignment, session, tracker).await
}
