//! Keyset paging: which slice of an ordered list is asked for.

/// The most that one page may hold.
pub const MAX: u32 = 100;
/// What a page holds where nothing was said.
pub const DEFAULT: u32 = 20;

/// The slice asked for: so many from one end, within exclusive bounds. Keys are in the list's own order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageRequest<K> {
    /// How many, 1 to [`MAX`].
    pub limit: u32,
    /// Counted from the list's end (`last`) rather than from its start (`first`).
    pub from_end: bool,
    /// Only what comes after this key in the list's order.
    pub after: Option<K>,
    /// Only what comes before this key in the list's order.
    pub before: Option<K>,
}

impl<K> Default for PageRequest<K> {
    fn default() -> Self {
        Self { limit: DEFAULT, from_end: false, after: None, before: None }
    }
}

/// A slice, in the list's order whichever end it was counted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is in it.
    pub items: Vec<T>,
    /// Whether the list goes on after it.
    pub has_next: bool,
    /// Whether the list goes on before it.
    pub has_previous: bool,
}

impl<T> Page<T> {
    /// Of the empty list.
    pub const fn empty() -> Self {
        Self { items: Vec::new(), has_next: false, has_previous: false }
    }

    /// Makes a page of rows that were read with one more than `limit`, in reading order: from the start, or
    /// reversed when counted from the end.
    pub fn from_rows<K>(mut rows: Vec<T>, request: &PageRequest<K>) -> Self {
        let more = rows.len() > request.limit as usize;
        rows.truncate(request.limit as usize);
        if request.from_end {
            rows.reverse();
            Self { items: rows, has_next: request.before.is_some(), has_previous: more }
        } else {
            Self { items: rows, has_next: more, has_previous: request.after.is_some() }
        }
    }

    /// The same page of something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }
}

/// The direction of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Newest first.
    NewestFirst,
    /// Oldest first.
    OldestFirst,
}
