//! Removing for good what mailroom deleted (`permanentDelete`), only while it is where we put it.
//! Source: Microsoft Graph documentation, "message: permanentDelete".

use std::sync::Arc;

use super::address::id;
use super::batch::{self, Part};
use super::dispose::only_looks;
use super::refusal::{Kind, Refusal};
use super::{GENERATION, GraphSession};
use crate::provider::{Access, DisposeOutcome, Error, PurgeOrder, Purged};

const MOVED_ON: &str = "It is no longer where we put it: someone else moved or removed it.";
/// How often the end of one is asked for.
const TRIES: usize = 3;

/// What is known of an order.
struct Removal {
    source_id: String,
    folder_id: String,
    outcome: Option<DisposeOutcome>,
    /// A look just found it where we put it.
    in_place: bool,
    /// It may have been removed without our knowing.
    unsure: bool,
}

impl GraphSession {
    pub(super) async fn purge_all(&mut self, orders: &[PurgeOrder]) -> Result<Vec<Purged>, Error> {
        if self.wire.access == Access::Look {
            return Err(only_looks());
        }
        let mut purged = Vec::with_capacity(orders.len());
        for chunk in orders.chunks(self.wire.batch_size()) {
            let mut removals = Vec::with_capacity(chunk.len());
            for order in chunk {
                removals.push(self.removal(order).await?);
            }
            for _ in 0..TRIES {
                if !self.look_and_remove(&mut removals).await? {
                    break;
                }
            }
            purged.extend(chunk.iter().zip(removals).map(|(order, removal)| Purged {
                key: order.key.clone(),
                outcome: removal.outcome.unwrap_or_else(|| {
                    DisposeOutcome::Refused(Arc::new(Error::Unavailable { provider_code: None }))
                }),
            }));
        }
        Ok(purged)
    }

    async fn removal(&mut self, order: &PurgeOrder) -> Result<Removal, Error> {
        let ended = |outcome| Removal {
            source_id: String::new(),
            folder_id: String::new(),
            outcome: Some(outcome),
            in_place: false,
            unsure: false,
        };
        if !self.permanent_delete {
            return Ok(ended(unsupported()));
        }
        let folder_id = match self.folder_id(&order.place.folder).await {
            Ok(folder_id) => folder_id,
            Err(Error::FolderNotFound { .. }) => {
                let note = "The folder it was put into is gone.";
                return Ok(ended(DisposeOutcome::Elsewhere(note.to_owned())));
            }
            Err(error) => return Err(error),
        };
        let known = match (&order.place.source_id, &order.internet_message_id) {
            (Some(id), _) if order.place.generation.as_deref().is_none_or(|known| known == GENERATION) => {
                Some(id.clone())
            }
            (None, Some(message_id)) => {
                let found = self.find_only(&order.place.folder, message_id).await?;
                found.and_then(|place| place.source_id)
            }
            _ => None,
        };
        let Some(source_id) = known else {
            return Ok(ended(DisposeOutcome::Elsewhere(MOVED_ON.to_owned())));
        };
        Ok(Removal { source_id, folder_id, outcome: None, in_place: false, unsure: false })
    }

    /// Looks for those that are not at their end, and removes what is in its place; whether some are still unclear.
    async fn look_and_remove(&mut self, removals: &mut [Removal]) -> Result<bool, Error> {
        let mut open: Vec<&mut Removal> =
            removals.iter_mut().filter(|removal| removal.outcome.is_none()).collect();
        if open.is_empty() {
            return Ok(false);
        }
        let path = |removal: &Removal| id(&removal.source_id);
        let looks: Vec<Part> = open
            .iter()
            .map(|removal| {
                let query = [("$select", "id,parentFolderId")];
                Part::read(self.wire.address.path(&["messages", &path(removal)], &query))
            })
            .collect();
        for (removal, answer) in open.iter_mut().zip(self.wire.batch(&looks).await?) {
            removal.in_place = false;
            match answer {
                Ok(body) => {
                    let message = batch::message(body);
                    removal.in_place = true;
                    if message.parent_folder_id.as_deref() != Some(removal.folder_id.as_str()) {
                        removal.outcome = Some(gone(removal.unsure));
                    }
                }
                Err(Refusal { kind: Kind::ItemGone, .. }) => removal.outcome = Some(gone(removal.unsure)),
                Err(refusal) if retryable(&refusal) => {}
                Err(refusal) => removal.outcome = Some(refused(refusal)),
            }
        }
        let waits = open.iter().any(|removal| removal.outcome.is_none() && !removal.in_place);
        open.retain(|removal| removal.outcome.is_none() && removal.in_place);
        let removes: Vec<Part> = open
            .iter()
            .map(|removal| Part {
                method: "POST",
                path: self.wire.address.path(&["messages", &path(removal), "permanentDelete"], &[]),
                body: None,
            })
            .collect();
        if removes.is_empty() {
            return Ok(waits);
        }
        match self.wire.batch(&removes).await {
            Ok(answers) => {
                for (removal, answer) in open.iter_mut().zip(answers) {
                    match answer {
                        Ok(_) => {
                            removal.outcome = Some(DisposeOutcome::Done { moved_to: None, version: None });
                        }
                        Err(Refusal { kind: Kind::Unsupported | Kind::BadRequest, .. }) => {
                            removal.outcome = Some(unsupported());
                        }
                        Err(refusal) if retryable(&refusal) => removal.unsure |= refusal.kind.is_unclear(),
                        Err(Refusal { kind: Kind::ItemGone, .. }) => {
                            removal.outcome = Some(gone(removal.unsure));
                        }
                        Err(refusal) => removal.outcome = Some(refused(refusal)),
                    }
                }
            }
            Err(
                Error::Closed { .. } | Error::Silent { .. } | Error::Slow { .. } | Error::Malformed { .. },
            ) => {
                open.iter_mut().for_each(|removal| removal.unsure = true);
            }
            Err(error) => return Err(error),
        }
        Ok(waits || open.iter().any(|removal| removal.outcome.is_none()))
    }
}

fn retryable(refusal: &Refusal) -> bool {
    matches!(refusal.kind, Kind::Throttled | Kind::Conflict) || refusal.kind.is_unclear()
}

fn refused(refusal: Refusal) -> DisposeOutcome {
    DisposeOutcome::Refused(Arc::new(Error::Graph(refusal)))
}

/// It is not in its place: because we removed it, or someone else.
fn gone(unsure: bool) -> DisposeOutcome {
    if unsure {
        DisposeOutcome::Done { moved_to: None, version: None }
    } else {
        DisposeOutcome::Elsewhere(MOVED_ON.to_owned())
    }
}

fn unsupported() -> DisposeOutcome {
    DisposeOutcome::Refused(Arc::new(Error::Unsupported {
        what: "remove messages for good: only the worldwide cloud has permanentDelete",
        hint: "Switch the purge off: the deleted items stay until a retention policy of the tenant empties them.",
    }))
}
