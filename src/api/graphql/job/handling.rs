//! What happens to the originals.

use async_graphql::{Enum, InputObject, SimpleObject};

use crate::domain::handling;
use crate::service::job;

/// Where the original ends. DELETE moves to the provider's deleted items (a server without them: `\Deleted`, allowed
/// with purge only); POP3: deletes.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "handling::OriginalFate")]
pub enum OriginalFate {
    /// It stays where it is.
    Keep,
    /// It is moved to another folder.
    Move,
    /// It is moved to the provider's deleted items.
    Delete,
}

/// What is done with one original.
#[derive(SimpleObject)]
pub struct Disposition {
    /// Whether it is marked read.
    pub mark_read: bool,
    /// Where it ends.
    pub original: OriginalFate,
    /// With MOVE: the target's path, with /.
    pub folder: Option<String>,
    /// Categories to add (IMAP: keywords, where the server allows new ones).
    pub categories: Vec<String>,
}

/// What happens to the original after processing, by outcome.
#[derive(SimpleObject)]
pub struct Handling {
    /// Of PROCESSED messages.
    pub on_success: Disposition,
    /// Of IGNORED messages.
    pub on_ignored: Disposition,
    /// Of FAILED messages.
    pub on_failure: Disposition,
    /// Remove for good, at the end of the run, what mailroom deleted; otherwise it stays in the provider's deleted
    /// items.
    pub purge_at_end_of_run: bool,
    /// Moving and deleting wait this long, in which `cancelDispositions` undoes them. Marking read does not wait.
    pub grace_hours: i32,
}

/// What is to be done with one original.
#[derive(InputObject)]
pub struct DispositionInput {
    /// Whether it is marked read.
    #[graphql(default = false)]
    pub mark_read: bool,
    /// Where it ends.
    #[graphql(default_with = "OriginalFate::Keep")]
    pub original: OriginalFate,
    /// With MOVE: the target's path, with /.
    pub folder: Option<String>,
    /// Categories to add (IMAP: keywords, where the server allows new ones).
    pub categories: Option<Vec<String>>,
}

/// What is to happen to the originals, by outcome. Default on success: mark read and KEEP; when ignored and on
/// failure: KEEP.
#[derive(InputObject)]
pub struct HandlingInput {
    /// Of PROCESSED messages.
    pub on_success: Option<DispositionInput>,
    /// Of IGNORED messages.
    pub on_ignored: Option<DispositionInput>,
    /// Of FAILED messages.
    pub on_failure: Option<DispositionInput>,
    /// Remove for good, at the end of the run, what mailroom deleted.
    #[graphql(default = false)]
    pub purge_at_end_of_run: bool,
    /// Moving and deleting wait this long. Marking read does not wait.
    #[graphql(default = 0)]
    pub grace_hours: i32,
}

impl From<handling::Disposition> for Disposition {
    fn from(disposition: handling::Disposition) -> Self {
        Self {
            mark_read: disposition.mark_read,
            original: disposition.original.into(),
            folder: disposition.folder,
            categories: disposition.categories,
        }
    }
}

impl From<handling::Handling> for Handling {
    fn from(handling: handling::Handling) -> Self {
        Self {
            on_success: handling.on_success.into(),
            on_ignored: handling.on_ignored.into(),
            on_failure: handling.on_failure.into(),
            purge_at_end_of_run: handling.purge_at_end_of_run,
            grace_hours: handling.grace_hours,
        }
    }
}

impl From<DispositionInput> for job::DispositionInput {
    fn from(input: DispositionInput) -> Self {
        Self {
            mark_read: input.mark_read,
            original: input.original.into(),
            folder: input.folder,
            categories: input.categories.unwrap_or_default(),
        }
    }
}

impl From<HandlingInput> for job::HandlingInput {
    fn from(input: HandlingInput) -> Self {
        Self {
            on_success: input.on_success.map(Into::into),
            on_ignored: input.on_ignored.map(Into::into),
            on_failure: input.on_failure.map(Into::into),
            purge_at_end_of_run: input.purge_at_end_of_run,
            grace_hours: input.grace_hours,
        }
    }
}
