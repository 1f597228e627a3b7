//! What we moved away and someone put back: the same message under a new id, and what that person did stands.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt as _;

use super::{Assignment, Error, Tools};
use crate::db;
use crate::db::pairing::{Departed, internet_message_id_hash};
use crate::domain::folder::Place;
use crate::domain::handling::{Handling, OriginalFate};
use crate::domain::id::MessageId;
use crate::domain::intake::Listed;
use crate::provider::{Extent, FetchOutcome, Session, Wanted};

/// Which of the listed messages, by source id, are stored ones: moved or deleted by us, back with the same delivery
/// instant and Message-ID, and proved gone from where we put them. One to one; what can't be proved is new.
pub(super) async fn returned(
    tools: &Tools,
    assignment: &Assignment,
    session: &mut dyn Session,
    listed: &[Listed],
) -> Result<HashMap<String, MessageId>, Error> {
    let job = &assignment.job;
    let instants = || listed.iter().map(|listed| listed.arrived_at);
    let (Some(first), Some(last)) = (instants().min(), instants().max()) else { return Ok(HashMap::new()) };
    if !job.handling.as_ref().is_some_and(moves) {
        return Ok(HashMap::new());
    }
    let span = (first - TimeDelta::seconds(1), last + TimeDelta::seconds(1));
    let key = &tools.tombstones;
    let mut departed = db::pairing::departed(tools.db.read(), key, job.mailbox_id, &job.folder, span).await?;
    let seconds: HashSet<i64> = departed.iter().map(|departed| departed.arrived_at.timestamp()).collect();
    let suspects: Vec<Listed> =
        listed.iter().filter(|listed| seconds.contains(&listed.arrived_at.timestamp())).cloned().collect();
    if suspects.is_empty() {
        return Ok(HashMap::new());
    }
    let mut found = HashMap::new();
    for suspect in session.identify(&job.folder, suspects).await? {
        let Some(id) = suspect.internet_message_id.as_deref() else { continue };
        let hash = db::tombstone::kept(key, internet_message_id_hash(id));
        let is_it = |departed: &Departed| {
            departed.internet_message_id_hash == hash && same_second(departed.arrived_at, suspect.arrived_at)
        };
        while let Some(at) = departed.iter().position(is_it) {
            let candidate = departed.swap_remove(at);
            if is_gone(session, &candidate.place).await? {
                found.insert(suspect.source_id.clone(), candidate.message_id);
                break;
            }
        }
    }
    Ok(found)
}

fn moves(handling: &Handling) -> bool {
    [&handling.on_success, &handling.on_ignored, &handling.on_failure]
        .iter()
        .any(|disposition| disposition.original != OriginalFate::Keep)
}

fn same_second(one: DateTime<Utc>, other: DateTime<Utc>) -> bool {
    one.timestamp() == other.timestamp()
}

/// Whether the message has left the place where we put it. Not known is no.
async fn is_gone(session: &mut dyn Session, place: &Place) -> Result<bool, Error> {
    let Some(source_id) = place.source_id.clone() else { return Ok(false) };
    let wanted = [Wanted { source_id, size: 0, extent: Extent::HeaderOnly }];
    let mut answers = session.fetch(&place.folder, &wanted).await?;
    let mut gone = false;
    while let Some(answer) = answers.next().await {
        gone = matches!(answer?.outcome, FetchOutcome::Gone);
    }
    Ok(gone)
}
