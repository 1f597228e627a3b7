//! From the folder to the ledger: every id that a listing shows, with the new position, in one small transaction.

use std::collections::{HashMap, HashSet};

use chrono::SubsecRound as _;

use super::pair::Pairing;
use super::returned::returned;
use super::{Assignment, Error, Took, Tools, kill, unread};
use crate::db;
use crate::db::intake::{IntakeRow, JobPosition, SourceKey};
use crate::db::pairing::NewSource;
use crate::db::unread::Left;
use crate::domain::id::MessageId;
use crate::domain::intake::{IntakeState, Listed, ListingPhase};
use crate::domain::job::Selection;
use crate::provider::{ListPage, Position, Session};

/// What a listing came to.
pub(super) struct Listing {
    /// Whether it went to the end.
    pub(super) took: Took,
    /// Whether it showed any message.
    pub(super) anything: bool,
}

/// Lists the folder since the position, page by page, into the ledger.
pub(super) async fn list(
    tools: &Tools,
    assignment: &Assignment,
    mut position: Option<JobPosition>,
    session: &mut dyn Session,
) -> Result<Listing, Error> {
    let job = &assignment.job;
    let mut anything = false;
    let mut pairing: Option<Pairing> = None;
    loop {
        assignment.hold.go_on()?;
        // A position at another server or login tells nothing here.
        let since = position.as_ref().and_then(|at| {
            let generation = assignment.mailbox.own_generation(&at.generation)?.to_owned();
            Some(Position { generation, token: at.token.clone() })
        });
        let mut page = session.list(&job.folder, since.as_ref()).await?;
        page.renumbered |= position.is_some() && since.is_none();
        page.position.generation = assignment.mailbox.generation(&page.position.generation);
        let phase = match &position {
            None => ListingPhase::First,
            Some(_) if page.renumbered => ListingPhase::Renumbered,
            Some(at) => at.phase,
        };
        if page.renumbered {
            pairing = None;
        }
        if phase == ListingPhase::Renumbered {
            page.listed = session.identify(&job.folder, page.listed).await?;
            if pairing.is_none() {
                pairing = Some(Pairing::load(tools, assignment, &page.position.generation).await?);
            }
        }
        let next = JobPosition {
            generation: page.position.generation.clone(),
            token: page.position.token.clone(),
            phase: if page.more { phase } else { ListingPhase::Following },
        };
        anything |= !page.listed.is_empty();
        if !page.listed.is_empty() || position.as_ref() != Some(&next) {
            let back = match phase {
                ListingPhase::Following => returned(tools, assignment, session, &page.listed).await?,
                ListingPhase::First | ListingPhase::Renumbered => HashMap::new(),
            };
            let again = match phase {
                ListingPhase::Following if session.tells_changes() => {
                    unread::of_page(tools, assignment, session, &page).await?
                }
                _ => Vec::new(),
            };
            let known = Known { pairing: pairing.as_mut(), back, again };
            record(tools, assignment, &page, phase, &next, known).await?;
        }
        let generation = next.generation.clone();
        position = Some(next);
        if !page.more {
            anything |= unread::of_folder(tools, assignment, session, &generation).await?;
            return Ok(Listing { took: Took::All, anything });
        }
        if assignment.hold.lets_others_go_first() {
            return Ok(Listing { took: Took::Slice, anything });
        }
    }
}

/// What tells that a listed message is stored already.
struct Known<'a> {
    pairing: Option<&'a mut Pairing>,
    /// By source id.
    back: HashMap<String, MessageId>,
    /// Marked unread since they were taken in, or left alone.
    again: Vec<Left>,
}

async fn record(
    tools: &Tools,
    assignment: &Assignment,
    page: &ListPage,
    phase: ListingPhase,
    next: &JobPosition,
    Known { pairing, back, again }: Known<'_>,
) -> Result<(), Error> {
    let job = &assignment.job;
    let now = tools.clock.now();
    let mut rows: Vec<IntakeRow> = page.listed.iter().map(|listed| row(assignment, next, listed)).collect();
    let keys: Vec<SourceKey> = rows.iter().map(|row| row.key.clone()).collect();
    let known = db::intake::known(tools.db.read(), &keys).await?;
    let mut sources = Vec::new();
    if let Some(pairing) = pairing {
        sources = pairing.pair(assignment, &page.listed, &mut rows, &known);
    }
    for row in rows.iter_mut().filter(|row| !known.contains(&row.key)) {
        if let Some(message_id) = back.get(&row.source_id) {
            row.state = IntakeState::Recognised;
            sources.push(source(assignment, row, *message_id));
        }
    }
    decide(assignment, phase, &mut rows, &page.listed, &known);
    let tx = tools.db.begin().await?;
    db::lease::check(&tx, &assignment.hold.lease).await?;
    if page.renumbered {
        db::intake::void_earlier(&tx, job.id, &next.generation).await?;
    }
    db::pairing::add_sources(&tx, &sources).await?;
    db::intake::record_page(&tx, job.id, &rows, next, now).await?;
    db::unread::take_again(&tx, job.id, &again).await?;
    kill::point("list.before_commit");
    tx.commit().await.map_err(db::Error::from)?;
    kill::point("list.committed");
    Ok(())
}

fn row(assignment: &Assignment, position: &JobPosition, listed: &Listed) -> IntakeRow {
    let job = &assignment.job;
    IntakeRow {
        key: SourceKey::of(job.mailbox_id, &position.generation, &job.folder, &listed.source_id),
        generation: position.generation.clone(),
        source_id: listed.source_id.clone(),
        arrived_at: listed.arrived_at,
        size: i64::try_from(listed.size).unwrap_or(i64::MAX),
        state: IntakeState::Listed,
        attempts: 0,
        pair: false,
        message_id: None,
        again: false,
    }
}

fn source(assignment: &Assignment, row: &IntakeRow, message_id: MessageId) -> NewSource {
    NewSource {
        key: row.key.clone(),
        mailbox_id: assignment.mailbox.id,
        message_id,
        folder: assignment.job.folder.clone(),
        generation: row.generation.clone(),
        source_id: row.source_id.clone(),
        arrived_at: row.arrived_at,
    }
}

/// What is stored already is not fetched, nor what is read where the job takes unread mail only; what the first listing
/// shows from before `since` is left alone. Mail servers
/// tell the arrival in whole seconds: what arrived within the second of `since` may have come after it.
fn decide(
    assignment: &Assignment,
    phase: ListingPhase,
    rows: &mut [IntakeRow],
    listed: &[Listed],
    known: &HashSet<SourceKey>,
) {
    let since = assignment.job.since.map(|since| since.trunc_subsecs(0));
    let is_for_unread = assignment.job.selection == Selection::Unread;
    for (row, listed) in rows.iter_mut().zip(listed).filter(|(row, _)| row.state == IntakeState::Listed) {
        if known.contains(&row.key) {
            row.state = IntakeState::Stored;
        } else if phase == ListingPhase::First && since.is_some_and(|since| row.arrived_at < since) {
            row.state = IntakeState::Old;
        } else if is_for_unread && listed.is_read == Some(true) {
            row.state = IntakeState::Read;
        }
    }
}
