//! A job as it will be: what is given, what it defaults to, and what an update changes.

use chrono::{DateTime, Utc};

use super::check::{self, Ground};
use super::input::{DispositionInput, FirstJob, HandlingInput, UpdateJob};
use crate::db;
use crate::domain::handling::{Disposition, Handling};
use crate::domain::id::JobId;
use crate::domain::job::Job;
use crate::domain::mailbox::{Mailbox, MailboxMode, ProviderSettings};
use crate::domain::schedule::Schedule;
use crate::service::error::{Path, Problems, UserErrorCode};
use crate::service::{Context, Error, Patch, schedule, text};

/// A new job, checked on its ground.
pub(in crate::service) fn draft(
    problems: &mut Problems,
    path: &Path,
    ground: &Ground<'_>,
    input: FirstJob,
    default_name: Option<&str>,
    cx: &Context,
) -> Job {
    let now = cx.clock.now();
    let given = input.name.as_deref().or(default_name).unwrap_or_default();
    let name = text::name(problems, &path.field("name"), given);
    let mailbox = ground.mailbox;
    let by_default = input.schedule.is_keep();
    let schedule = match input.schedule {
        Patch::Keep => Some(cx.default_schedule.as_ref().clone()),
        Patch::Clear => None,
        Patch::Set(given) => Some(schedule::checked(problems, &path.field("schedule"), given, now)),
    };
    let mut job = Job {
        id: JobId::new(),
        name,
        mailbox_id: mailbox.id,
        folder: text::folder(problems, &path.field("folder"), &input.folder),
        enabled: input.enabled,
        schedule,
        watch: input.watch,
        selection: input.selection,
        since: input.since.apply(Some(now)),
        handling: handling(problems, path, mailbox, input.handling),
        max_messages_per_run: input.max_messages_per_run,
        next_run_at: None,
        noted_at: None,
        last_checked_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    job.next_run_at = if job.enabled && (by_default || job.watch) { Some(now) } else { job.next_turn(now) };
    check::job(problems, path, &job, ground);
    job
}

/// What an update makes of the saved job.
pub(super) fn changed(
    problems: &mut Problems,
    ground: &Ground<'_>,
    saved: &Job,
    input: UpdateJob,
    cx: &Context,
) -> Job {
    let (root, now) = (Path::root(), cx.clock.now());
    let mut job = saved.clone();
    if let Some(name) = required(problems, "name", input.name) {
        job.name = text::name(problems, &root.field("name"), &name);
    }
    if let Some(folder) = required(problems, "folder", input.folder) {
        job.folder = text::folder(problems, &root.field("folder"), &folder);
    }
    job.enabled = required(problems, "enabled", input.enabled).unwrap_or(job.enabled);
    match input.schedule {
        Patch::Keep => {}
        Patch::Clear => job.schedule = None,
        Patch::Set(given) => {
            job.schedule = Some(schedule::checked(problems, &root.field("schedule"), given, now));
        }
    }
    job.watch = required(problems, "watch", input.watch).unwrap_or(job.watch);
    job.selection = required(problems, "selection", input.selection).unwrap_or(job.selection);
    job.since = input.since.apply(job.since);
    job.max_messages_per_run = input.max_messages_per_run.apply(job.max_messages_per_run);
    match input.handling {
        Patch::Keep => {}
        Patch::Clear => job.handling = handling(problems, &root, ground.mailbox, None),
        Patch::Set(given) => job.handling = handling(problems, &root, ground.mailbox, Some(given)),
    }
    job.next_run_at = next_run_of_changed(saved, &job, &cx.default_schedule, now);
    job.version = saved.version + 1;
    job.updated_at = now;
    check::job(problems, &root, &job, ground);
    job
}

/// A changed job runs at once, so that one sees what became of it: where it watches, or where nobody said when. A schedule
/// that a person gave is kept to, and what is due already, or waits for its time, stays so.
fn next_run_of_changed(
    saved: &Job,
    job: &Job,
    default: &Schedule,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let is_by_default = job.schedule.as_ref() == Some(default);
    if job.enabled && (job.watch || is_by_default) {
        return Some(now);
    }
    let due = saved.next_run_at.filter(|_| job.enabled && saved.schedule == job.schedule);
    match (job.next_turn(now), due) {
        (Some(next), Some(due)) => Some(next.min(due)),
        (next, due) => next.or(due),
    }
}

/// The new value of a field that can't be empty.
fn required<T>(problems: &mut Problems, name: &str, patch: Patch<T>) -> Option<T> {
    match patch {
        Patch::Keep => None,
        Patch::Clear => {
            let message =
                format!("A job can't be without `{name}`: leave the field out to keep it as it is.");
            problems.add(UserErrorCode::Required, &Path::of(name), message);
            None
        }
        Patch::Set(value) => Some(value),
    }
}

/// What happens to the originals where nothing was said.
pub(in crate::service) fn default_handling(settings: &ProviderSettings) -> Handling {
    match settings {
        ProviderSettings::Graph(_) | ProviderSettings::Imap(_) => Handling::default(),
    }
}

fn handling(
    problems: &mut Problems,
    path: &Path,
    mailbox: &Mailbox,
    input: Option<HandlingInput>,
) -> Option<Handling> {
    if mailbox.mode == MailboxMode::CheckOnly {
        if input.is_some() {
            let message =
                "This mailbox is CHECK_ONLY: nothing is done with its originals, leave the handling out.";
            problems.add(UserErrorCode::Invalid, &path.field("handling"), message);
        }
        return None;
    }
    let default = default_handling(&mailbox.settings);
    let Some(input) = input else { return Some(default) };
    Some(Handling {
        on_success: input.on_success.map_or(default.on_success, disposition),
        on_ignored: input.on_ignored.map_or(default.on_ignored, disposition),
        on_failure: input.on_failure.map_or(default.on_failure, disposition),
        purge_at_end_of_run: input.purge_at_end_of_run,
        grace_hours: input.grace_hours,
    })
}

fn disposition(input: DispositionInput) -> Disposition {
    let DispositionInput { mark_read, original, folder, categories } = input;
    Disposition { mark_read, original, folder, categories }
}

/// The refusal that a taken name or folder is.
pub(in crate::service) fn taken(error: db::Error, path: &Path) -> Error {
    match db::job::taken(&error) {
        Some(db::job::Taken::Name) => Error::refused(
            UserErrorCode::Taken,
            &path.field("name"),
            "Another job has this name: choose another one.",
        ),
        Some(db::job::Taken::Folder) => Error::refused(
            UserErrorCode::Taken,
            &path.field("folder"),
            "This folder of the mailbox has a job already: a folder has at most one. Change that one instead.",
        ),
        None => error.into(),
    }
}
