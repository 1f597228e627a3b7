//! Removing for good what mailroom deleted, only while it is where we put it.

use std::collections::HashMap;
use std::sync::Arc;

use super::{ImapSession, uids};
use crate::provider::{Access, DisposeOutcome, Error, PurgeOrder, Purged};

const MOVED_ON: &str = "It is no longer where we put it: someone else moved or removed it.";

impl ImapSession {
    pub(super) async fn purge_all(&mut self, orders: &[PurgeOrder]) -> Result<Vec<Purged>, Error> {
        if self.access == Access::Look {
            return Err(Error::Forbidden {
                what: "changes in a session that only looks".to_owned(),
                provider_code: None,
            });
        }
        let mut purged = Vec::with_capacity(orders.len());
        if !self.can("UIDPLUS") {
            let refusal = Arc::new(Error::Unsupported {
                what: "remove single messages (UIDPLUS)",
                hint: "Switch the purge off: without UIDPLUS, EXPUNGE would remove other people's messages too.",
            });
            let refused = |order: &PurgeOrder| Purged {
                key: order.key.clone(),
                outcome: DisposeOutcome::Refused(refusal.clone()),
            };
            return Ok(orders.iter().map(refused).collect());
        }
        let mut folders: Vec<(&str, Vec<&PurgeOrder>)> = Vec::new();
        for order in orders {
            match folders.iter_mut().find(|(folder, _)| *folder == order.place.folder) {
                Some((_, group)) => group.push(order),
                None => folders.push((&order.place.folder, vec![order])),
            }
        }
        for (folder, group) in folders {
            let outcomes = self.purge_folder(folder, &group).await?;
            purged.extend(
                group.iter().zip(outcomes).map(|(order, outcome)| Purged { key: order.key.clone(), outcome }),
            );
        }
        Ok(purged)
    }

    /// One outcome for each order.
    async fn purge_folder(
        &mut self,
        folder: &str,
        group: &[&PurgeOrder],
    ) -> Result<Vec<DisposeOutcome>, Error> {
        let generation = match self.open(folder).await {
            Ok(opened) => opened.generation(),
            Err(Error::FolderNotFound { .. }) => {
                return Ok(vec![
                    DisposeOutcome::Elsewhere("The folder it was put into is gone.".to_owned());
                    group.len()
                ]);
            }
            Err(error) => return Err(error),
        };
        let mut targets: Vec<Result<u32, String>> = Vec::with_capacity(group.len());
        for order in group {
            targets.push(self.purge_target(order, &generation).await?);
        }
        let wanted: Vec<u32> = targets.iter().filter_map(|target| target.clone().ok()).collect();
        let ids = self.message_ids(&wanted).await?;
        for (target, order) in targets.iter_mut().zip(group) {
            let is_ours = |uid: &u32| ids.get(uid).is_some_and(|id| *id == order.internet_message_id);
            if target.as_ref().is_ok_and(|uid| !is_ours(uid)) {
                *target = Err(MOVED_ON.to_owned());
            }
        }
        let ours: Vec<u32> = targets.iter().filter_map(|target| target.clone().ok()).collect();
        let left: HashMap<u32, Arc<Error>> = self.remove(&ours).await?;
        Ok(targets
            .into_iter()
            .map(|target| match target {
                Err(note) => DisposeOutcome::Elsewhere(note),
                Ok(uid) => {
                    left.get(&uid).map_or(DisposeOutcome::Done { moved_to: None, version: None }, |error| {
                        DisposeOutcome::Refused(error.clone())
                    })
                }
            })
            .collect())
    }

    /// The message that an order means, or why there is none. Where the server did not tell where it went, a
    /// Message-ID that only one message bears will do.
    async fn purge_target(
        &mut self,
        order: &PurgeOrder,
        generation: &str,
    ) -> Result<Result<u32, String>, Error> {
        if let Some(known) = order.place.source_id.as_deref().and_then(uids::uid) {
            let same = order.place.generation.as_deref() == Some(generation);
            return Ok(if same {
                Ok(known)
            } else {
                Err("The folder it was put into was renumbered since (UIDVALIDITY changed).".to_owned())
            });
        }
        let hits = match order.internet_message_id.as_deref() {
            Some(id) => self.search(Some(id), None).await?,
            None => Vec::new(),
        };
        Ok(match hits.as_slice() {
            [only] => Ok(*only),
            [] => Err(MOVED_ON.to_owned()),
            _ => Err("Several messages there bear its Message-ID: none is removed on a guess.".to_owned()),
        })
    }
}
