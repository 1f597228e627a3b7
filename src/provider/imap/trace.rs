//! Finding in a target what an earlier attempt, whose end is unknown, may have put there: never a second copy.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::list::message_id;
use super::reply::{Item, Reply};
use super::transfer::unplaced;
use super::{ImapSession, names, uids};
use crate::provider::{Error, Order, Place};

/// What a copy has in common with its original.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Likeness {
    message_id: Option<String>,
    internal_date: Option<DateTime<Utc>>,
    size: Option<u32>,
}

impl ImapSession {
    /// Copies in the target of messages in the open folder, one for each at most: equal in Message-ID, arrival and
    /// size, as the server tells them of both. Leaves the target open.
    pub(super) async fn copied_before(
        &mut self,
        folder: &str,
        originals: &[u32],
    ) -> Result<HashMap<u32, Place>, Error> {
        let wanted = self.likenesses(originals).await?;
        let Some(generation) = self.look_into(folder).await? else { return Ok(HashMap::new()) };
        let mut taken = HashSet::new();
        let mut found = HashMap::new();
        let mut wanted: Vec<(u32, Likeness)> = wanted.into_iter().collect();
        wanted.sort_by_key(|(uid, _)| *uid);
        for (uid, likeness) in wanted {
            let candidates = self.search(likeness.message_id.as_deref(), likeness.size).await?;
            let like: HashMap<u32, Likeness> = self.likenesses(&candidates).await?;
            let copy = candidates
                .into_iter()
                .find(|copy| like.get(copy).is_some_and(|like| *like == likeness) && !taken.contains(copy));
            if let Some(copy) = copy {
                taken.insert(copy);
                found.insert(uid, place(folder, &generation, copy));
            }
        }
        Ok(found)
    }

    /// Where originals that are gone were moved to, if it was by us: by Message-ID, and size where several bear it.
    /// Leaves the target open.
    pub(super) async fn moved_before(
        &mut self,
        folder: &str,
        lost: &[&Order],
    ) -> Result<Vec<(u32, Place)>, Error> {
        let Some(generation) = self.look_into(folder).await? else { return Ok(Vec::new()) };
        let mut taken = HashSet::new();
        let mut found = Vec::new();
        for order in lost {
            let (Some(uid), Some(id)) = (uids::uid(&order.source_id), order.internet_message_id.as_deref())
            else {
                continue;
            };
            let mut candidates = self.search(Some(id), None).await?;
            let like = self.likenesses(&candidates).await?;
            candidates.retain(|copy| {
                !taken.contains(copy)
                    && like.get(copy).is_some_and(|like| like.message_id.as_deref() == Some(id))
            });
            let sized = candidates.iter().find(|copy| {
                like.get(copy).and_then(|like| like.size).is_some_and(|size| u64::from(size) == order.size)
            });
            if let Some(&copy) = sized.or(candidates.first().filter(|_| candidates.len() == 1)) {
                taken.insert(copy);
                found.push((uid, place(folder, &generation, copy)));
            }
        }
        Ok(found)
    }

    /// The only message of the folder that bears the Message-ID. Leaves the folder open.
    pub(super) async fn find_only(&mut self, folder: &str, id: &str) -> Result<Option<Place>, Error> {
        let generation = self.open(folder).await?.generation();
        let hits = self.search(Some(id), None).await?;
        let borne = self.message_ids(&hits).await?;
        let mut bearers = borne.iter().filter(|(_, borne)| borne.as_deref() == Some(id)).map(|(uid, _)| *uid);
        Ok(match (bearers.next(), bearers.next()) {
            (Some(only), None) => Some(place(folder, &generation, only)),
            _ => None,
        })
    }

    /// UIDs in the open folder that may bear the Message-ID, or are of that size where there is none.
    pub(super) async fn search(&mut self, id: Option<&str>, size: Option<u32>) -> Result<Vec<u32>, Error> {
        let by_size =
            size.map(|size| format!("LARGER {} SMALLER {}", size.saturating_sub(1), size.saturating_add(1)));
        let criterion = match (id.filter(|id| id.is_ascii()).and_then(names::quoted), by_size) {
            (Some(id), _) => format!("HEADER Message-ID {id}"),
            (None, Some(by_size)) => by_size,
            (None, None) => return Ok(Vec::new()),
        };
        let mut hits = Vec::new();
        let answer = self
            .wire
            .ask(&format!("UID SEARCH {criterion}"), |reply| {
                if let Reply::Search(uids) = reply {
                    hits.extend(uids);
                }
            })
            .await?;
        answer.check("to search")?;
        Ok(hits)
    }

    async fn likenesses(&mut self, uids: &[u32]) -> Result<HashMap<u32, Likeness>, Error> {
        let mut found = HashMap::new();
        for (set, _) in uids::sets(uids, 500) {
            let what = "(UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])";
            let answer = self
                .wire
                .ask(&format!("UID FETCH {set} {what}"), |reply| {
                    if let Reply::Fetch(Item {
                        uid: Some(uid),
                        internal_date,
                        size,
                        body: Some(Some(header)),
                        ..
                    }) = reply
                    {
                        found.insert(uid, Likeness { message_id: message_id(&header), internal_date, size });
                    }
                })
                .await?;
            if answer.name() != "EXPUNGEISSUED" {
                answer.check("to compare messages")?;
            }
        }
        Ok(found)
    }

    /// Message-IDs of messages in the open folder; those that are gone are left out.
    pub(super) async fn message_ids(&mut self, uids: &[u32]) -> Result<HashMap<u32, Option<String>>, Error> {
        Ok(self.likenesses(uids).await?.into_iter().map(|(uid, like)| (uid, like.message_id)).collect())
    }

    /// Opens the target; None if there is none yet.
    async fn look_into(&mut self, folder: &str) -> Result<Option<String>, Error> {
        match self.open(folder).await {
            Ok(opened) => Ok(Some(opened.generation())),
            Err(Error::FolderNotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn place(folder: &str, generation: &str, uid: u32) -> Place {
    Place { generation: Some(generation.to_owned()), source_id: Some(uid.to_string()), ..unplaced(folder) }
}
