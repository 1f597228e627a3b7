//! A mail system in memory that keeps all its promises, and breaks those that a test asks it to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::{self, BoxStream, StreamExt};
use mailroom::domain::folder::{Folder, Place};
use mailroom::domain::handling::OriginalFate;
use mailroom::domain::intake::Listed;
use mailroom::provider::{
    DisposeOutcome, Disposed, Error, Extent, FetchOutcome, Fetched, ListPage, Order, Position, PurgeOrder,
    Purged, Session, Unread, Wanted,
};

/// Lines of a page: small, so that every test pages.
const PAGE: usize = 3;

/// The mail system; clones share it.
#[derive(Clone, Default)]
pub struct Fake(pub Arc<Mutex<Folders>>);

/// Folders by path.
pub type Folders = BTreeMap<String, FakeFolder>;

/// A folder.
#[derive(Clone, Default)]
pub struct FakeFolder {
    pub validity: u32,
    pub next: u32,
    pub mail: Vec<Mail>,
}

/// A mail in a folder.
#[derive(Clone)]
pub struct Mail {
    pub uid: u32,
    pub arrived: DateTime<Utc>,
    pub raw: Bytes,
    pub read: bool,
    /// Listed, and no longer there when it is fetched.
    pub vanishes: bool,
    /// Its size as listed, if it is not the true one.
    pub claims: Option<u64>,
    /// What is to be done to it is refused.
    pub refused: Refused,
}

/// How a disposition is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    Not,
    /// This one.
    Itself,
    /// For a reason that would keep any from being done.
    WithAll,
    /// Not come to, the first time.
    NotYet,
}

impl Fake {
    /// Puts a mail into the folder.
    pub fn deliver(&self, folder: &str, arrived: DateTime<Utc>, raw: &str) -> u32 {
        self.change(folder, |folder| {
            folder.next += 1;
            folder.mail.push(Mail {
                uid: folder.next,
                arrived,
                raw: Bytes::from(raw.replace('\n', "\r\n")),
                read: false,
                vanishes: false,
                claims: None,
                refused: Refused::Not,
            });
            folder.next
        })
    }

    /// Gives every mail of the folder a new id.
    pub fn renumber(&self, folder: &str) {
        self.change(folder, |folder| {
            folder.validity += 1;
            folder.next = 100 * folder.validity;
            for mail in &mut folder.mail {
                folder.next += 1;
                mail.uid = folder.next;
            }
        });
    }

    /// Changes one mail.
    pub fn mail(&self, folder: &str, uid: u32, change: impl FnOnce(&mut Mail)) {
        self.change(folder, |folder| change(folder.mail.iter_mut().find(|mail| mail.uid == uid).unwrap()));
    }

    /// Looks at, or changes, a folder.
    pub fn change<T>(&self, folder: &str, change: impl FnOnce(&mut FakeFolder) -> T) -> T {
        let mut folders = self.0.lock().unwrap();
        let folder =
            folders.entry(folder.to_owned()).or_insert(FakeFolder { validity: 1, next: 0, mail: vec![] });
        change(folder)
    }

    /// Which of the folder's mails are read.
    pub fn read(&self, folder: &str) -> Vec<bool> {
        self.change(folder, |folder| folder.mail.iter().map(|mail| mail.read).collect())
    }
}

#[async_trait]
impl Session for Fake {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        Ok(Vec::new())
    }

    async fn list(&mut self, folder: &str, position: Option<&Position>) -> Result<ListPage, Error> {
        Ok(self.change(folder, |folder| {
            let generation = folder.validity.to_string();
            let same = position.filter(|position| position.generation == generation);
            let from: u32 = same.map_or(0, |position| position.token.parse().unwrap());
            let mut rest = folder.mail.iter().filter(|mail| mail.uid > from);
            let listed: Vec<Listed> = rest
                .by_ref()
                .take(PAGE)
                .map(|mail| Listed {
                    source_id: mail.uid.to_string(),
                    arrived_at: mail.arrived,
                    size: mail.claims.unwrap_or(mail.raw.len() as u64),
                    is_read: Some(mail.read),
                    internet_message_id: None,
                })
                .collect();
            let token = listed.last().map_or(from.to_string(), |last| last.source_id.clone());
            ListPage {
                listed,
                position: Position { generation, token },
                more: rest.next().is_some(),
                renumbered: position.is_some() && same.is_none(),
            }
        }))
    }

    fn tells_changes(&self) -> bool {
        false
    }

    async fn unread(&mut self, folder: &str, _told: &[String]) -> Result<Vec<Unread>, Error> {
        Ok(self.change(folder, |folder| {
            let unread = folder.mail.iter().filter(|mail| !mail.read);
            unread.map(|mail| Unread { source_id: mail.uid.to_string(), version: None }).collect()
        }))
    }

    async fn identify(&mut self, folder: &str, mut listed: Vec<Listed>) -> Result<Vec<Listed>, Error> {
        self.change(folder, |folder| {
            for listed in &mut listed {
                let mail = folder.mail.iter().find(|mail| mail.uid.to_string() == listed.source_id);
                let raw =
                    mail.map(|mail| String::from_utf8_lossy(&mail.raw).into_owned()).unwrap_or_default();
                let id = raw.lines().find_map(|line| line.strip_prefix("Message-ID: <")?.strip_suffix('>'));
                listed.internet_message_id = id.map(str::to_owned);
            }
        });
        Ok(listed)
    }

    async fn fetch<'a>(
        &'a mut self,
        folder: &str,
        wanted: &[Wanted],
    ) -> Result<BoxStream<'a, Result<Fetched, Error>>, Error> {
        let fetched: Vec<_> = self.change(folder, |folder| {
            wanted
                .iter()
                .map(|wanted| {
                    let mail = folder.mail.iter().find(|mail| mail.uid.to_string() == wanted.source_id);
                    let outcome = match mail {
                        Some(mail) if !mail.vanishes => FetchOutcome::Raw(match wanted.extent {
                            Extent::Whole => mail.raw.clone(),
                            Extent::HeaderOnly => header(&mail.raw),
                        }),
                        _ => FetchOutcome::Gone,
                    };
                    Ok(Fetched { source_id: wanted.source_id.clone(), outcome })
                })
                .collect()
        });
        Ok(stream::iter(fetched).boxed())
    }

    async fn dispose(&mut self, folder: &str, orders: &[Order]) -> Result<Vec<Disposed>, Error> {
        if !self.0.lock().unwrap().contains_key(folder) {
            return Err(Error::FolderNotFound { folder: folder.to_owned() });
        }
        let answer = |order: &Order, outcome| Disposed { source_id: order.source_id.clone(), outcome };
        Ok(orders
            .iter()
            .map(|order| {
                let place = self.change(folder, |folder| {
                    let validity = folder.validity.to_string();
                    let at = folder.mail.iter().position(|mail| mail.uid.to_string() == order.source_id)?;
                    (validity == order.generation).then_some(at)
                });
                let Some(at) = place else {
                    return answer(order, DisposeOutcome::Elsewhere("It is no longer there.".to_owned()));
                };
                let refused = || {
                    let provider_code = "NO [INUSE]".to_owned();
                    Arc::new(Error::Refused { command: "MOVE", provider_code, bad: false })
                };
                match self.change(folder, |folder| folder.mail[at].refused) {
                    Refused::Not => {}
                    Refused::Itself => return answer(order, DisposeOutcome::Refused(refused())),
                    Refused::NotYet => {
                        self.change(folder, |folder| folder.mail[at].refused = Refused::Not);
                        return answer(order, DisposeOutcome::Postponed(refused()));
                    }
                    Refused::WithAll => return answer(order, DisposeOutcome::Postponed(refused())),
                }
                let target = match order.disposition.original {
                    OriginalFate::Keep => None,
                    OriginalFate::Move => order.disposition.folder.clone(),
                    OriginalFate::Delete => Some("Trash".to_owned()),
                };
                self.change(folder, |folder| {
                    folder.mail[at].read |= order.disposition.mark_read;
                });
                let moved_to = target.map(|target| {
                    let mail = self.change(folder, |folder| folder.mail.remove(at));
                    self.change(&target, |folder| {
                        folder.next += 1;
                        folder.mail.push(Mail { uid: folder.next, ..mail });
                        let source_id = Some(folder.next.to_string());
                        Place {
                            folder: target.clone(),
                            generation: Some(folder.validity.to_string()),
                            source_id,
                        }
                    })
                });
                answer(order, DisposeOutcome::Done { moved_to, version: None })
            })
            .collect())
    }

    async fn find(&mut self, folder: &str, internet_message_id: &str) -> Result<Option<Place>, Error> {
        if !self.0.lock().unwrap().contains_key(folder) {
            return Err(Error::FolderNotFound { folder: folder.to_owned() });
        }
        let header = format!("Message-ID: <{internet_message_id}>");
        Ok(self.change(folder, |opened| {
            let bears = |mail: &&Mail| String::from_utf8_lossy(&mail.raw).lines().any(|line| line == header);
            let [only] = opened.mail.iter().filter(bears).collect::<Vec<_>>()[..] else { return None };
            Some(Place {
                folder: folder.to_owned(),
                generation: Some(opened.validity.to_string()),
                source_id: Some(only.uid.to_string()),
            })
        }))
    }

    async fn purge(&mut self, orders: &[PurgeOrder]) -> Result<Vec<Purged>, Error> {
        Ok(orders
            .iter()
            .map(|order| {
                let removed = self.change(&order.place.folder, |folder| {
                    let before = folder.mail.len();
                    folder.mail.retain(|mail| Some(mail.uid.to_string()) != order.place.source_id);
                    before > folder.mail.len()
                });
                let outcome = if removed {
                    DisposeOutcome::Done { moved_to: None, version: None }
                } else {
                    DisposeOutcome::Elsewhere("It is no longer there.".to_owned())
                };
                Purged { key: order.key.clone(), outcome }
            })
            .collect())
    }

    async fn close(self: Box<Self>) {}
}

fn header(raw: &Bytes) -> Bytes {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n").map_or(raw.len(), |at| at + 4);
    raw.slice(..end)
}
