//! What happened in a folder, in order: delta rounds and notifications are told from it.

use std::collections::VecDeque;

use super::ids::MessageKey;

/// What happened to a message, seen from one folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// It is in the folder now: delivered, moved in, copied, restored, or begun as a draft.
    Created,
    /// Something of it is different, its read state included.
    Updated,
    /// It is in the folder no more: deleted, or moved out.
    Deleted,
}

impl Change {
    /// As a subscription names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// One line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// Its place; grows by one.
    pub at: u64,
    /// Of which message.
    pub message: MessageKey,
    /// How often it had moved then: the id that it had in this folder.
    pub moves: u32,
    /// What happened.
    pub change: Change,
}

/// Lines that are kept. Who comes with an older place is told to begin anew.
const KEPT: usize = 200_000;

/// A folder's log.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Changes {
    entries: VecDeque<Entry>,
    next: u64,
}

impl Changes {
    /// Writes a line.
    pub fn push(&mut self, message: MessageKey, moves: u32, change: Change) {
        self.entries.push_back(Entry { at: self.next, message, moves, change });
        self.next += 1;
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
    }

    /// The place of the line that comes next.
    pub const fn end(&self) -> u64 {
        self.next
    }

    /// The lines from that place on; None where some of them are not kept any more, or the place is not of this log.
    pub fn since(&self, at: u64) -> Option<impl Iterator<Item = &Entry>> {
        let first = self.next - self.entries.len() as u64;
        let skipped = usize::try_from(at.checked_sub(first)?).ok()?;
        (at <= self.next).then(|| self.entries.iter().skip(skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_answered_with_what_came_after_it() {
        let mut changes = Changes::default();
        let start = changes.end();
        for key in 1..=3 {
            changes.push(MessageKey(key), 0, Change::Created);
        }
        let keys = |at| changes.since(at).map(|lines| lines.map(|line| line.message.0).collect::<Vec<_>>());
        assert_eq!(keys(start), Some(vec![1, 2, 3]));
        assert_eq!(keys(start + 2), Some(vec![3]));
        assert_eq!(keys(start + 3), Some(vec![]));
        assert_eq!(keys(start + 4), None);
    }

    #[test]
    fn what_is_not_kept_is_not_answered() {
        let mut changes = Changes::default();
        for key in 0..KEPT as u64 + 5 {
            changes.push(MessageKey(key), 0, Change::Updated);
        }
        assert!(changes.since(4).is_none());
        assert_eq!(changes.since(5).map(Iterator::count), Some(KEPT));
    }
}
