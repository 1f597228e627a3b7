//! The messages of a folder or of a mailbox by the time of their receipt. Folders keep them in that order, so nothing is
//! sorted and nothing looked at that isn't shown.

use std::collections::BinaryHeap;

use chrono::{DateTime, Utc};

use super::Filter;
use crate::world::{Folder, FolderKey, Mailbox, Message, MessageKey};

type At = (DateTime<Utc>, MessageKey);

/// Those of a folder, or of all folders that are to be seen, which a filter's bounds leave possible; newest first,
/// without the first ones to skip.
pub fn messages<'m>(
    mailbox: &'m Mailbox,
    folder: Option<FolderKey>,
    filter: Option<&Filter>,
    oldest_first: bool,
    skip: usize,
) -> impl Iterator<Item = &'m Message> + use<'m> {
    let found = places(mailbox, folder, filter, oldest_first).skip(skip);
    found.filter_map(|(_, key)| mailbox.message(key))
}

/// Where those are; no message is looked at.
pub fn places<'m>(
    mailbox: &'m Mailbox,
    folder: Option<FolderKey>,
    filter: Option<&Filter>,
    oldest_first: bool,
) -> Box<dyn Iterator<Item = At> + 'm> {
    let range = filter.map(Filter::received).unwrap_or_default();
    match folder {
        Some(key) => match mailbox.folder(key) {
            Some(folder) => within(folder, range, oldest_first),
            None => Box::new(std::iter::empty()),
        },
        None => {
            let folders = visible(mailbox);
            Box::new(Merge::of(folders.map(|folder| within(folder, range, oldest_first)), oldest_first))
        }
    }
}

/// All folders but the recoverable items.
pub fn visible(mailbox: &Mailbox) -> impl Iterator<Item = &Folder> {
    let dumpster =
        |folder: &Folder| folder.well_known.is_some_and(|name| name.starts_with("recoverableitems"));
    mailbox.folders().filter(move |folder| !dumpster(folder))
}

fn within<'m>(
    folder: &'m Folder,
    (from, to): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    oldest_first: bool,
) -> Box<dyn Iterator<Item = At> + 'm> {
    let from = (from.unwrap_or(DateTime::<Utc>::MIN_UTC), MessageKey(0));
    let to = (to.unwrap_or(DateTime::<Utc>::MAX_UTC), MessageKey(0));
    if from >= to {
        return Box::new(std::iter::empty());
    }
    let range = folder.messages.range(from..to).copied();
    if oldest_first { Box::new(range) } else { Box::new(range.rev()) }
}

/// Several folders as one.
struct Merge<'m> {
    oldest_first: bool,
    heads: BinaryHeap<(Signed, usize)>,
    folders: Vec<Box<dyn Iterator<Item = At> + 'm>>,
}

/// A place that is greater the sooner it comes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Signed {
    Oldest(std::cmp::Reverse<At>),
    Newest(At),
}

impl<'m> Merge<'m> {
    fn of(folders: impl Iterator<Item = Box<dyn Iterator<Item = At> + 'm>>, oldest_first: bool) -> Self {
        let mut merge = Self { oldest_first, heads: BinaryHeap::new(), folders: folders.collect() };
        for at in 0..merge.folders.len() {
            merge.refill(at);
        }
        merge
    }

    fn refill(&mut self, at: usize) {
        let head = self.folders.get_mut(at).and_then(Iterator::next);
        let signed = |head| match self.oldest_first {
            true => Signed::Oldest(std::cmp::Reverse(head)),
            false => Signed::Newest(head),
        };
        self.heads.extend(head.map(|head| (signed(head), at)));
    }
}

impl Iterator for Merge<'_> {
    type Item = At;

    fn next(&mut self) -> Option<At> {
        let (head, at) = self.heads.pop()?;
        self.refill(at);
        match head {
            Signed::Newest(head) | Signed::Oldest(std::cmp::Reverse(head)) => Some(head),
        }
    }
}
