//! Listing a folder by UID since a position, in pages that stay small however big or sparse the folder is.

use std::collections::BTreeMap;

use super::open::Opened;
use super::reply::{Item, Reply};
use super::{ImapSession, uids};
use crate::domain::clock::{Clock as _, SystemClock};
use crate::domain::intake::Listed;
use crate::provider::{Error, ListPage, Position, Unread};

/// Messages of a page, at most.
const PAGE: usize = 1000;
/// UIDs asked for at once in a sparse stretch: a dense one after it costs at most so many lines.
const WIDEST: u32 = 16_384;

impl ImapSession {
    pub(super) async fn list_page(
        &mut self,
        folder: &str,
        position: Option<&Position>,
    ) -> Result<ListPage, Error> {
        // In the middle of a listing the folder stays as it was opened: opening it costs the server a scan.
        let goes_on = position.is_some() && self.listing.as_ref() == position;
        let opened = if goes_on { self.in_folder(folder).await? } else { self.open(folder).await?.clone() };
        self.listing = None;
        let generation = opened.generation();
        let renumbered = position.is_some_and(|position| position.generation != generation);
        let from =
            position.filter(|_| !renumbered).and_then(|position| uids::uid(&position.token)).unwrap_or(1);
        let end = self.end(&opened, from).await?;

        let mut found: BTreeMap<u32, Item> = BTreeMap::new();
        let (mut next, mut width) = (from, PAGE as u32);
        while next < end && found.len() < PAGE {
            let last = next.saturating_add(width - 1).min(end - 1);
            let before = found.len();
            self.fetch_attributes(next, last, &mut found).await?;
            next = last.saturating_add(1);
            if found.len() - before < width as usize / 8 {
                width = (width * 4).min(WIDEST);
            }
        }
        let mut listed: Vec<Listed> = found.into_iter().map(|(uid, item)| listed(uid, item)).collect();
        if listed.len() > PAGE {
            listed.truncate(PAGE);
            let last = listed.last().and_then(|last| uids::uid(&last.source_id));
            next = last.map_or(next, |last| last.saturating_add(1));
        }
        let position = Position { generation, token: next.max(from).to_string() };
        let more = next < end;
        self.listing = more.then(|| position.clone());
        Ok(ListPage { listed, position, more, renumbered })
    }

    /// The UID that no message listed now reaches. `n:*` is never asked for: beyond the end it names the last
    /// message again (RFC 3501, 6.4.8), and it has no bound.
    async fn end(&mut self, opened: &Opened, from: u32) -> Result<u32, Error> {
        if let Some(next) = opened.uid_next {
            return Ok(next);
        }
        if opened.exists == 0 {
            return Ok(from);
        }
        let mut highest = 0;
        let answer = self
            .wire
            .ask("UID FETCH * (UID)", |reply| {
                if let Reply::Fetch(Item { uid: Some(uid), .. }) = reply {
                    highest = highest.max(uid);
                }
            })
            .await?;
        answer.check("to list the folder")?;
        Ok(highest.saturating_add(1))
    }

    async fn fetch_attributes(
        &mut self,
        first: u32,
        last: u32,
        found: &mut BTreeMap<u32, Item>,
    ) -> Result<(), Error> {
        let command = format!("UID FETCH {first}:{last} (UID FLAGS INTERNALDATE RFC822.SIZE)");
        let answer = self
            .wire
            .ask(&command, |reply| {
                let Reply::Fetch(item) = reply else { return };
                let Some(uid) = item.uid.filter(|uid| (first..=last).contains(uid)) else { return };
                // Items may come in several responses, unsolicited flags among them.
                let known = found.entry(uid).or_default();
                known.flags = item.flags.or(known.flags.take());
                known.internal_date = item.internal_date.or(known.internal_date);
                known.size = item.size.or(known.size);
            })
            .await?;
        answer.check("to list the folder")
    }

    /// What is without `\\Seen` now.
    pub(super) async fn unseen(&mut self, folder: &str) -> Result<Vec<Unread>, Error> {
        self.in_folder(folder).await?;
        // A search may answer from what the server told us last; this is when it tells what others did since.
        self.wire.ask("NOOP", |_| {}).await?.check("to look for changes")?;
        let mut unseen = Vec::new();
        let answer = self
            .wire
            .ask("UID SEARCH UNSEEN", |reply| {
                if let Reply::Search(uids) = reply {
                    unseen.extend(uids);
                }
            })
            .await?;
        answer.check("to search")?;
        Ok(unseen.into_iter().map(|uid: u32| Unread { source_id: uid.to_string(), version: None }).collect())
    }

    /// Adds the Message-IDs.
    pub(super) async fn identify_listed(
        &mut self,
        folder: &str,
        mut listed: Vec<Listed>,
    ) -> Result<Vec<Listed>, Error> {
        self.in_folder(folder).await?;
        let wanted: Vec<u32> = listed.iter().filter_map(|one| uids::uid(&one.source_id)).collect();
        let mut ids = std::collections::HashMap::new();
        for (set, _) in uids::sets(&wanted, PAGE) {
            let command = format!("UID FETCH {set} (UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])");
            let answer = self
                .wire
                .ask(&command, |reply| {
                    if let Reply::Fetch(Item { uid: Some(uid), body: Some(Some(header)), .. }) = reply {
                        ids.insert(uid, message_id(&header));
                    }
                })
                .await?;
            answer.check("to read Message-IDs")?;
        }
        for one in &mut listed {
            if let Some(id) = uids::uid(&one.source_id).and_then(|uid| ids.remove(&uid)) {
                one.internet_message_id = id;
            }
        }
        Ok(listed)
    }
}

fn listed(uid: u32, item: Item) -> Listed {
    Listed {
        source_id: uid.to_string(),
        // A message without a date is new rather than old: a double can be seen, a loss can't.
        arrived_at: item.internal_date.unwrap_or_else(|| SystemClock.now()),
        size: u64::from(item.size.unwrap_or(0)),
        is_read: item.flags.map(|flags| flags.iter().any(|flag| flag.eq_ignore_ascii_case("\\Seen"))),
        internet_message_id: None,
    }
}

/// The Message-ID in a header field, unfolded, without angle brackets; None where it is missing or blank.
pub(super) fn message_id(header: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(header).replace("\r\n", "");
    let (_, value) = text.split_once(':')?;
    let value = value.trim();
    let id = match (value.find('<'), value.rfind('>')) {
        (Some(start), Some(end)) if start < end => value.get(start + 1..end)?,
        _ => value,
    };
    let id = id.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::message_id;

    #[test]
    fn a_message_id_is_read_folded_or_not() {
        assert_eq!(message_id(b"Message-ID: <a@b>\r\n\r\n").as_deref(), Some("a@b"));
        assert_eq!(message_id(b"MESSAGE-ID:\r\n <a@b>\r\n\r\n").as_deref(), Some("a@b"));
        assert_eq!(message_id(b"Message-Id: bare@b \r\n\r\n").as_deref(), Some("bare@b"));
    }

    #[test]
    fn a_missing_or_blank_message_id_is_none() {
        for header in [&b"\r\n"[..], b"", b"Message-ID: \r\n\r\n", b"Message-ID: <>\r\n\r\n"] {
            assert_eq!(message_id(header), None);
        }
    }
}
