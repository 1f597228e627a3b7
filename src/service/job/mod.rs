//! Jobs: the standing orders for folders of mailboxes.

mod check;
mod draft;
mod input;

pub use input::{CreateJob, DispositionInput, FirstJob, HandlingInput, UpdateJob};

use super::error::Problems;
use super::permit::ConfigWrite;
use super::{Context, Error, Path, Permit};
use crate::db;
use crate::domain::id::JobId;
use crate::domain::job::Job;

pub(super) use draft::{default_handling, draft, taken};

/// Jobs that a mailbox may have.
pub const MAX_PER_MAILBOX: usize = 50;

/// Makes a job. It runs at once, if it is enabled.
pub async fn create(cx: &Context, _permit: &Permit<ConfigWrite>, input: CreateJob) -> Result<Job, Error> {
    let tx = cx.db.begin().await?;
    let Some(mailbox) = db::mailbox::lock(&tx, input.mailbox_id).await? else {
        return Err(Error::unknown(&Path::of("mailboxId"), "mailbox"));
    };
    let others = db::job::of_mailbox(&tx, mailbox.id).await?;
    let mut problems = Problems::new();
    if others.len() >= MAX_PER_MAILBOX {
        check::too_many(&mut problems);
    }
    let job = draft(&mut problems, &Path::root(), &mailbox, &others, input.job, None, cx.clock.now());
    problems.finish()?;
    db::job::insert(&tx, &job).await.map_err(|error| taken(error, &Path::root()))?;
    tx.commit().await.map_err(db::Error::from)?;
    cx.wake.ring();
    Ok(job)
}

/// Changes a job. Another folder is listed from its start; what was taken in stays known.
pub async fn update(cx: &Context, _permit: &Permit<ConfigWrite>, input: UpdateJob) -> Result<Job, Error> {
    let unknown = || Error::unknown(&Path::of("id"), "job");
    let mailbox_id = db::job::get(cx.db.read(), input.id).await?.ok_or_else(unknown)?.mailbox_id;
    let tx = cx.db.begin().await?;
    // The lease before the mailbox, as in the intake; the mailbox before its jobs, which are checked together.
    if !input.folder.is_keep() {
        db::lease::revoke(&tx, mailbox_id).await?;
    }
    let mailbox = db::mailbox::lock(&tx, mailbox_id).await?.ok_or_else(unknown)?;
    let saved = db::job::lock(&tx, input.id).await?.ok_or_else(unknown)?;
    if input.expected_version.is_some_and(|expected| expected != saved.version) {
        return Err(Error::conflict("job", saved.version));
    }
    let mut others = db::job::of_mailbox(&tx, mailbox.id).await?;
    others.retain(|job| job.id != saved.id);
    let mut problems = Problems::new();
    let changed = draft::changed(&mut problems, &mailbox, &others, &saved, input, cx.clock.now());
    problems.finish()?;
    if !db::job::same_folder(&saved.folder, &changed.folder) {
        db::job::forget_listing(&tx, saved.id).await?;
    }
    db::job::update(&tx, &changed, saved.version).await.map_err(|error| taken(error, &Path::root()))?;
    tx.commit().await.map_err(db::Error::from)?;
    cx.wake.ring();
    Ok(changed)
}

/// Deletes a job and its runs. Messages stay.
pub async fn delete(cx: &Context, _permit: &Permit<ConfigWrite>, id: JobId) -> Result<(), Error> {
    let unknown = || Error::unknown(&Path::of("id"), "job");
    let job = db::job::get(cx.db.read(), id).await?.ok_or_else(unknown)?;
    let tx = cx.db.begin().await?;
    db::lease::revoke(&tx, job.mailbox_id).await?;
    if !db::job::delete(&tx, id).await? {
        return Err(unknown());
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(())
}
