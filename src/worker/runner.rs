//! Claims as many mailboxes as there are places, and gives each its turn.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Parts;
use super::claim::Queue;
use super::places::{PATIENCE, Places};
use super::turn::{self, Floor};
use crate::db;

/// After a turn has ended, others may end too: how long they are waited for, so that one claim serves several places.
const GATHER: Duration = Duration::from_millis(20);
/// The same, while there is more to do than places.
const HURRY: Duration = Duration::from_millis(2);

/// How long after a lease has lapsed its mailbox is claimed.
const LAPSED: Duration = Duration::from_millis(50);

/// Looks for work whenever it is woken, a turn has ended, and at every poll.
pub(super) async fn run(parts: Parts, stop: CancellationToken, executions: TaskTracker, floor: Floor) {
    if parts.tools.db.has_one_writer() {
        // Whatever held a lease is dead: SQLite has one process only, and this is it.
        if let Err(error) = db::lease::release_all(parts.tools.db.write()).await {
            tracing::error!(error = &error as &dyn std::error::Error, "leases of an earlier process stay");
        }
    }
    let mut woken = parts.services.wake.listen();
    let places = Places::new(parts.settings.concurrency, PATIENCE);
    let mut queue = Queue::new();
    let mut poll_at = Instant::now();
    loop {
        if let Err(error) = dispatch(&parts, &stop, &executions, &floor, &places, &mut queue).await {
            tracing::error!(error = &error as &dyn std::error::Error, "looking for due work failed");
        }
        if Instant::now() >= poll_at {
            poll_at = Instant::now() + until_poll(&parts, &floor).await;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = woken.rung() => queue.has_news(),
            // Another job of the mailbox may have become due meanwhile.
            () = places.freed() => {
                tokio::time::sleep(if queue.has_more() { HURRY } else { GATHER }).await;
            }
            () = tokio::time::sleep_until(poll_at) => queue.has_news(),
        }
    }
}

/// The poll; sooner when another worker's lease lapses before, which it only does when that worker is dead.
async fn until_poll(parts: &Parts, floor: &Floor) -> Duration {
    let lapse = db::lease::next_lapse(parts.tools.db.read(), &floor.heart.owner).await;
    let lapse = lapse.ok().flatten().map(|left| left + LAPSED);
    lapse.map_or(parts.settings.poll, |lapse| lapse.min(parts.settings.poll))
}

/// Until no place is free, or nothing is to be done.
async fn dispatch(
    parts: &Parts,
    stop: &CancellationToken,
    executions: &TaskTracker,
    floor: &Floor,
    places: &Places,
    queue: &mut Queue,
) -> Result<(), db::Error> {
    loop {
        let free = places.free();
        if free == 0 || stop.is_cancelled() {
            return Ok(());
        }
        let claims = queue.claim(parts, &floor.heart.owner, free).await?;
        let count = claims.len();
        for claim in claims {
            let place = places.take();
            let (parts, floor) = (parts.clone(), floor.clone());
            executions.spawn(async move { turn::take(&parts, &floor, claim, place).await });
        }
        // Others may have taken what was ranked; with less than a full claim nothing more is to be done.
        if count == 0 || count < free && !queue.was_cut() {
            return Ok(());
        }
    }
}
