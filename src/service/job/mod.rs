//! Jobs: the standing orders for folders of mailboxes.

mod check;
mod draft;
mod input;

pub use input::{CreateJob, DispositionInput, FirstJob, HandlingInput, UpdateJob};

use super::error::Problems;
use super::permit::ConfigWrite;
use super::{Context, Error, Path, Permit, UserErrorCode};
use crate::db::{self, Connection};
use crate::domain::entra::EntraCloud;
use crate::domain::id::JobId;
use crate::domain::job::Job;
use crate::domain::mailbox::Mailbox;

pub(super) use check::Ground;
pub(super) use draft::{default_handling, draft, taken};

/// Jobs that a mailbox may have.
pub const MAX_PER_MAILBOX: usize = 50;

/// Makes a job. It runs at once where it watches or nobody says when, else by its schedule.
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
    let ground = Ground { mailbox: &mailbox, cloud: cloud_of(&tx, &mailbox).await?, others: &others };
    let job = draft(&mut problems, &Path::root(), &ground, input.job, None, cx);
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
    let ground = Ground { mailbox: &mailbox, cloud: cloud_of(&tx, &mailbox).await?, others: &others };
    let changed = draft::changed(&mut problems, &ground, &saved, input, cx);
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

/// Where the tenant of the mailbox's credential lives.
async fn cloud_of(tx: &impl Connection, mailbox: &Mailbox) -> Result<Option<EntraCloud>, Error> {
    let credential = db::credential::get(tx, mailbox.credential_id).await?;
    Ok(credential.and_then(|credential| credential.settings.cloud()))
}

/// The mailbox has other folders with roles, or is reached in another way: no job may put originals where one reads.
pub(super) async fn no_circles(tx: &impl Connection, mailbox: &Mailbox, path: &Path) -> Result<(), Error> {
    let jobs = db::job::of_mailbox(tx, mailbox.id).await?;
    let ground = Ground { mailbox, cloud: None, others: &jobs };
    for job in &jobs {
        if let Some(reader) = ground.reader_of_what_is_put_away(job) {
            let message = format!(
                "The job '{}' would put originals into the folder that the job '{}' reads: they would be taken in again. \
                 Change one of them first.",
                job.name, reader.name
            );
            return Err(Error::refused(UserErrorCode::Invalid, path, message));
        }
    }
    Ok(())
}

/// The mailbox is reached in another way or in another cloud: its jobs must be able to do there what they say.
pub(super) async fn still_fit(
    tx: &impl Connection,
    mailbox: &Mailbox,
    cloud: Option<EntraCloud>,
    path: &Path,
) -> Result<(), Error> {
    let ground = Ground { mailbox, cloud, others: &[] };
    for job in db::job::of_mailbox(tx, mailbox.id).await? {
        if let Some(message) = ground.no_purge(&job) {
            let message = format!("The job '{}' has a purge at the end of its runs. {message}", job.name);
            return Err(Error::refused(UserErrorCode::Unsupported, path, message));
        }
    }
    Ok(())
}
