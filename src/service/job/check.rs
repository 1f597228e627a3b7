//! What a job may not be, given its mailbox, what its provider can do, and the mailbox's other jobs.

use crate::domain::entra::EntraCloud;
use crate::domain::handling::{Disposition, ENDLESS, Handling, OriginalFate};
use crate::domain::job::Job;
use crate::domain::mailbox::Mailbox;
use crate::provider::{self, Capabilities, no_purge};
use crate::service::error::{Path, Problems, UserErrorCode};
use crate::service::text;

use super::MAX_PER_MAILBOX;

/// The longest grace: a year.
const MAX_GRACE_HOURS: i32 = 8_784;
/// Categories of one disposition, and characters of each.
const MAX_CATEGORIES: usize = 25;
const MAX_CATEGORY: usize = 100;

/// What a job stands on.
pub(in crate::service) struct Ground<'a> {
    /// Its mailbox.
    pub mailbox: &'a Mailbox,
    /// Where the tenant of the mailbox's credential lives, where that is known.
    pub cloud: Option<EntraCloud>,
    /// The other jobs of the mailbox.
    pub others: &'a [Job],
}

impl Ground<'_> {
    fn can(&self, ability: impl Fn(&Capabilities) -> bool) -> bool {
        let provider = Capabilities::within(self.mailbox.settings.kind(), self.cloud);
        provider.as_ref().is_some_and(ability)
    }

    fn same_folder(&self, a: &str, b: &str) -> bool {
        provider::same_folder(self.mailbox.settings.kind(), a, b)
    }

    /// The job, it or another one, that reads a folder into which it puts originals.
    pub(in crate::service) fn reader_of_what_is_put_away(&self, job: &Job) -> Option<&Job> {
        self.others.iter().find(|reader| self.fills(job, &reader.folder))
    }

    /// Whether the job puts originals into the folder, as far as that is known.
    fn fills(&self, job: &Job, folder: &str) -> bool {
        let handling = job.handling.iter();
        let mut dispositions = handling.flat_map(|all| [&all.on_success, &all.on_ignored, &all.on_failure]);
        dispositions.any(|wanted| self.target(wanted).is_some_and(|target| self.same_folder(target, folder)))
    }

    fn target<'d>(&'d self, disposition: &'d Disposition) -> Option<&'d str> {
        match disposition.original {
            OriginalFate::Keep => None,
            OriginalFate::Move => disposition.folder.as_deref(),
            OriginalFate::Delete => {
                provider::deleted_items(self.mailbox.settings.kind(), &self.mailbox.folder_roles)
            }
        }
    }

    /// Why the job can't remove originals for good here, if it wants to.
    pub(in crate::service) fn no_purge(&self, job: &Job) -> Option<String> {
        let wanted = job.handling.as_ref().is_some_and(|handling| handling.purge_at_end_of_run);
        if wanted { no_purge(self.mailbox.settings.kind(), self.cloud) } else { None }
    }
}

pub(super) fn too_many(problems: &mut Problems) {
    let message = format!("This mailbox has {MAX_PER_MAILBOX} jobs already, which is the most it can have.");
    problems.add(UserErrorCode::Invalid, &Path::of("mailboxId"), message);
}

/// Checks the job as a whole; names are checked where they come in.
pub(super) fn job(problems: &mut Problems, path: &Path, job: &Job, ground: &Ground<'_>) {
    text::within(problems, &path.field("maxMessagesPerRun"), job.max_messages_per_run, 1..=i32::MAX);
    folder(problems, &path.field("folder"), job, ground);
    if job.watch && !ground.can(|provider| provider.watch) {
        let message =
            "This provider does not tell of new mail at once: leave `watch` out, the job looks by itself.";
        problems.add(UserErrorCode::Unsupported, &path.field("watch"), message);
    }
    if let Some(wanted) = &job.handling {
        handling(problems, path, job, wanted, ground);
    }
}

fn folder(problems: &mut Problems, path: &Path, job: &Job, ground: &Ground<'_>) {
    if !ground.can(|provider| provider.folders) && !ground.same_folder(&job.folder, "INBOX") {
        problems.add(UserErrorCode::Unsupported, path, "This provider has no folders but INBOX.");
    }
    if ground.others.iter().any(|other| ground.same_folder(&other.folder, &job.folder)) {
        let message = "This folder of the mailbox has a job already: a folder has at most one. Change that one instead.";
        problems.add(UserErrorCode::Taken, path, message);
    }
    if let Some(other) = ground.others.iter().find(|other| ground.fills(other, &job.folder)) {
        let message = format!(
            "The job `{}` moves or deletes messages into this folder: they would be taken in again. Choose another folder.",
            other.name
        );
        problems.add(UserErrorCode::Invalid, path, message);
    }
}

fn handling(problems: &mut Problems, path: &Path, job: &Job, handling: &Handling, ground: &Ground<'_>) {
    let at = path.field("handling");
    let outcomes = [
        ("onSuccess", &handling.on_success),
        ("onIgnored", &handling.on_ignored),
        ("onFailure", &handling.on_failure),
    ];
    for (name, wanted) in outcomes {
        disposition(problems, &at.field(name), job, wanted, ground);
        if wanted.is_endless(job.selection) {
            problems.add(UserErrorCode::Invalid, &at.field(name), ENDLESS);
        }
    }
    if handling.purge_at_end_of_run {
        let purge = at.field("purgeAtEndOfRun");
        if let Some(message) = ground.no_purge(job) {
            problems.add(UserErrorCode::Unsupported, &purge, message);
        } else if outcomes.iter().all(|(_, wanted)| wanted.original != OriginalFate::Delete) {
            let message =
                "Nothing would be purged: no outcome deletes. Delete in one of them, or don't purge.";
            problems.add(UserErrorCode::Invalid, &purge, message);
        }
    }
    text::within(problems, &at.field("graceHours"), Some(handling.grace_hours), 0..=MAX_GRACE_HOURS);
}

fn disposition(problems: &mut Problems, path: &Path, job: &Job, wanted: &Disposition, ground: &Ground<'_>) {
    if wanted.mark_read && !ground.can(|provider| provider.mark_read) {
        problems.add(
            UserErrorCode::Unsupported,
            &path.field("markRead"),
            "This provider can't mark messages read.",
        );
    }
    move_target(problems, path, job, wanted, ground);
    let categories = path.field("categories");
    if !wanted.categories.is_empty() && !ground.can(|provider| provider.categories) {
        problems.add(UserErrorCode::Unsupported, &categories, "This provider has no categories.");
    }
    if wanted.categories.len() > MAX_CATEGORIES {
        let message = format!("These are too many: at most {MAX_CATEGORIES} categories.");
        problems.add(UserErrorCode::Invalid, &categories, message);
    }
    for (index, category) in wanted.categories.iter().enumerate() {
        text::line(problems, &categories.index(index), category, MAX_CATEGORY, "category");
    }
}

fn move_target(problems: &mut Problems, path: &Path, job: &Job, wanted: &Disposition, ground: &Ground<'_>) {
    let at = path.field("folder");
    match (&wanted.folder, wanted.original) {
        (None, OriginalFate::Move) => {
            problems.add(UserErrorCode::Required, &at, "MOVE needs the folder to move to.");
        }
        (Some(_), OriginalFate::Keep | OriginalFate::Delete) => {
            let message = format!("A folder goes with MOVE only, not with {}.", wanted.original);
            problems.add(UserErrorCode::Invalid, &at, message);
        }
        (Some(_), OriginalFate::Move) if !ground.can(|provider| provider.moves) => {
            problems.add(
                UserErrorCode::Unsupported,
                &path.field("original"),
                "This provider can't move messages.",
            );
        }
        (Some(folder), OriginalFate::Move) => {
            text::folder(problems, &at, folder);
            circle(problems, &at, job, folder, ground);
        }
        (None, OriginalFate::Delete) => {
            if let Some(folder) = ground.target(wanted) {
                circle(problems, &path.field("original"), job, folder, ground);
            }
        }
        (None, OriginalFate::Keep) => {}
    }
}

/// What is put where it, or another job, reads.
fn circle(problems: &mut Problems, at: &Path, job: &Job, folder: &str, ground: &Ground<'_>) {
    if ground.same_folder(folder, &job.folder) {
        let message = "This is the folder that the job reads: choose another one, or KEEP.";
        problems.add(UserErrorCode::Invalid, at, message);
    } else if let Some(other) = ground.others.iter().find(|other| ground.same_folder(folder, &other.folder)) {
        let message = format!(
            "The job `{}` reads this folder: what is put there would be taken in again. Choose another one.",
            other.name
        );
        problems.add(UserErrorCode::Invalid, at, message);
    }
}
