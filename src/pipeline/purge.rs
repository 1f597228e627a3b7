//! At the end of the run: what mailroom deleted is removed for good, only while it lies where we put it.

use super::{Assignment, Error, Tools, Tracker, kill};
use crate::db;
use crate::domain::id::MessageId;
use crate::provider::{DisposeOutcome, PurgeOrder, Session};

/// Originals purged at once.
const BATCH: usize = 100;

/// Purges what is wanted, if the job's handling says so.
pub(super) async fn purge(
    tools: &Tools,
    assignment: &Assignment,
    session: &mut dyn Session,
    tracker: &Tracker,
) -> Result<(), Error> {
    if !assignment.job.handling.as_ref().is_some_and(|handling| handling.purge_at_end_of_run) {
        return Ok(());
    }
    loop {
        let wanted = db::disposition::to_purge(tools.db.read(), assignment.job.id, BATCH as u64).await?;
        if wanted.is_empty() {
            return Ok(());
        }
        tracker.begin().await?;
        let orders: Vec<PurgeOrder> = wanted
            .into_iter()
            .map(|wanted| PurgeOrder {
                key: wanted.message_id.to_string(),
                place: wanted.place,
                internet_message_id: wanted.internet_message_id,
            })
            .collect();
        kill::point("purge.before");
        let answers = assignment.hold.touch(&tools.bounds, session.purge(&orders)).await??;
        kill::point("purge.done_unrecorded");
        let tx = tools.db.begin().await?;
        db::lease::check(&tx, &assignment.hold.lease).await?;
        let mut purged = 0;
        let mut settled = 0;
        for answer in answers {
            let Ok(id) = answer.key.parse::<uuid::Uuid>() else { continue };
            let note = match answer.outcome {
                DisposeOutcome::Done { .. } => {
                    purged += 1;
                    None
                }
                DisposeOutcome::Elsewhere(note) => Some(note),
                DisposeOutcome::Refused(_) | DisposeOutcome::Postponed(_) => continue,
            };
            settled += 1;
            db::disposition::record_purge(&tx, MessageId(id), note).await?;
        }
        tx.commit().await.map_err(db::Error::from)?;
        tracker.count(|progress| progress.purged += purged);
        // What was refused stays wanted: the next run's.
        if settled < orders.len() {
            return Ok(());
        }
    }
}
