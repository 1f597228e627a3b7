//! Moving to another folder: MOVE (RFC 6851), or COPY and a named EXPUNGE (RFC 4315) where there is none.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::dispose::{Outcomes, vanished};
use super::open::Opened;
use super::reply::{Answer, Code, Kind, Reply};
use super::{ImapSession, uids};
use crate::provider::{DisposeOutcome, Error, Order, Place};

const SET: usize = 500;

/// Where messages went: the target's UIDVALIDITY, and the new UID of each old one.
#[derive(Debug, Default)]
struct Copied {
    told: bool,
    validity: u32,
    places: HashMap<u32, u32>,
}

impl Copied {
    fn hear(&mut self, code: &Code) {
        let Code::CopyUid { validity, from, to } = code else { return };
        self.told = true;
        self.validity = *validity;
        self.places.extend(from.iter().copied().zip(to.iter().copied()));
    }

    fn place(&self, folder: &str, uid: u32) -> Option<Place> {
        self.places.get(&uid).map(|to| Place {
            folder: folder.to_owned(),
            generation: Some(self.validity.to_string()),
            source_id: Some(to.to_string()),
        })
    }
}

pub(super) fn unplaced(folder: &str) -> Place {
    Place { folder: folder.to_owned(), generation: None, source_id: None }
}

fn done(place: Place) -> DisposeOutcome {
    DisposeOutcome::Done { moved_to: Some(place), version: None }
}

impl ImapSession {
    /// Moves what is `ready`. A repeated order whose original is gone is looked for in the target: we may have
    /// moved it without hearing so.
    pub(super) async fn transfer(
        &mut self,
        opened: &Opened,
        folder: &str,
        batch: &[&Order],
        ready: &HashSet<u32>,
        outcomes: &mut Outcomes,
    ) -> Result<(), Error> {
        let lost: Vec<&Order> = batch
            .iter()
            .copied()
            .filter(|order| {
                order.repeated && uids::uid(&order.source_id).is_some_and(|uid| !ready.contains(&uid))
            })
            .filter(|order| {
                uids::uid(&order.source_id)
                    .and_then(|uid| outcomes.get(&uid))
                    .is_some_and(|outcome| matches!(outcome, DisposeOutcome::Elsewhere(_)))
            })
            .collect();
        if !lost.is_empty() {
            let found = self.moved_before(folder, &lost).await?;
            self.reopen(opened).await?;
            for (uid, place) in found {
                outcomes.insert(uid, done(place));
            }
        }
        let mut ready: Vec<u32> = ready.iter().copied().collect();
        ready.sort_unstable();
        if self.can("MOVE") {
            return self.move_all(folder, &ready, outcomes).await;
        }
        if !self.can("UIDPLUS") {
            let refusal = Arc::new(Error::Unsupported {
                what: "move messages (neither MOVE nor UIDPLUS)",
                hint: "Keep the originals where they are, marked read: without UIDPLUS, EXPUNGE would remove other people's messages too.",
            });
            outcomes.extend(ready.iter().map(|&uid| (uid, DisposeOutcome::Refused(refusal.clone()))));
            return Ok(());
        }
        let repeated: Vec<u32> = batch
            .iter()
            .filter(|order| order.repeated)
            .filter_map(|order| uids::uid(&order.source_id))
            .filter(|uid| ready.contains(uid))
            .collect();
        let mut copies = HashMap::new();
        if !repeated.is_empty() {
            copies = self.copied_before(folder, &repeated).await?;
            self.reopen(opened).await?;
        }
        self.copy_all(folder, &ready, copies, outcomes).await
    }

    /// Back to the folder that was open; in the meantime it may have been made anew.
    async fn reopen(&mut self, opened: &Opened) -> Result<(), Error> {
        if self.in_folder(&opened.path).await?.validity == opened.validity {
            return Ok(());
        }
        Err(Error::Malformed { what: "the folder was renumbered while we worked in it" })
    }

    async fn move_all(&mut self, folder: &str, ready: &[u32], outcomes: &mut Outcomes) -> Result<(), Error> {
        for (set, members) in uids::sets(ready, SET) {
            let (answer, copied) = self.transfer_command("UID MOVE", &set, folder).await?;
            let refusal = answer.check("to move messages").err().map(Arc::new);
            // Without COPYUID the server's OK is looked behind.
            let left = if copied.told && refusal.is_none() {
                Outcomes::new()
            } else {
                self.present(&members).await?
            };
            for uid in members {
                let is_left = matches!(left.get(&uid), Some(DisposeOutcome::Done { .. }));
                let outcome = match (copied.place(folder, uid), &refusal) {
                    (Some(place), _) if !is_left => done(place),
                    (_, Some(error)) if is_left => DisposeOutcome::Refused(error.clone()),
                    (None, None) if !copied.told && !is_left => done(unplaced(folder)),
                    (_, None) if is_left => DisposeOutcome::Refused(Arc::new(unmoved())),
                    _ => vanished(),
                };
                outcomes.insert(uid, outcome);
            }
        }
        Ok(())
    }

    /// Copies what has no copy yet, and removes the originals by name.
    async fn copy_all(
        &mut self,
        folder: &str,
        ready: &[u32],
        copies: HashMap<u32, Place>,
        outcomes: &mut Outcomes,
    ) -> Result<(), Error> {
        for (uid, place) in &copies {
            outcomes.insert(*uid, done(place.clone()));
        }
        let fresh: Vec<u32> = ready.iter().copied().filter(|uid| !copies.contains_key(uid)).collect();
        let mut there: Vec<u32> = copies.into_keys().collect();
        for (set, members) in uids::sets(&fresh, SET) {
            let (answer, copied) = self.transfer_command("UID COPY", &set, folder).await?;
            if let Err(error) = answer.check("to copy messages") {
                let error = Arc::new(error);
                outcomes.extend(members.into_iter().map(|uid| (uid, DisposeOutcome::Refused(error.clone()))));
                continue;
            }
            for uid in members {
                let place = copied.place(folder, uid).or_else(|| (!copied.told).then(|| unplaced(folder)));
                let outcome = place.map_or_else(vanished, |place| {
                    there.push(uid);
                    done(place)
                });
                outcomes.insert(uid, outcome);
            }
        }
        for (uid, error) in self.remove(&there).await? {
            outcomes.insert(uid, DisposeOutcome::Refused(error));
        }
        Ok(())
    }

    /// Removes messages of the open folder by name; tells which are still there, and why. Needs UIDPLUS.
    pub(super) async fn remove(&mut self, uids: &[u32]) -> Result<HashMap<u32, Arc<Error>>, Error> {
        let mut left = HashMap::new();
        for (set, members) in uids::sets(uids, SET) {
            let struck = self.wire.ask(&format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)"), |_| {}).await?;
            let mut refusal = struck.check("to delete messages").err();
            if refusal.is_none() {
                let expunged = self.wire.ask(&format!("UID EXPUNGE {set}"), |_| {}).await?;
                refusal = expunged.check("to remove messages").err();
            }
            let error = Arc::new(refusal.unwrap_or_else(unmoved));
            for (uid, outcome) in self.present(&members).await? {
                if matches!(outcome, DisposeOutcome::Done { .. }) {
                    left.insert(uid, error.clone());
                }
            }
        }
        Ok(left)
    }

    /// One command, and once more after the target was made where it is missing.
    async fn transfer_command(
        &mut self,
        command: &str,
        set: &str,
        folder: &str,
    ) -> Result<(Answer, Copied), Error> {
        let name = self.argument(folder).await?;
        let mut copied = Copied::default();
        let mut created = false;
        loop {
            let answer = self
                .wire
                .ask(&format!("{command} {set} {name}"), |reply| {
                    if let Reply::Status(status) = reply {
                        copied.hear(&status.code);
                    }
                })
                .await?;
            copied.hear(&answer.code);
            if created || !answer.wants_create() {
                return Ok((answer, copied));
            }
            created = true;
            let made = self.wire.ask(&format!("CREATE {name}"), |_| {}).await?;
            if made.kind != Kind::Ok && made.name() != "ALREADYEXISTS" {
                return Ok((made, copied));
            }
        }
    }
}

fn unmoved() -> Error {
    Error::Refused {
        command: "to let go of messages that it said were gone",
        provider_code: "OK".to_owned(),
        bad: false,
    }
}
