//! What happens to the originals of one folder: in batches by kind, confirmed message by message.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::open::Opened;
use super::{ImapSession, uids};
use crate::domain::folder::FolderRole;
use crate::domain::handling::{Disposition, OriginalFate};
use crate::provider::{Access, DisposeOutcome, Disposed, Error, Order, Place};

/// Orders carried out with one round of commands.
const BATCH: usize = 500;

/// What became of some UIDs, so far.
pub(super) type Outcomes = HashMap<u32, DisposeOutcome>;

pub(super) fn vanished() -> DisposeOutcome {
    DisposeOutcome::Elsewhere(
        "The original is no longer in the folder: someone else moved or deleted it.".to_owned(),
    )
}

impl ImapSession {
    pub(super) async fn dispose_all(
        &mut self,
        folder: &str,
        orders: &[Order],
    ) -> Result<Vec<Disposed>, Error> {
        if self.access == Access::Look {
            return Err(Error::Forbidden {
                what: "changes in a session that only looks".to_owned(),
                provider_code: None,
            });
        }
        let opened = self.in_folder(folder).await?;
        let generation = opened.generation();
        let mut groups: Vec<(&Disposition, Vec<&Order>)> = Vec::new();
        let mut answers: HashMap<&str, DisposeOutcome> = HashMap::new();
        for order in orders {
            if order.generation != generation || uids::uid(&order.source_id).is_none() {
                let note = format!(
                    "The folder was renumbered since (UIDVALIDITY was {}, is {generation}): the original is left as it is.",
                    order.generation
                );
                answers.insert(&order.source_id, DisposeOutcome::Elsewhere(note));
            } else if let Some((_, group)) =
                groups.iter_mut().find(|(disposition, _)| **disposition == order.disposition)
            {
                group.push(order);
            } else {
                groups.push((&order.disposition, vec![order]));
            }
        }
        for (disposition, group) in groups {
            for batch in group.chunks(BATCH) {
                let mut outcomes = self.carry_out(&opened, disposition, batch).await?;
                for order in batch {
                    let outcome = uids::uid(&order.source_id).and_then(|uid| outcomes.remove(&uid));
                    answers.insert(&order.source_id, outcome.unwrap_or_else(vanished));
                }
            }
        }
        Ok(orders
            .iter()
            .map(|order| Disposed {
                source_id: order.source_id.clone(),
                outcome: answers.get(order.source_id.as_str()).cloned().unwrap_or_else(vanished),
            })
            .collect())
    }

    async fn carry_out(
        &mut self,
        opened: &Opened,
        disposition: &Disposition,
        batch: &[&Order],
    ) -> Result<Outcomes, Error> {
        let target = match self.target(opened, disposition).await {
            Ok(target) => target,
            Err(error) if error.ends_session() => return Err(error),
            Err(error) => return Ok(all(batch, &DisposeOutcome::Refused(Arc::new(error)))),
        };
        if opened.read_only && !disposition.is_nothing() {
            let error = Error::Forbidden {
                what: "changes in this folder: it is read-only for this login".to_owned(),
                provider_code: Some("[READ-ONLY]".to_owned()),
            };
            return Ok(all(batch, &DisposeOutcome::Refused(Arc::new(error))));
        }
        let wanted: Vec<u32> = batch.iter().filter_map(|order| uids::uid(&order.source_id)).collect();
        let mut flags = self.flags_of(opened, disposition);
        if target == Target::Struck {
            flags.push("\\Deleted".to_owned());
        }
        let mut outcomes = if flags.is_empty() && matches!(target, Target::Here | Target::Struck) {
            all(batch, &DisposeOutcome::Done { moved_to: None, version: None })
        } else if flags.is_empty() {
            self.present(&wanted).await?
        } else {
            self.add_flags(&wanted, &flags).await?
        };
        match target {
            Target::Here => {}
            Target::Struck => {
                for (uid, outcome) in &mut outcomes {
                    if let DisposeOutcome::Done { moved_to, .. } = outcome {
                        *moved_to = Some(Place {
                            folder: opened.path.clone(),
                            generation: Some(opened.generation()),
                            source_id: Some(uid.to_string()),
                        });
                    }
                }
            }
            Target::Folder(folder) => {
                let ready: HashSet<u32> = outcomes
                    .iter()
                    .filter(|(_, outcome)| matches!(outcome, DisposeOutcome::Done { .. }))
                    .map(|(&uid, _)| uid)
                    .collect();
                self.transfer(opened, &folder, batch, &ready, &mut outcomes).await?;
            }
        }
        Ok(outcomes)
    }

    async fn target(&mut self, opened: &Opened, disposition: &Disposition) -> Result<Target, Error> {
        let folder = match disposition.original {
            OriginalFate::Keep => return Ok(Target::Here),
            OriginalFate::Move => disposition.folder.clone(),
            OriginalFate::Delete => match self.with_role(FolderRole::Trash).await? {
                Some(trash) => Some(trash),
                None => return Ok(Target::Struck),
            },
        };
        Ok(match folder {
            Some(folder) if folder != opened.path => Target::Folder(folder),
            _ => Target::Here,
        })
    }
}

/// Where the originals end.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// Where they are.
    Here,
    /// Where they are, flagged `\Deleted`: the server has no trash.
    Struck,
    Folder(String),
}

fn all(batch: &[&Order], outcome: &DisposeOutcome) -> Outcomes {
    batch.iter().filter_map(|order| Some((uids::uid(&order.source_id)?, outcome.clone()))).collect()
}
