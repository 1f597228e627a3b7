//! What happens to the originals: dispositions by outcome, and the purge; in `words`, as a sentence.

mod words;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use words::{ENDLESS, ONLY_WATCHED};

use super::fault::Fault;
use super::job::Selection;
use super::message::MessageState;
use super::named::named_enum;

named_enum! {
    /// Where the original ends.
    pub enum OriginalFate { Keep = "KEEP", Move = "MOVE", Delete = "DELETE" }
}

/// What is done with one original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disposition {
    /// Mark it read.
    pub mark_read: bool,
    /// Where it ends.
    pub original: OriginalFate,
    /// With MOVE: the target, with `/`.
    pub folder: Option<String>,
    /// Categories (IMAP: keywords) to add.
    pub categories: Vec<String>,
}

impl Disposition {
    /// Nothing is done.
    pub const KEEP: Self =
        Self { mark_read: false, original: OriginalFate::Keep, folder: None, categories: Vec::new() };
    /// Marked read, and kept.
    pub const READ: Self =
        Self { mark_read: true, original: OriginalFate::Keep, folder: None, categories: Vec::new() };

    /// What of it does not wait for a grace period.
    pub fn early(&self) -> Self {
        Self { original: OriginalFate::Keep, folder: None, ..self.clone() }
    }

    /// What is left once that is done.
    pub fn late(&self) -> Self {
        Self { mark_read: false, categories: Vec::new(), ..self.clone() }
    }

    /// Whether there is nothing to do at the provider.
    pub const fn is_nothing(&self) -> bool {
        !self.mark_read && matches!(self.original, OriginalFate::Keep) && self.categories.is_empty()
    }
}

/// What is to be done with an original at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// All of the disposition, or a part of it.
    pub wanted: Disposition,
    /// It is the part that does not wait for the grace period.
    pub is_early: bool,
}

/// What happens to the originals of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handling {
    /// Of PROCESSED messages.
    pub on_success: Disposition,
    /// Of IGNORED messages.
    pub on_ignored: Disposition,
    /// Of FAILED messages.
    pub on_failure: Disposition,
    /// Remove for good, at the end of the run, what mailroom deleted.
    pub purge_at_end_of_run: bool,
    /// Moving and deleting wait this long.
    pub grace_hours: i32,
}

impl Default for Handling {
    fn default() -> Self {
        Self {
            on_success: Disposition::READ,
            on_ignored: Disposition::KEEP,
            on_failure: Disposition::KEEP,
            purge_at_end_of_run: false,
            grace_hours: 0,
        }
    }
}

impl Handling {
    /// The same, where no outcome lets a job of that selection take the same mail again for ever: it is marked read.
    pub fn endless_never(mut self, selection: Selection) -> Self {
        for wanted in [&mut self.on_success, &mut self.on_ignored, &mut self.on_failure] {
            wanted.mark_read |= wanted.is_endless(selection);
        }
        self
    }

    /// What happens to an original with that outcome.
    pub const fn of(&self, state: MessageState) -> &Disposition {
        match state {
            MessageState::Processed => &self.on_success,
            MessageState::Ignored => &self.on_ignored,
            MessageState::Failed => &self.on_failure,
        }
    }
}

named_enum! {
    /// How far a disposition has come.
    pub enum DispositionState {
        None = "NONE",
        Pending = "PENDING",
        Done = "DONE",
        Cancelled = "CANCELLED",
        Failed = "FAILED",
    }
}

named_enum! {
    /// How far it has come with what does not wait for the grace period.
    pub enum Early { Wanted = "WANTED", Done = "DONE" }
}

/// How far the disposition of a message has come.
#[derive(Debug, Clone, PartialEq)]
pub struct DispositionStatus {
    /// How far.
    pub state: DispositionState,
    /// What is wanted.
    pub wanted: Disposition,
    /// Attempts so far.
    pub attempts: i32,
    /// With a grace period: not before.
    pub due_at: Option<DateTime<Utc>>,
    /// With a grace period: marks, which do not wait for it. None: they come with the rest.
    pub early: Option<Early>,
    /// When the provider confirmed it.
    pub done_at: Option<DateTime<Utc>>,
    /// Why nothing was done.
    pub note: Option<String>,
    /// What the provider answered last.
    pub fault: Option<Fault>,
}

impl DispositionStatus {
    /// What is to be done with the original of a message that has just ended in that state; without a handling, nothing.
    pub fn begin(handling: Option<&Handling>, state: MessageState, now: DateTime<Utc>) -> Self {
        let wanted = handling.map_or(Disposition::KEEP, |handling| handling.of(state).clone());
        let grace = handling.map_or(0, |handling| handling.grace_hours);
        let moves = wanted.original != OriginalFate::Keep;
        let is_pending = !wanted.is_nothing();
        let waits = moves && grace > 0;
        Self {
            state: if is_pending { DispositionState::Pending } else { DispositionState::None },
            due_at: waits.then(|| now + TimeDelta::hours(grace.into())),
            early: (waits && !wanted.early().is_nothing()).then_some(Early::Wanted),
            wanted,
            attempts: 0,
            done_at: None,
            note: None,
            fault: None,
        }
    }

    /// What is to be done with the original by now.
    pub fn due(&self, now: DateTime<Utc>) -> Option<Step> {
        let is_due = self.due_at.is_none_or(|due_at| due_at <= now);
        match (self.state, is_due, self.early) {
            (DispositionState::Pending, true, Some(Early::Done)) => {
                Some(Step { wanted: self.wanted.late(), is_early: false })
            }
            (DispositionState::Pending, true, _) => {
                Some(Step { wanted: self.wanted.clone(), is_early: false })
            }
            (DispositionState::Pending, false, Some(Early::Wanted)) => {
                Some(Step { wanted: self.wanted.early(), is_early: true })
            }
            _ => None,
        }
    }

    /// What is to be done once a message that had failed has another outcome; with an original that we moved, from
    /// where we put it. It stays as it is in any other case.
    pub fn after(
        self,
        was: MessageState,
        handling: Option<&Handling>,
        state: MessageState,
        now: DateTime<Utc>,
    ) -> Self {
        if was != MessageState::Failed || state == MessageState::Failed {
            return self;
        }
        let next = Self::begin(handling, state, now);
        let moved = self.state == DispositionState::Done && self.wanted.original != OriginalFate::Keep;
        if moved && next.wanted.is_nothing() { self } else { next }
    }
}
