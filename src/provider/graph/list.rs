//! Listing a folder by its delta: page by page, from a link on, anew where the link is lost.
//! Source: Microsoft Graph documentation, "Get incremental changes to messages in a folder".

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::value::RawValue;
use url::Url;

use super::address::id;
use super::ask::Ask;
use super::refusal::{Kind, Refusal};
use super::reply::{Message, Page};
use super::{GENERATION, GraphSession};
use crate::domain::clock::{Clock as _, SystemClock};
use crate::domain::intake::Listed;
use crate::provider::{Error, ListPage, Position};

/// Messages of a page.
const PAGE: usize = 500;
/// A page that is longer is none of Graph's.
const MOST: usize = 10 * PAGE;
/// Pages without a message that are passed over in one call.
const EMPTY_PAGES: usize = 50;
/// Pages without a message, one after the other, after which a listing is taken for one without an end. What was listed is
/// kept, and the next run goes on from there.
const MOST_EMPTY: usize = 1_000;
/// How often a session begins anew before it gives up.
const RESTARTS: usize = 3;
/// What is read of a message.
const FIELDS: &str = "id,receivedDateTime,isRead,isDraft,internetMessageId";
/// PR_MESSAGE_SIZE: a message has no size of its own in Graph.
const SIZE: &str = "singleValueExtendedProperties($filter=id eq 'Integer 0x0E08')";
/// Taken for a size that is not told: more than most mails have, so that the memory's bound holds.
const USUAL_BYTES: u64 = 128 * 1024;

impl GraphSession {
    pub(super) async fn list_page(
        &mut self,
        folder: &str,
        position: Option<&Position>,
    ) -> Result<ListPage, Error> {
        let folder_id = self.folder_id(folder).await?;
        let mut link = position
            .and_then(|position| position.token.split_once(' '))
            .filter(|(of, _)| *of == folder_id)
            .map(|(_, link)| link.to_owned());
        let mut empty = 0;
        loop {
            let page = match self.page(&folder_id, link.as_deref()).await {
                Ok(page) => page,
                Err(Error::Graph(Refusal { kind: Kind::PositionLost, .. })) if link.is_some() => {
                    link = None;
                    self.begin_anew()?;
                    continue;
                }
                Err(Error::Graph(refusal)) if is_folder_gone(&refusal) => {
                    self.folder_ids.remove(folder);
                    return Err(Error::FolderNotFound { folder: folder.to_owned() });
                }
                Err(error) => return Err(error),
            };
            let (next, more) = match (page.next, page.delta) {
                (Some(next), _) => (next, true),
                (None, Some(delta)) => (delta, false),
                (None, None) => return Err(Error::Malformed { what: "a page of the listing leads nowhere" }),
            };
            if page.value.len() > MOST {
                return Err(Error::Malformed {
                    what: "a page of the listing is far longer than was asked for",
                });
            }
            // Never stored unless it may be followed.
            self.wire.address.follow(&next)?;
            if more && !self.followed.insert(hash(&next)) {
                link = None;
                self.begin_anew()?;
                continue;
            }
            let listed = self.listed(page.value).await?;
            self.empty_pages = if listed.is_empty() { self.empty_pages + 1 } else { 0 };
            if self.empty_pages > MOST_EMPTY {
                self.empty_pages = 0;
                return Err(Error::Malformed { what: "the listing goes on and on without a message" });
            }
            if listed.is_empty() && more && empty < EMPTY_PAGES {
                empty += 1;
                link = Some(next);
                continue;
            }
            let position =
                Position { generation: GENERATION.to_owned(), token: format!("{folder_id} {next}") };
            return Ok(ListPage { listed, position, more, renumbered: false });
        }
    }

    async fn page(&self, folder_id: &str, link: Option<&str>) -> Result<Page<Box<RawValue>>, Error> {
        let url: Url = match link {
            Some(link) => self.wire.address.follow(link)?,
            None => {
                let query = [("$select", FIELDS), ("$expand", SIZE)];
                let path =
                    self.wire.address.path(&["mailFolders", &id(folder_id), "messages", "delta"], &query);
                self.wire.address.url(&path)?
            }
        };
        self.wire.json(&Ask::read(url).page_size(PAGE)).await
    }

    /// The ledger knows what it has; only a service that loses every position is not gone along with.
    fn begin_anew(&mut self) -> Result<(), Error> {
        self.restarts += 1;
        self.followed.clear();
        if self.restarts > RESTARTS {
            return Err(Error::Malformed { what: "the listing loses its position again and again" });
        }
        Ok(())
    }

    /// Oldest first; without drafts, and without what left the folder.
    async fn listed(&self, items: Vec<Box<RawValue>>) -> Result<Vec<Listed>, Error> {
        let mut listed: Vec<Listed> = Vec::with_capacity(items.len());
        for item in items {
            let Some(item) = Message::of_item(&item) else {
                tracing::warn!("an item of a listing has no usable id, and is left out");
                continue;
            };
            if item.removed.is_some() {
                continue;
            }
            let item = if item.is_draft.is_none() || item.arrived_at().is_none() {
                match self.completed(item).await? {
                    Some(item) => item,
                    None => continue,
                }
            } else {
                item
            };
            if item.is_draft == Some(true) {
                continue;
            }
            // Of a message that comes twice in a page the later word holds.
            listed.retain(|earlier| earlier.source_id != item.id);
            listed.push(Listed {
                // A message without a date is new rather than old: a double can be seen, a loss can't.
                arrived_at: item.arrived_at().unwrap_or_else(|| SystemClock.now()),
                size: item.size().unwrap_or(USUAL_BYTES),
                is_read: item.is_read,
                internet_message_id: item.message_id(),
                source_id: item.id,
            });
        }
        listed.sort_by_key(|one| one.arrived_at);
        Ok(listed)
    }

    /// A change may come with what changed only: the rest is read. None where the message is gone.
    async fn completed(&self, item: Message) -> Result<Option<Message>, Error> {
        let query = [("$select", FIELDS), ("$expand", SIZE)];
        let path = self.wire.address.path(&["messages", &id(&item.id)], &query);
        match self.wire.json::<Message>(&Ask::read(self.wire.address.url(&path)?).of_item()).await {
            Ok(whole) if whole.id.is_empty() => Ok(Some(item)),
            Ok(whole) => Ok(Some(whole)),
            Err(Error::Graph(Refusal { kind: Kind::ItemGone, .. })) => Ok(None),
            // Unreadable as it may be, it is listed: what becomes of it is the fetch's business.
            Err(Error::Graph(refusal)) if refusal.is_of_item() => Ok(Some(item)),
            Err(Error::Malformed { .. }) => Ok(Some(item)),
            Err(error) => Err(error),
        }
    }
}

/// Exchange says of a folder's id, too, that the item is not found. A 404 without a code may be a gateway's.
fn is_folder_gone(refusal: &Refusal) -> bool {
    match refusal.kind {
        Kind::FolderGone => true,
        Kind::ItemGone => !refusal.code.starts_with("HTTP "),
        _ => false,
    }
}

fn hash(link: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    link.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_gone_by_either_code_and_not_by_a_status_alone() {
        let refusal =
            |kind, code: &str| Refusal { kind, code: code.to_owned(), request_id: None, after: None };
        assert!(is_folder_gone(&refusal(Kind::FolderGone, "ErrorFolderNotFound")));
        assert!(is_folder_gone(&refusal(Kind::ItemGone, "ErrorItemNotFound")));
        assert!(!is_folder_gone(&refusal(Kind::ItemGone, "HTTP 404")));
        assert!(!is_folder_gone(&refusal(Kind::Busy, "ErrorItemNotFound")));
    }
}
