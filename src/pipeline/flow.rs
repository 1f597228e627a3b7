//! The stages side by side: one batch is fetched while the one before it is parsed and the one before that stored;
//! originals of committed batches are handled between two fetches, on the same connection.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::fetch::{self, Batch, Ledger};
use super::parse::{self, Drafts};
use super::store::{self, Stored};
use super::{Assignment, Error, Took, Tools, Tracker, dispose};
use crate::domain::id::RunId;
use crate::provider::Session;

/// Takes in what waits in the ledger, until that is all or another job goes first.
pub(super) async fn run(
    tools: &Tools,
    assignment: &Assignment,
    session: &mut dyn Session,
    tracker: &Tracker,
) -> Result<Took, Error> {
    let run_id = tracker.begin().await?;
    let (batches, parsing) = mpsc::channel::<Batch>(1);
    let (drafts, storing) = mpsc::channel::<Drafts>(1);
    let (committed, mut handled) = mpsc::unbounded_channel::<Stored>();
    let parser = spawn_parser(tools, assignment, parsing, drafts);
    let storer = spawn_storer(tools, assignment, tracker, run_id, storing, committed);
    let mut ledger = Ledger::new(assignment);
    let fetched = async {
        loop {
            assignment.hold.go_on()?;
            let rows = ledger.next(tools, assignment).await?;
            if rows.is_empty() || batches.is_closed() {
                return Ok(Took::All);
            }
            fetch::fetch(tools, assignment, session, tracker, rows, &batches).await?;
            while let Ok(stored) = handled.try_recv() {
                handle(tools, assignment, session, tracker, stored).await?;
            }
            if assignment.hold.lets_others_go_first() {
                return Ok(Took::Slice);
            }
        }
    };
    let fetched: Result<Took, Error> = fetched.await;
    drop(batches);
    // What was fetched is stored whatever became of the connection, and an error of storing is the one that counts.
    let parsed = join(parser).await;
    let stored = join(storer).await;
    stored?;
    parsed?;
    let took = fetched?;
    while let Some(stored) = handled.recv().await {
        handle(tools, assignment, session, tracker, stored).await?;
    }
    Ok(took)
}

async fn handle(
    tools: &Tools,
    assignment: &Assignment,
    session: &mut dyn Session,
    tracker: &Tracker,
    stored: Stored,
) -> Result<(), Error> {
    let folder = &assignment.job.folder;
    dispose::dispose(tools, assignment, session, tracker, folder, stored.originals).await?;
    Ok(())
}

fn spawn_parser(
    tools: &Tools,
    assignment: &Assignment,
    mut parsing: mpsc::Receiver<Batch>,
    drafts: mpsc::Sender<Drafts>,
) -> JoinHandle<Result<(), Error>> {
    let (tools, assignment) = (tools.clone(), assignment.clone());
    tokio::spawn(async move {
        while let Some(batch) = parsing.recv().await {
            if drafts.send(parse::parse(&tools, &assignment, batch).await?).await.is_err() {
                break;
            }
        }
        Ok(())
    })
}

fn spawn_storer(
    tools: &Tools,
    assignment: &Assignment,
    tracker: &Tracker,
    run_id: RunId,
    mut storing: mpsc::Receiver<Drafts>,
    committed: mpsc::UnboundedSender<Stored>,
) -> JoinHandle<Result<(), Error>> {
    let (tools, assignment, tracker) = (tools.clone(), assignment.clone(), tracker.clone());
    tokio::spawn(async move {
        while let Some(drafts) = storing.recv().await {
            let stored = store::store(&tools, &assignment, &tracker, run_id, &drafts).await?;
            if committed.send(stored).is_err() {
                break;
            }
        }
        Ok(())
    })
}

async fn join(task: JoinHandle<Result<(), Error>>) -> Result<(), Error> {
    match task.await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
